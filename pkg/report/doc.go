// Package report keeps what is known about the links of an input, in files and in memory: the
// result file, the failures file, the summary and the book.
//
// The result file is the ledger: a later run reads it to learn which links are settled. While a run
// goes on, rows are only appended. A row that is written survives the end of the process. A row
// that is synced survives a power failure, too.
//
// The Book holds the same knowledge in memory, by the position of each link in the set of package
// chunker. A Recorder writes each outcome to the ledger first and to the book afterwards, so the
// book never knows more than the file.
package report
