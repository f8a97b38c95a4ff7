package job

import (
	"fmt"

	"delink/pkg/reader"
)

// Refusal is why a run does not begin: usage, configuration or input. Nothing was sent.
type Refusal struct {
	Cause  string
	Hint   string // what to do, apart from what Remedy says; may be empty
	Remedy Remedy
	Arg    string           // the relation that the remedy is about, for VouchForRelation
	Role   Role             // the file that the remedy is about
	Rows   reader.RowErrors // the rows that cannot be used, if they are the reason
	Err    error            // the error that is the reason, or nil
}

// Remedy is an option of the program that helps. Only the program knows what the option is called.
type Remedy int

// The remedies.
const (
	NoRemedy            Remedy = iota
	NameTheFile                // say where the file of Role goes
	OwnFiles                   // give each file its own path
	AnotherPlace               // give the file of Role another path
	AnotherFolder              // give another Folder
	WaitOrAnother              // wait for the other run, or give the file of Role another path
	GiveOtherFiles             // give this run other places for results, failures and summary
	GiveSummary                // give this run its own failures and summary
	BeginAnew                  // start over; older files get new names
	BeginAnewInDoubt           // start over; every link is in doubt
	ResumeOrRestart            // say what to do with the unfinished run
	SkipInvalidRows            // go on without the rows that cannot be used
	NameEncoding               // say how the text of the input is encoded
	RaiseMaxLinks              // allow more links
	RaiseMaxCalls              // allow more calls
	VouchForRelation           // say that the relation Arg can be delinked
	LeaveOutEnvironment        // do not say which kind of org is meant
	SayYes                     // go on without being asked
	RemoveAgain                // start over, and remove again what was linked again
	WhereResults               // say where the results of the run are
	OlderResults               // give the results of an earlier run, such as Arg
	LeaveOutApproved           // do not choose by approval
	NameTheCopy                // say where a copy of the run's files is
)

func (r *Refusal) Error() string {
	if r.Err != nil && r.Cause == "" {
		return r.Err.Error()
	}
	if r.Err != nil {
		return r.Cause + ": " + r.Err.Error()
	}
	return r.Cause
}

// Unwrap gives Err.
func (r *Refusal) Unwrap() error { return r.Err }

// because makes a Refusal with a remedy.
func because(remedy Remedy, format string, args ...any) *Refusal {
	return &Refusal{Cause: fmt.Sprintf(format, args...), Remedy: remedy}
}

// refusef makes a Refusal with a hint.
func refusef(hint, format string, args ...any) *Refusal {
	return &Refusal{Cause: fmt.Sprintf(format, args...), Hint: hint}
}
