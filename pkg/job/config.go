package job

import (
	"context"
	"io"
	"time"

	"golang.org/x/time/rate"

	"delink/pkg/disk"
	"delink/pkg/progress"
	"delink/pkg/reader"
	"delink/pkg/report"
	"delink/pkg/worker"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// Config is what to do and how.
type Config struct {
	Input         string // a path, or Stdin
	Version       string // of the program, for the record of calls
	Stdin         io.Reader
	Reader        reader.Options
	Files         Files
	Allow         []zoho.Relation // relations that the user vouches for
	BatchSize     int             // links per call, 1 to chunker.MaxLinks; 0 for the most
	MaxLinks      int             // refuse an input with more links; 0 for no limit
	SkipInvalid   bool            // go on without the rows that cannot be used
	FailAbsent    bool            // absent links count as failures
	Snapshot      bool            // keep the links' own fields before they are removed
	FewestCalls   FewestCalls     // from which side links are removed
	Strict        bool            // refuse an input for any suspicion
	AcceptRounded bool            // do not refuse an input because its ids look rounded
	AskNames      bool            // ask the org for the names of the largest parent records
	Choice
	Limits
}

// Choice is what the user wants to do about an earlier run.
type Choice struct {
	RetryFailed bool    // send again what failed in an earlier run
	Restart     bool    // start over, whatever an earlier run did
	IfChanged   Changed // what to do if the input is not that of an unfinished earlier run
}

// Changed says what to do if an unfinished earlier run had another input.
type Changed string

// What to do then.
const (
	ChangedRefuse  Changed = ""
	ChangedResume  Changed = "resume"
	ChangedRestart Changed = "restart"
)

// Limits are how hard the CRM is driven, and when to stop. See engine.Settings for most of them.
type Limits struct {
	Slots          int           // calls in flight at most; 0 for what the org's edition allows
	Rate           *rate.Limiter // of all calls; nil for no limit
	PerSecond      float64       // the same as Rate, for estimates; 0 for no limit
	MaxAttempts    int           // calls for a batch that goes unanswered
	MaxCalls       int           // 0 for no limit
	ReserveCredits int           // stop once the org has no more than that left
	Deadline       time.Duration // after which the run is told to stop, for estimates; 0 for none
	// MaxFailures gives how many of the input's links may fail before the run stops. nil is no
	// limit.
	MaxFailures func(links int) int
	Jitter      func(d time.Duration) time.Duration
}

// SlotsFor gives how many calls may be in flight: as many as the user allows, or as the org's
// edition does.
func (l Limits) SlotsFor(org *zoho.Org) int {
	if l.Slots > 0 {
		return l.Slots
	}
	if org != nil {
		if n, known := org.Slots(); known {
			return n
		}
	}
	return zoho.LeastSlots
}

// Settings are the limits as the engine has them, for so many calls in flight. note takes messages
// for people; it may be nil.
func (l Limits) Settings(slots int, note func(string)) engine.Settings {
	return engine.Settings{
		Slots: slots, Rate: l.Rate, MaxAttempts: max(1, l.MaxAttempts), MaxCalls: l.MaxCalls,
		ReserveCredits: l.ReserveCredits, Jitter: l.Jitter, Note: note,
	}
}

// World is what a job needs of the outside.
type World struct {
	Disk disk.Disk
	// Registry is a folder in which runs note where their journals are. If it is empty, they do
	// not.
	Registry string
	// Paces is a folder in which runs note how long calls take in an org. If it is empty, they do
	// not.
	Paces string
	// Opening is called when the input has been read, before any file is written. An error ends the
	// job. It may be nil.
	Opening func() error
	// Connect makes the connection to the CRM. Only Look accepts nil, and then asks no org.
	Connect func() (*Connection, error)
	// Note takes messages for people, while the job goes on. It may be nil.
	Note func(string)
	// Asking is called before the org is asked. The function that it returns is called afterwards.
	// It may be nil.
	Asking func() (done func())
	// Accept sees the org first. If it returns an error, the job ends with that error. It may be
	// nil.
	Accept func(org *zoho.Org) error
	// Confirm asks a person. If it returns an error, the job ends with that error, and no file is
	// made or changed. If it returns nil although ctx has ended, the job stops because of ctx. It may
	// be nil: then nobody is asked.
	Confirm func(ctx context.Context, p *Proposal) error
	// Watch shows how the run goes on, until the function that it returns is called. It may be nil.
	Watch func(look func() progress.Moment) (end func())
	// Meter is told when the calls begin. look gives the summary so far, at any time until the
	// function that it returns is called. It may be nil.
	Meter func(look func() *report.Summary) (end func())
}

// Connection is a CRM that a job can call.
type Connection struct {
	CRM      CRM
	Login    string // a digest that tells this login from others
	Emulator bool   // it is the emulator inside this process
	// SetLink makes a link be there, or not be there, in that emulator. It is nil for a CRM.
	SetLink func(l reader.Link, linked bool)
}

// CRM makes the calls of a job. Errors are of type *zoho.Error.
type CRM interface {
	worker.CRM
	worker.Lister
	// Views asks for the custom views of a module.
	Views(ctx context.Context, module string) ([]zoho.View, error)
	worker.RelinkCRM
	// Org asks which org the login belongs to.
	Org(ctx context.Context) (zoho.Org, error)
	// Lists asks for the related lists of a module.
	Lists(ctx context.Context, module string) ([]zoho.List, error)
	// Names asks for the names of up to zoho.MostNames records of a module. Records that have none, or
	// that are not there, are left out.
	Names(ctx context.Context, module string, ids []zoho.ID) (map[zoho.ID]string, error)
	// Base is the base URL of the API.
	Base(ctx context.Context) (string, error)
}

func (c *Config) batchSize() int {
	if c.BatchSize == 0 {
		return zoho.MaxIDs
	}
	return c.BatchSize
}
