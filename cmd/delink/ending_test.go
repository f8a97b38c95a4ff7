package main

import (
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// endings is where the text about the end of a command begins.
var endings = regexp.MustCompile(`(?m)^(done|stopped|nothing to do|nothing to undo)\b`)

// fileRow is a row of an ending that names a file.
var fileRow = regexp.MustCompile(`(?m)^  (?:results|failures|snapshot|report|findings|output) {2,}(\S.*)$`)

// fileNamed finds the names of a job's files in the words of a text. The value of a flag is none:
// it may say where a file will be.
var fileNamed = regexp.MustCompile(`(?:^|\s)([\w./-]+\.(?:csv|json|html))[,;:]?(?:\s|$)`)

// namedBy gives the files that the end of a command names on standard error, and the line that --quiet
// leaves of it.
func namedBy(stderr string) (names []string) {
	text := ""
	if at := endings.FindAllStringIndex(stderr, -1); at != nil {
		text = stderr[at[len(at)-1][0]:]
	}
	for line := range strings.Lines(stderr) {
		if strings.Contains(line, "; see ") {
			text += line
		}
	}
	for _, m := range fileRow.FindAllStringSubmatch(text, -1) {
		if m[1] != "standard output" {
			names = append(names, m[1])
		}
	}
	for _, name := range names { // it may have spaces in it
		text = strings.ReplaceAll(text, name, "")
	}
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "'") { // else the same is true of a name
			for _, m := range fileNamed.FindAllStringSubmatch(line, -1) {
				names = append(names, m[1])
			}
		}
	}
	return names
}

// checkNamed makes sure that the files that an ending names are there. All scripts are held to it.
func checkNamed(ts *testscript.TestScript) {
	for _, name := range namedBy(ts.ReadFile("stderr")) {
		if _, err := os.Stat(ts.MkAbs(name)); err != nil {
			ts.Fatalf("the ending names %s, which is not there", name)
		}
	}
}

func cmdPowerless(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) >= 2, "powerless N COMMAND [ARG ...]")
	if os.Geteuid() == 0 {
		args = slices.Concat(args[:1], []string{"setpriv", "--bounding-set=-dac_override"}, args[1:])
	}
	cmdExit(ts, false, args)
}

// commandsIn gives the commands that a text shows on lines of their own.
func commandsIn(text string) (commands []string) {
	for line := range strings.Lines(text) {
		if isCommand(line) {
			commands = append(commands, strings.TrimSpace(line))
		}
	}
	return commands
}

func cmdRecommends(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 1, "recommends COMMAND")
	commands := commandsIn(ts.ReadFile("stderr"))
	if len(commands) != 1 || commands[0] != args[0] {
		ts.Fatalf("it recommends\n%s\nnot\n%s", strings.Join(commands, "\n"), args[0])
	}
	crmOf(ts).recommended = commands[0]
}

func cmdFollow(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 1, "follow N")
	cmdExit(ts, false, []string{args[0], "sh", "-c", crmOf(ts).recommended})
}
