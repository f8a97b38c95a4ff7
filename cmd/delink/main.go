// Delink removes relations between Zoho CRM records in bulk, and says truthfully what became of each.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"delink/pkg/disk"
	"delink/pkg/job"
	"delink/pkg/zoho"
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // who reads our messages may leave; a run goes on, and records what it does
	log.SetOutput(io.Discard)      // package net/http writes there what servers send where nothing was asked, whatever it is
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}

// run is the program: it gives the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	p := &program{ui: newUI(stderr, getenv), stdin: stdin, stdout: stdout, stderr: stderr, getenv: tidied(getenv), disk: disk.OS{}}
	return p.run(ctx, args)
}

func (p *program) run(ctx context.Context, args []string) int {
	root := p.command()
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	return p.exit(root.ExecuteContext(ctx))
}

// program is what all commands share.
type program struct {
	ui     *ui
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer // of package cobra; everything else goes through ui
	getenv func(string) string
	disk   disk.Disk // for results
}

// ended is a run that has told its own end: only its exit code is left.
type ended struct{ code int }

func (ended) Error() string { return "ended" }

// usageError is a command line that cannot be understood.
type usageError struct {
	err  error
	hint string
}

func (e usageError) Error() string { return e.err.Error() }

// exit tells an error, and gives the exit code for it.
func (p *program) exit(err error) int {
	var (
		end     ended
		usage   usageError
		refused *refusedLogin
		refusal *job.Refusal
		api     *zoho.Error
	)
	switch {
	case err == nil:
		return job.ExitDone
	case errors.As(err, &end):
		return end.code
	case errors.As(err, &usage):
		p.ui.error(err.Error(), usage.hint)
		return job.ExitUsage
	case errors.As(err, &refusal):
		p.ui.refusal(refusal)
		return job.ExitUsage
	case errors.As(err, &refused):
		p.ui.error(err.Error(), refused.hint)
		return job.ExitRefused
	case errors.As(err, &api):
		p.ui.error(err.Error(), hintFor(api))
		if api.Kind == zoho.Denied || api.Kind == zoho.BadToken {
			return job.ExitRefused
		}
		return job.ExitBroken
	case strings.HasPrefix(err.Error(), "unknown command"):
		p.ui.error(err.Error(), "delink help lists the commands")
		return job.ExitUsage
	}
	p.ui.error(err.Error(), "")
	return job.ExitBroken
}
