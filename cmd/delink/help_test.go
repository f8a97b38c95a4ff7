package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"delink/pkg/outcome"
)

// allCommands are the commands and topics of the program, the hidden ones as well.
func allCommands() []*cobra.Command {
	p := &program{ui: newUI(&bytes.Buffer{}, func(string) string { return "" })}
	var all []*cobra.Command
	var add func(cmd *cobra.Command)
	add = func(cmd *cobra.Command) {
		all = append(all, cmd)
		for _, below := range cmd.Commands() {
			add(below)
		}
	}
	add(p.command())
	return all
}

// flagsOf are the flags of a command that its help has to show.
func flagsOf(cmd *cobra.Command) map[string]*pflag.Flag {
	flags := map[string]*pflag.Flag{}
	add := func(f *pflag.Flag) {
		if !f.Hidden {
			flags[f.Name] = f
		}
	}
	cmd.LocalFlags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	return flags
}

func TestEveryFlagHasAGroup(t *testing.T) {
	group := map[string]string{}
	for _, g := range flagGroups {
		for _, name := range strings.Fields(g.flags) {
			if group[name] != "" {
				t.Errorf("--%s is in the groups %s and %s", name, group[name], g.heading)
			}
			group[name] = g.heading
		}
	}
	for _, cmd := range allCommands() {
		flags := flagsOf(cmd)
		for name, f := range flags {
			if group[name] == "" {
				t.Errorf("--%s of %s has no group: add it to flagGroups", name, cmd.CommandPath())
			}
			if _, value, text := flagText(f); text == "" || utf8.RuneCountInString(value) > 12 || strings.ContainsAny(value, "|") && value != "N|P%" || strings.Contains(f.Usage, "`") {
				t.Errorf("--%s of %s has the value %q and the text %q", name, cmd.CommandPath(), value, text)
			}
		}
		first := strings.Fields(firstFlags[cmd.CommandPath()])
		if len(first) > 10 {
			t.Errorf("%s has %d flags that come first", cmd.CommandPath(), len(first))
		}
		for _, name := range first {
			if flags[name] == nil {
				t.Errorf("%s has no --%s to come first", cmd.CommandPath(), name)
			}
		}
	}
}

// A help is never wider than the terminal, and has all flags, each once.
func TestHelpFits(t *testing.T) {
	check := func(name, text string, width int) {
		t.Helper()
		for line := range strings.Lines(text) {
			// A path cannot be broken.
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width && !(len(strings.Fields(line)) == 1 && strings.Contains(line, "/")) {
				t.Errorf("%s at %d columns has a line of %d: %s", name, width, n, line)
			}
		}
	}
	for _, width := range []int{40, 60, 80, widestHelp} {
		for _, cmd := range allCommands() {
			text := helpOf(cmd, width)
			check(cmd.CommandPath(), text, width)
			if cmd.IsAdditionalHelpTopicCommand() {
				continue
			}
			_, text, _ = strings.Cut(text, "\n"+groupedFlags(cmd)[0].heading+":\n")
			for name := range flagsOf(cmd) {
				if n := len(regexp.MustCompile(`(?m)^  (-\w, |    )?--`+name+`( |$)`).FindAllString(text, -1)); n != 1 {
					t.Errorf("the help of %s at %d columns has --%s %d times", cmd.CommandPath(), width, name, n)
				}
			}
		}
		check("--knobs", sheet{width}.text(knobText()), width)
	}
}

// A command that was broken for a narrow terminal is still the same command to a shell.
func TestExamplesCanBeCopied(t *testing.T) {
	const example = `  delink plan links.csv   says what run would do
  delink export Campaigns.Leads --where "End_Date < '2025-01-01'" --output -`
	got := sheet{40}.examples(example)
	want := `  # says what run would do
  delink plan links.csv
  delink export Campaigns.Leads \
    --where "End_Date < '2025-01-01'" \
    --output -
`
	if got != want {
		t.Errorf("%s", got)
	}
	if got := (sheet{80}).examples(example); got != strings.ReplaceAll(example, "csv   says", "csv  says")+"\n" {
		t.Errorf("%s", got)
	}
}

func TestColumnsOfAHelp(t *testing.T) {
	const text = "name is what\nit is:\n\n  ab  what ab is, in some more words\n  a-name-that-is-far-too-long  what that is\n\n  delink run\n"
	for width, want := range map[int]string{
		50: "name is what it is:\n\n  ab  what ab is, in some more words\n  a-name-that-is-far-too-long\n      what that is\n\n  delink run\n",
		30: "name is what it is:\n\n  ab\n    what ab is, in some more\n    words\n  a-name-that-is-far-too-long\n    what that is\n\n  delink run\n",
	} {
		if got := (sheet{width}).text(text); got != want {
			t.Errorf("at %d columns:\n%s", width, got)
		}
	}
}

// Every variable that the program reads is in the topic about the environment.
func TestEnvironmentTopicIsComplete(t *testing.T) {
	text := topic(allCommands()[0], "environment")
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "topics.go" {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"((?:ZOHO|DELINK|LC|XDG)_[A-Z_]+[A-Z]|NO_COLOR|LANG|TERM|COLUMNS|HTTPS_PROXY)"`).FindAllStringSubmatch(string(source), -1) {
			read++
			if !regexp.MustCompile(`\b` + m[1] + `\b`).MatchString(text) {
				t.Errorf("%s reads %s, which the topic does not name", name, m[1])
			}
		}
	}
	if read < 10 {
		t.Errorf("only %d variables were found", read)
	}
	for _, name := range []string{"DELINK_MAX_CALLS", "DELINK_QUIET", "DELINK_NO_DESCRIPTIONS", "DELINK_SET"} {
		if !strings.Contains(text, "  "+name+" ") {
			t.Errorf("the topic lacks %s", name)
		}
	}
	if strings.Contains(text, "DELINK_HELP") {
		t.Error("--help has no variable")
	}
}

// The README has the same words for exit codes as the program.
func TestReadmeHasTheExitCodes(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range partsOf(exitCodes()) {
		for _, code := range row.rows {
			if !slices.Contains(strings.Split(string(readme), "\n"), "| "+code[0]+" | "+code[1]+" |") {
				t.Errorf("the README does not say that %s means: %s", code[0], code[1])
			}
		}
	}
	if len(outcome.ExitCodes) != strings.Count(exitCodes(), "\n") {
		t.Errorf("%d codes in\n%s", len(outcome.ExitCodes), exitCodes())
	}
}
