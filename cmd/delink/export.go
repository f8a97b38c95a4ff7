package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"delink/pkg/export"
	"delink/pkg/job"
	cells "delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// exportFlags are the flags of export.
type exportFlags struct {
	crmFlags
	limitFlags
	monitorFlags
	parents   export.Parents
	parent    []string
	link      []string
	converted string
	approved  string
	fields    []string
	folder    folderFlag
	output    string
	restart   bool
	json      bool
	encoding  encodingFlag
	command   commandLine

	relation zoho.Relation
	filter   export.Filter
}

func (f *exportFlags) define(flags *pflag.FlagSet) {
	flags.StringVar(&f.parents.Where, "where", "", "parent records that meet a `condition` in COQL")
	flags.StringVar(&f.parents.View, "view", "", "parent records of a custom view, by its `name`")
	flags.StringVar(&f.parents.File, "parents", "", "parent records that a CSV `file` names")
	f.encoding.define(flags, "--parents")
	flags.StringArrayVar(&f.parent, "parent", nil, "a parent record, by its `id`; can be repeated")
	flags.BoolVar(&f.parents.All, "all", false, "all records of the module")
	flags.StringArrayVar(&f.link, "link", nil, "only links with these values in a field of their own, as `field=values` with commas between values; can be repeated")
	defineChoice(flags, &f.converted, "converted", "both", "links to converted leads: both, only or no")
	defineChoice(flags, &f.approved, "approved", "both", "links to records that are approved: both, only or no")
	flags.StringSliceVar(&f.fields, "fields", nil, "fields of the related records to add, by their API `names` with commas between them")
	flags.StringVarP(&f.output, "output", "o", "", "output `file`, or - for standard output (default in the current folder: campaigns-leads.csv)")
	f.folder.define(flags, "folder for the output, instead of the current one: `DIR`; it has to be there")
	flags.BoolVar(&f.restart, "restart", false, "do not go on with an unfinished export")
	flags.BoolVar(&f.json, "json", false, "print the summary as JSON on standard output")
	f.crmFlags.define(flags, "list a small demo org, in an emulator inside this process")
	f.defineSpeed(flags)
	f.defineBudgets(flags)
	f.monitorFlags.define(flags)
}

// check refuses values that make no sense, before anything is read.
func (f *exportFlags) check(cmd *cobra.Command, relation string) (err error) {
	if err := f.checkRelation(cmd, relation); err != nil {
		return err
	}
	for _, s := range f.parent {
		if err := f.parents.Add(s); err != nil {
			return usageError{fmt.Errorf("--parent %w", err), "give the id of a parent record"}
		}
	}
	f.parents.Encoding = f.encoding.Encoding
	ways := 0
	for _, given := range []bool{cmd.Flags().Changed("where"), cmd.Flags().Changed("view"), cmd.Flags().Changed("parents"), len(f.parent) > 0, f.parents.All} {
		if given {
			ways++
		}
	}
	for _, s := range f.link {
		if err := f.filter.Add(s); err != nil {
			return usageError{fmt.Errorf("--link: %w", err), ""}
		}
	}
	wrong := func(name string) bool { return !zoho.ValidName(strings.TrimSuffix(name, ".id")) || name == "id" }
	bad := slices.IndexFunc(f.fields, wrong)
	if bad < 0 {
		f.fields = slices.Compact(f.fields)
	}
	if err := firstWrong(cmd, []wrongValue{
		{ways == 0, "it is not said of which parent records: one of --where, --view, --parents, --parent or --all is needed"},
		{ways > 1, "only one of --where, --view, --parents, --parent and --all can be given"},
		{cmd.Flags().Changed("view") && f.parents.View == "", "--view is empty"},
		{cmd.Flags().Changed("parents") && f.parents.File == "", "--parents is empty"},
		{bad >= 0, fmt.Sprintf("--fields: %q is not the API name of a field", f.fields[max(bad, 0):min(len(f.fields), max(bad, 0)+1)])},
		{f.json && f.output == export.Stdout, "--json and --output - both want standard output"},
	}); err != nil {
		return err
	}
	if f.parents.File == "" {
		if err := refuseUnread(cmd.Flags(), "--parents FILE", []string{"encoding"}); err != nil {
			return err
		}
	}
	if err := f.crmFlags.check(cmd); err != nil {
		return err
	}
	return f.limitFlags.check(cmd)
}

// checkRelation reads the relation, whose names may be labels.
func (f *exportFlags) checkRelation(cmd *cobra.Command, relation string) error {
	r, err := cells.ParseRelation(relation)
	if err != nil {
		return usageError{fmt.Errorf("%q is not a relation", relation), "write " + cmd.CommandPath() + " Campaigns.Leads: the module of the parent records, and the related list"}
	}
	f.relation = r
	if f.output == "" {
		f.output = filepath.Join(string(f.folder), fileName(r.Module+"-"+r.List)+".csv")
	}
	return nil
}

// fileName makes a file's name of names and labels: spaces and punctuation become hyphens.
func fileName(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	}), "-")
}

// oneRelation is the argument of export.
func oneRelation(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	cause := "the relation is missing"
	if len(args) > 1 {
		cause = fmt.Sprintf("one relation at a time, not %d", len(args))
	}
	return usageError{fmt.Errorf("%s", cause), "write " + cmd.CommandPath() + " Campaigns.Leads"}
}

func (p *program) exportCommand() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export MODULE.LIST",
		Short: "lists links from the CRM into a CSV that run takes",
		Long: `export lists the links of some parent records, and writes a CSV that is an input of run. It changes nothing in the CRM.

Every parent record is checked: as many links must be listed as the CRM counts. A parent record of which links may be missing is
named, and the exit code is 3. The same command again lists only the parent records that are not complete.`,
		Example: `  delink export Campaigns.Leads --where "End_Date < '2025-01-01'"
  delink export Campaigns.Leads --view 'Ended campaigns' --link Member_Status=Planned,Sent
  delink export Campaigns.Leads --parents campaigns.csv --converted only --fields Last_Name,Email
  delink export Products.Price_Books --parent 3652397000000925128 -o - | head
  delink export Campaigns.Leads --all --emulator`,
		Args: oneRelation,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, args[0]); err != nil {
				return err
			}
			p.reads = true
			f.command = asGiven(cmd, args[0])
			m, err := p.monitor(&f.monitorFlags, "export", args[0], job.Files{}, f.emulator)
			if err != nil {
				return err
			}
			return m.monitored(func() error { return p.export(&f) })
		},
	}
	f.define(cmd.Flags())
	return cmd
}

// export is the whole of an export.
func (p *program) export(f *exportFlags) error {
	c := p.connector(&f.crmFlags, f.timeout)
	c.demo = true
	if err := c.logIn(); err != nil {
		return err
	}
	if f.folder != "" {
		if err := job.CheckFolder(string(f.folder)); err != nil {
			return err
		}
	}
	config, err := p.exportConfig(f)
	if err != nil {
		return err
	}
	stop, done := p.stop(f.deadline)
	defer done()
	end, err := export.Run(stop, p.signals.Hard(), config, export.World{
		World: c.world(),
		Found: func(parents, toCount int) {
			if toCount > tellParentsFrom {
				p.ui.say("%s; counting the links of %s", counted(parents, "parent record", "parent records"), counted(toCount, "of them", "of them"))
			}
		},
		Tell: func(plan *export.Plan) {
			v := newExportPlanView(plan)
			p.ui.result("plan", v.text(), "plan", v)
		},
	})
	c.close()
	if err != nil {
		return err
	}
	return p.endExport(f, end)
}

// tellParentsFrom is how many parent records are counted without a word before.
const tellParentsFrom = 500

func (p *program) exportConfig(f *exportFlags) (export.Config, error) {
	which := map[string]export.Which{"only": export.Only, "no": export.No}
	c := export.Config{
		Relation: f.relation, Parents: f.parents, Link: f.filter, Fields: f.fields, Converted: which[f.converted], Approved: which[f.approved],
		Output: f.output, Stdout: p.stdout, Restart: f.restart, Limits: f.limits(),
	}
	if f.output != export.Stdout {
		return c, nil
	}
	folder, err := os.UserCacheDir()
	if err == nil {
		c.Folder = filepath.Join(folder, "delink", "exports")
		err = os.MkdirAll(c.Folder, 0o700)
	}
	if err != nil {
		return c, &job.Refusal{Cause: "there is no folder for what is read before it goes to standard output", Err: err, Hint: "set HOME or XDG_CACHE_HOME, or write to a file"}
	}
	return c, nil
}
