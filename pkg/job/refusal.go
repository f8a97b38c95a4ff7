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
	Arg    string             // what the remedy is about: a relation, a number
	Role   Role               // which file the remedy is about
	Rows   []*reader.RowError // the rows that cannot be used, if that is why
	More   int                // and how many of them are not in Rows
	Err    error              // what is behind it, or nil
}

// Remedy is an option of the program that helps. The program knows what the option is called.
type Remedy int

// The remedies.
const (
	NoRemedy            Remedy = iota
	NameTheFile                // say where the file of Role goes
	OwnFiles                   // give each file its own path
	AnotherPlace               // give the file of Role another path
	WaitOrAnother              // wait for the other run, or give the file of Role another path
	GiveOtherFiles             // give this run other places for results, failures and summary
	GiveSummary                // give this run its own failures and summary, too
	BeginAnew                  // begin anew; older files get new names
	ResumeOrRestart            // say what to do with the unfinished run
	SkipInvalidRows            // go on without the rows that cannot be used
	RaiseMaxLinks              // allow more links
	VouchForRelation           // say that the relation Arg can be delinked
	LeaveOutEnvironment        // do not say which kind of org is meant
	SayYes                     // go on without being asked
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

// Unwrap is what is behind the refusal.
func (r *Refusal) Unwrap() error { return r.Err }

// because makes a Refusal with a remedy.
func because(remedy Remedy, format string, args ...any) *Refusal {
	return &Refusal{Cause: fmt.Sprintf(format, args...), Remedy: remedy}
}

func refusef(hint, format string, args ...any) *Refusal {
	return &Refusal{Cause: fmt.Sprintf(format, args...), Hint: hint}
}
