package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"delink/pkg/job"
	"delink/pkg/reader/text"
	"delink/pkg/zoho"
	"delink/pkg/zoho/emulator"
)

// choices has the values of flags that take one of a few.
var choices = map[string][]string{
	"api-version":  zoho.Versions,
	"approved":     {"both", "only", "no"},
	"concurrency":  {"auto"},
	"converted":    {"both", "only", "no"},
	"dc":           zoho.DataCentreNames(),
	"delimiter":    {"comma", "semicolon", "tab", "pipe"},
	"encoding":     text.EncodingNames(),
	"environment":  {"production", "sandbox", "developer"},
	"fewest-calls": {string(job.FewestAuto), string(job.FewestAlways), string(job.FewestNever)},
	"if-changed":   {string(job.ChangedResume), string(job.ChangedRestart)},
	"log-format":   {formatText, formatJSON},
	"log-level":    {"debug", "info", "warn", "error"},
}

// suggestions has the likely values of flags that take any name. They are those of the built-in
// table of relations: an org has more, but no org is asked because somebody presses a key.
var suggestions = map[string]cobra.CompletionFunc{
	"allow-relation": completeRelations,
	"module":         completeModules,
	"org":            completeOrgs,
	"output-dir":     completeFolders,
	"relation":       completeLists,
	"set":            completeKnobs,
}

// completeValues has the shell complete the values of flags and the arguments, in a command and all
// below it.
func completeValues(cmd *cobra.Command) {
	complete := func(f *pflag.Flag) {
		values := suggestions[f.Name]
		if c := choices[f.Name]; c != nil {
			values = cobra.FixedCompletions(c, cobra.ShellCompDirectiveNoFileComp)
		}
		if values != nil {
			// It fails for a flag that is not there, or that has a completion.
			_ = cmd.RegisterFlagCompletionFunc(f.Name, values)
		}
	}
	cmd.Flags().VisitAll(complete)
	cmd.PersistentFlags().VisitAll(complete)
	if cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = completeArguments(cmd.Use)
	}
	for _, below := range cmd.Commands() {
		completeValues(below)
	}
}

// completeArguments goes by the usage of a command: which arguments it takes. Files are completed by
// the shell, if the function is nil.
func completeArguments(usage string) cobra.CompletionFunc {
	_, arguments, some := strings.Cut(usage, " ")
	switch {
	case !some:
		return cobra.NoFileCompletions
	case strings.EqualFold(arguments, "Module.List"):
		return completeRelations
	}
	return nil
}

// completeRelations offers relations as Module.List. It completes arguments as well as flags.
func completeRelations(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []string
	for _, r := range zoho.SupportedRelations() {
		names = append(names, r.String())
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeOneOrg is completeOrgs for a command whose one argument is an org.
func completeOneOrg(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return completeOrgs(cmd, args, begun)
}

// completeOrgs offers the orgs of the stored logins: their names or, where two have the same, their
// ids.
func completeOrgs(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	logins, err := readLogins()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, l := range logins {
		alike := 0
		for _, other := range logins {
			if other.is("", l.Org) {
				alike++
			}
		}
		switch {
		case l.Org != "" && alike == 1:
			names = append(names, cobra.CompletionWithDesc(l.Org, l.full()))
		case l.OrgID != "":
			names = append(names, cobra.CompletionWithDesc(l.OrgID, l.full()))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeFolders has the shell offer folders only.
func completeFolders(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// completeModules offers the modules of relations.
func completeModules(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []string
	for _, r := range zoho.SupportedRelations() {
		names = append(names, r.Module)
	}
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
}

// completeLists offers the lists of the module that --module names, or of all.
func completeLists(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	module := ""
	if f := cmd.Flag("module"); f != nil {
		module = f.Value.String()
	}
	var names []string
	for _, r := range zoho.SupportedRelations() {
		if module == "" || strings.EqualFold(r.Module, module) {
			names = append(names, r.List)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
}

// completeKnobs offers the knobs of the emulator. Their values are not completed: to a shell, what
// follows the = is a word of its own.
func completeKnobs(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []cobra.Completion
	for _, k := range emulator.Knobs() {
		names = append(names, cobra.CompletionWithDesc(k.Name+"=", k.Help))
	}
	return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
