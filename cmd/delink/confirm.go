package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"delink/pkg/crash"
	"delink/pkg/job"
)

// errNotConfirmed says that a person did not say yes.
var errNotConfirmed = errors.New("not confirmed")

// question gives what a person has to say yes to. With --quiet the plan is a part of it, because no
// other message shows it.
func (r *runner) question(v *planView) string {
	q := fmt.Sprintf("remove %s in %s? %s [y/N]", counted(v.ToSend, "link", "links"), r.where(v.org), r.wayBack(v))
	if r.ui.manner().quiet {
		q = v.text() + "\n" + q
	}
	return q
}

// wayBack says whether delink can link again what has been removed.
func (r *runner) wayBack(v *planView) string {
	undo := "delink undo " + shellQuote(v.Input)
	switch {
	case v.Input == job.Stdin:
		undo = "delink undo, with the same input,"
	case len(v.lost) > 0:
		return undo + " cannot link all of them again: see the warning above."
	case !v.keepsFields:
		return undo + " can link them again, but without their own fields, such as a member status; --snapshot keeps these."
	}
	return undo + " can link them again with their own fields, except leads that are converted. The links' ids and times do not come back."
}

// confirm reads the answer to a question before something is removed. Only a whole line with y or
// yes is a yes. A line without its end is not, since the terminal may have been lost. If ctx ends
// first, confirm returns its cause.
func confirm(ctx context.Context, in io.Reader) error {
	answers := make(chan bool, 1)
	go func() { // a read of a terminal cannot be ended, so this goroutine may go on after ctx ends
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

// ask shows a question to the person at the terminal. Any answer but yes is a Refusal. If ctx ends
// before there is an answer, ask returns nil, and the job stops because of ctx.
func (p *program) ask(ctx context.Context, question string) error {
	p.ui.ask(ctx, question)
	err := confirm(ctx, p.stdin)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		p.ui.answered()
		return nil //nolint:nilerr // ctx tells the caller
	}
	return &job.Refusal{Cause: err.Error()}
}
