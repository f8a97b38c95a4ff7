// Package outcome says what can become of a link and of a run: statuses, reasons and exit codes,
// each in one table with all that depends on it, and the history of a link with what each history
// makes of an answer.
//
// It has no state and starts nothing. Every other package takes these words from here.
package outcome
