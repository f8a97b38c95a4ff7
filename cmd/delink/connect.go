package main

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/reader"
	"delink/pkg/zoho"
	oauth "delink/pkg/zoho/login"
)

// connector connects a command to its CRM, which may be the emulator, and shows how its calls go on.
// Its user calls close at the end.
type connector struct {
	*program
	flags   *crmFlags
	timeout time.Duration // of one call
	login   login
	client  *zoho.Client        // nil before connect
	source  *oauth.Source       // of the client's tokens
	observe func(zoho.Exchange) // is told of each call; may be nil
	demo    bool                // the emulator has the demo org
	close   func()
	begun   atomic.Pointer[func() progress.Moment] // nil before the first call
	kept    string                                 // what a stop leaves, where that has to be said; else empty
}

// connector makes a connector. timeout is that of one call; 0 for the usual one.
func (p *program) connector(flags *crmFlags, timeout time.Duration) *connector {
	return &connector{program: p, flags: flags, timeout: cmp.Or(timeout, time.Minute), close: func() {}}
}

// logIn finds the login, unless the emulator is called.
func (c *connector) logIn() (err error) {
	if !c.flags.emulator {
		c.login, err = c.program.login(c.flags.where)
	}
	return err
}

// stop gives the context whose end stops a command in good order: at the first signal, or after the
// deadline if that is not 0.
func (p *program) stop(deadline time.Duration) (stop context.Context, done func()) {
	stop, halt := context.WithCancelCause(p.signals.Stop())
	if deadline <= 0 {
		return stop, func() { halt(nil) }
	}
	timer := time.AfterFunc(deadline, func() { halt(outcome.Deadline) })
	return stop, func() { timer.Stop(); halt(nil) }
}

// world is the outside of a job that calls the CRM. Nobody is asked.
func (c *connector) world() job.World {
	w := job.World{
		Disk:     c.disk,
		Registry: registry(),
		Paces:    paces(),
		Opening:  func() error { return c.signals.take(c.stopping) },
		Connect:  c.connect,
		Note:     c.ui.note,
		Asking:   c.asking,
		Accept:   c.accept,
		Watch: func(look func() progress.Moment) func() {
			c.begun.Store(&look)
			return c.progress(look)
		},
	}
	if c.flags.emulator {
		w.Registry = "" // no other run has to know what is in doubt in a rehearsal
	}
	return w
}

// connect makes the connection to the CRM, or to an emulator inside this process.
func (c *connector) connect() (*job.Connection, error) {
	var setLink func(reader.Link, bool) // nil for a CRM
	if c.flags.emulator {
		c.noteUnheeded(c.flags.unheeded)
		start := startRehearsal
		if c.demo {
			start = startDemo
		}
		r, err := start()
		if err != nil {
			return nil, err
		}
		c.login, setLink = r.login, r.setLink
		c.close = func() { _ = r.server.Close() }
	}
	var err error
	if c.client, c.source, err = c.login.observed(zoho.MostSlots, c.timeout, c.flags.apiVersion, c.observe); err != nil {
		return nil, err
	}
	return &job.Connection{CRM: c.crm(), Login: c.login.digest(), Emulator: c.flags.emulator, SetLink: setLink}, nil
}

// crm makes the calls, and logs them.
func (c *connector) crm() logged { return logged{c.client, c.ui.log} }

// where names the CRM in a question. org may be nil.
func (c *connector) where(org *zoho.Org) string {
	where := "the org of this login"
	if org != nil {
		where = (&orgView{org.Name, org.Type, org.Edition}).text()
	}
	if c.login.api != "" {
		return where + " at " + c.login.api
	}
	return where + ", data centre " + c.login.dc.Name
}

// orgOf gives the name of the org of a job; empty if it is not known.
func orgOf(emulator bool, org *zoho.Org) string {
	switch {
	case emulator:
		return "the emulator"
	case org != nil:
		return org.Name
	}
	return ""
}

// asking says that the org is asked, if that takes long.
func (p *program) asking() (done func()) { return p.ifLong("asking the org…") }

// wordlessly is how long a person waits without a word.
const wordlessly = time.Second

// ifLong says what is done, if that takes long.
func (p *program) ifLong(what string) (done func()) {
	t := time.AfterFunc(wordlessly, func() { p.ui.say("%s", what) })
	return func() { t.Stop() }
}

// accept makes sure that the org is of the kind that is meant.
func (c *connector) accept(org *zoho.Org) error {
	want := c.flags.where.environment
	if c.flags.emulator || want == "" || org.Type == "" || org.Type == want {
		return nil
	}
	return &job.Refusal{
		Cause:  fmt.Sprintf("%s is a %s org, and a %s org is meant", org.Name, org.Type, want),
		Hint:   "log in to the org that is meant",
		Remedy: job.LeaveOutEnvironment,
	}
}

// stopping writes what the first signal does.
func (c *connector) stopping(what string) {
	look := c.begun.Load()
	if look == nil {
		return
	}
	text := what + ": " + progress.Stopping((*look)().InFlight)
	if c.kept != "" {
		text += "; " + c.kept
	}
	c.ui.note(text + "; " + c.ui.howToLeave())
}
