package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/text/encoding/htmlindex"

	"delink/pkg/zoho/emulator"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"delink": main, "delink-panics": mainThatPanics})
}

// TestScript runs the scripts in testdata/script: each holds the program to one promise, against an
// emulator that is reached over HTTP. What they can say beside testscript's own words is in the
// table below.
func TestScript(t *testing.T) {
	samples, err := filepath.Abs(filepath.Join("..", "..", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join(samples, "script"),
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, ".home")
			env.Setenv("HOME", home)
			env.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
			env.Setenv("SAMPLES", samples)
			env.Setenv("GORACE", "atexit_sleep_ms=10") // the race detector waits a second at each program's end otherwise
			env.Values[crmKey{}] = &crm{}
			return os.MkdirAll(home, 0o700)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"elsewhere":  cmdElsewhere,  // elsewhere [knob=value ...]: another CRM to log in to, from here to the script's end
			"unrecorded": cmdUnrecorded, // unrecorded INPUT RESULTS FILE: writes the links that were removed, and RESULTS does not say so
			"fate":       cmdFate,       // fate RESULTS STATUS FILE: each link of the file has this status in RESULTS
			"clean":      cmdClean,      // clean: no run has left a journal
			"emulator":   cmdEmulator,   // emulator [knob=value ...]: a CRM to log in to, from here to the script's end
			"knobs":      cmdKnobs,      // knobs knob=value ...: it behaves otherwise from now on
			"links":      cmdLinks,      // links FILE ...: the links of these inputs exist in the CRM
			"record":     cmdRecord,     // record MODULE ID FIELD VALUE: a record exists, with that field
			"members":    cmdMembers,    // members LINKS PARENTS: links of campaigns to leads exist, each with a member status
			"remember":   cmdRemember,   // remember: all links that are there now, and their own fields
			"same":       cmdSame,       // same: the links of remember are there again, with their own fields, and no others
			"campaign":   cmdCampaign,   // campaign FILE LINKS [PARENTS]: makes an input
			"hold":       cmdHold,       // hold N [done|late] [once] [lists]: the Nth delink call and later ones (or it alone) wait for release, before or behind their work; late: though the client has left; lists: of the calls that list links
			"release":    cmdRelease,    // release: they wait no longer, and have done their work
			"arrived":    cmdArrived,    // arrived N: waits until the Nth delink call has arrived
			"signal":     cmdSignal,     // signal INT|TERM|HUP|QUIT|KILL: to the program that was started last with &
			"ended":      cmdEnded,      // ended N|killed: how that program ended; to be asked after wait
			"exit":       cmdExit,       // exit N COMMAND ...: runs it, and wants this exit code
			"encoded":    cmdEncoded,    // encoded NAME FILE ...: writes these files again in another encoding than UTF-8
			"unlink":     cmdUnlink,     // unlink FILE ...: somebody else removes the links of these inputs
			"field":      cmdField,      // field FILE NAME VALUE: each link of the file has this field of its own in the CRM; an empty value for none
			"powerless":  cmdPowerless,  // powerless N COMMAND ...: like exit, but the modes of files hold for root, too
			"recommends": cmdRecommends, // recommends COMMAND: the ending shows this command, and no other
			"follow":     cmdFollow,     // follow N: runs that command, and wants this exit code
			"books":      cmdBooks,      // books KEY OP VALUE: what the CRM was asked and did
			"sent":       cmdSent,       // sent FILE OP N: how many calls named each link of a file
			"json":       cmdJSON,       // json FILE KEY OP VALUE: a field of a JSON file, or of stdout
			"fifo":       cmdFIFO,       // fifo NAME: makes a named pipe
			"reading":    cmdReading,    // reading NAME: waits until somebody reads the named pipe, and gives them nothing
			"unread":     cmdUnread,     // unread NAME: makes a named pipe that is full and that nobody reads
			"monitor":    cmdMonitor,    // monitor FILE PATH [STATUS]: DELINK_PING_URL leads to a monitor, which writes its calls to a file
			"mode":       cmdMode,       // mode PERM FILE ...
			"truth":      cmdTruth,      // truth RESULTS: what the result file says is so in the CRM
			"sumcloses":  cmdSumCloses,  // sumcloses INPUT [RESULTS FAILURES SUMMARY]: every row is accounted for, once
		},
	})
}

func cmdEmulator(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) >= 0, "emulator [knob=value ...]")
	config := emulator.Default()
	ts.Check(config.SetAll(args...))
	c := crmOf(ts)
	if c.Emulator != nil {
		ts.Fatalf("an emulator is running: change it with knobs")
	}
	c.Emulator = emulator.New(config)
	c.gated = c.Emulator
	c.open, c.more = make(chan struct{}), make(chan struct{})
	server := httptest.NewUnstartedServer(c)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // broken connections are what it is for
	server.Start()
	ts.Defer(func() {
		c.letGo() // Close waits for all calls
		server.CloseClientConnections()
		server.Close()
	})
	c.login(ts, server.URL, config)
}

// login has the environment lead to a CRM.
func (c *crm) login(ts *testscript.TestScript, url string, config emulator.Config) {
	ts.Setenv("ZOHO_ACCOUNTS_URL", url)
	ts.Setenv("ZOHO_API_DOMAIN", url)
	ts.Setenv("ZOHO_CLIENT_ID", config.ClientID)
	ts.Setenv("ZOHO_CLIENT_SECRET", config.ClientSecret)
	ts.Setenv("ZOHO_REFRESH_TOKEN", config.RefreshToken)
}

func cmdKnobs(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) > 0, "knobs knob=value ...")
	var err error
	running(ts).Update(func(c *emulator.Config) { err = c.SetAll(args...) })
	ts.Check(err)
}

func cmdLinks(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) > 0, "links FILE ...")
	for _, name := range args {
		n, err := running(ts).Load(strings.NewReader(ts.ReadFile(name)))
		ts.Check(err)
		ts.Logf("%d links of %s exist", n, name)
	}
}

func cmdUnlink(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) > 0, "unlink FILE ...")
	for _, name := range args {
		for _, r := range readRecords(ts, name).rows {
			module, parent, list, related := linkOf(ts, r)
			running(ts).Unlink(module, parent, list, related)
		}
	}
}

func cmdEncoded(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) > 1, "encoded NAME FILE ...")
	e, err := htmlindex.Get(args[0])
	ts.Check(err)
	for _, name := range args[1:] {
		b, err := e.NewEncoder().Bytes([]byte(ts.ReadFile(name)))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(name), b, 0o600))
	}
}

func cmdField(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 3, "field FILE NAME VALUE")
	for _, r := range readRecords(ts, args[0]).rows {
		value := running(ts).FieldsOf(linkOf(ts, r))[args[1]]
		if lookup, is := value.(map[string]any); is {
			value = lookup["name"]
		}
		if value == nil {
			value = ""
		}
		if got := fmt.Sprint(value); got != args[2] {
			ts.Fatalf("%s:%d: the link's %s is %q, not %q", args[0], r.line, args[1], got, args[2])
		}
	}
}

func cmdRecord(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 4, "record MODULE ID FIELD VALUE")
	id, err := strconv.ParseUint(args[1], 10, 64)
	ts.Check(err)
	running(ts).SetRecord(args[0], id, map[string]any{args[2]: args[3]})
}

func cmdMembers(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 2, "members LINKS PARENTS")
	links, parents := number(ts, args[0]), number(ts, args[1])
	statuses := []string{"Planned", "Sent", "Responded", "=odd, \"quoted\""}
	for i := range links {
		parent, related := uint64(3652397000000400001+i%parents), uint64(3652397000000900001+i)
		running(ts).Link("Campaigns", parent, "Leads", related)
		running(ts).SetFields("Campaigns", parent, "Leads", related, map[string]any{"Member_Status": statuses[i%len(statuses)]})
	}
}

func cmdRemember(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 0, "remember")
	crmOf(ts).remembered = crmOf(ts).everything()
}

func cmdSame(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 0, "same")
	before, now := crmOf(ts).remembered, crmOf(ts).everything()
	for link, fields := range before {
		if again, is := now[link]; !is || again != fields {
			ts.Fatalf("%s had the fields %s, and has %q now", link, fields, again)
		}
	}
	if len(now) != len(before) {
		ts.Fatalf("there were %d links, and are %d", len(before), len(now))
	}
}

// everything gives the own fields of all links that are there.
func (c *crm) everything() map[string]string {
	all := map[string]string{}
	for s := range c.States() {
		if s.Linked {
			all[fmt.Sprint(s.Module, s.Parent, s.List, s.Related)] = fmt.Sprint(c.FieldsOf(s.Module, s.Parent, s.List, s.Related))
		}
	}
	return all
}

func cmdCampaign(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 2 || len(args) == 3, "campaign FILE LINKS [PARENTS]")
	n := number(ts, args[1])
	parents := 1
	if len(args) == 3 {
		parents = number(ts, args[2])
	}
	var b strings.Builder
	b.WriteString("module,parent_id,relation,related_id,name\n")
	for i := range n {
		fmt.Fprintf(&b, "Campaigns,%d,Leads,%d,\"Lead, no. %d\"\n", 3652397000000400001+i*parents/n, 3652397000000900001+i, i+1)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600))
}

func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 1, "signal INT|TERM|HUP|QUIT|KILL")
	s, ok := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "QUIT": syscall.SIGQUIT, "KILL": os.Kill}[args[0]]
	if !ok {
		ts.Fatalf("no signal %s", args[0])
	}
	ts.Check(background(ts).Process.Signal(s))
}

// background is the program that was started last with &.
func background(ts *testscript.TestScript) *exec.Cmd {
	c := crmOf(ts)
	if all := ts.BackgroundCmds(); len(all) > 0 {
		c.last = all[len(all)-1]
	}
	if c.last == nil {
		ts.Fatalf("nothing was started with &")
	}
	return c.last
}

func cmdEnded(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 1, "ended N|killed")
	state := background(ts).ProcessState
	if state == nil {
		ts.Fatalf("it is still running: wait first")
	}
	want := -1
	if args[0] != "killed" {
		want = number(ts, args[0])
	}
	if state.ExitCode() != want {
		ts.Fatalf("it ended with %v, not with %s", state, args[0])
	}
	checkNamed(ts)
}

func cmdExit(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) >= 2, "exit N COMMAND [ARG ...]")
	want := number(ts, args[0])
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if code != want {
		ts.Fatalf("exit code %d, not %d", code, want)
	}
	checkNamed(ts)
}

func cmdBooks(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 3, "books KEY OP VALUE")
	b, err := json.Marshal(running(ts).Books())
	ts.Check(err)
	compareField(ts, "books", b, args[0], args[1], args[2], true)
}

func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 4, "json FILE KEY OP VALUE")
	compareField(ts, args[0], []byte(ts.ReadFile(args[0])), args[1], args[2], args[3], false)
}

// compareField compares a field of a JSON object, a.b for b inside a, with a value: a number, a
// string, true, null. A list counts its elements. Where zero is true a field that is not there is
// 0.
func compareField(ts *testscript.TestScript, name string, object []byte, key, op, value string, zero bool) {
	var field any
	d := json.NewDecoder(strings.NewReader(string(object)))
	d.UseNumber()
	if err := d.Decode(&field); err != nil {
		ts.Fatalf("%s is not JSON: %v", name, err)
	}
	if d.More() {
		ts.Fatalf("%s has more than one JSON value", name)
	}
	for _, part := range strings.Split(key, ".") {
		inner, _ := field.(map[string]any)
		v, ok := inner[part]
		if !ok && !zero {
			ts.Fatalf("%s has no %s:\n%s", name, key, object)
		}
		field = v
	}
	shown := fmt.Sprint(field)
	switch f := field.(type) {
	case nil:
		shown = "null"
		if zero {
			shown = "0"
		}
	case []any:
		shown = strconv.Itoa(len(f))
	}
	if !compare(ts, shown, op, value) {
		ts.Fatalf("%s: %s is %v, not %s %s", name, key, field, op, value)
	}
}

func compare(ts *testscript.TestScript, a, op, b string) bool {
	switch op {
	case "=":
		return a == b
	case "!=":
		return a != b
	}
	x, err := strconv.ParseFloat(a, 64)
	ts.Check(err)
	y, err := strconv.ParseFloat(b, 64)
	ts.Check(err)
	switch op {
	case "<":
		return x < y
	case "<=":
		return x <= y
	case ">":
		return x > y
	case ">=":
		return x >= y
	}
	ts.Fatalf("no comparison %q", op)
	return false
}

func cmdSent(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 3, "sent FILE OP N")
	c := running(ts)
	for _, r := range readRecords(ts, args[0]).rows {
		n := c.state(ts, r).Sent
		if !compare(ts, strconv.Itoa(n), args[1], args[2]) {
			ts.Fatalf("%s:%d: %d calls named this link, not %s %s", args[0], r.line, n, args[1], args[2])
		}
	}
}

func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) >= 2, "mode PERM FILE ...")
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if info.Mode().Perm() != os.FileMode(want) {
			ts.Fatalf("%s has mode %v", name, info.Mode())
		}
	}
}

func plainCommand(ts *testscript.TestScript, neg, ok bool, usage string) {
	if neg {
		ts.Fatalf("%s cannot be negated", strings.Fields(usage)[0])
	}
	if !ok {
		ts.Fatalf("usage: %s", usage)
	}
}

func number(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}
