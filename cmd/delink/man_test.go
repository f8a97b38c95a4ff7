package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// pages are the manual pages by name.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name := range strings.Lines(printed(t, "man")) {
		name = strings.TrimSpace(name)
		all[name] = printed(t, "man", name)
	}
	return all
}

// printed runs the program, which must end well, and gives what it prints.
func printed(t *testing.T, args ...string) string {
	t.Helper()
	var out, messages strings.Builder
	if code := run(t.Context(), args, nil, &out, &messages, func(string) string { return "" }); code != 0 {
		t.Fatalf("delink %s ends with %d: %s", strings.Join(args, " "), code, &messages)
	}
	return out.String()
}

// Every command that the help shows has a page, which names all its flags.
func TestEveryCommandHasAPage(t *testing.T) {
	all := pages(t)
	var look func(cmd *cobra.Command)
	look = func(cmd *cobra.Command) {
		page := strings.ReplaceAll(all[pageName(cmd)], `\-`, "-")
		if page == "" {
			t.Errorf("%s has no page", cmd.CommandPath())
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && !strings.Contains(page, `\fB--`+f.Name+`\fP`) {
				t.Errorf("the page of %s does not name --%s", cmd.CommandPath(), f.Name)
			}
		})
		for _, below := range cmd.Commands() {
			if below.IsAvailableCommand() && below.Name() != "help" && cmd.Name() != "completion" {
				look(below)
			}
		}
	}
	p := &program{ui: newUI(&bytes.Buffer{}, func(string) string { return "" })}
	look(p.command())
}

func TestProseOfPages(t *testing.T) {
	for in, want := range map[string]string{
		"write --max-calls 5, or -y": `write \-\-max\-calls 5, or \-y`,
		"a well-known thing":         "a well-known thing",
		".hidden files":              `\&.hidden files`,
		"'quoted' at the beginning":  `\(aqquoted\(aq at the beginning`,
		`a\b`:                        `a\eb`,
		"delink-export-…":            `delink-export-\[u2026]`,
	} {
		if got := prose(in); got != want {
			t.Errorf("%q is %q, not %q", in, got, want)
		}
	}
}

// What reads the pages has nothing to say against them.
func TestPagesAreWellFormed(t *testing.T) {
	for _, checker := range [][]string{
		{"mandoc", "-T", "lint", "-W", "warning"},
		{"groff", "-man", "-ww", "-T", "utf8", "-z"},
	} {
		t.Run(checker[0], func(t *testing.T) {
			if _, err := exec.LookPath(checker[0]); err != nil {
				t.Skipf("NOT CHECKED: there is no %s on this machine, so nothing has read the manual pages", checker[0])
			}
			for name, page := range pages(t) {
				cmd := exec.CommandContext(t.Context(), checker[0], checker[1:]...)
				cmd.Stdin = strings.NewReader(page)
				out, _ := cmd.CombinedOutput() // what it prints says more than its exit code
				for line := range strings.Lines(string(out)) {
					// A build that does not know its commit knows no date.
					if !strings.Contains(line, "missing date") {
						t.Errorf("%s: %s", name, line)
					}
				}
			}
		})
	}
}
