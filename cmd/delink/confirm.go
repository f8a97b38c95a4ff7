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
	"delink/pkg/outcome"
)

// errCancelled says that a person was asked, and did not say yes.
var errCancelled = errors.New("cancelled; nothing was sent")

// question gives what a person has to say yes to. With --quiet the plan is a part of it, because no
// other message shows it.
func (r *runner) question(v *planView) string {
	q := fmt.Sprintf("remove %s in %s? %s [y/N]", counted(v.ToSend, "link", "links"), r.where(v.org), r.wayBack(v))
	if r.ui.manner().quiet {
		q = v.text() + "\n" + q
	}
	return q
}

// aboutTheJob are the flags of a run by which its undo finds the links and the results.
var aboutTheJob = []string{"module", "parent-id", "relation", "columns", "delimiter", "encoding", "output-dir", "results"}

// wayBack says whether delink can link again what has been removed.
func (r *runner) wayBack(v *planView) string {
	undo := "delink undo " + shellQuote(asArgument(v.Input))
	if r.f.command.isGone() {
		undo = "delink undo, with the same input"
	}
	if same := r.f.command.names(aboutTheJob...); len(same) > 0 {
		undo += ", with the same " + listed(same)
	}
	if strings.Contains(undo, ",") {
		undo += ","
	}
	switch {
	case len(v.lost) > 0:
		return undo + " cannot link all of them again: see the warning above."
	case !v.keepsFields:
		return undo + " can link them again, but without their own fields, such as a member status; --snapshot keeps these."
	}
	return undo + " can link them again with their own fields, except leads that are converted. The links' ids and times do not come back."
}

// answer is what a person typed at a question.
type answer struct {
	yes  bool
	line bool // the person has ended the line, so that the next message begins on one of its own
}

// readAnswer reads the answer to a question before something is removed. Only a whole line with y or
// yes is a yes. A line without its end is not, since the terminal may have been lost. If ctx ends
// first, readAnswer returns its cause.
func readAnswer(ctx context.Context, in io.Reader) (answer, error) {
	answers := make(chan answer, 1)
	go func() { // a read of a terminal cannot be ended, so this goroutine may go on after ctx ends
		defer crash.Guard()
		line, err := bufio.NewReader(in).ReadString('\n')
		answers <- answer{yes: err == nil && isYes(line), line: err == nil}
	}()
	select {
	case <-ctx.Done():
		return answer{}, context.Cause(ctx)
	case a := <-answers:
		return a, nil
	}
}

func isYes(answer string) bool {
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true
	}
	return false
}

// ask shows a question to the person at the terminal, and returns nil if the answer is yes. A signal is
// a no, as any other answer is: the person has seen what would be done and does not want it. A
// deadline is no answer, and gives a job.Stopped.
func (p *program) ask(ctx context.Context, question string) error {
	p.ui.ask(ctx, question)
	a, err := readAnswer(ctx, p.stdin)
	if !a.line {
		p.ui.answered()
	}
	switch reason := outcome.ReasonOf(ctx); {
	case err == nil && a.yes:
		return nil
	case err == nil || reason == outcome.Interrupted:
		return errCancelled
	default:
		return &job.Stopped{Reason: reason}
	}
}
