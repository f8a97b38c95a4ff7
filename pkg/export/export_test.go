package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/disk"
	"delink/pkg/export"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/zoho"
)

var leads = zoho.Relation{Module: "Campaigns", List: "Leads"}

// exporter runs exports of one CRM into one file.
type exporter struct {
	*testing.T
	crm    *crm
	config export.Config
	notes  []string
	watch  func(look func() progress.Moment) (end func()) // nil for nobody
	tell   func(*export.Plan)                             // nil for nobody
}

func newExporter(t *testing.T, c *crm) *exporter {
	return &exporter{T: t, crm: c, config: export.Config{
		Relation: leads, Parents: export.Parents{All: true}, Output: filepath.Join(t.TempDir(), "out.csv"),
		Limits: job.Limits{Slots: 3, MaxAttempts: 5, Jitter: func(d time.Duration) time.Duration { return d }},
	}}
}

func (x *exporter) tryRun(stop context.Context) (*export.Ending, error) {
	return export.Run(stop, context.WithoutCancel(stop), x.config, export.World{
		World: job.World{
			Disk:    disk.OS{},
			Connect: func() (*job.Connection, error) { return &job.Connection{CRM: x.crm, Login: "login"}, nil },
			Note:    func(s string) { x.notes = append(x.notes, s) },
			Watch:   x.watch,
		},
		Tell: x.tell,
	})
}

func (x *exporter) run(stop context.Context) *export.Ending {
	x.Helper()
	end, err := x.tryRun(stop)
	if err != nil {
		x.Fatal(err)
	}
	return end
}

// spools are the files of exports that are not finished.
func (x *exporter) spools() []string {
	x.Helper()
	all, err := filepath.Glob(disk.Hidden(x.config.Output, "export-*"))
	if err != nil {
		x.Fatal(err)
	}
	return all
}

// rows gives the links of the output by parent record. They must be in order.
func (x *exporter) rows() map[zoho.ID][]zoho.ID {
	x.Helper()
	b, err := os.ReadFile(x.config.Output)
	if err != nil {
		x.Fatal(err)
	}
	all, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		x.Fatal(err)
	}
	rows := map[zoho.ID][]zoho.ID{}
	var lastParent, last uint64
	for _, r := range all[1:] {
		parent, _ := strconv.ParseUint(r[1], 10, 64)
		id, _ := strconv.ParseUint(r[3], 10, 64)
		if parent < lastParent || parent == lastParent && id <= last {
			x.Errorf("%d, %d comes after %d, %d", parent, id, lastParent, last)
		}
		lastParent, last = parent, id
		rows[zoho.ID(parent)] = append(rows[zoho.ID(parent)], zoho.ID(id))
	}
	return rows
}

// mustBeTrue holds the output against the CRM: no link that was there all the time is missing from a
// parent record that counts as complete, and no link is there that never was.
func (x *exporter) mustBeTrue(s *export.Summary) {
	x.Helper()
	rows := x.rows()
	incomplete := map[string]bool{}
	for _, in := range s.Incomplete {
		incomplete[in.Parent] = true
	}
	for parent, steady := range x.crm.steady {
		for _, id := range rows[parent] {
			if !x.crm.ever[parent][id] {
				x.Errorf("link %d of %d never was", id, parent)
			}
		}
		if incomplete[parent.String()] {
			continue
		}
		for id := range steady {
			if _, there := slices.BinarySearch(rows[parent], id); !there {
				x.Errorf("link %d of %d is missing, and nobody says so", id, parent)
			}
		}
	}
	if s.Parents != len(x.crm.links) || s.Complete+len(s.Incomplete) != s.Parents || s.Pending != 0 {
		x.Errorf("%+v", s)
	}
	if code := map[bool]int{true: outcome.ExitFailures, false: outcome.ExitDone}[len(incomplete) > 0]; s.ExitCode != code {
		x.Errorf("exit %d, not %d", s.ExitCode, code)
	}
}

// Whatever is added and removed while links are listed, an export misses no link without saying so.
func TestChangesMeanwhile(t *testing.T) {
	complete, incomplete := 0, 0
	for seed := range uint64(120) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCRM(seed, 4, 40)
				c.perPage, c.mostID = 10, 60
				c.byToken = seed%2 == 0
				c.changes = []float64{0.02, 0.2, 0.6}[seed%3]
				c.faults = []float64{0, 0.05}[seed/3%2]
				x := newExporter(t, c)
				s := x.run(t.Context()).Summary
				x.mustBeTrue(s)
				complete += s.Complete
				incomplete += len(s.Incomplete)
			})
		})
	}
	if complete < 100 || incomplete < 100 {
		t.Errorf("%d complete and %d incomplete parent records show too little", complete, incomplete)
	}
}

// Links that were removed and others that were added in their place shift the pages that are
// reached by numbers, and the count stays the same.
func TestShiftWithoutTokens(t *testing.T) {
	c := newCRM(1, 1, 0)
	for id := range zoho.ID(500) {
		c.links[1][id+1] = true
	}
	c.watch()
	c.byToken = false
	c.before = func(what string) {
		if what == "links" && c.calls[what] == 1 { // between the first page and the second
			c.remove(1, 5)
			c.add(1, 900)
		}
	}
	x := newExporter(t, c)
	s := x.run(t.Context()).Summary
	x.mustBeTrue(s)
	if s.Complete != 1 || c.calls["links"] != 9 {
		t.Errorf("%+v after %v", s, c.calls)
	}
}

// A run that stops anywhere goes on where it stopped, and the end is the same.
func TestStopsAnywhere(t *testing.T) {
	for most := 4; most < 14; most++ {
		c := newCRM(uint64(most), 5, 450)
		x := newExporter(t, c)
		x.config.MaxCalls = most + 4
		runs := 0
		for {
			end := x.run(t.Context())
			if runs++; end.Summary.ExitCode != outcome.ExitStopped {
				x.mustBeTrue(end.Summary)
				break
			}
			if _, err := os.Stat(x.config.Output); err == nil {
				t.Fatal("there is an output before the end")
			}
			if runs > 40 {
				t.Fatal("there is no end")
			}
		}
		if runs == 1 {
			t.Error("the run did not stop")
		}
	}
}

// A spool that was cut or changed anywhere costs calls, and no link.
func TestDamagedSpool(t *testing.T) {
	c := newCRM(3, 4, 300)
	x := newExporter(t, c)
	x.config.MaxCalls = 11
	x.config.Slots = 1
	if end := x.run(t.Context()); end.Summary.Complete < 2 {
		t.Fatalf("%+v", end.Summary)
	}
	spool := x.spools()[0]
	whole, err := os.ReadFile(spool)
	if err != nil {
		t.Fatal(err)
	}
	x.config.MaxCalls = 0
	for at := 0; at < len(whole); at += len(whole)/60 + 1 {
		for _, damaged := range [][]byte{whole[:at], append(append(slices.Clone(whole[:at]), whole[at]^1), whole[at+1:]...)} {
			if err := os.WriteFile(spool, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			x.mustBeTrue(x.run(t.Context()).Summary)
			if err := os.Remove(x.config.Output); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(spool); err == nil {
				t.Fatal("the spool is left behind")
			}
		}
	}
}

// An export of other links leaves one that is not finished as it is, whether it is refused, stops or
// completes.
func TestOtherExportMeanwhile(t *testing.T) {
	refused := func(x *exporter) {
		if _, err := x.tryRun(x.Context()); !errors.As(err, new(*job.Refusal)) {
			x.Errorf("%v is no refusal", err)
		}
	}
	for name, other := range map[string]func(x *exporter){
		"refused condition": func(x *exporter) {
			x.config.Parents = export.Parents{Where: "Nonsense ="}
			refused(x)
		},
		"refused fields": func(x *exporter) {
			x.config.Fields = []string{"Nonsense"}
			refused(x)
		},
		"stopped": func(x *exporter) {
			x.config.Parents = export.Parents{IDs: []zoho.ID{1, 2, 3}}
			x.config.MaxCalls = 4
			x.run(x.Context())
		},
		"complete": func(x *exporter) {
			x.config.Parents, x.config.MaxCalls = export.Parents{IDs: []zoho.ID{1}}, 0
			x.run(x.Context())
		},
		"another CRM, complete": func(x *exporter) {
			x.crm.org, x.config.MaxCalls = "2", 0
			x.run(x.Context())
		},
		"another CRM, refused": func(x *exporter) {
			x.crm.org, x.crm.broken = "2", &zoho.Error{Kind: zoho.Refused, Param: "approved"}
			refused(x)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCRM(1, 5, 300)
			x := newExporter(t, c)
			x.config.MaxCalls, x.config.Slots, x.config.Approved = 18, 1, export.Only
			before := x.run(t.Context()).Summary
			spool := x.spools()[0]
			config, content := x.config, read(t, spool)
			other(x)
			x.config, c.org, c.broken = config, "1", nil
			if !bytes.Equal(read(t, spool), content) {
				t.Error("the spool of the first export is not what it was")
			}
			if err := os.Remove(x.config.Output); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			x.config.MaxCalls = 0
			end := x.run(t.Context()).Summary
			x.mustBeTrue(end)
			if end.Earlier != before.Complete || before.Complete == 0 {
				t.Errorf("%d of %d complete parent records were taken up", end.Earlier, before.Complete)
			}
		})
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Where somebody's output is in the way of an export that is not finished, the hint is not to take
// another one: that has no spool.
func TestOutputInTheWay(t *testing.T) {
	x := newExporter(t, newCRM(1, 5, 300))
	x.config.MaxCalls = 11
	x.run(t.Context())
	if err := os.WriteFile(x.config.Output, []byte("of somebody"), 0o600); err != nil {
		t.Fatal(err)
	}
	refusal := new(job.Refusal)
	if _, err := x.tryRun(t.Context()); !errors.As(err, &refusal) || refusal.Remedy != job.NoRemedy || !strings.Contains(refusal.Hint, "rename") {
		t.Errorf("%+v", refusal)
	}
}

// A signal asks at any time how many calls are in flight: also between the parts of an export.
func TestLooksAtAnyTime(t *testing.T) {
	x := newExporter(t, newCRM(1, 5, 450))
	stop, signal := context.WithCancel(t.Context())
	var begun atomic.Pointer[func() progress.Moment]
	units := map[string]bool{}
	done := make(chan struct{})
	x.watch = func(look func() progress.Moment) func() {
		units[look().Verb] = true
		if begun.Swap(&look) == nil {
			go func() {
				defer close(done)
				for stop.Err() == nil {
					look() // of the part that has begun first
					(*begun.Load())()
				}
			}()
		}
		return func() {}
	}
	x.tell = func(*export.Plan) { signal() } // between counting and listing
	end := x.run(stop).Summary
	<-done
	if end.Reason != outcome.Interrupted || end.Pending != 5 {
		t.Errorf("%+v", end)
	}
	if !units["found"] || !units["counted"] {
		t.Errorf("%v", units)
	}
}

// Where calls are limited, they are not spent on parent records of which none comes to its end. Those
// for which the limit is too low are said, and keep none of the others from being listed.
func TestLimitedCalls(t *testing.T) {
	for _, slots := range []int{1, 3, 10} {
		c := newCRM(1, 5, 700)
		for id := range zoho.ID(1900) {
			c.add(2, 2_000_000+id)
		}
		c.watch()
		x := newExporter(t, c)
		x.config.Slots = slots
		var warnings []string
		x.tell = func(p *export.Plan) { warnings = p.Warnings }
		x.config.MaxCalls = 10 // 6 find and count, 4 list a parent record
		if s := x.run(t.Context()).Summary; s.Complete != 1 || s.Calls != 10 || s.Reason != outcome.MaxCalls || len(warnings) != 1 {
			t.Errorf("%d slots: %+v, %q", slots, s, warnings)
		}
		for complete := 3; complete < 5; complete++ { // the rest for which the limit is enough
			if s := x.run(t.Context()).Summary; s.Complete != min(complete, 4) || s.Reason != outcome.MaxCalls {
				t.Errorf("%d slots: %+v", slots, s)
			}
		}
		if s := x.run(t.Context()).Summary; s.Complete != 4 || s.Calls != 1 {
			t.Errorf("%d slots: calls were spent in vain: %+v", slots, s)
		}
		x.config.MaxCalls = 15
		s := x.run(t.Context()).Summary
		x.mustBeTrue(s)
		if s.Complete != 5 {
			t.Errorf("%d slots: %+v", slots, s)
		}
	}
}
