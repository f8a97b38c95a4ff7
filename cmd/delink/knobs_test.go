package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/disk"
	"delink/pkg/report"
	"delink/pkg/zoho/emulator"
	"delink/pkg/zoho/emulator/wire"
)

// Nobody can look inside Zoho, so each of the emulator's knobs is a guess that may be right. These tests run the whole
// program, with the real client and over HTTP, against combinations of them, and hold every row of the results against
// the emulator's books. The connections are pipes and time is synctest's, so that waiting costs nothing.

// A trial is one run of the program.
type trial struct {
	knobs []string          // of the emulator
	args  []string          // behind delink run links.csv --yes
	env   map[string]string // beside the login that the emulator accepts
	links []fate            // the input, row by row
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
	gone   = "removed" // or "gone", where an attempt went unanswered
	absent = "absent"
	failed = "failed"
	again  = "duplicate"
)

// wholeJob is an input with all that can be wrong in one: links that are not there, records that do not exist, ids that
// are refused, rows that repeat others, a parent record that is missing.
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
	rows = append(rows, fate{"Campaigns", someCampaign, "Leads", 4, false, absent}) // no such record
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

// run runs the program in a bubble of its own, and checks what must hold for any run.
func (tr trial) run(t *testing.T, check func(*aftermath)) {
	t.Helper()
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
		env := map[string]string{
			"ZOHO_ACCOUNTS_URL": "http://localhost", "ZOHO_API_DOMAIN": "http://localhost",
			"ZOHO_CLIENT_ID": config.ClientID, "ZOHO_CLIENT_SECRET": config.ClientSecret, "ZOHO_REFRESH_TOKEN": config.RefreshToken,
		}
		for name, value := range tr.env {
			env[name] = value
		}
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

// mustHold holds a run against the books: no row tells a lie, the counts add up, the exit code is the contract's.
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
	if sum := s.Removed + s.Gone + s.Absent + s.Failed + s.Unknown + s.Invalid + s.Duplicate + s.Pending; s.Rows != sum || s.Rows != len(o.trial.links) {
		o.Errorf("%d rows, %d of the input, but the counts add up to %d", s.Rows, len(o.trial.links), sum)
	}
	count := map[string]int{}
	seen := map[string]bool{}
	for _, r := range o.rows {
		count[r["status"]]++
		if seen[r["line"]] {
			o.Errorf("line %s is there twice", r["line"])
		}
		seen[r["line"]] = true
		o.truth(r)
	}
	for status, n := range map[string]int{"removed": s.Removed, "gone": s.Gone, "absent": s.Absent, "failed": s.Failed, "unknown": s.Unknown, "duplicate": s.Duplicate} {
		if count[status] != n {
			o.Errorf("%d rows are %s, and the summary says %d", count[status], status, n)
		}
	}
	want := map[string]int{"interrupted": 5, "deadline": 5, "max_calls": 5, "credits": 5, "refused": 4, "failures": 5, "error": 1}[string(s.Reason)]
	if s.Reason == "completed" && s.Failed+s.Unknown+s.Invalid > 0 {
		want = 3
	}
	if o.code != want || s.ExitCode != o.code {
		o.Errorf("exit code %d, in the summary %d, want %d for %s", o.code, s.ExitCode, want, s.Reason)
	}
	if s.Reason == "completed" && s.Pending > 0 || s.Reason == "credits" && s.Pending == 0 {
		o.Errorf("%s with %d links pending", s.Reason, s.Pending)
	}
}

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
	now := o.crm.State(f.module, f.parent, f.list, f.related)
	lie := ""
	switch status := r["status"]; {
	case status == "removed" && (now.Linked || now.Removed.IsZero()):
		lie = "it was not removed"
	case status == "absent" && now.Linked:
		lie = "the link is there"
	case status == "gone" && now.Linked:
		lie = "the link is there"
	case status == "absent" && !now.Removed.IsZero():
		lie = "a call has removed it"
	case status == "failed" && !now.Linked && f.parent != missingParent && r["code"] != "RECORD_DELETED":
		lie = "the link is not there"
	case status == "duplicate" && (f.status != again || now.Sent > 0 && !strings.HasPrefix(r["message"], "the same link as line ")):
		lie = "it repeats no other"
	case r["message"] == "" && status != "removed" && status != "absent" && status != "gone":
		lie = "nothing is said"
	}
	if lie != "" {
		o.Errorf("line %d is %s, but %s: %s %s", line, r["status"], lie, r["code"], r["message"])
	}
}

// fates checks that every link has come to its expected end.
func (o *aftermath) fates() {
	o.Helper()
	got := map[string]map[string]string{}
	for _, r := range o.rows {
		got[r["line"]] = r
	}
	for i, f := range o.trial.links {
		r := got[strconv.Itoa(i+2)]
		status := r["status"]
		if f.status == gone && status == "gone" {
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

// hasty is a disk that syncs nothing: no power is lost here, and a thousand runs would wait for it.
var hasty = disk.OS{Calls: unsynced{}}

type unsynced struct{ disk.System }

func (u unsynced) Append(name string) (disk.Handle, error) { return noSync(u.System.Append(name)) }

func (u unsynced) Temp(near, what string) (disk.Handle, error) {
	return noSync(u.System.Temp(near, what))
}

func (u unsynced) Lock(name string, guard bool) (disk.Handle, error) {
	return noSync(u.System.Lock(name, guard))
}

func (u unsynced) Same(f disk.Handle, name string) (bool, error) {
	return u.System.Same(f.(unsyncedFile).Handle, name)
}

func (unsynced) SyncFolder(string) error { return nil }

type unsyncedFile struct{ disk.Handle }

func (unsyncedFile) Sync() error { return nil }

func noSync(f disk.Handle, err error) (disk.Handle, error) { return unsyncedFile{f}, err }

// serveInMemory has the program's connections lead to h, whatever their address, until the test ends.
func serveInMemory(t *testing.T, h http.Handler) {
	crm := wire.Serve(t, h)
	standard := http.DefaultTransport
	http.DefaultTransport = &http.Transport{DialContext: crm.Dial}
	t.Cleanup(func() {
		http.DefaultTransport = standard
	})
}

// A choice is a knob and the values it is tried with.
type choice struct {
	knob   string
	values []string
}

// values are all that a knob can be set to.
func values(knob string) choice {
	for _, k := range emulator.Knobs() {
		switch {
		case k.Name == knob && k.Values != nil:
			return choice{knob, k.Values}
		case k.Name == knob && k.Default == "false":
			return choice{knob, []string{"false", "true"}}
		}
	}
	return choice{knob, []string{"no such knob"}} // which the emulator refuses to set, so that its test fails
}

// product gives every combination.
func product(choices ...choice) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		at := make([]int, len(choices))
		for {
			settings := make([]string, len(choices))
			for i, c := range choices {
				settings[i] = c.knob + "=" + c.values[at[i]]
			}
			if !yield(settings) {
				return
			}
			i := len(at) - 1
			for ; i >= 0; i-- {
				if at[i]++; at[i] < len(choices[i].values) {
					break
				}
				at[i] = 0
			}
			if i < 0 {
				return
			}
		}
	}
}

// drawn gives one combination, the same ones in each run of the tests.
func drawn(rng *rand.Rand, choices ...choice) []string {
	var settings []string
	for _, c := range choices {
		settings = append(settings, c.knob+"="+c.values[rng.IntN(len(c.values))])
	}
	return settings
}

// prime starts what package signal keeps running, outside of all bubbles.
var prime = sync.OnceFunc(func() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)
	signal.Stop(c)
})

// each runs a trial for each combination.
func each(t *testing.T, combinations iter.Seq[[]string], more []choice, try func(t *testing.T, settings []string)) {
	prime()
	rng := rand.New(rand.NewPCG(1, 2))
	for settings := range combinations {
		settings = append(slices.Clone(settings), drawn(rng, more...)...)
		t.Run(strings.Join(settings, " "), func(t *testing.T) { try(t, settings) })
	}
}

// Whatever the form of the answers to delink calls, every link comes to the same end.
func TestKnobsOfAnswers(t *testing.T) {
	interacting := product(
		values("no-details"), values("details-form"), values("code-form"), choice{"missing-items", []string{"0", "0.3"}},
	)
	others := []choice{
		values("strict"), values("all-bad"), values("mixed"), values("order"),
		{"extra-items", []string{"0", "0.5"}},
		values("absent-code"), values("id-form"), values("wording"), values("decor"), values("missing-parent"),
		{"seed", []string{"1", "2", "3", "4", "5"}},
	}
	each(t, interacting, others, func(t *testing.T, settings []string) {
		has := func(s string) bool { return slices.Contains(settings, s) }
		if has("missing-items=0.3") && (!has("no-details=never") || has("details-form=empty-array")) {
			// An answer that leaves an id out, answers one that nobody asked for, and says of neither which it is, looks
			// like a good one. Nothing could tell.
			settings = append(settings, "extra-items=0")
		}
		trial{
			knobs: append(wholeJobKnobs(), settings...),
			args:  []string{"--batch-size", "5", "--concurrency", "3", "--max-attempts", "3"},
			links: wholeJob(),
		}.run(t, func(o *aftermath) {
			o.fates()
			// A parent that the CRM names as missing costs no second call.
			named := has("missing-parent=404") || !has("details-form=empty-array")
			if n := o.calls("Campaigns", missingParent, "Leads"); named && n > 2 { // the input has two batches of it, perhaps in flight together
				o.Errorf("%d calls for a parent record that does not exist", n)
			}
			// Where nothing has to be said twice, nothing is.
			simple := has("no-details=never") && has("missing-items=0") && has("strict=false") && has("code-form=string") && !has("details-form=empty-array")
			if n := o.books.Calls["delink"]; simple && n > 10 {
				o.Errorf("%d calls", n)
			}
		})
	})
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

// However a 429 looks, no link is lost by it: too many calls in flight slow the run down, and where the credits are gone it
// stops and leaves the rest pending.
func TestKnobsOfThrottling(t *testing.T) {
	interacting := product(values("throttle-body"), values("credits-answer"), values("retry-after"))
	others := []choice{values("credits-header"), values("throttle-code"), values("rate-headers"), values("code-form"), values("decor"), values("details-form")}
	each(t, interacting, others, func(t *testing.T, settings []string) {
		has := func(s string) bool { return slices.Contains(settings, s) }
		said := has("credits-answer=header") || has("credits-answer=text") && (has("throttle-body=envelope") || has("throttle-body=number"))
		if has("credits-answer=text") { // how credits are told makes no difference while there are some
			trial{
				knobs: append([]string{"in-flight=2", "latency=100ms"}, settings...),
				args:  []string{"--concurrency", "6"},
				links: manyParents(12),
			}.run(t, func(o *aftermath) {
				o.fates()
				if o.books.Throttled == 0 || o.summary.Throttled != o.books.Throttled || o.books.NoCredits > 0 {
					o.Errorf("%d calls throttled, %d in the summary", o.books.Throttled, o.summary.Throttled)
				}
				if o.summary.Absent > 0 {
					o.Error("a call that was refused as one too many was taken for one without an answer")
				}
				asked := has("retry-after=seconds") || has("retry-after=date")
				if o.took > time.Minute || asked && o.took < 4*time.Second { // a date has no milliseconds
					o.Errorf("took %v", o.took)
				}
			})
		}
		trial{
			knobs: append([]string{"credits=8"}, settings...),
			args:  []string{"--concurrency", "3"},
			links: manyParents(12),
		}.run(t, func(o *aftermath) {
			if o.code != 5 || o.summary.Reason != "credits" || o.summary.Failed+o.summary.Unknown > 0 {
				o.Errorf("%s, exit code %d", o.summary.Reason, o.code)
			}
			if o.summary.Removed != 12 { // two of eight credits went to questions
				o.Errorf("%d links removed", o.summary.Removed)
			}
			most := 3
			if !said {
				most += 5
			}
			if o.books.NoCredits > most || o.took > 5*time.Minute {
				o.Errorf("%d calls in vain, %v", o.books.NoCredits, o.took)
			}
			if left := o.summary.CreditsRemaining; has("credits-header=always") && (left == nil || *left != 0) {
				o.Errorf("credits remaining: %v", left)
			}
		})
	})
}

// Tokens die in the middle of a run, in every form that the refusal can have, and no link is lost.
func TestKnobsOfTokens(t *testing.T) {
	renewed := product(values("code-form"), values("expires-in-ms"), choice{"token-calls", []string{"0", "4"}})
	others := []choice{values("token-code"), values("decor"), values("details-form"), values("wording"), values("id-form")}
	each(t, renewed, others, func(t *testing.T, settings []string) {
		dies := slices.Contains(settings, "token-calls=4")
		trial{
			// Two minutes of life less the margin: a token is renewed before it ends, if it is known when that is.
			knobs: append([]string{"token-life=2m", "latency=10s"}, settings...),
			args:  []string{"--concurrency", "2"},
			links: manyParents(30),
		}.run(t, func(o *aftermath) {
			o.fates()
			if o.summary.Removed != 60 {
				o.Errorf("%d links removed", o.summary.Removed)
			}
			if n := o.books.Codes[value(settings, "token-code")]; dies != (n > 0) {
				o.Errorf("%d calls with a token that was dead", n)
			}
			if most := map[bool]int{false: 4, true: 12}[dies]; o.books.Tokens > most || o.books.Denied > 0 {
				o.Errorf("%d tokens", o.books.Tokens)
			}
		})
	})
}

// value is what a knob was set to.
func value(settings []string, knob string) string {
	for _, s := range settings {
		if v, ok := strings.CutPrefix(s, knob+"="); ok {
			return v
		}
	}
	return ""
}

// A login that is refused ends the run before the first call, exit 4, and the token endpoint is asked once.
func TestKnobsOfRefusedLogins(t *testing.T) {
	each(t, product(values("token-errors"), values("denied-status")), []choice{values("decor")}, func(t *testing.T, settings []string) {
		for _, c := range []struct{ variable, text, hint string }{
			{"ZOHO_REFRESH_TOKEN", "the refresh token is not accepted", "--dc"},
			{"ZOHO_CLIENT_ID", "the client id is not accepted", "ZOHO_CLIENT_ID"},
			{"ZOHO_CLIENT_SECRET", "the client secret is not accepted", "ZOHO_CLIENT_SECRET"},
		} {
			trial{knobs: settings, env: map[string]string{c.variable: "1000.wrong"}, links: manyParents(3)}.run(t, func(o *aftermath) {
				o.refused(c.text, c.hint)
				if strings.Contains(o.stderr, "1000.wrong") {
					o.Error("it shows what was wrong")
				}
				if n := o.books.Calls["token"]; n != 1 {
					o.Errorf("the token endpoint was asked %d times", n)
				}
			})
		}
		// A token for each call is too many of them: ten in ten minutes, and then a lock-out that asking prolongs.
		trial{knobs: append([]string{"token-calls=1"}, settings...), args: []string{"--concurrency", "1"}, links: manyParents(12)}.run(t, func(o *aftermath) {
			o.refused("too many access tokens", "wait ten minutes")
			if o.books.Tokens != 10 || o.books.Denied != 1 {
				o.Errorf("%d tokens, and %d times asked in vain", o.books.Tokens, o.books.Denied)
			}
			if o.summary.Removed != 16 || o.summary.Pending != 8 {
				o.Errorf("%d removed", o.summary.Removed)
			}
		})
		// Of all that wait for a token, one is told, and tells the others.
		trial{knobs: append([]string{"token-calls=4", "latency=10ms"}, settings...), args: []string{"--concurrency", "8"}, links: manyParents(60)}.run(t, func(o *aftermath) {
			o.refused("too many access tokens", "wait ten minutes")
			if o.books.Tokens != 10 || o.books.Denied != 1 {
				o.Errorf("%d tokens, and %d times asked in vain", o.books.Tokens, o.books.Denied)
			}
		})
	})
	each(t, product(values("token-code"), values("code-form")), nil, func(t *testing.T, settings []string) {
		trial{knobs: append([]string{"tokens-refused=true"}, settings...), links: manyParents(12)}.run(t, func(o *aftermath) {
			o.refused("the access token is not accepted", "--dc")
			if o.books.Tokens > 2 || o.books.Calls["delink"] > 0 {
				o.Errorf("%d tokens", o.books.Tokens)
			}
		})
	})
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

// Scopes that are missing: what cannot be asked for is left out, and what cannot be done is said.
func TestKnobsOfScopes(t *testing.T) {
	const all, org, lists = "ZohoCRM.modules.ALL", "ZohoCRM.org.READ", "ZohoCRM.settings.related_lists.READ"
	each(t, product(values("scope-status"), values("code-form")), []choice{values("details-form"), values("wording"), values("decor")}, func(t *testing.T, settings []string) {
		named := slices.Contains(settings, "code-form=string")
		vague := !named && slices.Contains(settings, "scope-status=401") // it looks like a token that is refused
		with := func(scopes ...string) trial {
			return trial{
				knobs: append([]string{"scopes=" + strings.Join(scopes, ",")}, settings...),
				args:  []string{"--concurrency", "1"},
				links: manyParents(4),
			}
		}
		with(all, org).run(t, func(o *aftermath) {
			o.fates()
			if named {
				o.says(lists)
			}
		})
		with(all, lists).run(t, func(o *aftermath) {
			o.fates()
			if named {
				o.says(org)
			}
		})
		with(org, lists).run(t, func(o *aftermath) {
			if o.code != 4 || o.books.Removed > 0 || o.books.Calls["delink"] > 2 {
				o.Errorf("exit code %d after %d calls", o.code, o.books.Calls["delink"])
			}
			if named {
				o.says(all)
			}
		})
		with("ZohoCRM.modules.campaigns.DELETE", org, lists).run(t, func(o *aftermath) { o.fates() })

		// Links that went unanswered cannot be looked up without the scope to read.
		blind := with("ZohoCRM.modules.campaigns.DELETE", org, lists)
		blind.knobs = append(blind.knobs, "missing-items=1")
		blind.args = append(blind.args, "--max-attempts", "2")
		blind.run(t, func(o *aftermath) {
			if vague {
				return
			}
			if o.code != 3 || o.summary.Unknown != 8 || o.books.Calls["read"] != 1 {
				o.Errorf("exit code %d, %d unknown, %d reads", o.code, o.summary.Unknown, o.books.Calls["read"])
			}
			if named {
				o.says("cannot be looked up")
			}
		})

		// One of two lists.
		half := with("ZohoCRM.modules.products.ALL", org, lists)
		half.links = append(manyParents(3), fate{"Products", someProduct, "Leads", someLead, true, gone})
		for i := range half.links[:6] {
			half.links[i].status = failed
		}
		half.run(t, func(o *aftermath) {
			if vague {
				if o.code != 4 || o.books.Tokens > 3 {
					o.Errorf("exit code %d after %d tokens", o.code, o.books.Tokens)
				}
				return
			}
			o.fates()
			if n := o.books.Calls["delink"]; o.code != 3 || n != 2 {
				o.Errorf("exit code %d after %d calls", o.code, n)
			}
		})

		// Both modules of a list.
		both := with("ZohoCRM.modules.campaigns.DELETE", "ZohoCRM.modules.leads.DELETE", org, lists)
		both.knobs = append(both.knobs, "scope-both=true")
		both.run(t, func(o *aftermath) { o.fates() })
		one := with("ZohoCRM.modules.campaigns.DELETE", org, lists)
		one.knobs = append(one.knobs, "scope-both=true")
		one.run(t, func(o *aftermath) {
			if o.code != 4 || o.books.Calls["delink"] > 2 {
				o.Errorf("exit code %d after %d calls", o.code, o.books.Calls["delink"])
			}
		})
	})
}

// The plan names the org, and as many calls are in flight as its edition allows.
func TestKnobsOfTheOrg(t *testing.T) {
	slots := map[string]int{"free": 5, "standard": 10, "professional": 15, "enterprise": 20, "zohoone": 20, "ultimate": 25, "crmplus": 25}
	each(t, product(values("edition"), values("org-type")), []choice{values("id-form"), values("decor")}, func(t *testing.T, settings []string) {
		trial{knobs: append([]string{"latency=100ms"}, settings...), links: manyParents(60)}.run(t, func(o *aftermath) {
			o.fates()
			if o.books.Throttled > 0 || o.books.Peak != slots[value(settings, "edition")] {
				o.Errorf("%d calls in flight, %d refused", o.books.Peak, o.books.Throttled)
			}
			kind := value(settings, "org-type")
			if kind == "production" {
				kind = "PRODUCTION"
			}
			o.says("Emulated Inc. (" + kind)
		})
	})
}

// Lists that cannot be delinked, or had better not be.
func TestKnobsOfLists(t *testing.T) {
	const noLists = "scopes=ZohoCRM.modules.ALL,ZohoCRM.org.READ"
	one := []string{"--concurrency", "1"}
	each(t, product(values("code-form"), values("details-form")), []choice{values("wording"), values("decor"), values("missing-parent")}, func(t *testing.T, settings []string) {
		knobs := func(more ...string) []string { return slices.Concat(settings, more) }
		// Without a name or a place, a refusal is known only for what it is when every half has been refused.
		named := !slices.Contains(settings, "details-form=empty-array")

		// Where the org says so, nothing is sent at all.
		for knob, why := range map[string]string{"hidden-lists": "is hidden in this org", "kept-lists": "cannot be delinked in this org"} {
			trial{knobs: knobs(knob + "=Campaigns.Leads"), links: manyParents(3)}.run(t, func(o *aftermath) {
				if o.code != 2 {
					o.Errorf("exit code %d", o.code)
				}
				o.says("nothing was sent")
				o.says(why)
			})
		}

		// Where it does not say so, a hidden list costs one call, and the others go on.
		links := append(manyParents(6), fate{"Products", someProduct, "Price_Books", someLead, true, gone})
		for i := range links[:12] {
			links[i].status = failed
		}
		trial{knobs: knobs("hidden-lists=Campaigns.Leads", noLists), args: one, links: links}.run(t, func(o *aftermath) {
			o.fates()
			if n := o.books.Calls["delink"]; named && n != 2 {
				o.Errorf("%d calls", n)
			}
		})

		// A parent record that does not exist costs one call, however many links it has.
		links = manyParents(2)
		for i := range 12 {
			links = append(links, fate{"Campaigns", missingParent, "Leads", someLead + uint64(i), false, failed})
		}
		trial{knobs: append(wholeJobKnobs(), settings...), args: append(one, "--batch-size", "4"), links: links}.run(t, func(o *aftermath) {
			o.fates()
			if n := o.calls("Campaigns", missingParent, "Leads"); n != 1 && (named || slices.Contains(settings, "missing-parent=404")) {
				o.Errorf("%d calls", n)
			}
		})

		// A list that holds records and nobody knew of: the run stops at the first record that is deleted.
		trial{knobs: knobs("delete-lists=Campaigns.Leads", noLists), args: one, links: manyParents(6)}.run(t, func(o *aftermath) {
			if o.code != 1 || o.books.Deleted != 2 || o.summary.Pending != 10 || o.summary.Removed > 0 {
				o.Errorf("exit code %d, %d records deleted", o.code, o.books.Deleted)
			}
			o.says("deleted the record")
		})
	})

	// One-to-many lists are let through only if somebody vouches for them. What they do is not known.
	links := []fate{
		{"Accounts", someCampaign, "Contacts", someLead, true, failed}, {"Accounts", someCampaign + 1, "Contacts", someLead + 1, true, failed},
	}
	each(t, product(values("lookup-lists")), nil, func(t *testing.T, settings []string) {
		trial{knobs: settings, links: links}.run(t, func(o *aftermath) {
			if o.code != 2 {
				o.Errorf("exit code %d", o.code)
			}
			o.says("--allow-relation Accounts.Contacts")
		})
		trial{knobs: settings, links: links, args: append(one, "--allow-relation", "Accounts.Contacts")}.run(t, func(o *aftermath) {
			calls := o.books.Calls["delink"]
			switch what := value(settings, "lookup-lists"); {
			case what == "refused" && (o.code != 3 || o.summary.Failed != 2 || calls != 1),
				what == "removed" && (o.code != 0 || o.summary.Removed != 2 || calls != 2),
				what == "deleted" && (o.code != 1 || o.summary.Failed != 1 || o.summary.Pending != 1 || o.books.Deleted != 1):
				o.Errorf("exit code %d after %d calls", o.code, calls)
			}
		})
	})
}

// What is refused fails, whatever the code, and costs no more calls than its place in the path makes necessary.
func TestKnobsOfRefusals(t *testing.T) {
	const noLists = "scopes=ZohoCRM.modules.ALL,ZohoCRM.org.READ"
	args := []string{"--concurrency", "1", "--batch-size", "2"}
	links := append(manyParents(3), fate{"Products", someProduct, "Price_Books", someLead, true, gone})
	refused := slices.Clone(links)
	for i := range refused[:6] {
		refused[i].status = failed
	}
	list := choice{"list-errors", nil}
	for _, code := range []string{"INVALID_DATA", "NOT_SUPPORTED", "INVALID_MODULE", "NO_PERMISSION", "OAUTH_SCOPE_MISMATCH", "AUTHORIZATION_FAILED", "FEATURE_NOT_SUPPORTED"} {
		list.values = append(list.values, "Campaigns.Leads:"+code)
	}
	more := []choice{values("scope-status"), values("wording"), values("decor"), {"details-form", []string{"object", "array"}}}
	each(t, product(list), more, func(t *testing.T, settings []string) {
		trial{knobs: append(settings, noLists), args: args, links: refused}.run(t, func(o *aftermath) {
			o.fates()
			if n := o.books.Calls["delink"]; n != 2 {
				o.Errorf("%d calls", n)
			}
			o.says("Campaigns.Leads is refused")
			o.says("hint: ")
		})
	})

	module := choice{"module-errors", []string{"Campaigns:INVALID_MODULE", "Campaigns:NOT_SUPPORTED", "Campaigns:NO_PERMISSION"}}
	each(t, product(module), more, func(t *testing.T, settings []string) {
		trial{knobs: append(settings, noLists), args: args, links: refused}.run(t, func(o *aftermath) {
			o.fates()
			if n := o.books.Calls["delink"]; n != 2 {
				o.Errorf("%d calls", n)
			}
		})
		if value(settings, "module-errors") == "Campaigns:INVALID_MODULE" {
			trial{knobs: settings, args: args, links: refused}.run(t, func(o *aftermath) {
				if o.code != 2 {
					o.Errorf("exit code %d", o.code)
				}
				o.says("the org does not accept the module Campaigns")
			})
		}
	})

	// A parent record that is refused, with more links than go into a call.
	large := []fate{{"Campaigns", someCampaign + 1, "Leads", someLead, true, gone}}
	for i := range uint64(7) {
		large = append(large, fate{"Campaigns", someCampaign, "Leads", someLead + i, true, failed})
	}
	codes := []string{"RECORD_LOCKED", "NO_PERMISSION", "NOT_APPROVED", "DUPLICATE_DATA", "SOMETHING_NEW"}
	each(t, product(choice{"error-code", codes}), more, func(t *testing.T, settings []string) {
		code := value(settings, "error-code")
		trial{knobs: append(settings, fmt.Sprintf("parent-errors=%d:%s", uint64(someCampaign), code)), args: args, links: large}.run(t, func(o *aftermath) {
			o.fates()
			if n := o.calls("Campaigns", someCampaign, "Leads"); n != 1 {
				o.Errorf("%d calls for a parent record that is refused", n)
			}
			o.says(code)
		})
		// Its related records, one by one.
		trial{knobs: append(settings, "error-share=1"), args: args, links: large[1:]}.run(t, func(o *aftermath) {
			o.fates()
			if n := o.books.Calls["delink"]; n != 4 {
				o.Errorf("%d calls", n)
			}
			o.says(code)
		})
	})
}

// Ids of another module, and contact roles, whose answers have words of their own.
func TestKnobsOfRecords(t *testing.T) {
	links := wholeJob()
	for i := range uint64(6) {
		links = append(links, fate{"Deals", someProduct, "Contact_Roles", someLead + i, i < 4, map[bool]string{true: gone, false: absent}[i < 4]})
	}
	stranger := fmt.Sprintf("other-module=%d", links[6].related)
	each(t, product(values("other-module-answer"), values("absent-code"), values("strict")),
		[]choice{values("wording"), values("encoded-commas"), values("duplicates"), values("order"), values("all-bad"), values("mixed"), values("id-form")},
		func(t *testing.T, settings []string) {
			trial{knobs: slices.Concat(wholeJobKnobs(), settings, []string{stranger}), args: []string{"--batch-size", "5"}, links: links}.run(t, (*aftermath).fates)
		})
}

// All versions of the API take the same call. One that the CRM does not support stops the run, as does an address at which
// there is nothing.
func TestKnobsOfVersions(t *testing.T) {
	each(t, product(choice{"refused-versions", []string{"", "v2,v3,v4,v5,v6,v7"}}), nil, func(t *testing.T, settings []string) {
		for _, version := range []string{"v2", "v3", "v4", "v5", "v6", "v7", "v8"} {
			trial{knobs: settings, args: []string{"--api-version", version, "--concurrency", "1"}, links: manyParents(3)}.run(t, func(o *aftermath) {
				if strings.Contains(value(settings, "refused-versions"), version) {
					if o.code != 1 || o.summary.Pending != 6 || o.books.Calls["delink"] > 1 {
						o.Errorf("%s: exit code %d", version, o.code)
					}
					o.says("does not support")
					return
				}
				o.fates()
			})
		}
	})
	each(t, product(values("code-form"), values("details-form")), nil, func(t *testing.T, settings []string) {
		trial{knobs: settings, env: map[string]string{"ZOHO_API_DOMAIN": "http://localhost/nowhere"}, links: manyParents(3)}.run(t, func(o *aftermath) {
			o.says("ZOHO_API_DOMAIN")
			if slices.Contains(settings, "code-form=string") && (o.code != 1 || o.summary.Pending != 6) || o.summary.Calls > 3 {
				o.Errorf("exit code %d after %d calls", o.code, o.summary.Calls)
			}
		})
	})
	for _, status := range []string{"405", "413", "415"} {
		prime()
		t.Run(status, func(t *testing.T) {
			trial{knobs: []string{"fault-script=*:" + status}, args: []string{"--concurrency", "1"}, links: manyParents(3)}.run(t, func(o *aftermath) {
				if o.code != 1 || o.summary.Pending != 6 || o.books.Calls["delink"] != 1 {
					o.Errorf("exit code %d after %d calls", o.code, o.books.Calls["delink"])
				}
				o.says("hint: ")
			})
		})
	}
}

// What goes unanswered is looked up, in whatever form the reads come, and records that reads hide by default are seen.
func TestKnobsOfLookUps(t *testing.T) {
	lookedUp := product(values("work"), values("id-form"), values("scope-both"))
	each(t, lookedUp, []choice{values("decor"), values("wording"), values("code-form"), values("details-form")}, func(t *testing.T, settings []string) {
		lost, left := manyParents(3), manyParents(3)
		for i := range left {
			left[i].status = failed
		}
		knobs := append([]string{
			fmt.Sprintf("converted=%d,%d", left[0].related, left[2].related),
			fmt.Sprintf("unapproved=%d,%d", left[1].related, left[2].related),
		}, settings...)
		args := []string{"--timeout", "1s", "--max-attempts", "2"}
		trial{knobs: append(knobs, "fault-script=1-6:hang-after"), args: args, links: lost}.run(t, func(o *aftermath) {
			o.fates()
			if o.summary.Absent != 6 || o.books.Calls["read"] != 3 {
				o.Errorf("%d absent, %d looked up", o.summary.Absent, o.books.Calls["read"])
			}
		})
		trial{knobs: append(knobs, "fault-script=*:hang-before"), args: args, links: left}.run(t, func(o *aftermath) {
			o.fates()
			o.says("still there")
		})
	})
}
