package reader_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/reader"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// fuzzOptions are what an input can be read with. The fuzzer chooses.
var fuzzOptions = []reader.Options{
	{},
	{Module: "Campaigns", Relation: "Leads"},
	{Module: "price book", Relation: "Products", Delimiter: ';'},
	{Relation: "Leads", Columns: reader.Columns{1: "x", 3: "y"}},
	{Delimiter: '\t'},
	{Module: "Leads", Relation: "Campaigns", Columns: reader.Columns{1: "Record Id"}},
	{Module: "Campaigns", Relation: "Leads of the campaign", Parent: "zcrm_3652397000000400001"},
	{Module: "Campaigns", Relation: "Leads", Encoding: encodingOf("windows-1253")}, // in which some bytes are nothing
	{Module: "Campaigns", Relation: "Leads", Encoding: encodingOf("shift_jis")},
}

// FuzzInput holds for any bytes: no panic and no hang; every refusal names its place; rows come in
// the order of their lines, their texts stand in the input one behind the other, a link is what its
// row says; and the failures file of the input is an input of the same rows.
func FuzzInput(f *testing.F) {
	for _, test := range refusedInputs {
		if len(test.input) < 1<<10 {
			f.Add([]byte(test.input), uint8(0))
			f.Add([]byte(test.input), uint8(1))
		}
	}
	for _, test := range refusedRows {
		f.Add([]byte("module,parent_id,relation,related_id,Note\n"+test.row+"\nCampaigns,1,Leads,2,\n"), uint8(0))
	}
	for _, form := range forms {
		f.Add(form.bytes(f), uint8(form.options))
	}
	addCorpus(f)
	f.Fuzz(func(t *testing.T, input []byte, options uint8) {
		opt := fuzzOptions[int(options)%len(fuzzOptions)]
		in, err := reader.New("fuzz.csv", bytes.NewReader(input), opt)
		if err != nil {
			checkPlace(t, input, err)
			return
		}
		h := in.Header()
		rest, plain := input, h.Dialect == plainDialect(h) && bytes.Contains(input, h.Raw)
		if plain {
			rest = input[bytes.Index(input, h.Raw)+len(h.Raw):]
		}
		rows, err := drain(in)
		line := h.Line
		for _, row := range rows {
			if row.Line <= line {
				t.Fatalf("line %d comes behind line %d", row.Line, line)
			}
			line = row.Line
			if plain {
				at := lineOf(rest, row.Raw)
				if at < 0 {
					t.Fatalf("line %d: the text %q is not in what is left of the input, %q", row.Line, row.Raw, rest)
				}
				if !isNoRow(h, rest[:at]) {
					t.Fatalf("%q before line %d is lost", rest[:at], row.Line)
				}
				rest = rest[at+len(row.Raw):]
			}
			if e := row.Err; e != nil {
				if e.Line != row.Line || e.AtLine < e.Line || e.AtCol < 1 || e.Reason == "" || !strings.HasPrefix(e.Error(), "fuzz.csv:") {
					t.Fatalf("refused without place or cause: %+v", e)
				}
				continue
			}
			checkLink(t, h, row, opt)
		}
		if err != nil {
			checkPlace(t, input, err)
			return
		}
		if plain && !isNoRow(h, rest) {
			t.Fatalf("%q is lost", rest)
		}
		checkFailuresFile(t, input, opt, rows, h)
	})
}

// addCorpus adds what reached new code in hours of fuzzing: some hundred of the small ones, in one
// archive, each named for the number of its options behind the last hyphen. What failed stands in
// testdata/fuzz.
func addCorpus(f *testing.F) {
	f.Helper()
	file, err := os.Open("testdata/corpus.tar.gz")
	if err != nil {
		f.Fatal(err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		f.Fatal(err)
	}
	for all := tar.NewReader(plain); ; {
		h, err := all.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			f.Fatal(err)
		}
		input, err := io.ReadAll(all)
		if err != nil {
			f.Fatal(err)
		}
		options, err := strconv.ParseUint(h.Name[strings.LastIndexByte(h.Name, '-')+1:], 10, 8)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(input, uint8(options))
	}
}

// lineOf is where a row's text begins a line; -1 if it does not.
func lineOf(text, row []byte) int {
	for from := 0; ; {
		i := bytes.Index(text[from:], row)
		if i < 0 {
			return -1
		}
		at := from + i
		if at == 0 || text[at-1] == '\n' || text[at-1] == '\r' {
			return at
		}
		from = at + 1
	}
}

// isNoRow reports whether there is no row in a text: no letter and no digit, but for the header and
// Excel's line again.
func isNoRow(h *reader.Header, text []byte) bool {
	left := strings.ReplaceAll(zoho.Fold(string(text)), zoho.Fold(strings.Join(h.Columns, "")), "")
	if h.Sep != "" {
		left = strings.ReplaceAll(left, "sep", "")
	}
	return left == ""
}

// plainDialect is the header's dialect if its text stands in the input as it is given.
func plainDialect(h *reader.Header) reader.Dialect {
	return reader.Dialect{Comma: h.Comma, LineEnd: h.LineEnd, EncodingKnown: h.EncodingKnown, Sep: h.Sep}
}

func checkPlace(t *testing.T, input []byte, err error) {
	t.Helper()
	var e *reader.InputError
	switch {
	case !errors.As(err, &e):
		t.Fatalf("refused with %T: %v", err, err)
	case e.Line < 1 || e.Col < 1 && e.Err == nil || e.Cause == "" || !strings.HasPrefix(err.Error(), "fuzz.csv:"):
		t.Fatalf("refused without place or cause: %v", err)
	case !compressed(input) && e.Line > bytes.Count(input, []byte("\n"))+bytes.Count(input, []byte("\r"))+1:
		t.Fatalf("there is no line as in: %v", err)
	}
}

func compressed(input []byte) bool {
	return bytes.HasPrefix(input, []byte("\x1f\x8b")) || bytes.HasPrefix(input, []byte("\x28\xb5\x2f\xfd"))
}

// around is what may stand around an id.
var around = regexp.MustCompile(`^[\pZ\p{Cf}\s\x{85}\x0b'="]*(zcrm_)?[\pZ\p{Cf}\s\x{85}\x0b"]*$`)

// checkLink holds a link against what encoding/csv finds in its row.
func checkLink(t *testing.T, h *reader.Header, row reader.Row, opt reader.Options) {
	t.Helper()
	if h.LineEnd == "\r" || bytes.Contains(row.Raw, []byte(`="`)) {
		return // encoding/csv knows neither
	}
	c := csv.NewReader(bytes.NewReader(row.Raw))
	c.Comma, c.FieldsPerRecord = rune(h.Comma), -1
	values, err := c.Read()
	if err != nil || len(values) != len(h.Columns) {
		t.Fatalf("line %d: %q is taken, but %v", row.Line, row.Raw, err)
	}
	for _, id := range []string{row.Link.Parent.String(), row.Link.Related.String()} {
		found := opt.Parent == "zcrm_"+id && !h.TellsParent()
		for _, v := range values {
			before, after, ok := strings.Cut(v, id)
			found = found || ok && around.MatchString(before+after)
		}
		if !found {
			t.Fatalf("line %d: no value of %q is the id %s", row.Line, values, id)
		}
	}
	if opt.Module == "Campaigns" && row.Link.Relation.Module != "Campaigns" && !hasColumn(h, "module") {
		t.Fatalf("line %d: the module is %s", row.Line, row.Link.Relation.Module)
	}
}

func hasColumn(h *reader.Header, name string) bool {
	for _, column := range h.Columns {
		if strings.Contains(zoho.Fold(column), name) {
			return true
		}
	}
	return false
}

// checkFailuresFile makes the failures file of an input of which all links are in doubt: all of its
// rows, which are the same when they are read again, with Options or without any. Made once more of
// that file, it is the same file.
func checkFailuresFile(t *testing.T, input []byte, opt reader.Options, rows []reader.Row, h *reader.Header) {
	t.Helper()
	if len(rows) == 0 {
		return
	}
	file := failuresFile(t, input, opt)
	sound := !slices.ContainsFunc(rows, func(row reader.Row) bool { return row.Err != nil })
	for _, opt := range []reader.Options{opt, {}} {
		checkSameRows(t, file, opt, rows, h)
		// Of a row with too few or too many columns, nobody knows which are its own.
		if third := failuresFile(t, file, opt); sound && !bytes.Equal(third, file) {
			t.Fatalf("the failures file %q became %q", file, third)
		}
	}
}

// checkSameRows holds a failures file that is read with Options against the rows it was made of.
func checkSameRows(t *testing.T, file []byte, opt reader.Options, rows []reader.Row, h *reader.Header) {
	t.Helper()
	again, err := reader.New("fuzz.csv", bytes.NewReader(file), opt)
	if err != nil {
		t.Fatalf("the failures file %q cannot be read: %v", file, err)
	}
	same, err := drain(again)
	if err != nil || len(same) != len(rows) {
		t.Fatalf("the failures file %q has %d rows, not %d: %v", file, len(same), len(rows), err)
	}
	header := strings.Join(slices.Concat([]string{string(h.Own(h.Raw))}, h.Lacking(), reader.AddedColumns[:]), string(h.Comma))
	if string(again.Header().Raw) != header {
		t.Fatalf("the header %q became %q", h.Raw, again.Header().Raw)
	}
	for i, row := range rows {
		if row.Err != nil && slices.Contains(reader.AddedColumns[:], strings.ToLower(strings.TrimSpace(row.Err.Column))) {
			continue // what an earlier run has added has been replaced, and with it what was wrong
		}
		if e := row.Err; e != nil && e.Undecoded && same[i].Err == nil {
			continue // as UTF-8, its bytes do no harm in a value that is carried along
		}
		if got := same[i]; got.Link != row.Link || (got.Err == nil) != (row.Err == nil) {
			t.Fatalf("the row %q was %v, %v, and is %v, %v in %q", row.Raw, row.Link, row.Err, got.Link, got.Err, got.Raw)
		}
		if own := again.Header().Own(same[i].Raw); row.Err == nil && !bytes.HasPrefix(own, h.Own(row.Raw)) {
			t.Fatalf("the row %q became %q", row.Raw, same[i].Raw)
		}
	}
}

// failuresFile is what the program writes of an input of which all links are in doubt.
func failuresFile(t interface {
	Helper()
	Fatal(args ...any)
}, input []byte, opt reader.Options,
) []byte {
	t.Helper()
	in, err := reader.New("fuzz.csv", bytes.NewReader(input), opt)
	if err != nil {
		t.Fatal(err)
	}
	b := chunker.NewBuilder()
	var bad []*reader.RowError
	for row, err := range in.Rows() {
		switch {
		case err != nil:
			t.Fatal(err)
		case row.Err != nil:
			bad = append(bad, row.Err)
		default:
			if err := b.Add(row.Link, row.Line); err != nil {
				t.Fatal(err)
			}
		}
	}
	if in, err = reader.New("fuzz.csv", bytes.NewReader(input), opt); err != nil {
		t.Fatal(err)
	}
	book := report.NewBook(b.Build(), bad)
	if err := book.Unsent(time.Time{}, func([]report.Row) error { return nil }); err != nil {
		t.Fatal(err)
	}
	book.DoubtAllPending()
	var disk memory
	if _, err := report.WriteFailures(&disk, "f", in, book, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	return disk.file
}

// memory is a disk for the failures file.
type memory struct {
	disk.Disk
	file []byte
}

func (m *memory) Replace(name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	err := write(&b)
	if name == "f" { // and not what is kept beside it
		m.file = b.Bytes()
	}
	return err
}

func (*memory) Read(string) (io.ReadCloser, error) { return nil, fs.ErrNotExist }

// drain reads all rows, and keeps what a row does not.
func drain(in *reader.Reader) ([]reader.Row, error) {
	var rows []reader.Row
	for row, err := range in.Rows() {
		if err != nil {
			return rows, err
		}
		kept := *row
		kept.Raw = bytes.Clone(row.Raw)
		rows = append(rows, kept)
	}
	return rows, nil
}

// FuzzForms holds for any text: it has the same rows in every encoding and compression, and its
// failures file is the same but for the encoding.
func FuzzForms(f *testing.F) {
	for _, form := range forms {
		if form.encode == nil {
			for _, how := range []uint8{0x71, 0x73, 0x74, 0x7c, 0x75, 0x7f, 0, 0x14, 0x2c, 0x30, 0x40} {
				f.Add(form.text, uint8(form.options), how)
			}
		}
	}
	encodings := []func(string) []byte{toUTF16(binary.LittleEndian), toUTF16(binary.BigEndian)}
	packings := []func(string) []byte{toGzip, toZstd}
	// The bits of form: UTF-16, its order, compressed, with what, and three for another encoding.
	f.Fuzz(func(t *testing.T, text string, options, form uint8) {
		opt := fuzzOptions[int(options)%len(fuzzOptions)]
		plain := "\ufeff" + text
		same := []byte(plain)
		if form&1 != 0 {
			if !utf8.ValidString(text) {
				t.Skip("a text that is not UTF-8 has no UTF-16")
			}
			if strings.HasPrefix(text, "\x00") {
				t.Skip("UTF-16 that begins with NUL looks like UTF-32; both are refused")
			}
			same = encodings[form>>1&1](plain)
		} else if n := int(form >> 4 & 7); n < len(otherEncodings) {
			opt.Encoding = encodingOf(otherEncodings[n])
			same = encode(t, otherEncodings[n], text)
		}
		if form&4 != 0 {
			same = packings[form>>3&1](string(same))
		}
		want, wantErr := read(strings.NewReader(plain), opt) // its mark counts more than Options
		got, err := read(bytes.NewReader(same), opt)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("got %v, plain %v", err, wantErr)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if err != nil || len(want) == 0 {
			return
		}
		wantFile := failuresFile(t, []byte(plain), opt)
		if form&1 != 0 {
			wantFile = encodings[form>>1&1](string(wantFile))
		}
		if file := failuresFile(t, same, opt); !bytes.Equal(file, wantFile) {
			t.Fatalf("got  %q\nwant %q", file, wantFile)
		}
	})
}
