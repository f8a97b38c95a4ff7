package main

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagGroups say under which heading of a help each flag stands, whichever command has it. A flag
// that stands here twice, or nowhere, fails a test.
var flagGroups = []struct{ heading, flags string }{
	{"Input", "module relation parent-id columns delimiter encoding skip-invalid strict accept-rounded-ids links"},
	{"What to read", "where view parents parent all link converted approved fields sample"},
	{"What to send", "yes dry-run max-links fewest-calls snapshot fail-absent allow-relation gone probe restore"},
	{"Running again", "retry-failed restart if-changed"},
	{"Limits", "concurrency rate batch-size max-attempts timeout deadline max-calls reserve-credits max-failures"},
	{"Files", "output output-dir results failures summary invalid report html metrics ping-url-file"},
	{"Login", "self-client keep-token"},
	{"Where", "emulator dc org environment api-version offline"},
	{"Emulator", "demo addr set knobs"},
	{"Output", "json quiet log-format log-level no-descriptions version help"},
}

// firstFlags are the flags of a command that most people need. They stand first in its help, and
// not under their headings. Commands with few flags have none.
var firstFlags = map[string]string{
	"delink run":      "module relation columns dry-run yes max-links snapshot retry-failed skip-invalid emulator",
	"delink plan":     "module relation columns max-links skip-invalid invalid strict offline json emulator",
	"delink verify":   "module relation columns sample results deadline max-calls json emulator",
	"delink undo":     "module relation columns dry-run yes max-links gone retry-failed emulator",
	"delink export":   "where view parents parent all link converted fields output emulator",
	"delink doctor":   "module relation probe restore yes json org emulator",
	"delink emulator": "demo links addr set knobs",
}

// headingOfFirst is the heading of firstFlags.
const headingOfFirst = "Flags used most"

// shownFlags are flags under one heading of a help.
type shownFlags struct {
	heading string
	flags   []*pflag.Flag
}

// groupedFlags gives the flags of a command as its help shows them: first those that matter most,
// then the others by their groups.
func groupedFlags(cmd *cobra.Command) []shownFlags {
	flags := map[string]*pflag.Flag{}
	add := func(f *pflag.Flag) {
		if !f.Hidden {
			flags[f.Name] = f
		}
	}
	cmd.LocalFlags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	var groups []shownFlags
	take := func(heading, names string) {
		group := shownFlags{heading: heading}
		for _, name := range strings.Fields(names) {
			if f := flags[name]; f != nil {
				group.flags = append(group.flags, f)
				delete(flags, name)
			}
		}
		if len(group.flags) > 0 {
			groups = append(groups, group)
		}
	}
	take(headingOfFirst, firstFlags[cmd.CommandPath()])
	for _, g := range flagGroups {
		take(g.heading, g.flags)
	}
	if len(groups) == 1 {
		groups[0].heading = "Flags"
	}
	return groups
}

// ofValue is the annotation of a flag that names its value.
const ofValue = "value"

// nameValues keeps the name of each flag's value as an annotation. pflag wants it between backquotes
// in the text, and completions show the text as it is.
func nameValues(cmd *cobra.Command) {
	name := func(flags *pflag.FlagSet) {
		flags.VisitAll(func(f *pflag.Flag) {
			if f.Annotations[ofValue] == nil {
				value, text := pflag.UnquoteUsage(f)
				f.Usage = text
				_ = flags.SetAnnotation(f.Name, ofValue, []string{value}) // it fails for no flag that exists
			}
		})
	}
	name(cmd.Flags())
	name(cmd.PersistentFlags())
	for _, below := range cmd.Commands() {
		nameValues(below)
	}
}

// flagText gives what a help says of a flag: its name with the value, and its text.
func flagText(f *pflag.Flag) (name, value, text string) {
	if named := f.Annotations[ofValue]; named != nil {
		value, text = named[0], f.Usage
	}
	switch value {
	case "int", "float":
		value = "N"
	case "duration":
		value = "time"
	case "string":
		value = "word" // one of a few, which the text names
	}
	if !slices.Contains([]string{"", "false", "0", "0s", "[]"}, f.DefValue) {
		text += " (default " + plainDefault(f.DefValue) + ")"
	}
	return "--" + f.Name, strings.ToUpper(value), text
}

// plainDefault writes a time as people do: 1m, not 1m0s.
func plainDefault(value string) string {
	if d, err := time.ParseDuration(value); err == nil && d >= time.Minute {
		value = strings.TrimSuffix(strings.TrimSuffix(value, "0s"), "0m")
	}
	return value
}

// flagRows are flags as rows of a help.
func flagRows(flags []*pflag.Flag) [][2]string {
	var rows [][2]string
	for _, f := range flags {
		name, value, text := flagText(f)
		short := "    "
		if f.Shorthand != "" {
			short = "-" + f.Shorthand + ", "
		}
		rows = append(rows, [2]string{strings.TrimRight(short+name+" "+value, " "), text})
	}
	return rows
}

// variableOf gives the name of the environment variable of a flag; empty for a flag that has none.
func variableOf(flag string) string {
	if flag == "help" || flag == "version" {
		return ""
	}
	return "DELINK_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// flagVariables are the environment variables of all flags, and which commands have the flag.
func flagVariables(root *cobra.Command) [][2]string {
	commands := map[string][]string{}
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		own := func(f *pflag.Flag) {
			if variableOf(f.Name) != "" && !f.Hidden {
				commands[f.Name] = append(commands[f.Name], strings.TrimPrefix(cmd.CommandPath(), root.Name()+" "))
			}
		}
		cmd.LocalNonPersistentFlags().VisitAll(own)
		cmd.PersistentFlags().VisitAll(own)
		for _, below := range cmd.Commands() {
			if !below.Hidden {
				visit(below)
			}
		}
	}
	visit(root)
	var rows [][2]string
	for name, of := range commands {
		where := "all commands"
		if !slices.Contains(of, root.Name()) {
			where = strings.Join(of, ", ")
		}
		rows = append(rows, [2]string{variableOf(name), "--" + name + " of " + where})
	}
	slices.SortFunc(rows, func(a, b [2]string) int { return cmp.Compare(a[0], b[0]) })
	return rows
}
