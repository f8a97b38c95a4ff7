package job

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/journal"
	"delink/pkg/outcome"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// overlap is a run, and another one with other results that goes on at the same time.
type overlap struct {
	*testing.T
	other    *Job
	recorder *report.Recorder // of the other run
	runs     *otherRuns       // as this run sees them
}

// overlapping calls f while a run of the links 11 to 14 goes on.
func overlapping(t *testing.T, crm zoho.Identity, f func(o *overlap)) {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "links.csv"), inputOf(11, 12, 13, 14))
	this, _ := jobIn(t, folder, Choice{})
	other, _ := jobIn(t, folder, Choice{})
	other.answers.identity = crm
	other.files.Results = filepath.Join(folder, "other.results.csv")
	other.files.Failures, other.files.Summary = filepath.Join(folder, "other.failures.csv"), filepath.Join(folder, "other.summary.json")
	for _, j := range []*Job{this, other} {
		if err := j.compare(); err != nil {
			t.Fatal(err)
		}
	}
	o := &overlap{T: t, other: other, runs: &otherRuns{job: this, known: map[string]string{}, runs: map[string]*otherRun{}}}
	o.want("none has begun")
	_, err := other.withFiles(t.Context(), 0, func(r *report.Recorder) (outcome.Reason, error) {
		o.recorder = r
		f(o)
		return outcome.Interrupted, nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

// want wants these links to be open, and no other.
func (o *overlap) want(when string, want ...zoho.ID) {
	o.Helper()
	l, _ := o.runs.job.input.Set.At(0)
	var got []zoho.ID
	all := []zoho.ID{11, 12, 13, 14}
	for i, is := range o.runs.open(l.Relation, l.Parent, all) {
		if is {
			got = append(got, all[i])
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		o.Errorf("%s: %v are open, want %v", when, got, want)
	}
}

// prepare has the other run write down links by their position.
func (o *overlap) prepare(positions ...int) {
	o.Helper()
	var b chunker.Batch
	for _, pos := range positions {
		l, _ := o.other.input.Set.At(pos)
		b.Relation, b.Parent = l.Relation, l.Parent
		b.Related, b.Pos = append(b.Related, l.Related), append(b.Pos, pos)
	}
	if err := o.recorder.Prepare([]chunker.Batch{b}); err != nil {
		o.Fatal(err)
	}
}

func (o *overlap) settle(pos int, s outcome.Status) {
	o.Helper()
	if err := o.recorder.Write([]outcome.Outcome{{Pos: pos, Status: s, Attempts: 1, Time: time.Unix(int64(pos), 0)}}); err != nil {
		o.Fatal(err)
	}
}

// What another run is about to send is open until it has an outcome that tells what became of it.
func TestElsewhere(t *testing.T) {
	var o *overlap
	overlapping(t, here, func(over *overlap) {
		o = over
		o.want("nothing is sent")
		o.prepare(0, 1)
		o.want("sent", 11, 12)
		o.settle(0, outcome.Removed)
		o.want("removed", 12)
		o.prepare(2, 3)
		o.settle(1, outcome.Unknown)
		o.want("unknown", 12, 13, 14)
		o.settle(2, outcome.Absent)
		if err := o.recorder.Sync(); err != nil {
			t.Fatal(err)
		}
		o.want("synced", 12, 14)

		// An end of a line that is being written is passed over.
		name := journal.Of(o.other.files.Results).Path
		f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("01234567 links 1||"); err != nil {
			t.Fatal(err)
		}
		o.want("torn", 12, 14)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		o.settle(3, outcome.Gone)
		o.want("gone", 12)
	})
	o.want("the run has ended, and one is unknown", 12)
	if err := os.Remove(journal.Of(o.other.files.Results).Path); err != nil {
		t.Fatal(err)
	}
	o.want("the journal is removed")
}

// The journal of a run that begins has no byte from which rows count: what it carries is open.
func TestElsewhereBegins(t *testing.T) {
	overlapping(t, here, func(o *overlap) {
		o.prepare(0)
		o.settle(0, outcome.Removed)
		o.want("removed")
		l, _ := o.other.input.Set.At(0)
		r := journal.Record{CRM: here, Relation: l.Relation, Parent: l.Parent, Related: []zoho.ID{11}}
		again, err := journal.Begin(o.other.world.Disk, journal.Of(o.other.files.Results), journal.Doubts{Records: []journal.Record{r}}, o.recorder.Ledger.Size())
		if err != nil {
			t.Fatal(err)
		}
		o.want("another run begins", 11)
		if err := again.Start(here, o.recorder.Ledger.Size(), 4); err != nil {
			t.Fatal(err)
		}
		o.want("it has begun", 11)
		o.settle(0, outcome.Removed)
		o.want("it has an outcome")
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// A run in another org has nothing to do with this one.
func TestElsewhereInAnotherOrg(t *testing.T) {
	overlapping(t, zoho.Identity{Org: "70001", Host: here.Host}, func(o *overlap) {
		o.prepare(0, 1)
		o.want("sent")
	})
}

// A link that a killed run has recorded as unknown may be removed. So it is in doubt for a run with
// other results. The same run's other links are not.
func TestUnknownOfOtherResults(t *testing.T) {
	overlapping(t, here, func(o *overlap) {
		o.prepare(0, 1, 2)
		o.settle(0, outcome.Unknown)
		o.settle(1, outcome.Removed)
		next, _ := jobIn(t, filepath.Dir(o.other.files.Results), Choice{})
		if err := next.compare(); err != nil {
			t.Fatal(err)
		}
		want := map[zoho.ID]outcome.Status{11: outcome.Unknown, 12: outcome.Pending, 13: outcome.Unknown, 14: outcome.Pending}
		if got := statuses(next); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// BenchmarkElsewhere is what a verdict costs if there is no other run, and if there is one that has
// as many links in its journal as it can have.
func BenchmarkElsewhere(b *testing.B) {
	for name, one := range map[string]struct{ lines, parents int }{"no other run": {0, 1}, "other parent records": {500, 500}, "the same one": {500, 1}} {
		b.Run(name, func(b *testing.B) {
			folder := b.TempDir()
			j := &Job{work: removing, world: World{Disk: disk.OS{}, Registry: b.TempDir()}, doubts: &doubts{crm: here}}
			j.files.Results = filepath.Join(folder, "links.results.csv")
			j.noteJournal()
			var left journal.Doubts
			leads := zoho.Relation{Module: "Campaigns", List: "Leads"}
			for n := range one.lines {
				r := journal.Record{CRM: here, Relation: leads, Parent: 3652397000000100001 + zoho.ID(n%one.parents)}
				for i := range 100 {
					r.Related = append(r.Related, 3652397000000900001+zoho.ID(100*n+i))
				}
				left.Records = append(left.Records, r)
			}
			if err := journal.Keep(disk.OS{}, journal.Of(filepath.Join(folder, "other.results.csv")), left, 0); err != nil {
				b.Fatal(err)
			}
			o := &otherRuns{job: j, known: map[string]string{}, runs: map[string]*otherRun{}}
			for b.Loop() {
				o.open(leads, 3652397000000100001, []zoho.ID{1, 2, 3})
			}
		})
	}
}
