package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"delink/pkg/zoho/emulator"
)

// The links that every file in testdata/csv is about which is not refused.
var inputLinks = []uint64{3652397000000900001, 3652397000000900002}

var (
	campaignLeads = []string{"--module", "Campaigns", "--relation", "Leads"}
	justColumns   = []string{"--module", "campaign", "--relation", "lead", "--columns"}
)

// inputs are the files in testdata/csv: how they are read, or why they are not.
var inputs = []struct {
	file string
	args []string
	want []string // what a refusal says; none for a file with both links
}{
	{"canonical.csv", nil, nil},
	{"other-spelling.csv", nil, nil},
	{"labels.csv", nil, nil},
	{"constants.csv", []string{"--module", "Campaign", "--relation", "leads"}, nil},
	{"zoho-export-of-leads.csv", campaignLeads, nil},
	{"zoho-export-of-campaigns.csv", campaignLeads, nil},
	{"zoho-report.csv", campaignLeads, nil},
	{"zoho-bulk-read.csv", campaignLeads, nil},
	{"zoho-with-module.csv", nil, nil},
	{"german-headers.csv", append(justColumns, `parent_id=Kampagne-ID,related_id="Lead; ID"`), nil},
	{"japanese-headers.csv", append(justColumns, "related_id=データID", "--columns", "parent_id=キャンペーン名.id"), nil},
	{"utf8-mark.csv", nil, nil},
	{"utf16-little-end.csv", nil, nil},
	{"utf16-big-end.csv", nil, nil},
	{"semicolons.csv", nil, nil},
	{"semicolons.csv", []string{"--delimiter", ";"}, nil},
	{"tabs.tsv", nil, nil},
	{"tabs.tsv", []string{"--delimiter", `\t`}, nil},
	{"bars.csv", nil, nil},
	{"bars.csv", []string{"--delimiter", "pipe"}, nil},
	{"comma-in-a-name.csv", nil, nil},
	{"two-delimiters.csv", append(justColumns, "parent_id=p,related_id=r", "--delimiter", "semicolon"), nil},
	{"crlf.csv", nil, nil},
	{"cr.csv", nil, nil},
	{"crcrlf.csv", nil, nil},
	{"no-last-line-end.csv", nil, nil},
	{"line-breaks-in-values.csv", campaignLeads, nil},
	{"blank-lines.csv", campaignLeads, nil},
	{"emptied-rows.csv", campaignLeads, nil},
	{"sep-line.csv", nil, nil},
	{"sep-line-that-decides.csv", append(justColumns, "parent_id=p,related_id=r"), nil},
	{"header-again.csv", campaignLeads, nil},
	{"files-in-one.csv", campaignLeads, nil},
	{"gzip.csv.gz", nil, nil},
	{"gzip-not-called-so.csv", nil, nil},
	{"gzip-of-utf16.csv.gz", nil, nil},
	{"zstd.csv.zst", nil, nil},
	{"dressed-ids.csv", campaignLeads, nil},
	{"formulas.csv", campaignLeads, nil},
	{"failures-file.csv", campaignLeads, nil},

	{"header-only.csv", nil, []string{"nothing to do: header-only.csv has a header, but no rows"}},
	{"header-only-of-an-export.csv", campaignLeads, []string{"nothing to do"}},

	{"empty.csv", nil, []string{"empty.csv:1:1: the file is empty", "hint: it needs a header and rows"}},
	{"blank.csv", nil, []string{"blank.csv:1:1: the file is empty"}},
	{"latin-1.csv", nil, nil},
	{"utf16-without-mark.csv", nil, []string{"the file is UTF-16 text without the mark that says so", "hint: save it again as UTF-8"}},
	{"utf16-half-a-character.csv", nil, []string{"utf16-half-a-character.csv:4: cannot be read further: the file ends in the middle of a UTF-16 character"}},
	{"utf32.csv", nil, []string{"the file is UTF-32 text", "hint: save it again as UTF-8"}},
	{"nul-bytes.csv", nil, []string{`nul-bytes.csv:3:60: column 5, Name "Li\x00Bo" has a NUL byte`}},
	{"workbook.csv", nil, []string{"workbook.csv:1:1: the file is an Excel workbook (.xlsx), not a CSV file", "hint: in the spreadsheet, save it as CSV UTF-8"}},
	{"opendocument.csv", nil, []string{"the file is an OpenDocument workbook (.ods)"}},
	{"archive.csv", nil, []string{"the file is a zip archive, not a CSV file", "hint: unpack it first"}},
	{"old-workbook.csv", nil, []string{"the file is an Excel workbook (.xls)"}},
	{"web-page.csv", nil, []string{"the file is a web page (HTML)", "login or error page"}},
	{"json.csv", nil, []string{"the file is JSON, not a CSV file"}},
	{"xml.csv", nil, []string{"the file is XML, not a CSV file"}},
	{"cut-short.csv.gz", nil, []string{"the gzip file ends too early: it is incomplete"}},
	{"no-header.csv", campaignLeads, []string{"no-header.csv:1:1: the first row is data, not a header"}},
	{"unknown-headers.csv", campaignLeads, []string{
		"the header lacks the columns parent_id, related_id", `it has Kampagne, Kontakt; --columns parent_id="…",related_id="…" says which columns to use`,
	}},
	{"no-direction.csv", nil, []string{
		"the header lacks the columns module, parent_id, relation, related_id", "Lead Id looks like the id of one of the Leads",
		"add --module Leads --relation Campaigns to remove Campaigns from Leads, or --module Campaigns --relation Leads to remove Leads from Campaigns",
	}},
	{"two-parents.csv", campaignLeads, []string{
		"two-parents.csv:1:23: for Campaigns.Leads, delink cannot tell which column is which: parent_id may be Campaign Id or Campaign Name.id",
		"it has Record Id, Campaign Id, Campaign Name.id; say which, for example --columns 'parent_id=Campaign Id,related_id=Record Id'",
	}},
	{"two-related.csv", campaignLeads, []string{
		"parent_id may be Record Id or Campaign Name.id, related_id may be Lead Id or Record Id", "--columns 'parent_id=Campaign Name.id,related_id=Lead Id'",
	}},
	{"two-delimiters.csv", append(justColumns, "parent_id=p,related_id=r"), []string{"the columns may be separated by commas or by semicolons", "hint: say which with --delimiter"}},
	{"column-twice.csv", campaignLeads, []string{"column-twice.csv:1:11: column parent_id is there twice, as columns 1 and 2"}},
	{"columns-of-two-relations.csv", nil, []string{`columns-of-two-relations.csv:3:1: column 1, module "Leads" is another than in the first row, by which the columns were chosen: Campaigns.Leads`}},
	{"changed-by-a-spreadsheet.csv", campaignLeads, []string{
		`:2:1: column 1, parent_id "3,65E+18" is not a record id: Excel has changed this id, it cannot be recovered`, ":3:21: column 2, related_id", ":4:1: column 1, parent_id", ":5:21: column 2, related_id",
		"hint: export again, or format the column as text", "4 rows cannot be used",
	}},
	{"no-ids.csv", campaignLeads, []string{
		`:2:1: column 1, parent_id "+`, `:3:21: column 2, related_id "-`, ":4:21: column 2, related_id", ":5:1: column 1, parent_id \"03652397000000400001\" is not a record id: it begins with 0",
		":6:21: column 2, related_id", ":7:21: column 2, related_id \"18446744073709551616\"", ":8:21: column 2, related_id is empty", "7 rows cannot be used",
	}},
	{"open-quote.csv", campaignLeads, []string{"open-quote.csv:2:41: the quote that opens here is never closed"}},
	{"quotes-in-values.csv", campaignLeads, []string{`:2:42: column 3, Note "5\" pipe" has a quote in it`, ":3:41: column 2, related_id", "2 rows cannot be used"}},
	{"ragged.csv", campaignLeads, []string{":2:1: the row has 2 columns, the header has 3", ":3:1: the row has 4 columns", "hint: a value with a comma in it needs quotes around it"}},
	{"unknown-delimiter.csv", campaignLeads, []string{`unknown-delimiter.csv:1:5: the first line says that the columns are separated by "^"`}},
}

// Every file in testdata/csv is read as it is meant, or refused with what is wrong and what to do.
// Those that are read run in two goes: the first removes one link and is refused the other, which
// the second one, of the failures file, removes.
func TestInputs(t *testing.T) {
	folder := filepath.Join("..", "..", "testdata", "csv")
	all, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	for _, in := range inputs {
		tested[in.file] = true
		t.Run(strings.Join(append([]string{in.file}, in.args...), " "), func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join(folder, in.file))
			if err != nil {
				t.Fatal(err)
			}
			crm := newInputCRM(t, in.file, content)
			switch {
			case in.want == nil:
				crm.mustRead(content, in.args)
			case strings.HasPrefix(in.want[0], "nothing to do"):
				crm.mustBeEmpty(in.args, in.want)
			default:
				crm.mustRefuse(in.args, in.want)
			}
		})
	}
	for _, f := range all {
		if !tested[f.Name()] {
			t.Errorf("%s is not tested", f.Name())
		}
	}
}

// inputCRM is a CRM in which the links exist, and a folder with the input.
type inputCRM struct {
	*testing.T
	*emulator.Emulator
	file string
	env  map[string]string
}

func newInputCRM(t *testing.T, file string, content []byte) *inputCRM {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
	t.Chdir(t.TempDir())
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	config := emulator.Default()
	c := &inputCRM{T: t, Emulator: emulator.New(config), file: file}
	c.Link("Campaigns", someCampaign, "Leads", inputLinks...)
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.env = map[string]string{
		"ZOHO_ACCOUNTS_URL": server.URL, "ZOHO_API_DOMAIN": server.URL,
		"ZOHO_CLIENT_ID": config.ClientID, "ZOHO_CLIENT_SECRET": config.ClientSecret, "ZOHO_REFRESH_TOKEN": config.RefreshToken,
	}
	return c
}

func (c *inputCRM) delink(want int, stdin []byte, args ...string) (stdout, stderr string) {
	c.Helper()
	var out, err bytes.Buffer
	getenv := func(name string) string { return c.env[name] }
	p := &program{ui: newUI(&err, getenv), stdin: bytes.NewReader(stdin), stdout: &out, getenv: getenv, disk: hasty}
	if code := p.run(c.Context(), args); code != want {
		c.Fatalf("delink %s: exit code %d, not %d\n%s", strings.Join(args, " "), code, want, err.String())
	}
	return out.String(), err.String()
}

// mustRead runs the program twice, and checks what it removed and what it says.
func (c *inputCRM) mustRead(content []byte, args []string) {
	c.Helper()
	var plan struct{ Rows, Links int }
	out, _ := c.delink(0, content, append([]string{"plan", "-", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &plan); err != nil || plan.Rows != 2 || plan.Links != 2 {
		c.Errorf("the plan of standard input: %+v, %v", plan, err)
	}
	c.set(fmt.Sprintf("id-errors=%d:RECORD_LOCKED", inputLinks[1]))
	c.delink(3, nil, append([]string{"run", c.file, "--yes", "--results", "first.csv", "--failures", "left.csv"}, args...)...)
	c.removed(inputLinks[:1])
	c.set("id-errors=")
	c.delink(0, nil, append([]string{"run", "left.csv", "--yes", "--results", "second.csv"}, args...)...)
	c.removed(inputLinks)
	if rows := readRows(c.T, "second.csv"); len(rows) != 1 || rows[0]["status"] != "removed" {
		c.Errorf("the run of the failures file has the results %v", rows)
	}
}

func (c *inputCRM) set(knob string) {
	c.Helper()
	c.Update(func(config *emulator.Config) {
		if err := config.SetAll(knob); err != nil {
			c.Fatal(err)
		}
	})
}

// removed checks that these links are gone, and that nothing else was asked for.
func (c *inputCRM) removed(want []uint64) {
	c.Helper()
	var gone []uint64
	for s := range c.States() {
		if s.Module != "Campaigns" || s.Parent != someCampaign || s.List != "Leads" {
			c.Errorf("a call was about %s %d, %s %d", s.Module, s.Parent, s.List, s.Related)
		}
		if !s.Linked {
			gone = append(gone, s.Related)
		}
	}
	slices.Sort(gone)
	if !slices.Equal(gone, want) {
		c.Errorf("removed are %v, want %v", gone, want)
	}
}

func (c *inputCRM) mustBeEmpty(args, want []string) {
	c.Helper()
	c.delink(0, nil, append([]string{"plan", c.file}, args...)...)
	_, stderr := c.delink(0, nil, append([]string{"run", c.file, "--yes"}, args...)...)
	c.says(stderr, want)
	if calls := c.Books().Calls; len(calls) > 0 {
		c.Errorf("calls were made: %v", calls)
	}
}

func (c *inputCRM) mustRefuse(args, want []string) {
	c.Helper()
	_, stderr := c.delink(2, nil, append([]string{"plan", c.file}, args...)...)
	c.says(stderr, want)
	c.delink(2, nil, append([]string{"run", c.file, "--yes"}, args...)...)
	if calls := c.Books().Calls; len(calls) > 0 {
		c.Errorf("calls were made: %v", calls)
	}
	if files, err := os.ReadDir("."); err != nil || len(files) != 1 {
		c.Errorf("files were made: %v, %v", files, err)
	}
}

func (c *inputCRM) says(stderr string, want []string) {
	c.Helper()
	for _, w := range want {
		if !strings.Contains(stderr, w) {
			c.Errorf("it does not say %q:\n%s", w, stderr)
		}
	}
}
