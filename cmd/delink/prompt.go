package main

import (
	"context"
	"io"
	"strings"

	"golang.org/x/term"

	"delink/pkg/crash"
	"delink/pkg/job"
)

// wanted is a value that a person is asked for.
type wanted struct {
	what   string
	or     string                     // what else may be answered
	hidden bool                       // the terminal does not show what is typed
	hint   string                     // where else it can be given
	check  func(name, v string) error // nil if every answer will do
}

var (
	dataCentre     = wanted{what: "data centre", or: "that address", check: checkCentre, hint: "name it with --dc or ZOHO_DC"}
	clientID       = wanted{what: "client id", check: checkSecret, hint: "set ZOHO_CLIENT_ID, or ZOHO_CLIENT_ID_FILE to the name of a file that holds it"}
	clientSecret   = wanted{what: "client secret", hidden: true, check: checkSecret, hint: "set ZOHO_CLIENT_SECRET, or ZOHO_CLIENT_SECRET_FILE to the name of a file that holds it"}
	clientOrCentre = wanted{what: "client id", or: "another data centre", check: checkClientOrCentre, hint: clientID.hint}
	grantCode      = wanted{what: "grant code", hidden: true, check: checkSecret, hint: "give it on standard input, on a line of its own"}
)

// checkCentre refuses what names no data centre.
func checkCentre(_, v string) error {
	if _, err := readCentre(v); err != nil {
		return usageError{err, ""}
	}
	return nil
}

// checkClientOrCentre refuses what is neither a credential nor a data centre.
func checkClientOrCentre(name, v string) error {
	if checkCentre(name, v) == nil {
		return nil
	}
	return checkSecret(name, v)
}

// ask asks for a value: on a terminal, where an empty answer is asked for again, else it takes the
// next line of standard input. before is what is to be said before the question.
func (s *signIn) ask(ctx context.Context, w wanted, before string) (string, error) {
	for tries := mostTries; ; tries-- {
		answer, err := s.line(ctx, before+w.question(), w.hidden)
		if err != nil && err != io.EOF {
			return "", err
		}
		answer = unquoted(answer)
		var refused error
		switch {
		case answer == "":
			refused = &job.Refusal{Cause: "no " + w.what + " was given", Hint: w.hint}
		case w.check != nil:
			refused = w.check("the "+w.what, answer)
		}
		switch {
		case refused == nil:
			return answer, nil
		case s.terminal == nil, err == io.EOF, tries <= 0:
			return "", refused
		}
		before = refused.Error() + "\n"
	}
}

// question is how a person is asked for the value.
func (w wanted) question() string {
	q := w.what
	if w.or != "" {
		q += ", or " + w.or
	}
	if w.hidden {
		q += " (hidden while you type)"
	}
	return q + ":"
}

// line reads one line after a question, which is not shown where there is no terminal. If ctx ends
// first, the error is its cause.
func (s *signIn) line(ctx context.Context, question string, hidden bool) (string, error) {
	if s.terminal != nil {
		s.ui.ask(ctx, question)
	}
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() { // a read of a terminal cannot be ended, so this goroutine may go on after ctx ends
		defer crash.Guard()
		var a answer
		if s.terminal != nil && hidden {
			var b []byte
			b, a.err = s.readSecret(int(s.terminal.Fd()))
			a.text = string(b)
			s.ui.answered()
		} else {
			a.text, a.err = s.lines.ReadString('\n')
		}
		answers <- a
	}()
	select {
	case <-ctx.Done():
		if s.terminal != nil {
			s.ui.answered()
		}
		return "", context.Cause(ctx)
	case a := <-answers:
		return strings.TrimSpace(a.text), a.err
	}
}

// readSecret reads a line that the terminal does not show. If a signal ends the program meanwhile,
// the terminal is put right.
func (p *program) readSecret(tty int) ([]byte, error) {
	if before, err := term.GetState(tty); err == nil {
		restore := func() { _ = term.Restore(tty, before) }
		p.atLeave.Store(&restore)
		defer p.atLeave.Store(nil)
	}
	return term.ReadPassword(tty)
}
