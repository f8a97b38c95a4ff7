package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// completions are what a person types before the Tab key, and what the shell makes of it.
var completions = []struct{ name, typed, becomes string }{
	{"command", "delink emul", "delink emulator"},
	{"value", "delink run --dc j", "delink run --dc jp"},
	{"value of a command below another", "delink auth login --dc j", "delink auth login --dc jp"},
	{"value behind an equals sign", "delink run --log-format=j", "delink run --log-format=json"},
	{"relation", "delink run --allow-relation Deals.", "delink run --allow-relation Deals.Contact_Roles"},
	{"relation as an argument", "delink export Deals.", "delink export Deals.Contact_Roles"},
	{"list of a module", "delink run --module Price_Books --relation P", "delink run --module Price_Books --relation Products"},
	{"input", "delink run lin", "delink run links.csv"},
	{"file of a flag", "delink plan links.csv --invalid b", "delink plan links.csv --invalid bad.csv"},
	{"topic", "delink help exi", "delink help exit-codes"},
	{"knob", "delink emulator --set fault-s", "delink emulator --set fault-script="},
	{"flag", "delink run --reserve", "delink run --reserve-credits"},
}

// bashCompletion is what the script for bash needs, as it says itself.
const bashCompletion = "/usr/share/bash-completion/bash_completion"

// TestCompletionInShells loads the completion of each shell as docs/install.md says, types the
// beginning of a command, and presses Tab.
func TestCompletionInShells(t *testing.T) {
	t.Run("bash", func(t *testing.T) {
		findShell(t, "bash")
		if _, err := os.Stat(bashCompletion); err != nil {
			t.Skipf("NOT CHECKED: there is no %s on this machine, so nobody has pressed Tab in bash", bashCompletion)
		}
		s := newShell(t)
		s.write("rc", "PS1='ready> '\nbind 'set enable-bracketed-paste off'\n. "+bashCompletion+"\n. <(delink completion bash)\n")
		s.press(t, s.command("bash", "--noprofile", "--rcfile", filepath.Join(s.home, "rc"), "-i"))
	})
	t.Run("zsh", func(t *testing.T) {
		findShell(t, "zsh")
		s := newShell(t)
		s.write(".zshrc", "PS1='ready> '\nunset zle_bracketed_paste\nunsetopt prompt_sp\ndelink completion zsh >~/_delink\nfpath=(~ $fpath)\nautoload -Uz compinit && compinit -u -D\n")
		s.press(t, s.command("zsh", "-d", "-i"))
	})
	t.Run("fish", func(t *testing.T) {
		findShell(t, "fish")
		s := newShell(t)
		for _, c := range completions {
			t.Run(c.name, func(t *testing.T) {
				// fish can be asked what it would offer: the last word, completed, and what is
				// known of it.
				cmd := s.command("fish", "-c", "delink completion fish | source; complete -C "+shellQuote(c.typed))
				out, err := cmd.CombinedOutput()
				offered, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\t")
				words := strings.Fields(c.becomes)
				if want := words[len(words)-1]; err != nil || offered != want {
					t.Errorf("%s: %v, %q instead of %q", c.typed, err, out, want)
				}
			})
		}
	})
}

func findShell(t *testing.T, shell string) {
	t.Helper()
	if _, err := exec.LookPath(shell); err != nil {
		t.Skipf("NOT CHECKED: there is no %s on this machine, so nobody has pressed Tab in it", shell)
	}
}

// shell is a person's place to type commands: a home, and a folder with two files.
type shell struct{ home, folder, path string }

func newShell(t *testing.T) *shell {
	t.Helper()
	s := &shell{home: t.TempDir(), folder: t.TempDir()}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	programs := t.TempDir()
	if err := os.Symlink(self, filepath.Join(programs, "delink")); err != nil { // TestMain goes by the name
		t.Fatal(err)
	}
	s.path = programs + string(os.PathListSeparator) + os.Getenv("PATH")
	for _, name := range []string{"links.csv", "bad.csv"} {
		if err := os.WriteFile(filepath.Join(s.folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// write writes a file in the home.
func (s *shell) write(name, text string) {
	if err := os.WriteFile(filepath.Join(s.home, name), []byte(text), 0o600); err != nil {
		panic(err)
	}
}

func (s *shell) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = s.folder
	cmd.Env = []string{"PATH=" + s.path, "HOME=" + s.home, "ZDOTDIR=" + s.home, "TERM=dumb", "LC_ALL=C.UTF-8", "GORACE=atexit_sleep_ms=10"}
	return cmd
}

// press starts the shell on a terminal and completes commands there. Instead of running a command,
// it goes to the beginning of the line and has the shell print it.
func (s *shell) press(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	const toBeginning, tab = "\x01", "\t"
	c := started(t, 200, cmd)
	c.shows("ready> ")
	for i, step := range completions {
		done := fmt.Sprintf("done %d", i)
		c.types(step.typed + tab + toBeginning + "echo becomes: \necho " + done + "\n")
		// What is printed stands at the beginning of a line, and what is typed behind the prompt.
		if out := c.shows("\n" + done); !strings.Contains(out, "\nbecomes: "+step.becomes) {
			t.Errorf("%s does not become %s:\n%s", step.typed, step.becomes, out)
		}
	}
	c.types("exit\n")
	c.ends(0)
}
