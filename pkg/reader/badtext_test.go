package reader_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/htmlindex"
	"pgregory.net/rapid"

	"delink/pkg/reader"
	"delink/pkg/reader/text"
)

// encodingOf is an encoding that there is.
func encodingOf(name string) text.Encoding {
	e, err := text.ParseEncoding(name)
	if err != nil {
		panic(err)
	}
	return e
}

// otherEncodings are those of which files are made.
var otherEncodings = []string{"windows-1252", "macintosh", "shift_jis", "gb18030", "iso-2022-jp"}

// encode writes a text in an encoding. Where that cannot be done, or it would be read as another text,
// the test is skipped.
func encode(t interface {
	Helper()
	Fatal(args ...any)
	Skip(args ...any)
}, name, s string,
) []byte {
	t.Helper()
	e, err := htmlindex.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := e.NewEncoder().Bytes([]byte(s))
	if err != nil || !utf8.ValidString(s) {
		t.Skip("the encoding has no such characters")
	}
	if back, err := e.NewDecoder().Bytes(b); err != nil || string(back) != s {
		t.Skip("the encoding has two ways to write a character, or reads another one")
	}
	if _, _, marked, err := text.Open(bytes.NewReader(b), encodingOf(name)); marked || err != nil {
		t.Skip("it looks like something else")
	}
	return b
}

// Excel's "CSV" in Western Europe: values that are only carried along are as they are, in rows and in
// the failures file.
func TestOtherEncodingThatIsCarried(t *testing.T) {
	for name, input := range map[string]string{
		"Western Europe":          "module;parent_id;relation;related_id;Name\r\nCampaigns;11;Leads;21;M\xfcller\r\nCampaigns;11;Leads;22;\"S\xf6hne; \x93Co\x94\r\n\"\r\n",
		"rows that are not whole": "Name;module;parent_id;relation;related_id\nM\xfcller;Campaigns;11;Leads;21\nM\xfcller;Campaigns;11;Leads;22\n\xfc\n",
		"Japanese":                "N,module,parent_id,relation,related_id\n\x83\x8a\x81\x5b\x83\x68,Campaigns,11,Leads,21\n\"\x83\x5c\",Campaigns,11,Leads,22\n",
		"a file that says UTF-8":  "\ufeffmodule,parent_id,relation,related_id,Name\nCampaigns,11,Leads,21,Müller\nCampaigns,11,Leads,22,M\xfcller\n",
	} {
		t.Run(name, func(t *testing.T) {
			in, err := reader.New("links.csv", strings.NewReader(input), reader.Options{})
			if err != nil {
				t.Fatal(err)
			}
			rows, err := drain(in)
			if err != nil || len(rows) < 2 || rows[0].Err != nil || rows[1].Err != nil {
				t.Fatal(rows, err)
			}
			for i, row := range rows[:2] {
				if row.Link != link("Campaigns", 11, "Leads", []reader.Link{{Related: 21}, {Related: 22}}[i].Related) || !strings.Contains(input, string(row.Raw)) {
					t.Errorf("%v of %q", row.Link, row.Raw)
				}
			}
			if len(rows) > 2 && (rows[2].Err == nil || rows[2].Err.Undecoded || !strings.Contains(rows[2].Err.Error(), "the row has 1 column")) {
				t.Errorf("the row is refused for %v", rows[2].Err)
			}
			checkFailuresFile(t, []byte(input), reader.Options{}, rows, in.Header())
			for _, row := range rows {
				if file := failuresFile(t, []byte(input), reader.Options{}); !bytes.Contains(file, row.Raw) {
					t.Errorf("%q is not in %q", row.Raw, file)
				}
			}
		})
	}
}

// Where such bytes are in a value that is needed, the input is refused once, at the first place, and
// the rows above are given.
func TestOtherEncodingThatIsNeeded(t *testing.T) {
	const good = "Campaigns,11,Leads,21,M\xfcller,Sent"
	for _, test := range []struct{ row, want, reads string }{
		{"Campa\xf1as,11,Leads,22,,", `links.csv:3:6: the text is not UTF-8: column 1, module has "Campa\xf1as"`, "CampañasCampaÒas"},
		{"Campaigns,\xa011,Leads,22,,", `links.csv:3:11: the text is not UTF-8: column 2, parent_id has "\xa011"`, "11†11"},
		{"Campaigns,11,\"L\xe4,\nds\",22,,", `links.csv:3:16: the text is not UTF-8: column 3, relation has "L\xe4,\nds"`, "Lä,\ndsL‰,\nds"},
		{"Campaigns,11,Leads,22\xb4,,", `links.csv:3:22: the text is not UTF-8: column 4, related_id has "22\xb4"`, "22´22¥"},
		{"\xfc,11,Leads,22,,Ge\xf6ffnet", `links.csv:3:1: the text is not UTF-8: column 1, module has "\xfc"`, "ü¸"},
		{"Campaigns,11,Leads,22,\xfc,Ge\xf6ffnet", `links.csv:3:27: the text is not UTF-8: column 6, link.Member_Status has "Ge\xf6ffnet"`, "GeöffnetGeˆffnet"},
		{"Campaigns,11,Leads,22,\xfc,Sent\x9d", `links.csv:3:29: the text is not UTF-8: column 6, link.Member_Status has "Sent\x9d"`, "Sentù"},
		{"Campaigns,11,Leads,22,,\xa9", `links.csv:3:24: the text is not UTF-8: column 6, link.Member_Status has "\xa9"`, "©"},
		{"Campaigns,11,Leads,22,,A long text of which only the end has an \xe4.", `links.csv:3:65: the text is not UTF-8: column 6, link.Member_Status has "…only the end has an \xe4."`, "…only the end has an ä.…only the end has an ‰."},
	} {
		t.Run(test.reads, func(t *testing.T) {
			rows, err := read(strings.NewReader("module,parent_id,relation,related_id,Name,link.Member_Status\n"+good+"\n"+test.row+"\n"+test.row+"\n"), reader.Options{})
			var e *reader.InputError
			if !errors.As(err, &e) || err.Error() != test.want {
				t.Fatalf("got  %v\nwant %s", err, test.want)
			}
			give, _ := e.Remedy.(reader.GiveEncoding)
			reads := ""
			for _, likely := range give.Likely {
				reads += likely.Reads
			}
			if reads != test.reads || len(give.Likely) == 2 && give.Likely[0].Encoding != text.Windows1252 {
				t.Errorf("the remedy is %+v", e.Remedy)
			}
			if len(rows) != 1 || rows[0].Err != nil || string(rows[0].Raw) != good {
				t.Errorf("the rows above are %v", rows)
			}
		})
	}
}

// If it is known how a text is encoded, what cannot be decoded is wrong in its row alone, and is
// shown as it is in the file.
func TestTextThatCannotBeDecoded(t *testing.T) {
	greek := reader.Options{Encoding: encodingOf("windows-1253")}
	for _, test := range []struct {
		name, input string
		opt         reader.Options
		want        string
	}{
		{"a value that is needed", header + "Campaigns,1\xd2,Leads,2\nCampaigns,1,Leads,3\n", greek, `links.csv:2:12: column 2, parent_id "1\xd2" is not windows-1253 text`},
		{"a value that is carried along", "name," + header + "\"a\nM\xd2\",Campaigns,1,Leads,2\n\xe1,Campaigns,1,Leads,3\n", greek, `links.csv:2: column 1, name "a\nM\xd2" is not windows-1253 text (in line 3)`},
		{"a file that says UTF-8", "\ufeff" + header + "Campaigns,\xa01,Leads,2\nCampaigns,1,Leads,3\n", reader.Options{}, `links.csv:2:11: column 2, parent_id "\xa01" is not UTF-8 text`},
		{"a file of which the user says so", header + "Campaigns,\xa01,Leads,2\nCampaigns,1,Leads,3\n", reader.Options{Encoding: encodingOf("utf-8")}, `links.csv:2:11: column 2, parent_id "\xa01" is not UTF-8 text`},
		{"a quote in the wrong place", "name," + header + "M\xd2\"x,Campaigns,1,Leads,2\n\xe1,Campaigns,1,Leads,3\n", greek, `links.csv:2:5: column 1, name "M\xd2\"x" has a quote in it, but does not begin with one`},
	} {
		t.Run(test.name, func(t *testing.T) {
			in, err := reader.New("links.csv", strings.NewReader(test.input), test.opt)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := drain(in)
			if err != nil || len(rows) != 2 || rows[1].Err != nil || rows[1].Link.Related != 3 {
				t.Fatal(rows, err)
			}
			e := rows[0].Err
			if e == nil || e.Error() != test.want || e.Undecoded != strings.Contains(test.want, " text") {
				t.Errorf("got  %v (%+v)\nwant %s", e, e, test.want)
			}
			checkFailuresFile(t, []byte(test.input), test.opt, rows, in.Header())
		})
	}
}

// Any text that an encoding can write has the same rows as in UTF-8, on the same lines, and a failures
// file that needs no Options.
func TestRowsInAnyEncoding(t *testing.T) {
	names := text.EncodingNames()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "encoding")
		end := rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "line end")
		comma := rapid.SampledFrom([]string{",", ";", "\t", "|"}).Draw(t, "delimiter")
		value := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune("ab1 ,;|\"\n")), rapid.RuneFrom([]rune("äßéčПриλリ線索ソ客고ｱ€"))))
		lines := []string{"Name,link.Status,module,parent_id,relation,related_id"}
		for i := range rapid.IntRange(1, 5).Draw(t, "rows") {
			quoted := func(v string) string { return `"` + strings.ReplaceAll(written(name, v), `"`, `""`) + `"` }
			lines = append(lines, fmt.Sprintf("%s,%s,Campaigns,%d,Leads,\"%d\"", quoted(value.Draw(t, "name")), quoted(value.Draw(t, "status")), 11+i, 21+i))
		}
		plain := strings.ReplaceAll(strings.Join(lines, end), ",", comma)
		input := encode(t, name, plain)
		opt := reader.Options{Encoding: encodingOf(name)}
		want, err := read(strings.NewReader("\ufeff"+plain), reader.Options{})
		if err != nil {
			t.Skip(err)
		}
		got, err := read(bytes.NewReader(input), opt)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatal(err, diff)
		}
		file, same := failuresFile(t, input, opt), failuresFile(t, []byte("\ufeff"+plain), reader.Options{})
		if strings.HasPrefix(name, "utf-") {
			return // which stay what they are
		}
		if !bytes.Equal(file, same) {
			t.Fatalf("got  %q\nwant %q", file, same)
		}
	})
}

// written is what an encoding can write of a text.
func written(name, s string) string {
	e, err := htmlindex.Get(name)
	if err != nil {
		panic(err)
	}
	return strings.Map(func(r rune) rune {
		b, err := e.NewEncoder().Bytes([]byte(string(r)))
		if err != nil {
			return -1
		}
		if back, err := e.NewDecoder().Bytes(b); err != nil || string(back) != string(r) {
			return -1
		}
		return r
	}, s)
}
