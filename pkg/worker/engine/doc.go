// Package engine drives an API to its limit: it keeps the slots full, keeps to a rate and to
// budgets, slows down when calls are refused as too many, renews tokens, repeats what may go
// through, and stops in good order.
//
// An Engine takes an API and an Operation. The operation gives tasks, and each task makes its own
// calls. The operation says what each answer leads to. The engine knows neither links nor files.
// Run returns when all tasks are settled, or gives the reason why it ended before that.
//
// One goroutine, the dispatcher, takes all decisions and calls all methods of the Operation but
// Prepare and Sync. Workers only make calls to the API. So there is one throttle, one budget and
// one order of events, no operation needs a lock, and a test can reproduce a run.
package engine
