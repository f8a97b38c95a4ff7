// Package recap tells what became of a job, over all its runs, from the files that they left.
//
// Read takes the results, the summary and the record of calls, and gives a Model: totals, runs,
// causes, parent records, and the course of the job as arrays with one place for each span of time.
// It also tells of an undo of the job, whose files are beside these.
// No file is changed and no lock is taken, so a run may go on meanwhile. Files may be missing, cut
// off, or damaged: Model.Unknown says what is not known because of that.
//
// Memory does not grow with the results but for four bytes a row, and some for each parent record.
package recap
