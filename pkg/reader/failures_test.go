package reader_test

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// drawn is an input that is good with its options, and the links of its rows.
type drawn struct {
	options reader.Options
	columns []drawnColumn
	comma   byte
	lineEnd string
	sep     string // Excel's line, without its end
	links   []reader.Link
	rows    [][]string // as they stand in the file: quoted where that is needed
	ragged  bool       // a row has more or fewer columns than the header
	bad     int        // rows that cannot be used
	order   binary.AppendByteOrder
}

type drawnColumn struct {
	name string
	part int // of the link; -1 for none
}

// The parts of a link.
const (
	aModule = iota
	aParent
	aRelation
	aRelated
)

var (
	partNames     = [...]string{"module", "parent_id", "relation", "related_id"}
	foreign       = [...]string{"Modul, API", "Kampagne;ID", "Liste|Name", "Lead ID\t"}
	zohoNames     = [...]string{aParent: "Campaign Name.id", aRelated: "Lead Id"}
	drawnRelation = []zoho.Relation{{Module: "Campaigns", List: "Leads"}, {Module: "Products", List: "Price_Books"}}
)

func drawInput(t *rapid.T) *drawn {
	d := &drawn{comma: rapid.SampledFrom([]byte(",;\t|")).Draw(t, "comma"), lineEnd: rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "line end")}
	d.order = rapid.SampledFrom([]binary.AppendByteOrder{nil, binary.LittleEndian, binary.BigEndian}).Draw(t, "UTF-16")
	d.drawColumns(t)
	d.drawDelimiter(t)
	for range rapid.IntRange(1, 6).Draw(t, "rows") {
		d.drawRow(t)
	}
	return d
}

// drawColumns draws how each part of a link is told, and columns that are none.
func (d *drawn) drawColumns(t *rapid.T) {
	decoys := []string{"Note", "Last, first", "a;b", "x|y", "Überschrift", "a,module,parent_id,relation,related_id,b"}
	names := foreign
	if rapid.IntRange(0, 4).Draw(t, "swapped") == 0 {
		names[aParent], names[aRelated] = partNames[aRelated], partNames[aParent]
	}
	named := false // Options name a column
	for part, name := range partNames {
		id := part == aParent || part == aRelated
		how := rapid.IntRange(0, 3).Draw(t, "how "+name)
		if swapped := names[aParent] == partNames[aRelated]; swapped && id {
			how = 2
		}
		switch {
		case how == 0:
			d.columns = append(d.columns, drawnColumn{rapid.SampledFrom([]string{name, strings.ToUpper(name), " " + strings.ReplaceAll(name, "_", " ")}).Draw(t, "name"), part})
		case how == 1 && !id:
			*map[int]*string{aModule: &d.options.Module, aRelation: &d.options.Relation}[part] = []string{aModule: "Campaigns", aRelation: "Leads"}[part]
		default:
			named = true
			d.options.Columns[part] = names[part]
			d.columns = append(d.columns, drawnColumn{names[part], part})
			if names[part] == foreign[part] {
				decoys = append(decoys, name, name) // it has something else in it
			}
		}
	}
	if !named && rapid.Bool().Draw(t, "Zoho's names") { // they are known for one relation
		d.options = reader.Options{Module: "Campaigns", Relation: "Leads"}
		d.columns = []drawnColumn{{zohoNames[aParent], aParent}, {zohoNames[aRelated], aRelated}}
	}
	for _, name := range rapid.SliceOfN(rapid.SampledFrom(decoys), 0, 4).Draw(t, "other columns") {
		d.columns = append(d.columns, drawnColumn{name, -1})
	}
	d.columns = rapid.Permutation(d.columns).Draw(t, "order")
	if rapid.IntRange(0, 3).Draw(t, "is a failures file") == 0 {
		for _, name := range reader.AddedColumns {
			d.columns = append(d.columns, drawnColumn{name, -1})
		}
	}
}

// drawDelimiter draws what the input says of its delimiter. If that may be unclear, Options tell.
func (d *drawn) drawDelimiter(t *rapid.T) {
	unclear := slices.ContainsFunc(d.columns, func(c drawnColumn) bool { return strings.ContainsAny(c.name, ",;\t|") })
	switch rapid.IntRange(0, 3).Draw(t, "sep line") {
	case 0:
		d.sep = "sep=" + string(d.comma)
	case 1:
		d.sep, unclear = "sep="+rapid.SampledFrom([]string{",", ";", "|", "^"}).Draw(t, "sep"), true
	}
	if unclear || rapid.Bool().Draw(t, "the delimiter is given") {
		d.options.Delimiter = d.comma
	}
}

func (d *drawn) drawRow(t *rapid.T) {
	r := rapid.SampledFrom(drawnRelation).Draw(t, "relation")
	if d.options.Module != "" || d.options.Relation != "" {
		r = drawnRelation[0]
	}
	id := rapid.OneOf(rapid.Uint64Range(1, 9), rapid.Uint64Range(3652397000000400001, 3652397000000499999))
	l := reader.Link{Relation: r, Parent: zoho.ID(id.Draw(t, "parent")), Related: zoho.ID(id.Draw(t, "related"))}
	bad := rapid.IntRange(0, 7).Draw(t, "bad")
	dress := func(id zoho.ID) string {
		return fmt.Sprintf(rapid.SampledFrom([]string{"%s", "zcrm_%s", "'%s", `="%s"`, " %s "}).Draw(t, "dress"), id)
	}
	var cells []string
	for _, c := range d.columns {
		cell := rapid.SampledFrom([]string{"", "x", "7", "a,b;c\td|e", "say \"no\"", "two\nlines", "ü"}).Draw(t, "cell")
		switch c.part {
		case aModule:
			cell = r.Module
		case aRelation:
			cell = r.List
		case aParent:
			cell = dress(l.Parent)
		case aRelated:
			if cell = dress(l.Related); bad == 0 {
				cell = "none"
			}
		}
		if strings.ContainsAny(cell, ",;\t|\"\n") || rapid.Bool().Draw(t, "quoted") {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		cells = append(cells, cell)
	}
	switch bad {
	case 0:
		d.bad++
		l = reader.Link{}
	case 1:
		d.bad++
		d.ragged = true
		l = reader.Link{}
		if cells = append(cells, "7", "7"); rapid.Bool().Draw(t, "fewer") {
			cells = cells[:len(cells)-3]
		}
	}
	d.links, d.rows = append(d.links, l), append(d.rows, cells)
}

// bytes is the input.
func (d *drawn) bytes() []byte {
	var b strings.Builder
	if d.order != nil {
		b.WriteString("\ufeff")
	}
	if d.sep != "" {
		b.WriteString(d.sep + d.lineEnd)
	}
	var names []string
	for _, c := range d.columns {
		if strings.ContainsAny(c.name, ",;\t|") {
			c.name = `"` + c.name + `"`
		}
		names = append(names, c.name)
	}
	for _, cells := range append([][]string{names}, d.rows...) {
		b.WriteString(strings.Join(cells, string(d.comma)) + d.lineEnd)
	}
	if d.order != nil {
		return toUTF16(d.order)(b.String())
	}
	return []byte(b.String())
}

// A failures file is an input that needs no Options: it has the links of its rows, whatever Options the
// first input needed, whichever names its columns have, and however it is written. The input's own
// columns are in it as they were. Its own failures file has no more columns, with the same Options or
// with none.
func TestFailuresFileNeedsNoOptions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawInput(t)
		rows := d.mustRead(t, d.bytes(), d.options)
		file := failuresFile(t, d.bytes(), d.options)
		again := d.mustRead(t, file, reader.Options{})
		first := slices.IndexFunc(d.columns, func(c drawnColumn) bool { return c.name == reader.AddedColumns[0] })
		for i, row := range rows {
			if own := row.Raw; first < 0 && !bytes.HasPrefix(again[i].Raw, append(slices.Clone(own), d.comma)) {
				t.Fatalf("the row %q became %q", own, again[i].Raw)
			}
		}
		d.mustRead(t, file, d.options)
		if d.bad > 0 { // the reason has the name of the column; and nobody knows which columns of a ragged row are its own
			return
		}
		for _, opt := range []reader.Options{{}, d.options} {
			if third := failuresFile(t, file, opt); !bytes.Equal(third, file) {
				t.Fatalf("the failures file\n%q became\n%q with %+v", file, third, opt)
			}
		}
	})
}

// A person who opens a failures file in a spreadsheet and saves it gets other delimiters, quotes and
// line ends, perhaps another encoding, and the same links.
func TestFailuresFileSavedBySpreadsheet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawInput(t)
		if d.order != nil || d.lineEnd == "\r" || d.ragged {
			t.Skip("encoding/csv, which is the spreadsheet here, cannot read it")
		}
		file := strings.TrimPrefix(string(failuresFile(t, d.bytes(), d.options)), "\ufeff")
		if d.sep != "" {
			file = strings.TrimPrefix(file, d.sep+d.lineEnd)
		}
		open := csv.NewReader(strings.NewReader(file))
		open.Comma, open.LazyQuotes = rune(d.comma), true
		cells, err := open.ReadAll()
		if err != nil {
			t.Fatalf("%q: %v", file, err)
		}
		var saved bytes.Buffer
		save := csv.NewWriter(&saved)
		save.Comma, save.UseCRLF = rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(t, "saved with"), true
		if err := save.WriteAll(cells); err != nil {
			t.Fatal(err)
		}
		d.mustRead(t, []byte("\ufeff"+saved.String()), reader.Options{})
		d.mustRead(t, toUTF16(binary.LittleEndian)("\ufeff"+saved.String()), reader.Options{})
	})
}

// mustRead reads a file that must have the links of the input.
func (d *drawn) mustRead(t *rapid.T, file []byte, opt reader.Options) []reader.Row {
	t.Helper()
	in, err := reader.New("links.csv", bytes.NewReader(file), opt)
	if err != nil {
		t.Fatalf("with %+v\n%q\ncannot be read: %v", opt, file, err)
	}
	rows, err := drain(in)
	if err != nil {
		t.Fatalf("with %+v\n%q\ncannot be read: %v", opt, file, err)
	}
	var links []reader.Link
	bad := 0
	for _, row := range rows {
		links = append(links, row.Link)
		if row.Err != nil {
			bad++
		}
	}
	if diff := cmp.Diff(d.links, links); diff != "" || bad != d.bad {
		t.Fatalf("with %+v\n%q\nhas other links, or %d bad rows: %s", opt, file, bad, diff)
	}
	return rows
}
