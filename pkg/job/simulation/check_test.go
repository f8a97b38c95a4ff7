package simulation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing/synctest"
	"time"

	"delink/pkg/disk"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/report"
	"delink/pkg/zoho/emulator"
)

// run lives all lives of a world, and then some that nothing befalls, until the job is done.
func (w *world) run() {
	for i := range w.lives {
		w.live(&w.lives[i])
		if w.rng.IntN(15) == 0 {
			w.tear()
		}
		// in the bubble, where no real time passes
		time.Sleep(dice{w.rng}.duration(time.Second, 2*time.Hour))
	}
	time.Sleep(25 * time.Hour) // of the bubble: credits come back, and lock-outs end
	w.heal()
	retry := w.rng.IntN(2) == 0
	const most = 3
	for range most {
		o := w.healthyLife()
		o.config.RetryFailed = retry
		retry = false
		l, e := w.live(&o)
		if l.done(e) {
			w.checkDone(l, e)
			return
		}
	}
	w.fault("not-done", "after %d lives that nothing befell, the job is not done", most)
}

// beginsAnew reports whether a run has to begin with new files, because the input has changed: the
// table "Running again" of what delink promises.
func (w *world) beginsAnew() bool {
	text, there := w.disk.content(w.summary)
	var s report.Summary
	if !there || json.Unmarshal(text, &s) != nil {
		return false
	}
	if s.InputSHA256 == fmt.Sprintf("%x", sha256.Sum256(w.bytes)) {
		return false
	}
	return w.changed == job.ChangedRestart || s.State == outcome.Finished && s.Pending == 0
}

// tear adds what a kill in the middle of a write leaves.
func (w *world) tear() {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	f := w.disk.names[w.results]
	if f == nil || len(f.data) == 0 || f.data[len(f.data)-1] != '\n' {
		return
	}
	lines := bytes.SplitAfter(f.data, []byte("\n"))
	last := lines[len(lines)-2]
	torn := last[:w.rng.IntN(len(last))]
	w.logf("the results are torn: %q", torn)
	f.data = append(bytes.Clone(f.data), torn...)
	f.safe = f.data
}

// heal ends the bad days. What the CRM is like, and what is wrong with its records, stays.
func (w *world) heal() {
	w.logf("the CRM is well from now on")
	c := w.emulator.Config()
	must := func(name, value string) {
		if err := c.Set(name, value); err != nil {
			w.fault("harness", "%v", err)
		}
	}
	must("faults", "")
	must("fault-script", "")
	must("read-answer", "whole")
	must("missing-items", "0")
	must("extra-items", "0")
	must("in-flight", "edition")
	must("credits", "edition")
	must("token-calls", "0")
	must("token-life", "1h")
	w.emulator.Update(func(to *emulator.Config) { *to = c })
}

// live lives one life and looks at what it leaves.
func (w *world) live(o *options) (*life, end) {
	l := w.begin(o)
	before := w.ledger(l, "before")
	doubt, all := w.inDoubt()
	l.doubt = doubt
	for k, s := range before {
		if s == "unknown" { // which a journal keeps in mind, too
			doubt[k] = true
		}
	}
	if all {
		for _, k := range w.links {
			w.doubtedOnce[k] = true
		}
	}
	l.anew = o.config.Restart || w.beginsAnew()
	if l.anew { // what became of links is in a file aside
		for k, s := range before {
			w.forgot[k] = w.forgot[k] || s == "removed" || s == "gone" || s == "absent"
		}
		w.forget()
		clear(before)
	}
	for k, s := range before {
		if !w.inInput[k] {
			delete(before, k)
			continue
		}
		if s == "failed" && doubt[k] { // it was sent again, and the row is of an older attempt
			delete(before, k)
			continue
		}
		if s == "removed" || s == "gone" || s == "absent" || s == "failed" && !o.config.RetryFailed {
			l.settled[k] = s
		}
	}
	e := l.run()
	time.Sleep(3 * time.Millisecond) // of the bubble: the last calls come back
	synctest.Wait()
	l.tell(e)
	w.disk.limit = 0
	if e.killed {
		l.checkKill()
		if o.power {
			w.logf("the power goes out")
			w.disk.losePower(w.rng)
		}
	}
	w.disk.free()
	if w.gone { // rows are missing that the journal knows of
		for _, k := range w.links {
			w.doubtedOnce[k] = true
		}
	}
	after := w.ledger(l, "after")
	if e.killed || l.trouble {
		l.checkDoubt(e.killed, doubt, after)
	}
	l.checkKept(before, after)
	l.findLost(e, after)
	w.checkTruth(l, after)
	w.checkBooks(l)
	if !e.killed {
		l.checkEnd(e, before, after)
	}
	if !e.killed && !l.trouble && e.summary != nil {
		for k, s := range after {
			if s == "removed" || s == "gone" || s == "absent" {
				w.settledInOrder[k] = true
			}
		}
	}
	return l, e
}

func (w *world) begin(o *options) *life {
	w.count++
	if w.count == w.change {
		w.changeInput(dice{w.rng})
	}
	if w.change > 0 && w.count >= w.change {
		o.config.IfChanged = w.changed
	}
	l := &life{
		world: w, options: *o, rng: rand.New(rand.NewPCG(w.seed, w.rng.Uint64())),
		rows: map[link]string{}, lines: map[string]bool{}, begun: map[link]string{}, settled: map[link]string{}, fired: map[outcome.Reason]bool{},
		unreadable: map[link]bool{},
	}
	l.number, l.began = w.count, time.Now().Truncate(time.Millisecond)
	l.stop, l.halt = context.WithCancelCause(context.Background())
	l.hard, l.cut = context.WithCancelCause(context.Background())
	l.witness = &witness{life: l, seen: map[string]int{}, transport: &http.Transport{DialContext: w.wire.Dial, MaxIdleConnsPerHost: 30}}
	w.gone = false
	return l
}

func (l *life) tell(e end) {
	switch s := e.summary; {
	case e.killed:
	case e.nothing != nil:
		l.world.logf("life %d: nothing to do", l.number)
	case s != nil:
		l.world.logf("life %d: %s, %s, exit %d, %d calls; %d removed, %d absent, %d failed, %d unknown, %d pending; %v",
			l.number, s.State, s.Reason, s.ExitCode, s.Calls, s.Removed, s.Absent, s.Failed, s.Unknown, s.Pending, e.err)
	default:
		l.world.logf("life %d: does not begin: %v", l.number, e.err)
	}
}

// ledger reads the results as another program would: the last status of each link. What is behind
// the last line end is what a kill leaves.
func (w *world) ledger(l *life, when string) map[link]string {
	fates := map[link]string{}
	data, _ := w.disk.content(w.results)
	data = data[:bytes.LastIndexByte(data, '\n')+1]
	rows, err := readRows(data)
	if err != nil {
		w.fault("ledger", "life %d: %s it, the results cannot be read: %v", l.number, when, err)
		return fates
	}
	for i, r := range rows {
		if i > 0 && r[5] != "invalid" && r[5] != "duplicate" {
			fates[link{r[1], r[2], r[3], r[4]}] = r[5]
		}
	}
	return fates
}

// checkKept: what was settled stays settled, whatever happens.
func (l *life) checkKept(before, after map[link]string) {
	if l.world.gone {
		return
	}
	for k, s := range before {
		if after[k] != s && l.options.power && l.witness.calls == 0 {
			// The life before left it unsynced, and this one sent nothing yet that would have had
			// to rely on it.
			l.world.lost[k] = true
			continue
		}
		if after[k] == "" || (s == "removed" || s == "gone" || s == "absent") && after[k] != s {
			l.world.fault("forgotten", "life %d: %v was %s before it, and is %q behind it", l.number, k, s, after[k])
		}
	}
}

// checkKill: a kill makes at most the calls in flight, and those that are half done, go out again.
func (l *life) checkKill() {
	n := 0
	for k, state := range l.begun {
		if l.rows[k] == "" && state != "doubtful" {
			n++
		}
	}
	if most := 2 * l.options.slots * l.options.batch; n > most {
		l.world.fault("kill", "life %d: its kill makes %d links go out twice, with %d slots and batches of %d", l.number, n, l.options.slots, l.options.batch)
	}
}

// findLost notes the links of which this life knew more than it could write down.
func (l *life) findLost(e end, after map[link]string) {
	w := l.world
	if !e.killed && !l.trouble {
		return
	}
	n := 0
	for k := range l.begun {
		if l.rows[k] == "" || after[k] != l.rows[k] {
			n++
			if e.killed || l.options.badDisk != "full" {
				w.lost[k] = true
			}
		}
	}
	// In flight and half done, and if the power goes out, what was written and not synced:
	// design.md.
	most := 2 * l.options.slots * l.options.batch
	if l.options.power {
		most += l.options.slots * l.options.batch
	}
	if n > most && !w.gone {
		w.fault("lost", "life %d: lost what became of %d links, with %d slots and batches of %d", l.number, n, l.options.slots, l.options.batch)
	}
}

// checkTruth holds statuses against the books.
func (w *world) checkTruth(l *life, fates map[link]string) {
	for _, k := range w.links {
		s := w.emulator.State(k.module, number(k.parent), k.list, number(k.related))
		removed := !s.Removed.IsZero()
		lie := ""
		switch fates[k] {
		case "removed", "gone", "absent":
			if s.Linked {
				lie = "it is still linked"
			}
			if fates[k] == "removed" && !removed {
				lie = "nobody removed it"
			}
			if fates[k] == "absent" && removed && !w.forgot[k] {
				lie = "an attempt of ours removed it"
			}
			if fates[k] == "gone" && !w.doubted[k] && !w.doubtedOnce[k] && !w.gone {
				lie = "every attempt was answered"
			}
		case "failed":
			if removed && !w.lost[k] {
				lie = "it was removed"
			}
		case "unknown":
			if !w.doubted[k] && !w.doubtedOnce[k] {
				lie = "every call for it was answered"
			}
		case "":
			if removed && !w.lost[k] {
				lie = "it was removed"
			}
		default:
			lie = "that is no status"
		}
		if lie != "" {
			w.fault("lie", "life %d: %v is %q, but %s", l.number, k, fates[k], lie)
		}
		if s.Sent != w.sent[k] {
			w.fault("harness", "%v was sent %d times by the books, %d by the witness", k, s.Sent, w.sent[k])
		}
	}
}

func (w *world) checkBooks(l *life) {
	b := w.emulator.Books()
	if len(b.Violations) > 0 {
		w.fault("protocol", "life %d: %s", l.number, strings.Join(b.Violations, "; "))
	}
	if b.MaxIDs > w.batch {
		w.fault("batch", "life %d: a call with %d ids", l.number, b.MaxIDs)
	}
	if b.Deleted > 0 {
		w.fault("protocol", "life %d: deleted records", l.number)
	}
}

// checkEnd looks at a run that ended by itself.
func (l *life) checkEnd(e end, before, after map[link]string) {
	w := l.world
	for _, name := range sortedKeys(w.disk.names) {
		if disk.IsTemporary(name, w.results) && !l.trouble && e.summary != nil {
			w.fault("litter", "life %d: leaves %s", l.number, filepath.Base(name))
		}
	}
	switch {
	case e.nothing != nil:
		if l.witness.calls > 0 {
			w.fault("sent", "life %d: had nothing to do, and made %d calls", l.number, l.witness.calls)
		}
		if !w.gone {
			l.checkFiles(e.nothing)
		}
		return
	case e.summary == nil:
		if l.witness.calls > 0 {
			w.fault("sent", "life %d: did not begin, and made %d calls", l.number, l.witness.calls)
		}
		// A run that would begin anew, and is refused or stopped before its first call, leaves all
		// as it is. So does one that gets no token, because Zoho makes no more or a fault struck.
		books := w.emulator.Books()
		noToken := books.Denied > 0 || w.refresh && len(books.Faults) > 0
		fewCalls := e.refusal != nil && e.refusal.Remedy == job.RaiseMaxCalls && l.options.maxCalls == 1 && l.options.config.Snapshot
		if !l.trouble && !fewCalls && (e.refusal != nil || !l.anew) && !noToken {
			w.fault("refusal", "life %d: does not begin: %v", l.number, e.err)
		}
		return
	}
	l.checkReason(e)
	if l.trouble { // it may have done harm to any file, but not to what the summary tells of links
		l.checkBelieved(e.summary, after)
		return
	}
	l.checkFiles(e.summary)
	if w.healthy && len(before) == 0 && len(l.doubt) == 0 && !l.anew && e.summary.Reason == outcome.Completed {
		groups := map[string]int{}
		for _, k := range w.links {
			groups[k.module+k.parent+k.list]++
		}
		calls := 0
		for _, n := range groups {
			calls += (n + w.batch - 1) / w.batch
		}
		if l.options.config.Snapshot {
			l.checkCallsWithReads(calls)
		} else if w.turned {
			if w.style.present == 1 && l.witness.calls > calls {
				w.fault("calls", "life %d: %d calls, and %d as written", l.number, l.witness.calls, calls)
			}
		} else if l.witness.calls != calls {
			w.fault("calls", "life %d: %d calls where %d do", l.number, l.witness.calls, calls)
		}
	}
}

// checkBelieved: no outcome is believed that is not in the file.
func (l *life) checkBelieved(s *report.Summary, after map[link]string) {
	if l.world.gone {
		return
	}
	gone := 0
	for k, status := range after {
		if l.world.inInput[k] && (status == "removed" || status == "gone" || status == "absent") {
			gone++
		}
	}
	if s.Removed+s.Gone+s.Absent > gone { // a write that failed half way may have brought some more
		l.world.fault("believed", "life %d: %d links are told to be gone, in the results there are %d", l.number, s.Removed+s.Gone+s.Absent, gone)
	}
}

// checkReason holds what a run says of its end against what happened.
func (l *life) checkReason(e end) {
	w, s, o := l.world, e.summary, &l.options
	wrong := func(format string, args ...any) {
		w.fault("reason", "life %d: %s, %s, exit %d, %v: %s", l.number, s.State, s.Reason, s.ExitCode, e.err, fmt.Sprintf(format, args...))
	}
	bad := s.Failed+s.Unknown+s.Invalid > 0 || o.config.FailAbsent && s.Absent > 0
	exit := outcome.ExitBroken
	books := w.emulator.Books()
	switch s.Reason {
	case outcome.Completed:
		exit = outcome.ExitDone
		if bad {
			exit = outcome.ExitFailures
		}
		if s.Pending > 0 {
			wrong("%d are pending", s.Pending)
		}
	case outcome.Interrupted, outcome.Deadline:
		exit = outcome.ExitStopped
		if l.fired["cut"] {
			exit = outcome.ExitInterrupted
			if s.ExitCode == outcome.ExitStopped { // when all was written but the summary
				exit = s.ExitCode
			}
		}
		if !l.fired[s.Reason] {
			wrong("that did not happen")
		}
	case outcome.MaxCalls:
		exit = outcome.ExitStopped
		most := 0 // of calls that may be left
		if o.config.Snapshot || w.turned || l.witness.calls > l.witness.delinks {
			most = 2 // a batch that is read first needs two, a trial three, and the proof of a look-up two
		}
		if left := o.maxCalls - l.witness.calls; left < 0 || left > most {
			wrong("%d calls of %d", l.witness.calls, o.maxCalls)
		}
	case outcome.Credits:
		exit = outcome.ExitStopped
		if books.NoCredits+books.Throttled+books.Faults["429"] == 0 && o.reserve == 0 && w.emulator.Config().Credits == 0 {
			wrong("there were credits")
		}
	case outcome.Failures:
		exit = outcome.ExitStopped
		if s.Pending == 0 {
			wrong("nothing is pending")
		}
		if o.maxFailures < 0 || s.Failed+s.Unknown <= o.maxFailures {
			wrong("the limit is %d", o.maxFailures)
		}
	case outcome.LoginRefused:
		exit = outcome.ExitRefused
		// A torn 401 does not say that what it lacks is a scope.
		torn := w.emulator.Config().Scopes != nil && len(books.Faults) > 0
		unread := w.emulator.Config().Scopes != nil && o.config.Snapshot
		if !w.denied && !w.refresh && !torn && !unread {
			wrong("the login is good")
		}
	case outcome.Broken:
		// Calls for one id each that get no answer by id, many in a row, look like a CRM that is
		// away.
		silent := w.batch == 1 && w.emulator.Config().MissingItems > 0
		// So do reads that show nothing, where the links' fields are to be read.
		blind := w.emulator.Config().ReadAnswer == "nothing" && o.config.Snapshot
		if !l.trouble && len(books.Faults) == 0 && !w.refresh && !silent && !blind {
			wrong("nothing happened")
		}
	default:
		wrong("that is no reason")
	}
	if l.fired["cut"] && s.ExitCode == outcome.ExitInterrupted && exit == outcome.ExitStopped {
		exit = s.ExitCode // what is in flight when all is over anyway
	}
	if s.ExitCode != exit {
		wrong("the exit code should be %d", exit)
	}
	if broken := s.Reason == outcome.Broken || s.Reason == outcome.LoginRefused; broken != (e.err != nil) {
		wrong("reason and error do not agree")
	}
	state := outcome.Stopped
	if s.Pending == 0 && s.Reason == outcome.Completed {
		state = outcome.Finished
	}
	if s.State != state {
		wrong("the state should be %s", state)
	}
	if s.Calls != l.witness.calls {
		wrong("%d calls were made, %d are told", l.witness.calls, s.Calls)
	}
}

// checkFiles looks at what a run in good order leaves.
func (l *life) checkFiles(s *report.Summary) {
	w := l.world
	wrong := func(kind, format string, args ...any) {
		w.fault(kind, "life %d: %s", l.number, fmt.Sprintf(format, args...))
	}
	data, there := w.disk.content(w.results)
	if !there {
		wrong("rows", "there are no results")
		return
	}
	rows, err := readRows(data)
	if err != nil || len(rows) == 0 {
		wrong("rows", "the results cannot be read: %v", err)
		return
	}
	byLine := map[int]*row{}
	for i := range w.rows {
		byLine[w.rows[i].line] = &w.rows[i]
	}
	count := map[string]int{}
	fates := map[link]string{}
	lines := map[int]bool{}
	for _, r := range rows[1:] {
		line, err := strconv.Atoi(r[0])
		in := byLine[line]
		k, status := link{r[1], r[2], r[3], r[4]}, r[5]
		count[status]++
		switch {
		case err != nil || in == nil:
			wrong("rows", "line %s is not in the input", r[0])
			continue
		case lines[line]:
			wrong("rows", "line %d is there twice", line)
		case in.invalid != (status == "invalid"):
			wrong("rows", "line %d is %s", line, status)
		case (in.repeats > 0) != (status == "duplicate"):
			wrong("rows", "line %d is %s", line, status)
		case in.repeats > 0 && r[7] != fmt.Sprintf("the same link as line %d", in.repeats):
			wrong("rows", "line %d: %s", line, r[7])
		case !in.invalid && in.link != k:
			wrong("rows", "line %d is about %v, not %v", line, in.link, k)
		}
		lines[line] = true
		if !in.invalid && in.repeats == 0 {
			fates[k] = status
			if r[11] == "" {
				wrong("rows", "line %d does not say of which CRM", line)
			}
		}
	}
	sum := [...]int{s.Removed, s.Gone, s.Absent, s.Failed, s.Unknown, s.Invalid, s.Duplicate}
	for i, status := range [...]string{"removed", "gone", "absent", "failed", "unknown", "invalid", "duplicate"} {
		if sum[i] != count[status] {
			wrong("sum", "%d rows are %s, the summary has %d", count[status], status, sum[i])
		}
	}
	invalid, repeats := 0, 0
	for _, r := range w.rows {
		if r.invalid {
			invalid++
		} else if r.repeats > 0 {
			repeats++
		}
	}
	if s.Rows != len(w.rows) || s.Rows != s.Removed+s.Gone+s.Absent+s.Failed+s.Unknown+s.Invalid+s.Duplicate+s.Pending ||
		s.Links != len(w.links) || s.Links != s.Removed+s.Gone+s.Absent+s.Failed+s.Unknown+s.Pending || s.Invalid != invalid || s.Duplicate != repeats {
		wrong("sum", "the sum does not close: %+v", *s)
	}
	l.checkFailures(s, fates)
	var kept report.Summary
	text, _ := w.disk.content(w.summary)
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&kept); err != nil || !reflect.DeepEqual(&kept, s) {
		wrong("summary", "%v: %s", err, text)
	}
}

// checkFailures: every row whose link is not gone, as it stands in the input, in its order.
func (l *life) checkFailures(s *report.Summary, fates map[link]string) {
	w := l.world
	data, there := w.disk.content(w.failures)
	rest := string(data)
	take := func(prefix, what string) bool {
		var ok bool
		if rest, ok = strings.CutPrefix(rest, prefix); !ok {
			w.fault("failures", "life %d: %s should be next in the failures, but it is %.200q", l.number, what, rest)
		}
		return ok
	}
	doubt, all := w.inDoubt()
	n := 0
	for _, r := range w.rows {
		status := fates[r.link]
		switch {
		case r.invalid:
			status = "invalid"
		case status == "" && (doubt[r.link] || all):
			status = "unknown"
		case status != "failed" && status != "unknown":
			continue
		}
		if n++; n == 1 && !take(w.bom+w.header+",delink_status,delink_code,delink_message"+w.lineEnd, "the header") {
			return
		}
		if !take(r.raw+","+status+",", fmt.Sprintf("line %d, %s,", r.line, status)) {
			return
		}
		_, rest, _ = strings.Cut(rest, "\n")
	}
	switch {
	case n == 0 && (there || s.Failures != nil):
		w.fault("failures", "life %d: there are no failures, but a file of them", l.number)
	case n > 0 && (!there || s.Failures == nil):
		w.fault("failures", "life %d: there are %d failures, but no file of them", l.number, n)
	case rest != "":
		w.fault("failures", "life %d: the failures go on: %.200q", l.number, rest)
	}
}

// done reports whether there is nothing left to do.
func (l *life) done(e end) bool {
	s := e.summary
	if e.nothing != nil {
		s = e.nothing
	}
	if s == nil {
		return false
	}
	if s.Reason == outcome.LoginRefused {
		return l.world.denied // links of the list that is denied stay as they are
	}
	return s.State == outcome.Finished && s.Unknown <= len(l.unreadable)
}

// checkDone looks at the end of all.
func (w *world) checkDone(l *life, e end) {
	s := e.summary
	if s == nil {
		s = e.nothing
	}
	if s.Pending > 0 && !w.denied {
		w.fault("not-done", "%d links are pending", s.Pending)
	}
	if s.Reason != outcome.Completed && (s.Reason != outcome.LoginRefused || !w.denied) {
		w.fault("not-done", "the last life ended for the reason %s", s.Reason)
	}
	if w.healthy && s.Failed+s.Unknown > 0 {
		w.fault("not-done", "%d failed, %d unknown, though nothing is wrong with the CRM", s.Failed, s.Unknown)
	}
}
