// Package journal writes down which links are about to be sent, before they are sent.
//
// A run that is killed, or loses power, leaves its journal. The links in doubt are those in the
// journal that have no later outcome in the result file. A run that ends in good order leaves no
// journal, unless there are still links in doubt that it did not come to.
//
// The journal is a text file beside the results. Each line has a checksum, so that a line that was
// torn is told from a whole one. The file is bounded: from time to time it is replaced by one with
// only those links that have no outcome on disk yet.
//
// The order for a batch:
//
//  1. Write: the batch is on disk in the journal.
//  2. The call is made.
//  3. The outcomes are in the result file, and the result file is synced.
//  4. Synced: the journal may forget the batch.
package journal
