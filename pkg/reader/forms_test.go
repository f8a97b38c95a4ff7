package reader_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"delink/pkg/reader"
)

// form is one way to write two links of the campaign 11: to the leads 21 and 22.
type form struct {
	name, text string
	options    int // which of fuzzOptions it needs
	encode     func(text string) []byte
}

func (f form) bytes(t testing.TB) []byte {
	t.Helper()
	if f.encode == nil {
		return []byte(f.text)
	}
	return f.encode(f.text)
}

const (
	plainText = "module,parent_id,relation,related_id,Note\nCampaigns,11,Leads,21,ü\nCampaigns,11,Leads,22,\"a,\nb\"\n"
	semicolon = "module;parent_id;relation;related_id;Note\r\nCampaigns;11;Leads;21;ü, 𝄞\r\nCampaigns;11;Leads;22;\"a;\r\nb\"\r\n"
)

var forms = []form{
	{"commas", plainText, 0, nil},
	{"byte order mark", "\ufeff" + plainText, 0, nil},
	{"semicolons", semicolon, 0, nil},
	{"tabs", strings.ReplaceAll(semicolon, ";", "\t"), 0, nil},
	{"bars", strings.ReplaceAll(semicolon, ";", "|"), 0, nil},
	{"a comma in a name that semicolons separate", strings.Replace(semicolon, "Note", "Last, first", 1), 0, nil},
	{"carriage returns", strings.ReplaceAll(plainText, "\n", "\r"), 0, nil},
	{"carriage returns, line feeds inside", "parent_id,related_id,n\r11,21,\"a\nb\"\r11,22,\r", 1, nil},
	{"carriage returns, and line feeds behind some", "\nparent_id,related_id\r11,21\r\n\n\r\n11,22\r\n", 1, nil},
	{"line ends mixed up twice", strings.ReplaceAll(semicolon, "\r\n", "\r\r\n"), 0, nil},
	{"quotes that are doubled where pieces end", "parent_id,related_id,n\n11,21,\"a\"\"\"\n\"11\",\"22\",\"\"\"\"\n", 1, nil},
	{"every value in quotes", "\"parent_id\",\"related_id\"\r\r\n\"11\",\"21\"\r\r\n\"11\",\"22\"", 1, nil},
	{"UTF-16, little end first", "\ufeff" + semicolon, 0, toUTF16(binary.LittleEndian)},
	{"UTF-16, big end first", "\ufeff" + strings.ReplaceAll(semicolon, ";", "\t"), 0, toUTF16(binary.BigEndian)},
	{"gzip", semicolon, 0, toGzip},
	{"gzip of several members", semicolon, 0, func(s string) []byte { return slices.Concat(toGzip(s[:9]), toGzip(""), toGzip(s[9:])) }},
	{"gzip with zeros behind", semicolon, 0, func(s string) []byte { return append(toGzip(s), make([]byte, 70<<10)...) }},
	{"zstd", plainText, 0, toZstd},
	{"gzip of UTF-16", "\ufeff" + plainText, 0, func(s string) []byte { return toGzip(string(toUTF16(binary.LittleEndian)(s))) }},
	{"sep line", "sep=;\r\n" + semicolon, 0, nil},
	{"sep line in quotes, with mark", "\ufeff\"sep=|\"\r\n" + strings.ReplaceAll(semicolon, ";", "|"), 0, nil},
	{"blank lines and emptied rows", "\n\nparent_id,related_id,n\n,,\n11,21,\n \n\u00a0,\u200b,\"\"\n11,22,\n,,,,,,\n", 1, nil},
	{"another line end in the header's quotes", "\"n\r\no\",parent_id,related_id\nx,11,21\n,11,22\n", 1, nil},
	{"header again", "parent_id,related_id,n\n11,21,\nPARENT_ID,\"related_id\",n\n11,22,x\nparent_id,related_id,n\n", 1, nil},
	{"files one behind the other", "\ufeffsep=,\nparent_id,related_id\n11,21\n\ufeffsep=,\nparent_id,related_id\n11,22\n", 1, nil},
	{"a mark before a quoted header again", "\ufeff\"parent_id\",\"related_id\"\n11,21\n\ufeff\"parent_id\",\"related_id\"\n11,22\n", 1, nil},
	{"what is put around ids", "parent_id,related_id\nzcrm_11,'21\n\" =\"\"\u00a0zcrm_11 \"\"\u00a0\",\u200b22\u2060\n", 1, nil},
	{"formulas that are not quoted", "parent_id,related_id,n\n=\"11\",=\"21\",\"a\nb\"\n =\"11\" ,22,\n", 1, nil},
	{"other case and punctuation", "Parent ID,related-id,MODULE,Relation \n11,21,Campaigns,Leads\n11,22,campaign,LEAD\n", 0, nil},
	{"labels", "ParentId,RelatedId,Module,Relation\n11,21,=\"Campaigns\",'Lead\n11,22,Campaign,leads\n", 0, nil},
	{"export of leads", "Record Id,Last Name,Campaign Name,Campaign Name.id\nzcrm_21,x,Fair,zcrm_11\nzcrm_22,y,Fair,zcrm_11\n", 1, nil},
	{"Bulk Read of leads", "Id,Campaign_Name\n21,11\n22,11\n", 1, nil},
	{"report", "Lead Id,Campaign Id\n21,11\n22,11\n", 1, nil},
	{"Record Id of the campaign", "Record Id,LEADID\n11,21\n11,22\n", 1, nil},
	{"export with columns for module and relation", "Module,Relation,Record ID,Campaign Name.id\nCampaign,Lead,21,11\nCampaigns,Leads,22,11\n", 0, nil},
	{"columns that options name", "x;y;module;parent_id\n11;21;Campaigns;1\n11;22;Campaigns;2\n", 3, nil},
	{"failures file", "module,parent_id,relation,related_id,delink_status,delink_code,delink_message\nCampaigns,11,Leads,21,failed,X,\"a, b\"\nCampaigns,11,Leads,22,failed,X,\n", 0, nil},
}

func toUTF16(order binary.AppendByteOrder) func(string) []byte {
	return func(s string) (b []byte) {
		for _, unit := range utf16.Encode([]rune(s)) {
			b = order.AppendUint16(b, unit)
		}
		return b
	}
}

func toGzip(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.Bytes()
}

func toZstd(s string) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return w.EncodeAll([]byte(s), nil)
}

// Whatever form they come in, the links are the same, and so is the text of the rows in the
// failures file.
func TestForms(t *testing.T) {
	want := []reader.Link{link("Campaigns", 11, "Leads", 21), link("Campaigns", 11, "Leads", 22)}
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			input, opt := f.bytes(t), fuzzOptions[f.options]
			in, err := reader.New("links.csv", bytes.NewReader(input), opt)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := drain(in)
			if err != nil {
				t.Fatal(err)
			}
			var got []reader.Link
			for _, r := range rows {
				if r.Err != nil {
					t.Error(r.Err)
				}
				got = append(got, r.Link)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			inPieces, err := read(iotest.OneByteReader(bytes.NewReader(input)), opt)
			if diff := cmp.Diff(rows, inPieces, cmp.AllowUnexported(reader.Link{})); diff != "" || err != nil {
				t.Errorf("byte by byte: %v %s", err, diff)
			}
			checkFailuresFile(t, input, opt, rows, in.Header())
		})
	}
}

// The failures file of an input of which nothing was sent is the input, with three more columns.
func TestFailuresFileHasTheDialect(t *testing.T) {
	const added = "delink_status;delink_code;delink_message"
	lines := []string{"module;parent_id;relation;related_id;\" Note\"", "Campaigns;zcrm_11;Lead;\"'21\";\"a;\nb \"\"c\"\"\"", "Campaigns;11;Leads;22;=1+1 𝄞"}
	for _, d := range []struct {
		name, end, before string
		encode            func(string) []byte
	}{
		{"LF", "\n", "", nil},
		{"CRLF, mark, sep line", "\r\n", "\ufeffsep=;\r\n", nil},
		{"CR", "\r", "", nil},
		{"CRCRLF", "\r\r\n", "", nil},
		{"UTF-16, little end first", "\r\n", "\ufeff", toUTF16(binary.LittleEndian)},
		{"UTF-16, big end first", "\n", "\ufeffSEP=;\n", toUTF16(binary.BigEndian)},
	} {
		t.Run(d.name, func(t *testing.T) {
			encode := d.encode
			if encode == nil {
				encode = func(s string) []byte { return []byte(s) }
			}
			input := encode(d.before + strings.Join(lines, d.end) + d.end)
			const why = ";unknown;IN_DOUBT;an earlier run was cut off and may have removed the link"
			want := encode(d.before + lines[0] + ";" + added + d.end + lines[1] + why + d.end + lines[2] + why + d.end)
			for name, packed := range map[string][]byte{"plain": input, "gzip": toGzip(string(input)), "zstd": toZstd(string(input))} {
				if got := failuresFile(t, packed, reader.Options{}); !bytes.Equal(got, want) {
					t.Errorf("%s: got  %q\nwant %q", name, got, want)
				}
			}
		})
	}
}

// Half a surrogate pair is no character: its row is refused, and written as it was.
func TestHalfSurrogatePairs(t *testing.T) {
	text := toUTF16(binary.LittleEndian)("\ufeffmodule,parent_id,relation,related_id,n\r\nCampaigns,11,Leads,21,?\r\nCampaigns,11,Leads,22,𝄞")
	input := bytes.Replace(text, []byte("?\x00"), []byte("\x34\xd8"), 1)
	rows, err := read(bytes.NewReader(input), reader.Options{})
	if err != nil || len(rows) != 2 || rows[1].Err != nil {
		t.Fatal(rows, err)
	}
	if want := `links.csv:2:23: column 5, n "\xed\xa0\xb4" is not UTF-16 text: it has half a character`; rows[0].Err == nil || rows[0].Err.Error() != want {
		t.Errorf("got  %v\nwant %s", rows[0].Err, want)
	}
	if file := failuresFile(t, input, reader.Options{}); !bytes.Contains(file, []byte(",\x00\x34\xd8,\x00")) {
		t.Errorf("it is not in %q", file)
	}
}

// A pair is one character, also where a piece of the file ends in its middle.
func TestSurrogatePairsInPieces(t *testing.T) {
	for name, encode := range map[string]func(string) []byte{"little": toUTF16(binary.LittleEndian), "big": toUTF16(binary.BigEndian)} {
		input := encode("\ufeff" + header[:len(header)-1] + ",n\nCampaigns,11,Leads,21," + strings.Repeat("𝄞a", 1000) + "\n")
		rows, err := read(iotest.OneByteReader(bytes.NewReader(input)), reader.Options{})
		if err != nil || len(rows) != 1 || rows[0].Err != nil || !strings.HasSuffix(string(rows[0].Raw), ","+strings.Repeat("𝄞a", 1000)) {
			t.Errorf("%s: %v, %v", name, rows, err)
		}
	}
}

// Any text of 16-bit units comes back as it was, however it is cut into pieces.
func TestUTF16ComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.SampledFrom([]binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian}).Draw(t, "order")
		swapped := rapid.Map(rapid.Uint16Range(0x20, 0x7f), func(u uint16) uint16 { return u << 8 })
		unit := rapid.OneOf(swapped, rapid.Uint16Range('a', 'z'), rapid.Uint16Range(0xd7f0, 0xe010), rapid.Uint16Range(0x20, 0xffff))
		input := toUTF16(order)("\ufeffparent_id,related_id,n\n")
		row := toUTF16(order)("11,21,")
		for _, u := range rapid.SliceOfN(unit, 0, 40).Draw(t, "units") {
			if u != ',' && u != '"' && u != '\n' {
				row = order.AppendUint16(row, u)
			}
		}
		input = append(input, row...)
		file := failuresFile(t, input, reader.Options{Module: "Campaigns", Relation: "Leads"})
		if !bytes.Contains(file, row) {
			t.Fatalf("%q is not in %q", row, file)
		}
	})
}
