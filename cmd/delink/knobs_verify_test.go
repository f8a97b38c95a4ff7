package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho/emulator"
)

// A checking is a job that is run in a CRM that behaves, and verified in one that does not. Each row
// of the verification is held against the books.
type checking struct {
	name   string
	before []string                 // knobs while the job is run
	change func(*emulator.Emulator) // what somebody does in the CRM since; may be nil
	knobs  []string                 // while it is verified
	args   []string                 // of verify
	signal time.Duration            // when verify gets one; 0 for never
	again  bool                     // verify is run a second time after that
	code   int                      // the exit code; -1 for 0, 1 or 3
	known  int                      // how many links must have a finding; -1 for any number
}

// jobToCheck has links of three campaigns and a product: 30 that are removed, 3 that fail, 2 that
// are absent.
func jobToCheck() (rows []fate, knobs []string) {
	for i := range 30 {
		rows = append(rows, fate{"Campaigns", someCampaign + uint64(i%3), "Leads", someLead + uint64(i), true, gone})
	}
	for i := range 3 {
		rows = append(rows, fate{"Campaigns", someCampaign + uint64(i), "Leads", lockedID, true, failed})
	}
	for i := range 2 {
		rows = append(rows, fate{"Products", someProduct, "Price_Books", someLead + uint64(i), false, absent})
	}
	return rows, []string{fmt.Sprintf("id-errors=%d:RECORD_LOCKED", uint64(lockedID))}
}

// emptied is the same without the links that fail: when it has run, the lists are empty.
func emptied() []fate {
	rows, _ := jobToCheck()
	return slices.DeleteFunc(rows, func(f fate) bool { return f.status == failed })
}

func (c checking) run(t *testing.T, links []fate, check func(t *testing.T, rows []map[string]string, stderr string)) {
	t.Helper()
	t.Run(c.name, func(t *testing.T) {
		folder := t.TempDir()
		t.Setenv("HOME", folder)
		t.Setenv("XDG_CACHE_HOME", filepath.Join(folder, "cache"))
		t.Setenv("XDG_CONFIG_HOME", filepath.Join(folder, "config"))
		input := filepath.Join(folder, "links.csv")
		if err := os.WriteFile(input, []byte(csvOf(links)), 0o600); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			config := emulator.Default()
			if err := config.SetAll(c.before...); err != nil {
				t.Fatal(err)
			}
			crm := emulator.New(config)
			for _, f := range links {
				crm.Parent(f.module, f.parent)
				if f.linked {
					crm.Link(f.module, f.parent, f.list, f.related)
				}
			}
			serveInMemory(t, crm)
			env := loginTo(config)
			delink := func(signal time.Duration, args ...string) (int, string) {
				var stdout, stderr bytes.Buffer
				getenv := func(name string) string { return env[name] }
				p := &program{ui: newUI(&stderr, getenv), stdin: strings.NewReader(""), stdout: &stdout, getenv: getenv, disk: hasty}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				p.signals = newSignals(ctx)
				if signal > 0 {
					timer := time.AfterFunc(signal, func() { p.signals.receive(syscall.SIGTERM) })
					defer timer.Stop()
				}
				return p.run(ctx, args), stderr.String()
			}
			if code, said := delink(0, "run", input, "--yes"); code != 0 && code != 3 {
				t.Fatalf("the run ended with %d\n%s", code, said)
			}
			var err error
			crm.Update(func(config *emulator.Config) { err = config.SetAll(c.knobs...) })
			if err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(crm)
			}
			delinks := crm.Books().Calls["delink"]
			code, said := delink(c.signal, append([]string{"verify", input}, c.args...)...)
			if c.again {
				if code != 5 {
					t.Errorf("exit code %d after a signal", code)
				}
				code, said = delink(0, append([]string{"verify", input}, c.args...)...)
			}
			defer func() {
				if t.Failed() {
					t.Logf("knobs %v, exit %d\n%s", c.knobs, code, said)
				}
			}()
			if c.code >= 0 && code != c.code || c.code < 0 && code != 0 && code != 1 && code != 3 {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if b := crm.Books(); b.Calls["delink"] != delinks || b.Calls["link"] > 0 || len(b.Violations) > 0 {
				t.Errorf("calls %v, breaches of the protocol %v", b.Calls, b.Violations)
			}
			path := filepath.Join(folder, "links.verify.csv")
			if _, err := os.Stat(path); err != nil && code == 4 {
				return
			}
			rows := readRows(t, path)
			mustBeTrueOf(t, crm, links, rows, code)
			known := 0
			for _, r := range rows {
				if r["linked"] != "unknown" {
					known++
				}
			}
			if c.known >= 0 && known != c.known {
				t.Errorf("it is known of %d links whether they are linked, want %d", known, c.known)
			}
			if check != nil {
				check(t, rows, said)
			}
		})
	})
}

// mustBeTrueOf holds the rows of a verification against the books.
func mustBeTrueOf(t *testing.T, crm *emulator.Emulator, links []fate, rows []map[string]string, code int) {
	t.Helper()
	wrong := code == 3
	last := 0
	for _, r := range rows {
		line, _ := strconv.Atoi(r["line"])
		if line <= last || line > len(links)+1 {
			t.Fatalf("line %s behind line %d", r["line"], last)
		}
		last = line
		f := links[line-2]
		is := "no"
		if crm.Linked(f.module, f.parent, f.list, f.related) {
			is = "yes"
		}
		agrees := ""
		switch claims := outcome.Status(r["status"]).Claims(); {
		case r["linked"] == "unknown" || claims == outcome.NotKnown:
		case string(claims) == is:
			agrees = "yes"
		default:
			agrees = "no"
		}
		if r["linked"] != "unknown" && r["linked"] != is || r["agrees"] != agrees || r["related_id"] != fmt.Sprint(f.related) {
			t.Errorf("it is %s that the link is there: %v", is, r)
		}
		if r["agrees"] == "no" || r["linked"] == "unknown" {
			wrong = false
			if code == 0 {
				t.Errorf("exit code 0 with %v", r)
			}
		}
	}
	if wrong {
		t.Error("exit code 3, and nothing disagrees or is unknown")
	}
}

func putBack(which ...int) func(*emulator.Emulator) {
	return func(e *emulator.Emulator) {
		for _, i := range which {
			e.Link("Campaigns", someCampaign+uint64(i%3), "Leads", someLead+uint64(i))
		}
	}
}

// Whatever reads answer, a verification never agrees wrongly, and never disagrees wrongly.
func TestKnobsOfVerify(t *testing.T) {
	prime()
	some, knobs := jobToCheck()
	all := []int{}
	for i := range 30 {
		all = append(all, i)
	}
	changes := map[string]func(*emulator.Emulator){
		"as it was": nil, "one is back": putBack(4), "all are back": putBack(all...),
	}
	for what, change := range changes {
		for answer := range product(values("read-answer")) {
			for name, links := range map[string][]fate{"some": some, "emptied": emptied()} {
				known := -1
				if answer[0] == "read-answer=whole" {
					known = len(links)
				}
				code := -1
				switch {
				case answer[0] == "read-answer=whole" && change == nil:
					code = 0
				case change != nil && !strings.HasPrefix(answer[0], "read-answer=whole"):
				case change != nil:
					code = 3
				}
				checking{name: fmt.Sprint(what, " ", answer, " ", name), before: knobs, change: change, knobs: answer, code: code, known: known}.run(t, links, nil)
				if len(links) == len(some) {
					continue
				}
				checking{name: fmt.Sprint(what, " ", answer, " ", name, " of links=all"), before: append(knobs, "links=all"), change: change, knobs: answer, code: -1, known: -1}.run(t, links, nil)
			}
		}
	}
}

// What else reads can meet.
func TestKnobsOfVerifyOtherwise(t *testing.T) {
	prime()
	some, knobs := jobToCheck()
	ids := fmt.Sprintf("%d,%d", someLead, someLead+1)
	for _, c := range []checking{
		{knobs: []string{"read-lag=4s"}, code: 0, known: 35},
		{knobs: []string{"read-lag=4s"}, change: putBack(3, 4), code: 3, known: 35},
		{knobs: []string{"converted=" + ids, "unapproved=" + ids}, code: 0, known: 35},
		{knobs: []string{"converted=" + ids, "unapproved=" + ids}, change: putBack(0, 1), code: 3, known: 35},
		{knobs: []string{"approved-param=refuse"}, change: putBack(0), code: 3, known: 0},
		{knobs: []string{"hidden-lists=Campaigns.Leads"}, change: putBack(0), code: 3, known: 2},
		{knobs: []string{"list-errors=Campaigns.Leads:NO_PERMISSION"}, change: putBack(0), code: 3, known: 2},
		{knobs: []string{"scopes=ZohoCRM.modules.products.READ,ZohoCRM.org.READ"}, code: 3, known: 2},
		{knobs: []string{"scopes=ZohoCRM.org.READ"}, code: 4},
		{knobs: []string{"tokens-refused=true"}, code: 4},
		{knobs: []string{fmt.Sprintf("missing=%d", uint64(someCampaign))}, code: 3, known: 24},
		{knobs: []string{fmt.Sprintf("missing=%d", uint64(someCampaign)), "missing-parent=404"}, code: 3, known: 24},
		{knobs: []string{fmt.Sprintf("parent-errors=%d:NO_PERMISSION", uint64(someCampaign)), "permission-details=empty"}, code: 3, known: 24},
		{knobs: []string{"faults-on=read,count", "faults=500:20%,drop:10%,torn:10%,html:5%,empty:5%,foreign:5%,reset:5%"}, code: -1, known: -1},
		{knobs: []string{"faults-on=read,count", "faults=500:20%,drop:10%,torn:10%,html:5%,empty:5%,foreign:5%,reset:5%"}, change: putBack(1, 2, 3, 4), code: -1, known: -1},
		{knobs: []string{"faults-on=read", "fault-script=*:empty"}, code: 3, known: 0},
		{knobs: []string{"faults-on=read", "fault-script=*:foreign"}, code: 3, known: 0},
		{knobs: []string{"faults-on=read", "fault-script=*:torn", "torn-status=200"}, change: putBack(1), code: 3, known: 0},
		{change: func(e *emulator.Emulator) { e.Unlink("Campaigns", someCampaign, "Leads", lockedID) }, code: 3, known: 35},
		{knobs: []string{"faults-on=count", "fault-script=*:500"}, code: -1, known: -1},
		{knobs: []string{"faults-on=count", "fault-script=*:empty", "read-answer=nothing"}, change: putBack(1), code: 3, known: -1},
		{knobs: []string{"in-flight=1", "retry-after=seconds"}, args: []string{"--concurrency", "25"}, code: 0, known: 35},
		{knobs: []string{"token-calls=2"}, code: 0, known: 35},
		{knobs: []string{"id-form=number", "decor=both", "code-form=number", "details-form=array", "wording=varied"}, change: putBack(9), code: 3, known: 35},
		{knobs: []string{"latency=1s"}, args: []string{"--concurrency", "1"}, change: putBack(9), signal: 2500 * time.Millisecond, again: true, code: 3, known: 35},
		{knobs: []string{"latency=1s"}, args: []string{"--concurrency", "1", "--sample", "20"}, signal: 2500 * time.Millisecond, again: true, code: 0, known: 20},
		{knobs: []string{"latency=1s"}, args: []string{"--concurrency", "1", "--rate", "0.5"}, code: 0, known: 35},
	} {
		c.name, c.before = fmt.Sprint(c.knobs, c.args, c.change != nil), knobs
		c.run(t, some, nil)
		if c.code == 4 || c.again || len(c.args) > 0 {
			continue
		}
		c.name, c.known, c.code = "emptied "+c.name, -1, -1
		c.run(t, emptied(), nil)
	}
}

// A converted lead as parent record is not counted, so that its empty list proves nothing.
func TestKnobsOfVerifyConvertedParents(t *testing.T) {
	prime()
	var links []fate
	for i := range 4 {
		links = append(links, fate{"Leads", someLead + uint64(i%2), "Campaigns", someCampaign + uint64(i), true, gone})
	}
	one := fmt.Sprintf("converted=%d", uint64(someLead))
	checking{name: "one of two", knobs: []string{one}, code: 3, known: 2}.run(t, links, func(t *testing.T, _ []map[string]string, stderr string) {
		if !strings.Contains(stderr, "2 × UNPROVEN: ") || !strings.Contains(stderr, "hint: look at one of the parent records") {
			t.Error("it does not say why")
		}
	})
	checking{name: "another one shows something", knobs: []string{one}, code: 0, known: 4, change: func(e *emulator.Emulator) {
		e.Link("Leads", someLead+1, "Campaigns", someCampaign+99)
	}}.run(t, links, nil)
	checking{name: "linked again", knobs: []string{one}, code: 3, known: 4, change: func(e *emulator.Emulator) {
		e.Link("Leads", someLead, "Campaigns", someCampaign)
	}}.run(t, links, nil)
}
