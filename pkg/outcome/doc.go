// Package outcome says what can become of a link and of a run.
//
// Table has the statuses of links and rows, Endings the reasons for which a run ends, and ExitCodes
// the exit codes of the program. All that depends on one of them stands beside it in its table.
//
// History is what earlier attempts leave open about a link. Judge takes a history and what the CRM
// shows, and gives the status that this proves. JudgeLink is Judge for links that are to be made.
//
// The package has no state and starts nothing. All other packages take these words from here.
package outcome
