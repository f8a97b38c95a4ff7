package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/report"
	"delink/pkg/zoho/emulator"
)

// Nobody can look inside Zoho, so each of the emulator's knobs is a guess that may be right. These
// tests run the whole program, with the real client and over HTTP, against combinations of them,
// and hold every row of the results against the emulator's books. The connections are pipes and
// time is synctest's, so that waiting costs nothing.

// A trial is one run of the program.
type trial struct {
	knobs []string          // of the emulator
	args  []string          // behind delink run links.csv --yes
	env   map[string]string // beside the login that the emulator accepts
	links []fate            // the input, row by row
	name  string            // where a test has several
	// refusals do not say which ids they are about, so they do not prove that a link is there
	vague bool
	// links that may stay unknown, since the CRM said nothing that an empty look-up could rest on
	mute int
}

// A fate is a row of the input, and what must become of it.
type fate struct {
	module  string
	parent  uint64
	list    string
	related uint64
	linked  bool   // in the CRM, before the run
	status  string // expected
}

// aftermath is what a trial left.
type aftermath struct {
	*testing.T

	trial   trial
	code    int
	stderr  string
	summary report.Summary
	counts  counts
	rows    []map[string]string
	crm     *emulator.Emulator
	books   emulator.Books
	took    time.Duration
}

// Ids as the CRM makes them.
const (
	someCampaign = 3652397000000400001
	someProduct  = 3652397000000500001
	someLead     = 3652397000000900001
)

// The statuses that a link must end in.
const (
	gone    = "removed" // or "gone", where an attempt went unanswered
	absent  = "absent"  // likewise
	failed  = "failed"
	unknown = "unknown"
	again   = "duplicate"
	pending = "" // no row
)

// wholeJob is an input with all that can be wrong in one: links that are not there, records that do
// not exist, ids that are refused, rows that repeat others, a parent record that is missing.
func wholeJob() []fate {
	var rows []fate
	add := func(module string, parent uint64, list string, n int, linked bool, status string) {
		for range n {
			rows = append(rows, fate{module, parent, list, someLead + uint64(len(rows)), linked, status})
		}
	}
	add("Campaigns", someCampaign, "Leads", 6, true, gone)
	add("Campaigns", someCampaign, "Leads", 2, false, absent)
	rows = append(rows, fate{"Campaigns", someCampaign, "Leads", lockedID, true, failed})
	// no such record
	rows = append(rows, fate{"Campaigns", someCampaign, "Leads", 4, false, absent})
	rows = append(rows, fate{"Campaigns", someCampaign, "Leads", someLead, false, again})
	rows = append(rows, fate{"Campaigns", someCampaign, "Leads", lockedID, false, again})
	add("Campaigns", someCampaign+1, "Leads", 7, true, gone)
	add("Campaigns", missingParent, "Leads", 7, false, failed)
	add("Campaigns", someCampaign+3, "Leads", 3, false, absent)
	rows = append(rows, fate{"Campaigns", someCampaign + 4, "Leads", lockedID, true, failed})
	add("Products", someProduct, "Price_Books", 3, true, gone)
	add("Products", someProduct, "Price_Books", 1, false, absent)
	return rows
}

const (
	missingParent = someCampaign + 2
	lockedID      = 3652397000000999999
)

func wholeJobKnobs() []string {
	return []string{
		fmt.Sprintf("missing=%d", uint64(missingParent)),
		fmt.Sprintf("id-errors=%d:RECORD_LOCKED", uint64(lockedID)),
	}
}

// manyParents is an input that takes n calls.
func manyParents(n int) []fate {
	var rows []fate
	for i := range n {
		for j := range 2 {
			rows = append(rows, fate{"Campaigns", someCampaign + uint64(i), "Leads", someLead + uint64(2*i+j), true, gone})
		}
	}
	return rows
}

// run runs the program in a bubble of its own, and checks what must hold for any run.
func (tr trial) run(t *testing.T, check func(*aftermath)) {
	t.Helper()
	if name := tr.name; name != "" {
		tr.name = ""
		t.Run(name, func(t *testing.T) { tr.run(t, check) })
		return
	}
	folder := t.TempDir()
	t.Setenv("HOME", folder)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(folder, "cache"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(folder, "config"))
	input := filepath.Join(folder, "links.csv")
	if err := os.WriteFile(input, []byte(csvOf(tr.links)), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		config := emulator.Default()
		if err := config.SetAll(tr.knobs...); err != nil {
			t.Fatal(err)
		}
		o := &aftermath{T: t, trial: tr, crm: emulator.New(config)}
		for _, f := range tr.links {
			if f.parent != missingParent {
				o.crm.Parent(f.module, f.parent)
			}
			if f.linked {
				o.crm.Link(f.module, f.parent, f.list, f.related)
			}
		}
		serveInMemory(t, o.crm)
		env := loginTo(config)
		maps.Copy(env, tr.env)
		var stdout, stderr bytes.Buffer
		start := time.Now()
		getenv := func(name string) string { return env[name] }
		p := &program{ui: newUI(&stderr, getenv), stdin: strings.NewReader(""), stdout: &stdout, getenv: getenv, disk: hasty}
		o.code = p.run(t.Context(), append([]string{"run", input, "--yes", "--json"}, tr.args...))
		o.took = time.Since(start)
		o.stderr, o.books = stderr.String(), o.crm.Books()
		if stdout.Len() > 0 {
			if err := json.Unmarshal(stdout.Bytes(), &o.summary); err != nil {
				t.Errorf("standard output is no summary: %v\n%s", err, stdout.String())
			}
			if err := json.Unmarshal(stdout.Bytes(), &o.counts); err != nil {
				t.Error(err)
			}
			o.rows = readRows(t, filepath.Join(folder, "links.results.csv"))
		}
		o.mustHold()
		check(o)
		if t.Failed() {
			t.Logf("knobs %v\nargs %v\nexit %d after %v\n%s\nbooks %+v", tr.knobs, tr.args, o.code, o.took, o.stderr, o.books)
			for _, r := range o.rows {
				t.Logf("%s %s.%s %s %s: %s %s %s (%s attempts)", r["line"], r["module"], r["relation"], r["parent_id"], r["related_id"], r["status"], r["code"], r["message"], r["attempts"])
			}
		}
	})
}

// loginTo is the environment that leads to an emulator of this configuration.
func loginTo(config emulator.Config) map[string]string {
	return map[string]string{
		"ZOHO_ACCOUNTS_URL": "http://localhost", "ZOHO_API_DOMAIN": "http://localhost",
		"ZOHO_CLIENT_ID": config.ClientID, "ZOHO_CLIENT_SECRET": config.ClientSecret, "ZOHO_REFRESH_TOKEN": config.RefreshToken,
	}
}

// mustHold holds a run against the books: no row is untrue, the counts add up, the exit code is the
// one that was promised.
func (o *aftermath) mustHold() {
	o.Helper()
	if len(o.books.Violations) > 0 {
		o.Errorf("breaches of the protocol: %v", o.books.Violations)
	}
	for _, secret := range []string{o.crm.Config().ClientSecret, o.crm.Config().RefreshToken, "1000.0000"} {
		if strings.Contains(o.stderr, secret) {
			o.Errorf("a secret is shown: %s", o.stderr)
		}
	}
	s := o.summary
	if s.State == "" {
		if o.code != 2 || len(o.rows) > 0 || o.books.Calls["delink"] > 0 {
			o.Errorf("exit code %d without a summary", o.code)
		}
		return
	}
	if wrong := o.counts.wrong(len(o.trial.links), statuses(o.rows)); wrong != "" {
		o.Error(wrong)
	}
	seen := map[string]bool{}
	for _, r := range o.rows {
		if seen[r["line"]] {
			o.Errorf("line %s is there twice", r["line"])
		}
		seen[r["line"]] = true
		o.truth(r)
	}
	if want := o.counts.exit(); o.code != want || s.ExitCode != o.code {
		o.Errorf("exit code %d, in the summary %d, want %d for %s", o.code, s.ExitCode, want, s.Reason)
	}
	if s.Reason == "credits" && s.Pending == 0 {
		o.Error("stopped for want of credits with no link pending")
	}
}

// truth holds a row of the results against its row of the input, and against the books.
func (o *aftermath) truth(r map[string]string) {
	o.Helper()
	line, err := strconv.Atoi(r["line"])
	if err != nil || line < 2 || line > len(o.trial.links)+1 {
		o.Fatalf("line %q", r["line"])
	}
	f := o.trial.links[line-2]
	if got := fmt.Sprintf("%s %s %s %s", r["module"], r["parent_id"], r["relation"], r["related_id"]); got != fmt.Sprintf("%s %d %s %d", f.module, f.parent, f.list, f.related) {
		o.Errorf("line %d is not %s", line, got)
	}
	untrue := lie(r, o.crm.State(f.module, f.parent, f.list, f.related), f.parent == missingParent)
	switch {
	case untrue != "":
	case (r["status"] == again) != (f.status == again):
		untrue = "whether it repeats another line is known from the input"
	case r["status"] == "gone" && r["attempts"] == "1":
		untrue = "its only attempt was answered"
	}
	if untrue != "" {
		o.Errorf("line %d is %s, but %s: %s %s", line, r["status"], untrue, r["code"], r["message"])
	}
}

// fates checks that every link has come to its expected end.
func (o *aftermath) fates() {
	o.Helper()
	got := map[string]map[string]string{}
	for _, r := range o.rows {
		got[r["line"]] = r
	}
	mute := o.trial.mute
	for i, f := range o.trial.links {
		r := got[strconv.Itoa(i+2)]
		status := r["status"]
		switch {
		case (f.status == gone || f.status == absent) && status == "gone":
			continue // truth has seen that an attempt went unanswered
		case f.status == failed && status == "unknown" && o.trial.vague:
			continue
		case status == "unknown" && mute > 0:
			mute--
			continue
		}
		if status != f.status {
			o.Errorf("line %d is %q, want %s: %s %s", i+2, status, f.status, r["code"], r["message"])
		}
	}
}

// calls is how many delink calls came for a list of a parent.
func (o *aftermath) calls(module string, parent uint64, list string) int {
	for l := range o.crm.Lists() {
		if l.Module == module && l.Parent == parent && l.List == list {
			return l.Calls
		}
	}
	return 0
}

// refused checks that the login was refused, in these words.
func (o *aftermath) refused(text, hint string) {
	o.Helper()
	if o.code != 4 || o.summary.Reason != "refused" || o.summary.Failed+o.summary.Unknown > 0 {
		o.Errorf("%s, exit code %d", o.summary.Reason, o.code)
	}
	o.says(text)
	o.says(hint)
}

func (o *aftermath) says(text string) {
	o.Helper()
	if !strings.Contains(o.stderr, text) {
		o.Errorf("it does not say %q", text)
	}
}

func csvOf(rows []fate) string {
	var b strings.Builder
	b.WriteString("module,parent_id,relation,related_id\n")
	for _, f := range rows {
		fmt.Fprintf(&b, "%s,%d,%s,%d\n", f.module, f.parent, f.list, f.related)
	}
	return b.String()
}

func readRows(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, fields := range all[1:] {
		r := map[string]string{}
		for i, name := range all[0] {
			r[name] = fields[i]
		}
		rows = append(rows, r)
	}
	return rows
}
