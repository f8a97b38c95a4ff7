package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"delink/pkg/job"
	"delink/pkg/zoho"
)

// runFlags are the flags of run and plan. plan shows what run would do with the same flags.
type runFlags struct {
	inputFlags
	crmFlags
	limitFlags
	monitorFlags
	folder            folderFlag
	results           string
	failures, summary string
	invalid           string
	page              string
	yes, dryRun       bool
	maxLinks          int
	batchSize         int
	fewestCalls       string
	maxFailures       share
	snapshot          bool
	retryFailed       bool
	restart           bool
	ifChanged         string
	skipInvalid       bool
	failAbsent        bool
	allow             []string
	offline           bool
	json              bool
	strict            bool
	acceptRounded     bool
	command           commandLine // the command that carries out the plan
}

func (f *runFlags) define(flags *pflag.FlagSet) {
	f.maxFailures = share{n: -1}
	f.inputFlags.define(flags)
	f.crmFlags.define(flags, "run against an emulator inside this process, in which every link exists")
	f.defineSpeed(flags)
	flags.StringVar(&f.invalid, "invalid", "", "`file` for the rows that cannot be used, each with the reason")
	f.folder.define(flags, "folder for the files, instead of beside the input: `DIR`; it has to be there")
	flags.StringVar(&f.results, "results", "", "result `file` (default beside the input: links.results.csv)")
	flags.StringVar(&f.failures, "failures", "", "failures `file` (default beside the results: links.failures.csv)")
	flags.StringVar(&f.summary, "summary", "", "summary `file` (default beside the results: links.summary.json)")
	flags.IntVar(&f.maxLinks, "max-links", 0, "refuse an input with more than `N` links")
	flags.IntVar(&f.batchSize, "batch-size", zoho.MaxIDs, "links per call, 1 to 100")
	defineChoice(flags, &f.fewestCalls, "fewest-calls", string(job.FewestAuto), "remove links from whichever side needs fewer calls: auto (only if Zoho documents that), always or never")
	flags.BoolVar(&f.snapshot, "snapshot", false, "read each link's own fields before it is removed, and keep them for undo in links.snapshot.csv; doubles the calls")
	flags.BoolVar(&f.retryFailed, "retry-failed", false, "send again what failed in an earlier run")
	flags.BoolVar(&f.restart, "restart", false, "start over, whatever an earlier run did; its files get new names")
	defineChoice(flags, &f.ifChanged, "if-changed", "", "what to do if an unfinished run had another input: resume (skip the links that are done) or restart")
	flags.BoolVar(&f.skipInvalid, "skip-invalid", false, "go on without the rows that cannot be used, and record them as invalid")
	flags.BoolVar(&f.strict, "strict", false, "refuse an input that the plan warns of")
	flags.BoolVar(&f.acceptRounded, "accept-rounded-ids", false, "go on although the ids look as if a program had rounded them")
	flags.StringArrayVar(&f.allow, "allow-relation", nil, "accept a relation that is not known, by its `name`: Module.List; can be repeated")
}

// defineRun adds the flags that only run has.
func (f *runFlags) defineRun(flags *pflag.FlagSet) {
	f.defineBudgets(flags)
	f.monitorFlags.define(flags)
	flags.StringVar(&f.page, "report", "", "`file` for a report of the job as one HTML page, written when the run has ended")
	flags.BoolVar(&f.json, "json", false, "print the summary as JSON on standard output; with --dry-run, the plan")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask; needed where there is no terminal")
	flags.BoolVarP(&f.dryRun, "dry-run", "n", false, "show the plan as delink plan does, and send nothing")
	flags.Var(&f.maxFailures, "max-failures", "stop once more links than that failed: finish open calls, save, stop; a percentage is of all links")
	flags.BoolVar(&f.failAbsent, "fail-absent", false, "exit 3 if links were absent")
}

// check refuses values that make no sense, before anything is read.
func (f *runFlags) check(cmd *cobra.Command) error {
	err := firstWrong(cmd, []wrongValue{
		wrongBatchSize(f.batchSize),
		{f.maxLinks < 0, "--max-links is below 0"},
		{cmd.Flags().Changed("max-links") && f.maxLinks == 0, "--max-links 0 would refuse every input"},
		{f.snapshot && f.maxCalls == 1, "--max-calls 1 would send nothing: --snapshot needs two calls for a batch"},
	})
	if err == nil {
		err = f.limitFlags.check(cmd)
	}
	if err == nil {
		err = f.crmFlags.check(cmd)
	}
	return err
}

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
			return fmt.Errorf("%q is not a number of links, or a percentage of them from 0%% to 100%%", v)
		}
		*s = share{n: -2, percent: x}
		return nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is not a number of links, or a percentage of them from 0%% to 100%%", v)
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

// files are the files that have a flag.
func (f *runFlags) files() job.Files {
	return job.Files{Folder: string(f.folder), Results: f.results, Failures: f.failures, Summary: f.summary, Invalid: f.invalid, Page: f.page}
}

// config makes the job's Config from the flags.
func (p *program) config(f *runFlags, input string) (job.Config, error) {
	c := job.Config{
		Input:       input,
		Version:     version,
		Stdin:       p.stdin,
		Files:       f.files(),
		BatchSize:   f.batchSize,
		Snapshot:    f.snapshot,
		FewestCalls: job.FewestCalls(f.fewestCalls),
		MaxLinks:    f.maxLinks,
		SkipInvalid: f.skipInvalid,
		FailAbsent:  f.failAbsent,
		Strict:      f.strict,
		Choice:      job.Choice{RetryFailed: f.retryFailed, Restart: f.restart, IfChanged: job.Changed(f.ifChanged)},
		Limits:      f.limits(),
		Reader:      f.reader(),

		AcceptRounded: f.acceptRounded,
	}
	c.Limits.MaxFailures = f.maxFailures.of
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
