package simulation

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"syscall"
	"time"

	"delink/pkg/disk"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/report"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
	"delink/pkg/zoho/login"
)

// life is one process: it begins with what is on the disk and ends by itself, or dies.
type life struct {
	world   *world
	number  int
	began   time.Time // to the millisecond, like the emulator's times
	options options
	rng     *rand.Rand
	stop    context.Context
	halt    context.CancelCauseFunc
	hard    context.Context
	cut     context.CancelCauseFunc
	witness *witness

	// Guarded by the disk's lock.
	dead      bool
	doubt     map[link]bool // before it
	anew      bool          // it puts older files aside
	diskCalls int
	renames   int
	torn      bool // the write that is being made is not made whole
	trouble   bool // something befell the disk
	unsynced  int  // links whose results no sync covers
	syncs     int
	opened    bool   // the results, to add to them
	gone      bool   // somebody has removed them since
	afterGone int    // delink calls that were answered by id since then
	tail      []byte // of the results that this life wrote: a row that is not whole
	rows      map[link]string
	lines     map[string]bool

	snapshot   snapshot
	netCalls   int
	unreadable map[link]bool
	// links that a delink call of this life named: out, answered by id, or doubtful
	begun   map[link]string
	settled map[link]string
	wanted  map[link]bool // links that an undo may make; nil for a run
	fired   map[outcome.Reason]bool
}

// end is how a life ended.
type end struct {
	killed  bool
	refusal *job.Refusal
	nothing *report.Summary // there was nothing to do
	summary *report.Summary
	err     error
}

// moment draws a duration by what it is for, so that it does not depend on the order of draws.
func (l *life) moment(from, to time.Duration, what string) time.Duration {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %d %s", l.world.seed, l.number, what)
	return from + time.Duration(rand.New(rand.NewPCG(h.Sum64(), 1)).Int64N(int64(to-from)))
}

func (l *life) note(text string) {
	if l.hard.Err() == nil {
		l.world.logf("life %d: note: %s", l.number, text)
	}
}

func (l *life) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// kill ends the process: from now on nothing that it does has an effect.
func (l *life) kill(why string) {
	l.world.disk.mu.Lock()
	l.killLocked(why)
	l.world.disk.mu.Unlock()
}

func (l *life) killLocked(why string) {
	if l.dead {
		return
	}
	l.dead = true
	l.world.logf("life %d: KILLED: %s", l.number, why)
	l.halt(errKilled)
	l.cut(errKilled)
}

// diskCall is what befalls a call to the disk.
func (l *life) diskCall(what, name string) error {
	d := l.world.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.dead {
		return errKilled
	}
	l.diskCalls++
	o := &l.options
	if l.diskCalls == o.killDisk {
		l.torn = what == "write"
		l.killLocked(fmt.Sprintf("disk call %d: %s %s", l.diskCalls, what, filepath.Base(name)))
		return errKilled
	}
	if what == "rename" {
		if l.renames++; l.renames == o.killRename {
			l.killLocked(fmt.Sprintf("rename %d: %s", l.renames, filepath.Base(name)))
			return errKilled
		}
	}
	if o.badDisk != "" && l.diskCalls >= o.badFrom && (l.diskCalls == o.badFrom || o.badForever) {
		return l.badDisk(what, name)
	}
	return nil
}

func (l *life) badDisk(what, name string) error {
	d, o := l.world.disk, &l.options
	fail := func(err error) error {
		l.trouble = true
		l.world.logf("life %d: disk call %d: %s %s: %v", l.number, l.diskCalls, what, filepath.Base(name), err)
		return &fs.PathError{Op: what, Path: name, Err: err}
	}
	switch {
	case o.badDisk == "full" && d.limit == 0:
		d.limit = d.used() + int64(l.rng.IntN(3000))
		l.world.logf("life %d: disk call %d: the disk is full but for %d bytes", l.number, l.diskCalls, d.limit-d.used())
	case o.badDisk == "gone":
		if d.names[l.world.results] != nil {
			l.trouble = true
			l.world.logf("life %d: disk call %d: somebody removes the results", l.number, l.diskCalls)
			delete(d.names, l.world.results)
			delete(d.safe, l.world.results)
			l.world.resultsGone()
			clear(l.settled)
			l.gone = l.opened
			o.badDisk = ""
		}
	case o.badDisk == "sync" && what == "sync", o.badDisk == "rename" && what == "rename",
		o.badDisk == "read-only" && (what == "append to" || what == "make a file beside" || what == "rename" || what == "remove" || what == "lock"):
		return fail(syscall.EROFS)
	case o.badDisk == "write" && what == "write":
		l.torn = true
		return fail(syscall.EIO)
	case !o.badForever:
		o.badFrom++ // wait for a call of that kind
	}
	return nil
}

// netCall is what befalls a call to the CRM.
func (l *life) netCall(what string, c call) error {
	d := l.world.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.dead {
		return errKilled
	}
	l.netCalls++
	if l.netCalls == l.options.killNet {
		l.killLocked(fmt.Sprintf("before the %s of %s", what, c.name))
		return errKilled
	}
	return nil
}

// sends notes the links of a delink call that leaves now.
func (l *life) sends(links []link) {
	d := l.world.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(links); n > l.options.batch {
		l.world.fault("batch", "%d ids in a call, with batches of %d", n, l.options.batch)
	}
	l.checkKeptFields(links)
	for _, k := range links {
		k = l.world.asWritten(k)
		l.begun[k] = "out"
		l.world.sent[k]++
		if s := l.settled[k]; s != "" {
			l.world.fault("settled-again", "life %d: %v is %s since an earlier life, and is sent again", l.number, k, s)
		}
		if s := l.rows[k]; s != "" {
			l.world.fault("settled-again", "life %d: %v was recorded as %s by this life, and is sent again", l.number, k, s)
		}
		if !l.world.inInput[k] {
			l.world.fault("foreign", "life %d: %v is sent, which the input does not have", l.number, k)
		}
	}
}

// answers notes what became of a delink call.
func (l *life) answers(links []link, answered map[string]bool) {
	d := l.world.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.gone && len(answered) > 0 {
		if l.afterGone++; l.afterGone > 2*l.options.slots {
			l.world.fault("gone", "life %d: %d calls were answered after the results were gone, with %d slots", l.number, l.afterGone, l.options.slots)
		}
	}
	for _, sent := range links {
		k := l.world.asWritten(sent)
		l.begun[k] = "answered"
		if !answered[sent.related] {
			l.begun[k] = "doubtful"
		}
		// What the other side says of a link alone may be a trial, which nothing proves yet.
		if !answered[sent.related] || k != sent && len(links) == 1 {
			l.world.doubted[k] = true
		}
	}
}

// cannotRead notes links that the CRM does not let this login look up, or all of that list.
func (l *life) cannotRead(links []link, all bool) {
	d := l.world.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range links {
		l.unreadable[k] = true
	}
	for _, k := range l.world.links {
		if all && k.module == links[0].module && k.list == links[0].list {
			l.unreadable[k] = true
		}
	}
}

// recorded looks at what has just been written to the results. The disk is locked.
func (l *life) recorded(p []byte) {
	l.tail = append(l.tail, p...)
	p = l.tail[:bytes.LastIndexByte(l.tail, '\n')+1]
	l.tail = l.tail[len(p):]
	rows, err := csv.NewReader(bytes.NewReader(p)).ReadAll()
	if err != nil {
		l.world.fault("rows", "life %d: writes %v: %q", l.number, err, p)
	}
	for _, r := range rows {
		k, status := link{r[1], r[2], r[3], r[4]}, r[5]
		if l.lines[r[0]] {
			l.world.fault("twice", "life %d: line %s is recorded twice: %s", l.number, r[0], status)
		}
		l.lines[r[0]] = true
		if status == "invalid" || status == "duplicate" {
			continue
		}
		l.rows[k] = status
		switch {
		case l.begun[k] != "" && (status == "unknown" || status == "gone"):
			// Look-ups that waited for a proof are settled together. Their links are in the journal.
		case l.begun[k] != "":
			l.unsynced++
		case status == "present", l.world.linked[k] > 0:
		case !l.settlesUnsent(status) && l.world.sent[k] == 0 && !l.world.doubtedOnce[k] && !l.world.gone:
			l.world.fault("unsent", "life %d: %v is %s and was not sent", l.number, k, status)
		}
	}
	if o := &l.options; l.unsynced > 2*o.slots*o.batch && !l.dead && !l.trouble {
		l.world.fault("unsynced", "life %d: what became of %d links is not synced, with %d slots and batches of %d", l.number, l.unsynced, o.slots, o.batch)
	}
}

// run takes the job through its steps, as the program does.
func (l *life) run() (e end) {
	w := l.world
	o := &l.options
	w.logf("life %d: %v", l.number, o)
	defer func() {
		l.witness.transport.CloseIdleConnections()
		w.disk.mu.Lock()
		defer w.disk.mu.Unlock()
		e.killed = l.dead
		l.dead = true
	}()
	if o.killAfter > 0 {
		defer time.AfterFunc(o.killAfter, func() { l.kill(fmt.Sprintf("after %v", o.killAfter)) }).Stop()
	}
	limits := job.Limits{
		Slots: o.slots, Rate: engine.NewRate(o.rate), PerSecond: o.rate, MaxAttempts: o.attempts, MaxCalls: o.maxCalls, ReserveCredits: o.reserve,
		Jitter: func(wait time.Duration) time.Duration { return time.Duration(l.rng.Int64N(int64(wait) + 1)) },
	}
	if o.maxFailures >= 0 {
		limits.MaxFailures = func(int) int { return o.maxFailures }
	}
	o.config.Limits = limits
	var timers []*time.Timer
	defer func() {
		for _, t := range timers {
			t.Stop()
		}
	}()
	// A run that would go on for ever is a bug as well.
	timers = append(timers, time.AfterFunc(30*24*time.Hour, func() { w.fault("endless", "life %d: runs for a month", l.number); l.kill("it would not end") }))
	begin := job.Run
	if o.undo {
		begin = func(stop, hard context.Context, c job.Config, w job.World) (*job.Ending, error) {
			return job.Undo(stop, hard, job.UndoConfig{Config: c, Gone: o.gone}, w)
		}
	}
	ended, err := begin(l.stop, l.hard, o.config, job.World{
		Disk: disk.OS{Calls: calls{w.disk, l}},
		Connect: func() (*job.Connection, error) {
			return &job.Connection{CRM: silent{l.client(), !o.ask}, Login: "simulation"}, nil
		},
		Note: l.note,
		Confirm: func(context.Context, *job.Proposal) error {
			timers = append(timers, l.befall()...)
			return nil
		},
	})
	switch {
	case err != nil:
		return l.ended(err)
	case ended.Idle == job.EarlierDone, ended.Idle == job.NothingRemoved:
		return end{nothing: ended.Summary}
	}
	return end{summary: ended.Summary, err: ended.Err}
}

// befall starts what befalls the life while links are sent.
func (l *life) befall() []*time.Timer {
	o := &l.options
	if o.badDisk != "" && o.badFromTodo { // counted from here
		l.world.disk.mu.Lock()
		o.badFrom += l.diskCalls
		l.world.disk.mu.Unlock()
	}
	var timers []*time.Timer
	if o.deadline > 0 {
		timers = append(timers, time.AfterFunc(o.deadline, func() { l.fire(outcome.Deadline); l.halt(outcome.Deadline) }))
	}
	if o.signal > 0 {
		timers = append(timers, time.AfterFunc(o.signal, func() { l.fire(outcome.Interrupted); l.halt(outcome.Interrupted) }))
	}
	if o.second > 0 {
		timers = append(timers, time.AfterFunc(o.signal+o.second, func() { l.fire("cut"); l.cut(errLeft) }))
	}
	return timers
}

// silent is a client whose org may say nothing of itself.
type silent struct {
	*zoho.Client
	isSilent bool
}

var errSilent = &zoho.Error{Kind: zoho.Refused, Scope: zoho.ScopeBatch, Sent: true, Status: 400, Code: "NOT_SUPPORTED"}

func (s silent) Org(ctx context.Context) (zoho.Org, error) {
	if s.isSilent {
		return zoho.Org{}, errSilent
	}
	return s.Client.Org(ctx)
}

func (s silent) Lists(ctx context.Context, module string) ([]zoho.List, error) {
	if s.isSilent {
		return nil, errSilent
	}
	return s.Client.Lists(ctx, module)
}

var errLeft = errors.New("a second signal")

func (l *life) fire(r outcome.Reason) {
	l.world.logf("life %d: SIGNAL: %s", l.number, r)
	l.world.disk.mu.Lock()
	l.fired[r] = true
	l.world.disk.mu.Unlock()
}

func (l *life) ended(err error) end {
	var refusal *job.Refusal
	if errors.As(err, &refusal) {
		return end{refusal: refusal, err: err}
	}
	return end{err: err}
}

func (l *life) client() *zoho.Client {
	h := &http.Client{Transport: l.witness}
	credentials := login.Credentials{AccessToken: l.world.emulator.Config().AccessToken}
	if l.world.refresh {
		c := l.world.emulator.Config()
		credentials = login.Credentials{ClientID: c.ClientID, ClientSecret: c.ClientSecret, RefreshToken: c.RefreshToken}
	}
	tokens := login.NewSource(credentials, login.Server{Accounts: "http://localhost", HTTP: h}, nil)
	client, err := zoho.NewClient(tokens, h, zoho.Options{APIDomain: "http://localhost", Version: "v8", Timeout: l.options.timeout, UserAgent: "simulation"})
	if err != nil {
		l.world.fault("harness", "%v", err)
	}
	return client
}

func readRows(data []byte) ([][]string, error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = 12
	rows, err := r.ReadAll()
	if err == io.EOF {
		err = nil
	}
	return rows, err
}
