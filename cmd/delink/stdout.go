package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// print writes a text to standard output. On a terminal it is broken between words, as messages are.
// Commands are not, so that they can be copied: see isCommand.
func (p *program) print(text string) error {
	_, err := io.WriteString(p.stdout, wrap(printableText(text), p.stdoutWidth()))
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
