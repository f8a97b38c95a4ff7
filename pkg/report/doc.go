// Package report keeps what is known about outcomes: the result file, which is also the ledger that a later run goes by,
// the failures file, the summary, and the progress that people see.
//
// The result file is a CSV that is only appended to while a run goes on. A row counts once it is written (a killed
// process does not take it back) and is sure once it is synced (neither does a power failure). The Book is the same
// knowledge in memory, by the position of each link in the input.
package report
