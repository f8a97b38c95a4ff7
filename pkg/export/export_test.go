package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/disk"
	"delink/pkg/export"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

var leads = zoho.Relation{Module: "Campaigns", List: "Leads"}

// exporter runs exports of one CRM into one file.
type exporter struct {
	*testing.T
	crm    *crm
	config export.Config
	notes  []string
}

func newExporter(t *testing.T, c *crm) *exporter {
	return &exporter{T: t, crm: c, config: export.Config{
		Relation: leads, Parents: export.Parents{All: true}, Output: filepath.Join(t.TempDir(), "out.csv"),
		Limits: job.Limits{Slots: 3, MaxAttempts: 5, Jitter: func(d time.Duration) time.Duration { return d }},
	}}
}

func (x *exporter) run(stop context.Context) *export.Ending {
	x.Helper()
	end, err := export.Run(stop, context.WithoutCancel(stop), x.config, export.World{World: job.World{
		Disk:    disk.OS{},
		Connect: func() (*job.Connection, error) { return &job.Connection{CRM: x.crm, Login: "login"}, nil },
		Note:    func(s string) { x.notes = append(x.notes, s) },
	}})
	if err != nil {
		x.Fatal(err)
	}
	return end
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
	spool := disk.Hidden(x.config.Output, "export")
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
