package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// printPlan writes a plan to standard output, and a command behind it. On a terminal the plan is broken
// between words, as messages are. The command is not, so that it can be copied.
func (p *program) printPlan(text, command string) error {
	text, command = printableText(text), printableText(command)
	if width := p.stdoutWidth(); width > 0 {
		text = wrap(text, width)
	}
	_, err := io.WriteString(p.stdout, text+command)
	return err
}

// stdoutWidth is how many columns standard output has; 0 if it is no terminal.
func (p *program) stdoutWidth() int {
	f, ok := p.stdout.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}
