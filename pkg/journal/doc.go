// Package journal writes down which links are about to be sent, before they are sent.
//
// A Journal takes batches and promises that they are on disk before Write returns. Read gives what
// the journal of an earlier run says.
//
// A run that is killed, or loses power, leaves its journal. The links in doubt are those in the
// journal that have no later outcome in the result file. A run that ends in good order removes its
// journal, unless it leaves links that may be removed: links that are unknown, and links in doubt
// that it did not send again.
//
// The journal is a text file beside the results. Each line has a checksum, which tells a whole line
// from one whose end is missing. The file does not grow without bound: when it is large, a new file
// replaces it, with only those batches that still have a link without an outcome on disk.
//
// The order for a batch:
//
//  1. Write: the batch is on disk in the journal.
//  2. The call is made.
//  3. The outcomes are in the result file, and the result file is synced.
//  4. Synced: the journal may forget the batch.
package journal
