package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// exampleValues has a value for each flag whose default is not a good example.
var exampleValues = map[string][]string{
	"accept-rounded-ids": {"true"}, "dc": {"https://crm.zoho.eu"}, "environment": {"sandbox"}, "allow-relation": {"Campaigns.A", "B.C"}, "columns": {`parent_id="Kampagne, ID",related_id=Lead "x"`},
	"concurrency": {"7"}, "deadline": {"90m"}, "delimiter": {"tab"}, "fewest-calls": {"never"}, "if-changed": {"resume"},
	"max-failures": {"1.5%"}, "output-dir": {"my files"}, "rate": {"0.5"}, "where": {"Name = 'it''s'"}, "link": {"A=b,c", "D=e"},
	"fields": {"A,B"}, "parent": {"1", "2"}, "relation": {"Price Books"}, "results": {"$HOME/r.csv"}, "encoding": {"windows-1252"},
}

// giveAll gives every flag of a command a value.
func giveAll(t *testing.T, flags *pflag.FlagSet) {
	t.Helper()
	flags.VisitAll(func(f *pflag.Flag) {
		given := exampleValues[f.Name]
		switch {
		case given != nil:
		case f.Value.Type() == "bool":
			given = []string{"true"}
		case f.Value.Type() == "string":
			given = []string{"x"}
		default:
			given = []string{f.DefValue}
		}
		for _, v := range given {
			if err := flags.Set(f.Name, v); err != nil {
				t.Fatalf("--%s %s: %v", f.Name, v, err)
			}
		}
	})
}

// A command on the screen can be copied: a shell and the program read every flag of it as it was given.
func TestCommandLineIsReadAgain(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("NOT CHECKED: there is no bash on this machine, so no shell has read the commands")
	}
	p := &program{}
	for _, command := range []func() *cobra.Command{p.runCommand, p.undoCommand, p.verifyCommand, p.exportCommand} {
		given, again := command(), command()
		t.Run(given.Name(), func(t *testing.T) {
			giveAll(t, given.Flags())
			_ = given.Flags().Set("emulator", "false") // else those that say which org is meant are left out
			line := asGiven(given, "it's $1\n\x80.csv").String()
			out, err := exec.CommandContext(t.Context(), bash, "-c", `printf '%s\0' `+strings.TrimPrefix(line, "delink ")).Output()
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			words := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
			if words[0] != given.Name() || words[1] != "it's $1\n\x80.csv" {
				t.Errorf("%s is read as %q", line, words)
			}
			if err := again.Flags().Parse(words[2:]); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			given.Flags().Visit(func(f *pflag.Flag) {
				if slices.Contains(onScreenOnly, f.Name) {
					return
				}
				if now := again.Flags().Lookup(f.Name); !now.Changed || now.Value.String() != f.Value.String() {
					t.Errorf("--%s is %q, and was %q", f.Name, now.Value, f.Value)
				}
			})
		})
	}
}

// What the environment says counts as if it were on the command line. So a command that is to be
// carried out takes back DELINK_DRY_RUN.
func TestCommandLineOfADryRun(t *testing.T) {
	for name, want := range map[string]string{"": "delink run a.csv --yes", "true": "delink run a.csv --dry-run=false --yes"} {
		p := &program{getenv: func(variable string) string {
			if variable == "DELINK_DRY_RUN" {
				return name
			}
			return ""
		}}
		cmd := p.runCommand()
		for _, flag := range []string{"dry-run", "yes"} {
			if flag == "yes" || name == "" {
				_ = cmd.Flags().Set(flag, "true")
			}
		}
		if err := p.environment(cmd); err != nil {
			t.Fatal(err)
		}
		if got := asGiven(cmd, "a.csv").String(); got != want {
			t.Errorf("DELINK_DRY_RUN=%s: %s, not %s", name, got, want)
		}
	}
}
