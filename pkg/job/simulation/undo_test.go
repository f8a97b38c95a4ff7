package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/report"
	"delink/pkg/zoho/emulator"
)

// A job that was run to its end is undone, by lives that bad things befall. Whatever happens, the
// rows of the undo are true, no link is made that the run has not removed, and what somebody else
// has linked again keeps its fields.
func TestUndoSimulation(t *testing.T) {
	manySeeds(t, story{"UndoSimulation$", newUndoWorld, (*world).undo})
}

func newUndoWorld(seed uint64, folder string) *world {
	w := makeWorld(seed, folder, true)
	w.change = 0
	return w
}

// undoing is what is known while a job is undone.
type undoing struct {
	wanted map[link]bool // the links that the run has removed
	back   map[link]bool // of these, those that somebody else has linked again
	lost   map[link]bool // what is known of it may have been lost in a crash
	doubt  map[link]bool // some life left it in doubt
	// an undo that is put aside was to link it
	earlier map[link]bool
	gone    bool // what is gone is linked again, too
}

// somebodys is the member status of links that somebody else has made.
const somebodys = "somebody's"

func (w *world) undo() {
	w.heal()
	const most = 3
	for range most {
		o := w.healthyLife()
		if l, e := w.live(&o); l.done(e) && !w.denied {
			u := w.beginUndo(dice{w.rng})
			if len(u.wanted) > 0 && len(w.faults) == 0 {
				w.undoAll(u, dice{w.rng})
			}
			return
		}
	}
}

// beginUndo notes what there is to undo, and turns to the files of the undo.
func (w *world) beginUndo(d dice) *undoing {
	u := &undoing{wanted: map[link]bool{}, back: map[link]bool{}, lost: map[link]bool{}, doubt: map[link]bool{}, earlier: map[link]bool{}, gone: d.chance(0.3)}
	data, _ := w.disk.content(w.results)
	rows, err := readRows(data)
	if err != nil {
		w.fault("harness", "%v", err)
		return u
	}
	share := pick(d, 0, 0, 0.1, 0.5)
	for _, r := range rows[1:] {
		if k := (link{r[1], r[2], r[3], r[4]}); r[5] == "removed" || u.gone && r[5] == "gone" {
			u.wanted[k] = true
			if d.chance(share) {
				u.back[k] = true
				w.emulator.Link(k.module, number(k.parent), k.list, number(k.related))
				w.emulator.SetFields(k.module, number(k.parent), k.list, number(k.related), map[string]any{"Member_Status": somebodys})
			}
		}
	}
	w.emulator.Update(func(c *emulator.Config) { c.Scopes = emulator.Default().Scopes }) // the login of an undo needs others
	w.results, w.summary = w.folder+"/links.undo.csv", w.folder+"/links.undo.summary.json"
	w.logf("the job is undone: %d links, of which %d are there", len(u.wanted), len(u.back))
	return u
}

// undoAll lives lives of the undo until it is done.
func (w *world) undoAll(u *undoing, d dice) {
	w.badDays(d)
	for range d.IntN(6) {
		o := w.newLife(d)
		o.config.Restart = d.chance(0.03)
		if o.badDisk == "gone" { // the loss of results is for runs
			o.badDisk = ""
		}
		w.liveUndo(u, o)
		time.Sleep(d.duration(time.Second, 2*time.Hour)) // of the bubble
	}
	time.Sleep(25 * time.Hour) // of the bubble
	w.heal()
	const most = 3
	for range most {
		o := w.healthyLife()
		l, e := w.liveUndo(u, o)
		s := e.summary
		if e.nothing != nil {
			s = e.nothing
		}
		if s != nil && s.State == outcome.Finished && s.Unknown <= len(l.unreadable) {
			w.checkUndone(u, l, s)
			return
		}
	}
	w.fault("not-done", "after %d lives that nothing befell, the undo is not done", most)
}

// badDays gives the CRM faults that befall an undo.
func (w *world) badDays(d dice) {
	if w.healthy || d.chance(0.2) {
		return
	}
	names := []string{"drop", "drop-after", "reset", "reset-after", "torn", "500", "500-after", "503-after", "html", "html-after", "foreign-after", "hang", "hang-after", "429", "500-late"}
	set := []string{fmt.Sprintf("in-flight=%v", pick(d, "1", "3", "edition"))}
	var mix string
	for range d.between(1, 4) {
		mix += fmt.Sprintf("%s:%.4f,", names[d.IntN(len(names))], pick(d, 0.02, 0.1, 0.3)/4)
	}
	set = append(set, "faults="+mix[:len(mix)-1], "faults-on="+pick(d, "link", "link,read", "all"), "order="+pick(d, "sent", "shuffled"), "all-bad="+pick(d, "400", "207", "200"))
	w.logf("CRM: %v", set)
	c := w.emulator.Config()
	if err := c.SetAll(set...); err != nil {
		w.fault("harness", "%v", err)
	}
	w.emulator.Update(func(to *emulator.Config) { *to = c })
}

// liveUndo lives one life of an undo, and looks at what it leaves.
func (w *world) liveUndo(u *undoing, o options) (*life, end) {
	o.undo, o.gone = true, u.gone
	l := w.begin(&o)
	before := w.ledger(l, "before")
	l.wanted = u.wanted
	if o.config.Restart {
		clear(before)
		for k := range u.wanted {
			u.earlier[k] = u.earlier[k] || w.linked[k] > 0
		}
	}
	open, _ := w.inDoubt()
	for k, s := range before {
		if s == "failed" && open[k] { // it was sent again, and the row is of an older attempt
			continue
		}
		if s == "restored" || s == "present" || s == "failed" && !o.config.RetryFailed {
			l.settled[k] = s
		}
	}
	e := l.run()
	time.Sleep(3 * time.Millisecond) // of the bubble: the last calls come back
	synctest.Wait()
	l.tell(e)
	w.disk.limit = 0
	if e.killed && o.power {
		w.logf("the power goes out")
		w.disk.losePower(w.rng)
	}
	w.disk.free()
	after := w.ledger(l, "after")
	doubt, all := w.inDoubt()
	for k := range u.wanted {
		u.doubt[k] = u.doubt[k] || all || doubt[k]
		if (e.killed || l.trouble) && w.linked[k] > 0 && after[k] == "" {
			if u.lost[k] = true; !doubt[k] && !all && l.begun[k] != "" && (e.killed || l.trouble) && w.readUndoJournal() {
				w.fault("doubt", "life %d: %v was sent, has no outcome, and is not in doubt", l.number, k)
			}
		}
		if s := before[k]; (s == "restored" || s == "present") && after[k] != s && !(o.power && l.witness.calls == 0) {
			w.fault("forgotten", "life %d: %v was %s before it, and is %q behind it", l.number, k, s, after[k])
		}
	}
	w.checkUndo(l, u, after)
	w.checkBooks(l)
	if !e.killed && !l.trouble && e.summary != nil {
		l.checkUndoSum(e.summary, after)
	}
	return l, e
}

// readUndoJournal reports whether the journal of the undo is of a run that had begun to send.
func (w *world) readUndoJournal() bool { return w.readJournal().begin >= 0 }

// checkUndo holds the rows of an undo against the books.
func (w *world) checkUndo(l *life, u *undoing, fates map[link]string) {
	for k := range u.wanted {
		linked := w.emulator.Linked(k.module, number(k.parent), k.list, number(k.related))
		lie := ""
		switch fates[k] {
		case "restored":
			if !linked {
				lie = "it is not linked"
			}
			if w.linked[k] == 0 && !u.doubt[k] {
				lie = "no call was to link it"
			}
		case "present":
			if !linked {
				lie = "it is not linked"
			}
			if !u.back[k] && !u.earlier[k] {
				lie = "this undo has linked it"
			}
		case "failed":
			if linked && !u.back[k] && !u.earlier[k] {
				lie = "it was linked"
			}
		case "unknown":
			if w.linked[k] == 0 && !u.doubt[k] {
				lie = "no call was to link it"
			}
		case "":
			if linked && !u.back[k] && !u.lost[k] && !u.doubt[k] && !u.earlier[k] {
				lie = "it was linked"
			}
		default:
			lie = "that is no status"
		}
		if lie != "" {
			w.fault("lie", "life %d: %v is %q, but %s", l.number, k, fates[k], lie)
		}
		if u.back[k] && w.emulator.FieldsOf(k.module, number(k.parent), k.list, number(k.related))["Member_Status"] != somebodys {
			w.fault("overwritten", "life %d: the fields of %v are not those that somebody else gave it", l.number, k)
		}
	}
	for k, s := range fates {
		if !u.wanted[k] {
			w.fault("foreign", "life %d: %v is %s, and the run has not removed it", l.number, k, s)
		}
	}
}

// checkUndoSum holds the summary against the rows.
func (l *life) checkUndoSum(s *report.Summary, fates map[link]string) {
	w := l.world
	count := map[string]int{}
	for _, status := range fates {
		count[status]++
	}
	if s.UndoCounts == nil || s.Restored != count["restored"] || s.Present != count["present"] || s.Failed != count["failed"] || s.Unknown != count["unknown"] ||
		s.Rows != s.Restored+s.Present+s.Failed+s.Unknown+s.Pending || s.Rows != s.Links {
		w.fault("sum", "life %d: the sum does not close: %+v, %+v, rows %v", l.number, *s, s.UndoCounts, count)
	}
	if s.Calls != l.witness.calls {
		w.fault("reason", "life %d: %d calls were made, %d are told", l.number, l.witness.calls, s.Calls)
	}
	var kept report.Summary
	text, _ := w.disk.content(w.summary)
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&kept); err != nil || !reflect.DeepEqual(&kept, s) {
		w.fault("summary", "life %d: %v: %s", l.number, err, text)
	}
}

// checkUndone looks at the end of all.
func (w *world) checkUndone(u *undoing, l *life, s *report.Summary) {
	if s.Pending > 0 || s.Rows != len(u.wanted) {
		w.fault("not-done", "%d links of %d, %d are pending", s.Rows, len(u.wanted), s.Pending)
	}
	if w.healthy && s.Failed > 0 {
		w.fault("not-done", "%d failed, though nothing is wrong with the CRM", s.Failed)
	}
	for k := range u.wanted {
		fields := w.emulator.FieldsOf(k.module, number(k.parent), k.list, number(k.related))
		if !u.back[k] && w.emulator.Linked(k.module, number(k.parent), k.list, number(k.related)) && fields["Member_Status"] != "Sent" {
			w.fault("fields", "%v came back with the fields %v", k, fields)
		}
	}
	open, all := w.inDoubt() // an empty journal may be left: see docs/design.md
	for k := range open {
		if l.unreadable[k] { // no call can tell whether the link is there
			delete(open, k)
		}
	}
	if len(open) > 0 || all {
		w.fault("doubt", "the undo is done, and %d links are in doubt", len(open))
	}
}

// links notes the links of a call that leaves now to make them.
func (l *life) links(links []link) {
	d := l.world.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range links {
		l.begun[k] = "out"
		l.world.linked[k]++
		if s := l.settled[k]; s != "" {
			l.world.fault("settled-again", "life %d: %v is %s since an earlier life, and is sent again", l.number, k, s)
		}
		if s := l.rows[k]; s != "" {
			l.world.fault("settled-again", "life %d: %v was recorded as %s by this life, and is sent again", l.number, k, s)
		}
		if !l.wanted[k] {
			l.world.fault("foreign", "life %d: %v is linked, which the run has not removed", l.number, k)
		}
	}
	if n := len(links); n > l.options.batch || slices.ContainsFunc(links, func(k link) bool { return k.related == "" }) {
		l.world.fault("batch", "%d links in a call, with batches of %d: %v", n, l.options.batch, links)
	}
}
