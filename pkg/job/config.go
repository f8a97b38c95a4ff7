package job

import (
	"context"
	"io"
	"time"

	"golang.org/x/time/rate"

	"delink/pkg/disk"
	"delink/pkg/progress"
	"delink/pkg/reader"
	"delink/pkg/worker"
	"delink/pkg/zoho"
)

// Config is what to do and how.
type Config struct {
	Input         string // a path, or Stdin
	Stdin         io.Reader
	Reader        reader.Options
	Files         Files
	Allow         []zoho.Relation // relations that the user vouches for
	BatchSize     int             // links per call, 1 to zoho.MaxIDs; 0 for as many as can be
	MaxLinks      int             // more are a Refusal; 0 for no limit
	SkipInvalid   bool            // go on without the rows that cannot be used
	FailAbsent    bool            // absent links count as failures
	Strict        bool            // a suspicion is a Refusal
	AcceptRounded bool            // ids that look rounded are no reason for a Refusal
	Choice
	Limits
}

// Choice is what the user wants done about an earlier run.
type Choice struct {
	RetryFailed bool    // send again what failed in an earlier run
	Restart     bool    // begin anew, whatever an earlier run did
	IfChanged   Changed // what to do if the input is not that of an unfinished earlier run
}

// Changed says what to do about an input that has changed.
type Changed string

// What Changed can say.
const (
	ChangedRefuse  Changed = ""
	ChangedResume  Changed = "resume"
	ChangedRestart Changed = "restart"
)

// Limits are how hard the CRM is driven, and when to stop.
type Limits struct {
	Slots          int                 // calls in flight at most; 0 for what the org's edition allows
	Rate           *rate.Limiter       // of all calls; nil for no limit
	PerSecond      float64             // the same for estimates; 0 for no limit
	MaxAttempts    int                 // calls for a batch that goes unanswered
	MaxCalls       int                 // 0 for no limit
	ReserveCredits int                 // stop once the org has no more than that left
	MaxFailures    func(links int) int // stop once more links than that failed, of so many; nil for no limit
	Jitter         func(d time.Duration) time.Duration
}

// World is what a job needs of the outside.
type World struct {
	Disk disk.Disk
	// Registry is a folder in which runs note where their journals are; empty for nowhere.
	Registry string
	// Opening is called when the input has been read, before any file is touched. An error ends the
	// job. It may be nil.
	Opening func() error
	// Connect makes the connection to the CRM. It is nil where no CRM is to be asked: only Look can
	// do without.
	Connect func() (*Connection, error)
	// Note tells what people should know although the job goes on.
	Note func(string)
	// Asking is called before the org is asked; the returned function afterwards. It may be nil.
	Asking func() (done func())
	// Accept looks at the org before anything else is done with it. A *Refusal ends the job. It may
	// be nil.
	Accept func(org *zoho.Org) error
	// Confirm asks a person. An error, most often a *Refusal, ends the job; nil goes on, also where
	// ctx ended. Confirm may be nil: then nobody is asked.
	Confirm func(ctx context.Context, p *Proposal) error
	// Watch shows how the run goes on until the returned function is called. It may be nil.
	Watch func(look func() progress.Moment) (end func())
}

// Connection is a CRM that a job can speak to.
type Connection struct {
	CRM      CRM
	Login    string // a digest of the login
	Emulator bool   // it is the emulator inside this process
}

// CRM makes the calls of a job. Errors are of type *zoho.Error.
type CRM interface {
	worker.CRM
	// Org asks which org the login belongs to.
	Org(ctx context.Context) (zoho.Org, error)
	// Lists asks for the related lists of a module.
	Lists(ctx context.Context, module string) ([]zoho.List, error)
	// Base is the base URL of the API.
	Base(ctx context.Context) (string, error)
}

func (c *Config) batchSize() int {
	if c.BatchSize == 0 {
		return zoho.MaxIDs
	}
	return c.BatchSize
}
