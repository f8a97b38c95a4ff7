// Package worker turns batches into outcomes: a Pool of workers drives the CRM to its limits, repeats what may go
// through, splits what is refused namelessly, looks up what went unanswered, and stops in good order.
//
// It takes an iterator of batches and gives one Outcome for each link that it sent, or that cannot be sent because its
// parent or list is refused; batches it never took, and links that never reached the CRM, have none. Outcomes are built
// by going through the ids that were sent and looking up the answer, never the reverse.
//
// All decisions are taken by one goroutine, the dispatcher; workers only call, so that there is one throttle, one budget
// and one order of events.
package worker
