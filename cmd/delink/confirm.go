package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"delink/pkg/crash"
	"delink/pkg/job"
)

// errNotConfirmed says that a person did not say yes.
var errNotConfirmed = errors.New("not confirmed")

// confirm reads the answer to a question that removes something. Only a whole line that says y or
// yes is a yes: the end of the input is none, nor is a line that a lost terminal cut off. If ctx
// ends first, confirm returns its cause.
func confirm(ctx context.Context, in io.Reader) error {
	answers := make(chan bool, 1)
	go func() { // nothing ends a read of a terminal, so it is left behind when ctx ends
		defer crash.Guard()
		line, err := bufio.NewReader(in).ReadString('\n')
		answers <- err == nil && isYes(line)
	}()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case yes := <-answers:
		if !yes {
			return errNotConfirmed
		}
		return nil
	}
}

func isYes(answer string) bool {
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true
	}
	return false
}

// ask shows a question and wants a yes from the person at the terminal. Anything else is a Refusal.
// If ctx ends before there is an answer, ask returns nil and ctx tells why.
func (p *program) ask(ctx context.Context, question string) error {
	p.ui.ask(ctx, question)
	err := confirm(ctx, p.stdin)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		p.ui.answered()
		return nil
	}
	return &job.Refusal{Cause: err.Error()}
}
