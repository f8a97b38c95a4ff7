// Package trace keeps a record of every call that the runs of a job have made.
//
// A Log is the record of the run that goes on: Observe takes a call, and never waits for the disk.
// Read gives what the record says, also while a run goes on.
//
// The record is a text file beside the results, with a checksum before each line:
//
//	calls 1
//	run {"start":"2026-11-24T19:30:00.123Z","slots":10, …}
//	call delink 12.345 312 Campaigns.Leads 3652397000000400001 100 ok 200 - 1 5 10
//	sum {"from":1795807800,"seconds":60,"kind":"delink", …}
//	end {"end":"2026-11-24T20:30:00.123Z","reason":"completed", …}
//
// A call has its kind, the seconds since the run began, the milliseconds that it took, the relation,
// the parent record, the number of ids, how it ended, the HTTP status, the code, which attempt it
// was, the calls that were in flight and that could be, and after a 429 the milliseconds for which
// nothing was sent.
//
// The file is bounded: when it is too large, the oldest calls are summed up by the minute.
//
// It is not the journal. The journal is synced before a call is made, stops the run if it cannot be
// written, and forgets what is settled. This record is never synced and never stops a run, and it
// remembers.
package trace
