// Delink removes relations between Zoho CRM records in bulk, and says truthfully what became of
// each of them.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	// Root certificates for systems that have none, such as an empty container.
	_ "golang.org/x/crypto/x509roots/fallback"

	"delink/pkg/crash"
	"delink/pkg/disk"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

func main() {
	os.Exit(start(disk.OS{}))
}

// start runs the program as the system started it, and returns the exit code.
func start(results disk.Disk) int {
	defer crash.Guard()
	crash.Prepare()
	// The reader of the messages may end before delink does. The run goes on and records outcomes.
	signal.Ignore(syscall.SIGPIPE)
	log.SetOutput(io.Discard) // package net/http logs there what servers send unasked
	p := &program{
		ui: newUI(os.Stderr, tidied(os.Getenv)), signals: newSignals(context.Background()),
		stdin: os.Stdin, stdout: os.Stdout, getenv: tidied(os.Getenv), disk: results,
	}
	p.signals.heed()
	return p.run(context.Background(), os.Args[1:])
}

// run runs the program without the system's signals, for tests, and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	p := &program{ui: newUI(stderr, getenv), stdin: stdin, stdout: stdout, getenv: tidied(getenv), disk: disk.OS{}}
	return p.run(ctx, args)
}

// run runs a command, and returns the exit code. The command has a goroutine of its own, because a
// signal must be able to end the program although the command waits for something that does not
// come.
func (p *program) run(ctx context.Context, args []string) int {
	if p.signals == nil {
		p.signals = newSignals(ctx)
	}
	p.ui.foresee(args, p.getenv)
	codes := make(chan int, 1)
	go func() {
		defer crash.Guard()
		// If a signal ends the program, it decides the exit code, and not what the command makes of
		// the end of its context.
		if err := p.execute(ctx, args); !p.signals.isLeaving() {
			codes <- p.exit(err)
		}
	}()
	var code int
	select {
	case code = <-codes:
	case <-p.signals.leave:
		code = p.leave()
	}
	p.ui.finish()
	if restore := p.atLeave.Load(); restore != nil {
		(*restore)()
	}
	return code
}

func (p *program) execute(ctx context.Context, args []string) error {
	root := p.command()
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(queued{p.ui.out, needed})
	return root.ExecuteContext(ctx)
}

// leave says why the program ends although its command has not ended, and returns the exit code.
func (p *program) leave() int {
	what, code := p.signals.left()
	p.ui.error(what, "")
	return code
}

// program is what all commands share.
type program struct {
	ui      *ui
	signals *signals
	stdin   io.Reader
	stdout  io.Writer // what was asked for; messages go through ui
	getenv  func(string) string
	disk    disk.Disk // for the files of a run
	reads   bool      // the command never sends anything: nobody need be told that nothing was sent

	// atLeave is called last, to restore the terminal. It may be nil.
	atLeave atomic.Pointer[func()]
}

// ended is the error of a command that has said itself how it ended. It has the exit code.
type ended struct{ code int }

func (ended) Error() string { return "ended" }

// usageError is a mistake in the command line or the environment.
type usageError struct {
	err  error
	hint string
}

func (e usageError) Error() string { return e.err.Error() }

// exit writes the message for an error, and returns the exit code.
func (p *program) exit(err error) int {
	code, hint := judge(err)
	refusal := new(job.Refusal)
	switch {
	case err == nil, errors.As(err, new(ended)):
	case errors.Is(err, errCancelled):
		p.ui.cancelled()
	case errors.As(err, &refusal):
		p.ui.refusal(refusal, p.reads)
	default:
		p.ui.error(err.Error(), hint)
	}
	return code
}

// judge gives the exit code for an error, and what to do about it.
func judge(err error) (code int, hint string) {
	var (
		end     ended
		usage   usageError
		refused *refusedLogin
		refusal *job.Refusal
		stopped *job.Stopped
		api     *zoho.Error
	)
	switch {
	case err == nil:
		return outcome.ExitDone, ""
	case errors.As(err, &end):
		return end.code, ""
	case errors.Is(err, errCancelled):
		return outcome.ExitUsage, ""
	case errors.As(err, &usage):
		return outcome.ExitUsage, usage.hint
	case errors.As(err, &refusal):
		return outcome.ExitUsage, ""
	case errors.As(err, &stopped):
		return stopped.Reason.Ending().Exit, ""
	case errors.As(err, &refused):
		return outcome.ExitRefused, refused.hint
	case errors.As(err, &api):
		if api.Kind == zoho.Denied || api.Kind == zoho.BadToken {
			return outcome.ExitRefused, hintFor(api)
		}
		return outcome.ExitBroken, hintFor(api)
	}
	return outcome.ExitBroken, ""
}
