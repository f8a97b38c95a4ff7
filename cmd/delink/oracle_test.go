package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"delink/pkg/zoho/emulator"
)

// patience is how long a script waits for what must come.
const patience = 30 * time.Second

// record is a row of a CSV file, with its own text.
type record struct {
	line   int
	raw    string // without its line end
	fields []string
	value  map[string]string // by column
}

func (r record) link() string {
	return strings.Join([]string{r.value["module"], r.value["parent_id"], r.value["relation"], r.value["related_id"]}, "/")
}

// records is a CSV file. It is read without any of the program's own code, which it is to judge.
type records struct {
	header record
	rows   []record
}

func readRecords(ts *testscript.TestScript, name string) records {
	text := strings.TrimPrefix(ts.ReadFile(name), "\ufeff")
	in := csv.NewReader(strings.NewReader(text))
	in.FieldsPerRecord = -1
	var all []record
	for {
		from := in.InputOffset()
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			ts.Fatalf("%s: %v", name, err)
		}
		line, _ := in.FieldPos(0)
		raw := strings.Trim(text[from:in.InputOffset()], "\r\n")
		all = append(all, record{line: line, raw: raw, fields: fields, value: map[string]string{}})
	}
	if len(all) == 0 {
		ts.Fatalf("%s is empty", name)
	}
	for _, r := range all[1:] {
		for i, column := range all[0].fields {
			if i < len(r.fields) {
				r.value[column] = strings.TrimPrefix(r.fields[i], "zcrm_")
			}
		}
	}
	return records{all[0], all[1:]}
}

// own is a record's text without the columns that delink has added to an input.
func (r record) own(header record) string {
	n := len(header.fields)
	if n < 3 || header.fields[n-3] != "delink_status" || len(r.fields) != n {
		return r.raw
	}
	quoted, commas := false, 0
	for i, c := range r.raw {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			if commas++; commas == n-3 {
				return r.raw[:i]
			}
		}
	}
	return r.raw
}

// state is what the emulator's books know of a row's link.
func (c *crm) state(ts *testscript.TestScript, r record) emulator.State {
	return c.State(linkOf(ts, r))
}

// linkOf gives the link of a row as the emulator takes it.
func linkOf(ts *testscript.TestScript, r record) (module string, parent uint64, list string, related uint64) {
	parent, err := strconv.ParseUint(r.value["parent_id"], 10, 64)
	ts.Check(err)
	related, err = strconv.ParseUint(r.value["related_id"], 10, 64)
	ts.Check(err)
	return r.value["module"], parent, r.value["relation"], related
}

var (
	sameLink = regexp.MustCompile(`^the same link as line (\d+)$`)
	stamp    = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
)

const resultColumns = "line,module,parent_id,relation,related_id,status,code,message,http_status,attempts,time,org"

// lie says what is untrue in a row of results, by what the emulator's books know of its link; empty
// if nothing is. noParent says that the parent record does not exist, so that its links can fail
// although they are not there.
func lie(row map[string]string, s emulator.State, noParent bool) string {
	status := row["status"]
	switch status {
	case "removed", "gone", "absent":
		if s.Linked {
			return "the link is there"
		}
	case "restored", "present":
		if !s.Linked {
			return "the link is not there"
		}
		return ""
	}
	switch {
	case !stamp.MatchString(row["time"]):
		return "its time is " + row["time"]
	case row["org"] == "":
		return "it does not say of which CRM"
	case row["message"] == "" && status != "removed" && status != "absent" && status != "gone":
		return "nothing is said"
	}
	switch status {
	case "removed":
		if s.Removed.IsZero() {
			return "it was never removed"
		}
	case "gone", "unknown":
		if s.Sent == 0 {
			return "it was never sent"
		}
	case "absent":
		if !s.Removed.IsZero() {
			return "a call has removed it"
		}
	case "failed":
		if !s.Linked && !noParent && row["code"] != "RECORD_DELETED" {
			return "the link is not there"
		}
	case "duplicate":
		if !sameLink.MatchString(row["message"]) {
			return "it does not say of which line"
		}
	case "invalid":
	default:
		return "that is not a status"
	}
	return ""
}

// cmdTruth holds a result file against the emulator's books.
func cmdTruth(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 1, "truth RESULTS")
	c, results := running(ts), readRecords(ts, args[0])
	if results.header.raw != resultColumns {
		ts.Fatalf("%s has the columns %s", args[0], results.header.raw)
	}
	byLine := map[string]record{}
	for _, r := range results.rows {
		byLine[r.value["line"]] = r
	}
	lies := 0
	for _, r := range results.rows {
		var s emulator.State
		if r.value["status"] != "invalid" {
			s = c.state(ts, r)
		}
		untrue := lie(r.value, s, false)
		if m := sameLink.FindStringSubmatch(r.value["message"]); m != nil && r.value["status"] == "duplicate" {
			if first, ok := byLine[m[1]]; ok && first.link() != r.link() {
				untrue = "line " + m[1] + " is another link"
			}
		}
		if untrue != "" {
			lies++
			ts.Logf("%s:%d: line %s is %s, but %s", args[0], r.line, r.value["line"], r.value["status"], untrue)
		}
	}
	if lies > 0 {
		ts.Fatalf("%d rows of %s are not true", lies, args[0])
	}
}

// counts are the fields of a summary that must add up.
type counts struct {
	Rows, Links, Removed, Gone, Absent, Failed, Unknown, Invalid, Duplicate, Pending int

	State, Reason string
	Failures      *string
}

// statuses counts the rows of results by status.
func statuses(rows []map[string]string) map[string]int {
	n := map[string]int{}
	for _, r := range rows {
		n[r["status"]]++
	}
	return n
}

// wrong says what does not add up in a summary of an input with so many rows and of results with so
// many rows of each status; empty if all does.
func (c *counts) wrong(rows int, results map[string]int) string {
	links := c.Removed + c.Gone + c.Absent + c.Failed + c.Unknown + c.Pending
	if sum := links + c.Invalid + c.Duplicate; c.Rows != sum || c.Rows != rows {
		return fmt.Sprintf("%d rows, but the counts add up to %d and the input has %d rows", c.Rows, sum, rows)
	}
	if c.Links != links {
		return fmt.Sprintf("%d links, but the counts add up to %d", c.Links, links)
	}
	for status, n := range map[string]int{
		"removed": c.Removed, "gone": c.Gone, "absent": c.Absent, "failed": c.Failed, "unknown": c.Unknown, "invalid": c.Invalid, "duplicate": c.Duplicate,
	} {
		if results[status] != n {
			return fmt.Sprintf("the summary says that %d are %s, the results have %d rows of them", n, status, results[status])
		}
	}
	if (c.State == "finished") != (c.Pending == 0 && (c.Reason == "completed" || c.Reason == "failures")) {
		return fmt.Sprintf("%s for the reason %s with %d links pending", c.State, c.Reason, c.Pending)
	}
	return ""
}

// exit is the exit code that is promised for a summary, without --fail-absent and a second signal.
func (c *counts) exit() int {
	if c.State == "finished" {
		if c.Failed+c.Unknown+c.Invalid > 0 {
			return 3
		}
		return 0
	}
	return map[string]int{"interrupted": 5, "deadline": 5, "max_calls": 5, "credits": 5, "failures": 5, "refused": 4, "error": 1}[c.Reason]
}

// cmdSumCloses holds the three files of a run against its input.
func cmdSumCloses(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 1 || len(args) == 4, "sumcloses INPUT [RESULTS FAILURES SUMMARY]")
	if len(args) == 1 {
		stem := strings.TrimSuffix(args[0], filepath.Ext(args[0]))
		args = append(args, stem+".results.csv", failuresNamed(stem), stem+".summary.json")
	}
	input, results := readRecords(ts, args[0]), readRecords(ts, args[1])
	var s counts
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[3])), &s))
	var rows []map[string]string
	for _, r := range results.rows {
		rows = append(rows, r.value)
	}
	if wrong := s.wrong(len(input.rows), statuses(rows)); wrong != "" {
		ts.Fatalf("%s: %s", args[3], wrong)
	}
	checkLines(ts, args[0], input, args[1], results)
	checkFailures(ts, args[2], wantFailures(ts, input, results, args[2]), input, args[3], s.Failures)
}

// failuresNamed is the failures file of an input without its ending.
func failuresNamed(stem string) string {
	first, number, found := strings.Cut(stem, ".failures.")
	switch {
	case found:
		n, _ := strconv.Atoi(number)
		return fmt.Sprintf("%s.failures.%d.csv", first, n+1)
	case strings.HasSuffix(stem, ".failures"):
		return stem + ".2.csv"
	}
	return stem + ".failures.csv"
}

// checkLines makes sure that each row of the results is about a row of the input, and each row of
// the input has at most one.
func checkLines(ts *testscript.TestScript, inputName string, input records, name string, results records) {
	inputLine, seen := map[string]record{}, map[string]bool{}
	for _, r := range input.rows {
		inputLine[strconv.Itoa(r.line)] = r
	}
	for _, r := range results.rows {
		line := r.value["line"]
		row, ok := inputLine[line]
		switch {
		case !ok:
			ts.Fatalf("%s:%d: %s has no row on line %s", name, r.line, inputName, line)
		case seen[line]:
			ts.Fatalf("%s:%d: line %s is there twice", name, r.line, line)
		case r.value["status"] != "invalid" && row.value["related_id"] != r.value["related_id"],
			r.value["status"] != "invalid" && row.value["module"] != "" && row.link() != r.link():
			ts.Fatalf("%s:%d: line %s of %s is another link", name, r.line, line, inputName)
		}
		seen[line] = true
	}
}

// A wantedFailure is a row of the failures file: a row of the input in its own words, and its
// status.
type wantedFailure struct{ own, status string }

// wantFailures are the rows of the input whose links failed, are unknown or in doubt. That a link
// without an outcome is in doubt is known from the failures file alone.
func wantFailures(ts *testscript.TestScript, input, results records, failuresName string) (want []wantedFailure) {
	status, message := map[string]string{}, map[string]string{}
	for _, r := range results.rows {
		status[r.value["line"]], message[r.value["line"]] = r.value["status"], r.value["message"]
	}
	inDoubt := map[string]bool{}
	if _, err := os.Stat(ts.MkAbs(failuresName)); err == nil {
		failures := readRecords(ts, failuresName)
		for _, r := range failures.rows {
			if r.value["delink_status"] == "unknown" {
				inDoubt[r.own(failures.header)] = true
			}
		}
	}
	for _, r := range input.rows {
		line := strconv.Itoa(r.line)
		if m := sameLink.FindStringSubmatch(message[line]); m != nil && status[line] == "duplicate" {
			line = m[1]
		}
		fate := status[line]
		if fate == "" && inDoubt[r.own(input.header)] {
			fate = "unknown"
		}
		if slices.Contains([]string{"failed", "unknown", "invalid"}, fate) {
			want = append(want, wantedFailure{r.own(input.header), fate})
		}
	}
	return want
}

// checkFailures makes sure that the failures file has just the wanted rows, and that the summary
// names it. Where none is wanted, there is no file.
func checkFailures(ts *testscript.TestScript, name string, want []wantedFailure, input records, summaryName string, named *string) {
	if len(want) == 0 {
		if _, err := os.Stat(ts.MkAbs(name)); !errors.Is(err, os.ErrNotExist) {
			ts.Fatalf("nothing has failed, but %s is there", name)
		}
		if named != nil {
			ts.Fatalf("nothing has failed, but %s names %s", summaryName, *named)
		}
		return
	}
	if named == nil || filepath.Base(*named) != filepath.Base(name) {
		ts.Fatalf("%s does not name %s", summaryName, name)
	}
	failures := readRecords(ts, name)
	lacking := ""
	for _, column := range []string{"module", "parent_id", "relation", "related_id"} {
		if !slices.Contains(input.header.fields, column) {
			lacking += "," + column
		}
	}
	if got, want := failures.header.raw, input.header.own(input.header)+lacking+",delink_status,delink_code,delink_message"; got != want {
		ts.Fatalf("%s has the header %s, not %s", name, got, want)
	}
	for i, r := range failures.rows {
		if i < len(want) && (!strings.HasPrefix(r.raw, want[i].own+",") || r.value["delink_status"] != want[i].status) {
			ts.Fatalf("%s:%d: is\n%s\nnot %q with the status %s", name, r.line, r.raw, want[i].own, want[i].status)
		}
	}
	if len(failures.rows) != len(want) {
		ts.Fatalf("%s has %d rows, not %d", name, len(failures.rows), len(want))
	}
}
