// Package report keeps what is known about the links of an input, in files and in memory.
//
// The result file is the ledger: a later run reads it to learn which links are settled. During a
// run, rows are only appended. A row that is written survives the end of the process. A row that is
// synced survives a power failure, too.
//
// The Book has in memory what is known of each link, by the link's position in the set of package
// chunker. It takes the rows of earlier runs and gives the batches that are still to be sent. A
// Recorder takes outcomes. It writes each to the ledger first and to the book afterwards, so the
// book never knows more than the file.
//
// From the book come the failures file, which is an input itself, and the Summary, which has the
// run in numbers.
package report
