package doctor

import (
	"slices"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// State is what a check came to.
type State string

// The states of a check.
const (
	OK      State = "ok"
	Trouble State = "trouble" // a run would not go well, or not in all its parts
	Unknown State = "unknown" // it could not be found out; that alone is no trouble
)

// Name says what a check is about. Programs rely on the names.
type Name string

// The checks, in the order in which they are shown.
const (
	Login      Name = "login"       // where the login is from
	DataCentre Name = "data_centre" // which hosts are called
	Proxy      Name = "proxy"       // on the way to them
	Network    Name = "network"     // whether the API can be reached; only if nothing else shows it
	Token      Name = "access_token"
	Clock      Name = "clock"
	Version    Name = "api_version"
	Org        Name = "org"
	InFlight   Name = "calls_in_flight"
	Credits    Name = "credits"
	Scope      Name = "scope"      // About is the scope
	Relation   Name = "relation"   // About is the relation
	OtherSide  Name = "other_side" // About is the relation that shows the same links
)

// Check is one thing that was looked at.
type Check struct {
	Name  Name
	About string // which of several; may be empty
	State State
	Found string      // in plain words
	Hint  string      // what to mend; may be empty
	Err   *zoho.Error // the error that is the reason, or nil
	Exit  int         // of a trouble: the exit code that it leads to

	// Unasked says of Unknown that nothing could be asked, for a reason that another check names.
	Unasked bool
	// Lacks says that the login lacks the scope About.
	Lacks bool
}

// gravest are the exit codes, the gravest first: what has to be mended before anything else can be
// seen.
var gravest = []int{outcome.ExitUsage, outcome.ExitRefused, outcome.ExitBroken, outcome.ExitFailures}

// ExitCode is the exit code for checks: that of the gravest trouble.
func ExitCode(checks []Check) int {
	for _, code := range gravest {
		if slices.ContainsFunc(checks, func(c Check) bool { return c.State == Trouble && c.Exit == code }) {
			return code
		}
	}
	return outcome.ExitDone
}
