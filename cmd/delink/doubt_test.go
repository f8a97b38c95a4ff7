package main

import (
	"bytes"
	"encoding/csv"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"delink/pkg/zoho/emulator"
)

// cmdUnrecorded writes the links of an input that the CRM has removed and of which a result file
// says nothing. A killed run leaves such links.
func cmdUnrecorded(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 3, "unrecorded INPUT RESULTS FILE")
	c, recorded := running(ts), map[string]bool{}
	for _, r := range readRecords(ts, args[1]).rows {
		if r.value["status"] == "removed" {
			recorded[r.link()] = true
		}
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	n := 0
	ts.Check(w.Write([]string{"module", "parent_id", "relation", "related_id"}))
	for _, r := range readRecords(ts, args[0]).rows {
		if !c.state(ts, r).Removed.IsZero() && !recorded[r.link()] {
			ts.Check(w.Write([]string{r.value["module"], r.value["parent_id"], r.value["relation"], r.value["related_id"]}))
			n++
		}
	}
	w.Flush()
	if n == 0 {
		ts.Fatalf("%s tells of all links that were removed", args[1])
	}
	ts.Logf("%d links were removed, and %s does not say so", n, args[1])
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), b.Bytes(), 0o600))
}

// cmdFate wants each link of a file to have a status in a result file.
func cmdFate(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 3, "fate RESULTS STATUS FILE")
	status := map[string]string{}
	for _, r := range readRecords(ts, args[0]).rows {
		status[r.link()] = r.value["status"]
	}
	for _, r := range readRecords(ts, args[2]).rows {
		if got := status[r.link()]; got != args[1] {
			ts.Fatalf("%s:%d: in %s this link is %q, not %s", args[2], r.line, args[0], got, args[1])
		}
	}
}

// cmdClean wants that no run has left a journal: beside no file of the script, and noted nowhere.
func cmdClean(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 0, "clean")
	ts.Check(filepath.WalkDir(ts.MkAbs("."), func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
			return err
		case strings.HasSuffix(path, ".delink-journal"), filepath.Base(filepath.Dir(path)) == "journals":
			ts.Fatalf("%s is left", path)
		}
		return nil
	}))
}

// cmdElsewhere starts another CRM. The environment leads to it from here on, and it is the one
// whose books are looked at.
func cmdElsewhere(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, true, "elsewhere [knob=value ...]")
	c := running(ts)
	config := emulator.Default()
	ts.Check(config.SetAll(args...))
	c.Emulator = emulator.New(config)
	server := httptest.NewUnstartedServer(c.Emulator)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	ts.Defer(server.Close)
	c.login(ts, server.URL, config)
}
