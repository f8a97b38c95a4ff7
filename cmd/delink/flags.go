package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"delink/pkg/job"
	"delink/pkg/reader"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// runFlags are the flags of run and plan. plan shows what run would do with the same flags.
type runFlags struct {
	module, relation  string
	columns           columnsFlag
	delimiter         delimiterFlag
	invalid           string
	results           string
	failures, summary string
	yes, dryRun       bool
	maxLinks          int
	concurrency       concurrency
	rate              float64
	batchSize         int
	maxAttempts       int
	timeout, deadline time.Duration
	maxCalls          int
	reserveCredits    int
	maxFailures       share
	retryFailed       bool
	restart           bool
	ifChanged         string
	skipInvalid       bool
	failAbsent        bool
	allow             []string
	emulator, offline bool
	json              bool
	strict            bool
	acceptRounded     bool
	apiVersion        string
	where             whereFlags
	unheeded          []string // variables that do not count, because of emulator
	command           string   // the command that carries out the plan
}

func (f *runFlags) define(flags *pflag.FlagSet) {
	f.maxFailures = share{n: -1}
	flags.StringVar(&f.module, "module", "", "module of the parent records, if the input has no such column: `Campaigns`")
	flags.StringVar(&f.relation, "relation", "", "related list, if the input has no such column: `Leads`")
	flags.Var(&f.columns, "columns", "which column is which, where the header does not say, as `parent_id=NAME,related_id=NAME`; a name with a comma in double quotes")
	flags.Var(&f.delimiter, "delimiter", "what is between columns, if it cannot be found out: `comma|semicolon|tab|pipe`")
	flags.StringVar(&f.invalid, "invalid", "", "`file` for the rows that cannot be used, each with the reason")
	flags.StringVar(&f.results, "results", "", "result `file` (default beside the input: links.results.csv)")
	flags.StringVar(&f.failures, "failures", "", "failures `file` (default beside the input: links.failures.csv)")
	flags.StringVar(&f.summary, "summary", "", "summary `file` (default beside the input: links.summary.json)")
	flags.IntVar(&f.maxLinks, "max-links", 0, "refuse an input with more than `N` links")
	flags.Var(&f.concurrency, "concurrency", fmt.Sprintf("calls in flight at most, 1 to %d; auto is what the org's edition allows, %d where that is unknown", zoho.MostSlots, zoho.LeastSlots))
	flags.Float64Var(&f.rate, "rate", 0, "calls per second at most; 0.5 is one in two seconds")
	flags.IntVar(&f.batchSize, "batch-size", zoho.MaxIDs, "links per call, 1 to 100")
	flags.BoolVar(&f.retryFailed, "retry-failed", false, "send again what failed in an earlier run")
	flags.BoolVar(&f.restart, "restart", false, "begin anew, whatever an earlier run did; its files get new names")
	flags.StringVar(&f.ifChanged, "if-changed", "", "if an unfinished run had another input: `resume|restart` (resume skips the links that are settled)")
	flags.BoolVar(&f.skipInvalid, "skip-invalid", false, "go on without the rows that cannot be used, and record them as invalid")
	flags.BoolVar(&f.strict, "strict", false, "refuse an input that the plan warns of")
	flags.BoolVar(&f.acceptRounded, "accept-rounded-ids", false, "go on although the ids look as if a program had rounded them")
	flags.StringArrayVar(&f.allow, "allow-relation", nil, "accept a relation that is not known: `Module.List`; can be repeated")
	flags.BoolVar(&f.json, "json", false, "print the summary (of plan: the plan) as JSON on standard output")
	f.where.define(flags)
	flags.StringVar(&f.apiVersion, "api-version", "v8", "version of the API")
	flags.BoolVar(&f.emulator, "emulator", false, "run against an emulator inside this process, in which every link exists")
}

// defineRun adds the flags that only run has.
func (f *runFlags) defineRun(flags *pflag.FlagSet) {
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask; needed where there is no terminal")
	flags.BoolVarP(&f.dryRun, "dry-run", "n", false, "do what plan does")
	flags.IntVar(&f.maxAttempts, "max-attempts", 5, "calls for a batch that goes unanswered")
	flags.DurationVar(&f.timeout, "timeout", time.Minute, "of one call")
	flags.DurationVar(&f.deadline, "deadline", 0, "stop in good order after this time")
	flags.IntVar(&f.maxCalls, "max-calls", 0, "stop in good order after `N` calls")
	flags.IntVar(&f.reserveCredits, "reserve-credits", 0, "stop in good order once the org has no more than `N` credits left")
	flags.Var(&f.maxFailures, "max-failures", "stop in good order once more links than that failed; a share is of all links")
	flags.BoolVar(&f.failAbsent, "fail-absent", false, "exit 3 if links were absent")
}

// check refuses values that make no sense, before anything is read.
func (f *runFlags) check(cmd *cobra.Command) error {
	for _, c := range []struct {
		bad  bool
		text string
	}{
		{f.batchSize < 1 || f.batchSize > zoho.MaxIDs, fmt.Sprintf("--batch-size %d is not between 1 and %d", f.batchSize, zoho.MaxIDs)},
		{f.maxLinks < 0, "--max-links is below 0"},
		{f.rate < 0 || f.rate != f.rate, "--rate is below 0"},
		{f.rate == 0 && cmd.Flags().Changed("rate"), "--rate 0 would send nothing"},
		{cmd.Flags().Changed("max-links") && f.maxLinks == 0, "--max-links 0 would refuse every input"},
		{cmd.Flags().Lookup("timeout") != nil && f.timeout <= 0, "--timeout must be above 0"},
		{cmd.Flags().Lookup("max-attempts") != nil && f.maxAttempts < 1, "--max-attempts is below 1"},
		{f.deadline < 0 || f.deadline == 0 && cmd.Flags().Changed("deadline"), "--deadline must be above 0"},
		{f.maxCalls < 0 || f.maxCalls == 0 && cmd.Flags().Changed("max-calls"), "--max-calls must be above 0"},
		{f.reserveCredits < 0, "--reserve-credits is below 0"},
		{!slices.Contains(zoho.Versions, f.apiVersion), fmt.Sprintf("--api-version %q is not one of %s", f.apiVersion, strings.Join(zoho.Versions, ", "))},
		{f.ifChanged != "" && f.ifChanged != string(job.ChangedResume) && f.ifChanged != string(job.ChangedRestart), fmt.Sprintf("--if-changed %q is not resume or restart", f.ifChanged)},
	} {
		if c.bad {
			return usageError{fmt.Errorf("%s", c.text), cmd.CommandPath() + " --help lists the flags"}
		}
	}
	var err error
	if f.emulator {
		f.unheeded, err = refuseForEmulator(cmd.Flags())
	}
	return err
}

// concurrency is a number of calls in flight, or 0 for auto.
type concurrency int

func (c *concurrency) String() string {
	if *c == 0 {
		return "auto"
	}
	return strconv.Itoa(int(*c))
}

func (c *concurrency) Set(s string) error {
	if s == "auto" {
		*c = 0
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > zoho.MostSlots {
		return fmt.Errorf("it is auto, or a number from 1 to %d", zoho.MostSlots)
	}
	*c = concurrency(n)
	return nil
}

func (*concurrency) Type() string { return "N" }

// columnsFlag says which column is which. If the flag is given several times, the values add up.
type columnsFlag reader.Columns

func (c *columnsFlag) String() string { return reader.Columns(*c).String() }

func (c *columnsFlag) Set(s string) error {
	said, err := reader.ParseColumns(c.String() + "," + s)
	if c.String() == "" {
		said, err = reader.ParseColumns(s)
	}
	if err == nil {
		*c = columnsFlag(said)
	}
	return err
}

func (*columnsFlag) Type() string { return "columns" }

// delimiterFlag is the delimiter of columns, or 0 if the reader has to find it.
type delimiterFlag byte

func (d *delimiterFlag) String() string { return reader.DelimiterName(byte(*d)) }

func (d *delimiterFlag) Set(s string) error {
	b, err := reader.ParseDelimiter(s)
	*d = delimiterFlag(b)
	return err
}

func (*delimiterFlag) Type() string { return "delimiter" }

// share is a number of links or a percentage of them. n is -1 for no limit, and -2 if percent
// counts.
type share struct {
	n       int
	percent float64
}

func (s *share) String() string {
	switch {
	case s.percent > 0 || s.n == -2:
		return strconv.FormatFloat(s.percent, 'g', -1, 64) + "%"
	case s.n < 0:
		return ""
	}
	return strconv.Itoa(s.n)
}

func (s *share) Set(v string) error {
	if p, ok := strings.CutSuffix(v, "%"); ok {
		x, err := strconv.ParseFloat(p, 64)
		if err != nil || !(x >= 0 && x <= 100) {
			return fmt.Errorf("it is a number of links, or a share of them from 0%% to 100%%")
		}
		*s = share{n: -2, percent: x}
		return nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return fmt.Errorf("it is a number of links, or a share of them from 0%% to 100%%")
	}
	*s = share{n: n}
	return nil
}

func (*share) Type() string { return "N|P%" }

// of gives the share of so many links as a number; -1 for no limit.
func (s *share) of(links int) int {
	if s.n == -2 {
		return int(s.percent * float64(links) / 100)
	}
	return s.n
}

// config makes the job's Config from the flags.
func (p *program) config(f *runFlags, input string) (job.Config, error) {
	c := job.Config{
		Input:       input,
		Stdin:       p.stdin,
		Files:       job.Files{Results: f.results, Failures: f.failures, Summary: f.summary, Invalid: f.invalid},
		BatchSize:   f.batchSize,
		MaxLinks:    f.maxLinks,
		SkipInvalid: f.skipInvalid,
		FailAbsent:  f.failAbsent,
		Strict:      f.strict,
		Choice:      job.Choice{RetryFailed: f.retryFailed, Restart: f.restart, IfChanged: job.Changed(f.ifChanged)},
		Limits: job.Limits{
			Slots:          int(f.concurrency),
			Rate:           engine.NewRate(f.rate),
			PerSecond:      f.rate,
			MaxAttempts:    f.maxAttempts,
			MaxCalls:       f.maxCalls,
			ReserveCredits: f.reserveCredits,
			MaxFailures:    f.maxFailures.of,
		},

		AcceptRounded: f.acceptRounded,
	}
	c.Reader = reader.Options{Module: f.module, Relation: f.relation, Columns: reader.Columns(f.columns), Delimiter: byte(f.delimiter)}
	for _, a := range f.allow {
		// The flag's twin in the environment has several relations with commas between them.
		for _, s := range strings.Split(a, ",") {
			r, err := zoho.ParseRelation(strings.TrimSpace(s))
			if err != nil {
				return c, usageError{fmt.Errorf("--allow-relation: %w", err), ""}
			}
			c.Allow = append(c.Allow, r)
		}
	}
	return c, nil
}
