package main

import (
	"fmt"
	"slices"
	"strings"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"delink/pkg/job"
	"delink/pkg/reader"
	"delink/pkg/reader/text"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// formFlags say what an input looks like.
type formFlags struct {
	module    string
	parent    string
	columns   columnsFlag
	delimiter delimiterFlag
	encoding  encodingFlag
}

func (f *formFlags) define(flags *pflag.FlagSet) {
	flags.StringVar(&f.module, "module", "", "`module` of the parent records, such as Campaigns, if the input has no column for it")
	flags.StringVar(&f.parent, "parent-id", "", "`id` of the parent record of all rows, if the input has no column for it")
	flags.Var(&f.columns, "columns", "which `columns` are the parts of a link, where the header does not say: parent_id=NAME,related_id=NAME, with double quotes around a name with a comma")
	flags.Var(&f.delimiter, "delimiter", "what is between columns, if it cannot be found out: comma, semicolon, tab or pipe")
	f.encoding.define(flags, "the input")
}

// inputFlags say how an input is read. All commands that need an input have them.
type inputFlags struct {
	formFlags
	relation string
}

func (f *inputFlags) define(flags *pflag.FlagSet) {
	f.formFlags.define(flags)
	flags.StringVar(&f.relation, "relation", "", "related `list`, such as Leads, if the input has no column for it")
}

// reader gives the options of the reader.
func (f *inputFlags) reader() reader.Options { return f.formFlags.reader(f.relation) }

// reader gives the options of the reader. relation is the related list; empty if only the input
// says it.
func (f *formFlags) reader(relation string) reader.Options {
	return reader.Options{
		Module: f.module, Parent: f.parent, Relation: relation,
		Columns: reader.Columns(f.columns), Delimiter: byte(f.delimiter), Encoding: f.encoding.Encoding,
	}
}

// refuseUnread refuses flags that say how a file is read, where that file is missing. names are these
// flags. Their environment variables may be there for all commands, so they are no mistake.
func refuseUnread(flags *pflag.FlagSet, file string, names []string) error {
	for _, name := range names {
		if given := flags.Lookup(name); given.Changed && given.Annotations[fromTwin] == nil {
			what, _, _ := strings.Cut(file, " ")
			return usageError{
				fmt.Errorf("--%s says how %s is read, and %s is missing", name, what, what),
				fmt.Sprintf("add %s, or leave out --%s", file, name),
			}
		}
	}
	return nil
}

// namesOf gives the names of the flags that define defines.
func namesOf(define func(*pflag.FlagSet)) (names []string) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	define(flags)
	flags.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// folderFlag is the folder for the files of a job that have no flag of their own, or whose flag is not
// given.
type folderFlag string

func (f *folderFlag) define(flags *pflag.FlagSet, usage string) { flags.Var(f, "output-dir", usage) }

func (f *folderFlag) String() string { return string(*f) }

func (f *folderFlag) Set(s string) error {
	if s == "" {
		return fmt.Errorf("it is the path of a folder")
	}
	*f = folderFlag(s)
	return nil
}

func (*folderFlag) Type() string { return "DIR" }

// crmFlags say which CRM is called. All commands that call one have them.
type crmFlags struct {
	where      whereFlags
	apiVersion string
	emulator   bool
	unheeded   []string // variables that do not count, because of emulator
}

// define adds the flags. rehearsal is the help of --emulator.
func (f *crmFlags) define(flags *pflag.FlagSet, rehearsal string) {
	f.where.define(flags)
	defineChoice(flags, &f.apiVersion, "api-version", "v8", "`version` of the API")
	flags.BoolVar(&f.emulator, "emulator", false, rehearsal)
}

func (f *crmFlags) check(cmd *cobra.Command) (err error) {
	if f.emulator {
		f.unheeded, err = refuseForEmulator(cmd.Flags())
	}
	return err
}

// rateFlag says how many calls are made in a second.
type rateFlag struct{ rate float64 }

func (f *rateFlag) define(flags *pflag.FlagSet) {
	flags.Float64Var(&f.rate, "rate", 0, "calls per second at most; 0.5 is one in two seconds")
}

func (f *rateFlag) wrong(flags *pflag.FlagSet) []wrongValue {
	return []wrongValue{
		{f.rate < 0 || f.rate != f.rate, "--rate is below 0"},
		{f.rate == 0 && flags.Changed("rate"), "--rate 0 would send nothing"},
	}
}

// timeoutFlag says how long one call may take.
type timeoutFlag struct{ timeout time.Duration }

func (f *timeoutFlag) define(flags *pflag.FlagSet, usual time.Duration) {
	flags.DurationVar(&f.timeout, "timeout", usual, "how long one call may take: 30s, 2m")
}

func (f *timeoutFlag) wrong(flags *pflag.FlagSet) []wrongValue {
	return []wrongValue{{f.timeout < 0 || f.timeout == 0 && flags.Changed("timeout"), "--timeout must be above 0"}}
}

// limitFlags say how hard the CRM is driven, and when to stop.
type limitFlags struct {
	rateFlag
	timeoutFlag
	concurrency    concurrency
	maxAttempts    int
	deadline       time.Duration
	maxCalls       int
	reserveCredits int
}

// defineSpeed adds the flags that matter for a plan, too.
func (f *limitFlags) defineSpeed(flags *pflag.FlagSet) {
	flags.Var(&f.concurrency, "concurrency", fmt.Sprintf("calls in flight at most, 1 to %d; auto is what the org's edition allows, %d where that is unknown", zoho.MostSlots, zoho.LeastSlots))
	f.rateFlag.define(flags)
}

// defineBudgets adds the other flags.
func (f *limitFlags) defineBudgets(flags *pflag.FlagSet) {
	flags.IntVar(&f.maxAttempts, "max-attempts", 5, "calls at most for a batch that gets no answer")
	f.timeoutFlag.define(flags, time.Minute)
	flags.DurationVar(&f.deadline, "deadline", 0, "stop after this time, such as 90m or 6h: finish open calls, save, stop")
	flags.IntVar(&f.maxCalls, "max-calls", 0, "stop after `N` calls: finish open ones, save, stop")
	flags.IntVar(&f.reserveCredits, "reserve-credits", 0, "stop once the org has no more than `N` credits left: finish open calls, save, stop")
}

// check takes a command that has the flags of defineSpeed, and perhaps those of defineBudgets.
func (f *limitFlags) check(cmd *cobra.Command) error {
	flags := cmd.Flags()
	return firstWrong(cmd, slices.Concat(f.rateFlag.wrong(flags), f.timeoutFlag.wrong(flags), []wrongValue{
		{f.maxAttempts < 1 && flags.Changed("max-attempts"), "--max-attempts is below 1"},
		{f.deadline < 0 || f.deadline == 0 && flags.Changed("deadline"), "--deadline must be above 0"},
		{f.maxCalls < 0 || f.maxCalls == 0 && flags.Changed("max-calls"), "--max-calls must be above 0"},
		{f.reserveCredits < 0, "--reserve-credits is below 0"},
	}))
}

// limits gives the limits of a job.
func (f *limitFlags) limits() job.Limits {
	return job.Limits{
		Slots:          int(f.concurrency),
		Rate:           engine.NewRate(f.rate),
		PerSecond:      f.rate,
		MaxAttempts:    f.maxAttempts,
		MaxCalls:       f.maxCalls,
		ReserveCredits: f.reserveCredits,
		Deadline:       f.deadline,
	}
}

// wrongValue is a value of a flag that makes no sense.
type wrongValue struct {
	bad  bool
	text string
}

func wrongBatchSize(n int) wrongValue {
	return wrongValue{n < 1 || n > zoho.MaxIDs, fmt.Sprintf("--batch-size %d is not between 1 and %d", n, zoho.MaxIDs)}
}

// firstWrong gives the error for the first value that is bad.
func firstWrong(cmd *cobra.Command, values []wrongValue) error {
	for _, v := range values {
		if v.bad {
			return usageError{fmt.Errorf("%s", v.text), cmd.CommandPath() + " --help lists the flags"}
		}
	}
	return nil
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
		return fmt.Errorf("%q is not auto, or a number from 1 to %d", s, zoho.MostSlots)
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

func (*delimiterFlag) Type() string { return "word" }

// encodingFlag is how the text of a file is encoded.
type encodingFlag struct{ text.Encoding }

func (e *encodingFlag) define(flags *pflag.FlagSet, file string) {
	flags.Var(e, "encoding", "how the text of "+file+" is encoded, if it is not UTF-8: windows-1252 (Excel's \"CSV\" in Western Europe), macintosh, shift_jis, gbk, …")
}

func (e *encodingFlag) Set(s string) (err error) {
	e.Encoding, err = text.ParseEncoding(s)
	return err
}

func (*encodingFlag) Type() string { return "name" }
