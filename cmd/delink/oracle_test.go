package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
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
	parent, err := strconv.ParseUint(r.value["parent_id"], 10, 64)
	ts.Check(err)
	related, err := strconv.ParseUint(r.value["related_id"], 10, 64)
	ts.Check(err)
	return c.State(r.value["module"], parent, r.value["relation"], related)
}

var (
	sameLink = regexp.MustCompile(`^the same link as line (\d+)$`)
	stamp    = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
)

const resultColumns = "line,module,parent_id,relation,related_id,status,code,message,http_status,attempts,time,org"

// cmdTruth holds a result file against the emulator's books.
func cmdTruth(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 1, "truth RESULTS")
	c, results := running(ts), readRecords(ts, args[0])
	if results.header.raw != resultColumns {
		ts.Fatalf("%s has the columns %s", args[0], results.header.raw)
	}
	lies := 0
	byLine := map[string]record{}
	for _, r := range results.rows {
		byLine[r.value["line"]] = r
	}
	for _, r := range results.rows {
		lie := func(format string, a ...any) {
			lies++
			ts.Logf("%s:%d: line %s is %s, but "+format, append([]any{args[0], r.line, r.value["line"], r.value["status"]}, a...)...)
		}
		if !stamp.MatchString(r.value["time"]) {
			lie("its time is %q", r.value["time"])
		}
		if r.value["org"] == "" {
			lie("it does not say of which CRM")
		}
		if r.value["status"] == "invalid" {
			continue
		}
		s := c.state(ts, r)
		switch r.value["status"] {
		case "removed":
			if s.Linked {
				lie("the link is there")
			}
			if s.Removed.IsZero() {
				lie("it was never removed")
			}
		case "gone":
			if s.Linked {
				lie("the link is there")
			}
		case "absent":
			if s.Linked {
				lie("the link is there")
			}
			if !s.Removed.IsZero() {
				lie("a call has removed it")
			}
		case "failed":
			if !s.Linked {
				lie("the link is not there")
			}
		case "unknown":
			if s.Sent == 0 {
				lie("it was never sent")
			}
		case "duplicate":
			m := sameLink.FindStringSubmatch(r.value["message"])
			if m == nil {
				lie("it does not say of which line: %s", r.value["message"])
				continue
			}
			if first, ok := byLine[m[1]]; ok && first.link() != r.link() {
				lie("line %s is another link", m[1])
			}
		default:
			lie("that is not a status")
		}
	}
	if lies > 0 {
		ts.Fatalf("%d rows of %s are not true", lies, args[0])
	}
}

// counts are the fields of a summary that must add up.
type counts struct {
	Rows, Links, Removed, Gone, Absent, Failed, Unknown, Invalid, Duplicate, Pending int

	Failures *string
}

// cmdSumCloses holds the three files of a run against its input.
func cmdSumCloses(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 1 || len(args) == 4, "sumcloses INPUT [RESULTS FAILURES SUMMARY]")
	if len(args) == 1 {
		stem := strings.TrimSuffix(args[0], filepath.Ext(args[0]))
		args = append(args, stem+".results.csv", stem+".failures.csv", stem+".summary.json")
	}
	input, results := readRecords(ts, args[0]), readRecords(ts, args[1])
	var s counts
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[3])), &s))

	// The summary adds up, and agrees with the result file.
	if sum := s.Removed + s.Gone + s.Absent + s.Failed + s.Unknown + s.Invalid + s.Duplicate + s.Pending; s.Rows != sum || s.Rows != len(input.rows) {
		ts.Fatalf("%s: %d rows, but its counts add up to %d and %s has %d rows", args[3], s.Rows, sum, args[0], len(input.rows))
	}
	if sum := s.Removed + s.Gone + s.Absent + s.Failed + s.Unknown + s.Pending; s.Links != sum {
		ts.Fatalf("%s: %d links, but its counts add up to %d", args[3], s.Links, sum)
	}
	inputLine := map[string]record{}
	for _, r := range input.rows {
		inputLine[strconv.Itoa(r.line)] = r
	}
	status, message := map[string]string{}, map[string]string{}
	count := map[string]int{}
	for _, r := range results.rows {
		line := r.value["line"]
		row, ok := inputLine[line]
		switch {
		case !ok:
			ts.Fatalf("%s:%d: %s has no row on line %s", args[1], r.line, args[0], line)
		case status[line] != "":
			ts.Fatalf("%s:%d: line %s is there twice", args[1], r.line, line)
		case r.value["status"] != "invalid" && row.value["related_id"] != r.value["related_id"],
			r.value["status"] != "invalid" && row.value["module"] != "" && row.link() != r.link():
			ts.Fatalf("%s:%d: line %s of %s is another link", args[1], r.line, line, args[0])
		}
		status[line], message[line] = r.value["status"], r.value["message"]
		count[status[line]]++
	}
	for name, n := range map[string]int{
		"removed": s.Removed, "gone": s.Gone, "absent": s.Absent, "failed": s.Failed, "unknown": s.Unknown, "invalid": s.Invalid, "duplicate": s.Duplicate,
	} {
		if count[name] != n {
			ts.Fatalf("%s says that %d are %s, %s has %d rows of them", args[3], n, name, args[1], count[name])
		}
	}

	// The failures file holds the rows whose links failed, are unknown or in doubt, in their own words.
	doubted := map[string]bool{}
	if _, err := os.Stat(ts.MkAbs(args[2])); err == nil {
		failures := readRecords(ts, args[2])
		for _, r := range failures.rows {
			if r.value["delink_status"] == "unknown" {
				doubted[r.own(failures.header)] = true
			}
		}
	}
	var want [][2]string // a row's own text, and its status
	for _, r := range input.rows {
		line := strconv.Itoa(r.line)
		if m := sameLink.FindStringSubmatch(message[line]); m != nil && status[line] == "duplicate" {
			line = m[1]
		}
		fate := status[line]
		if fate == "" && doubted[r.own(input.header)] {
			fate = "unknown"
		}
		if slices.Contains([]string{"failed", "unknown", "invalid"}, fate) {
			want = append(want, [2]string{r.own(input.header), fate})
		}
	}
	if len(want) == 0 {
		if _, err := os.Stat(ts.MkAbs(args[2])); !errors.Is(err, os.ErrNotExist) {
			ts.Fatalf("nothing has failed, but %s is there", args[2])
		}
		if s.Failures != nil {
			ts.Fatalf("nothing has failed, but %s names %s", args[3], *s.Failures)
		}
		return
	}
	if s.Failures == nil || filepath.Base(*s.Failures) != filepath.Base(args[2]) {
		ts.Fatalf("%s does not name %s", args[3], args[2])
	}
	failures := readRecords(ts, args[2])
	if got, want := failures.header.raw, input.header.own(input.header)+",delink_status,delink_code,delink_message"; got != want {
		ts.Fatalf("%s has the header %s, not %s", args[2], got, want)
	}
	for i, r := range failures.rows {
		if i >= len(want) {
			break
		}
		if !strings.HasPrefix(r.raw, want[i][0]+","+want[i][1]+",") {
			ts.Fatalf("%s:%d: is\n%s\nnot %q with the status %s", args[2], r.line, r.raw, want[i][0], want[i][1])
		}
	}
	if len(failures.rows) != len(want) {
		ts.Fatalf("%s has %d rows, not %d", args[2], len(failures.rows), len(want))
	}
}
