// Package job takes one input through all its steps, from reading it to its exit code.
//
// Run takes a Config, which says what to do, and a World, which has what a job needs of the
// outside: the disk, the connection to a CRM, and the questions to a person. Its steps are: read
// the input, lock the files, ask the org, compare with an earlier run, propose, confirm, send, and
// finish the files. Look goes as far as the proposal and changes nothing.
//
// Nothing is sent before all rows are read and all questions are answered. If Run returns an error,
// nothing was sent, and a *Refusal says what to change. If a run cannot go on later, its Ending has
// the error, and the files tell what became of every link.
package job
