package page

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/report"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The policy names the script and the style that are there, and allows nothing else.
func TestPolicy(t *testing.T) {
	text := read(t, clean.saved(t))
	policy := html.UnescapeString(regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(text)[1])
	want := "default-src 'none'"
	for _, tag := range []string{"script", "style"} {
		all := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(text, -1)
		if len(all) != 1 {
			t.Fatalf("%d elements %s", len(all), tag)
		}
		sum := sha256.Sum256([]byte(all[0][1]))
		want += "; " + tag + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	if want += "; base-uri 'none'; form-action 'none'"; policy != want {
		t.Errorf("%s\nwant %s", policy, want)
	}
	if at := strings.Index(text, "Content-Security-Policy"); at < 0 || at > 300 {
		t.Errorf("the policy comes at byte %d, behind what it is for", at)
	}
	if m := regexp.MustCompile(`(?i)\s(on\w+|style|src|href)=`).FindString(regexp.MustCompile(`(?s)<script.*</script>|<style>.*</style>`).ReplaceAllString(text, "")); m != "" {
		t.Errorf("there is an attribute %s", m)
	}
}

// No text of the CRM becomes markup: the tags of the page are those of the template.
func TestAttacks(t *testing.T) {
	text := read(t, attacked.saved(t))
	for _, a := range attacks {
		if strings.ContainsAny(a, "<") && strings.Contains(text, a) {
			t.Errorf("it is there as it is: %s", a)
		}
	}
	if n := strings.Count(strings.ToLower(text), "</script"); n != 3 { // two with data, one with code
		t.Errorf("%d ends of scripts", n)
	}
	if strings.Contains(text, "\u202e") || strings.Contains(text, "\u2028") {
		t.Error("characters that change the direction of a text are there")
	}
}

// 100,000 failures fit in 2 MB, and everything of them is in the page.
func TestSize(t *testing.T) {
	path := failed.saved(t)
	text := read(t, path)
	t.Logf("%d bytes with %d failures", len(text), manyFailed)
	if len(text) > 2_000_000 {
		t.Error("it is too large")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	z, err := gzip.NewReader(base64.NewDecoder(base64.RawURLEncoding, strings.NewReader(regexp.MustCompile(`id="failed-data">([^<]*)<`).FindStringSubmatch(text)[1])))
	if err != nil {
		t.Fatal(err)
	}
	var data struct{ Rows, Total int }
	if err := json.NewDecoder(z).Decode(&data); err != nil || data.Rows != manyFailed || data.Total != manyFailed {
		t.Errorf("%+v, %v", data, err)
	}
}

// Rows and texts beyond what a page holds are left out, and that is told.
func TestMostRows(t *testing.T) {
	c, err := collect(func(visit func(*report.Row) error) error {
		for n := range mostRows + 5 {
			row := report.Row{Line: n, Status: outcome.Failed, Message: fmt.Sprintf("%d %s", n, strings.Repeat("é", 1000)), Parent: "1", Related: "2"}
			if err := visit(&row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || c.Rows != mostRows || c.Total != mostRows+5 {
		t.Errorf("%d of %d, %v", c.Rows, c.Total, err)
	}
	if last := c.Message.Texts[c.Message.Number[mostRows-1]]; last != textLeftOut {
		t.Errorf("%q", last)
	}
	packed, err := c.pack()
	if err != nil || len(packed) > 1_900_000 {
		t.Errorf("%d bytes, %v", len(packed), err)
	}
}

// What an id is in two parts is the id again.
func TestIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOf(rapid.OneOf(rapid.StringMatching(`[1-9][0-9]{0,18}`), rapid.StringMatching(`[ -~]{0,12}[0-9]{0,10}`))).Draw(t, "ids")
		var d ids
		for _, s := range all {
			d.add(s)
		}
		low := int64(0)
		for i, s := range all {
			low += d.Low.list[i]
			again := d.High.Texts[d.High.Number[i]]
			if low >= 0 {
				again += fmt.Sprintf("%09d", low)
			}
			if again != s {
				t.Fatalf("%q became %q", s, again)
			}
		}
	})
}

// Nothing is replaced but a page of the same job.
func TestTaken(t *testing.T) {
	folder := t.TempDir()
	p := (&job{name: "links.csv", links: 300}).write(t, folder)
	path := filepath.Join(folder, "links.html")
	for range 2 {
		if err := Save(disk.OS{}, path, p); err != nil {
			t.Fatal(err)
		}
	}
	ours := read(t, path)
	other := *p.Model
	other.Results = filepath.Join(folder, "other.results.csv")
	q := *p
	q.Model = &other
	if err := Save(disk.OS{}, path, &q); !errors.Is(err, ErrTaken) {
		t.Errorf("a page of another job: %v", err)
	}
	if read(t, path) != ours {
		t.Error("it was changed")
	}
	for _, mine := range []string{"", "<!doctype html>\n<p>my own", ours[:30]} {
		if err := os.WriteFile(path, []byte(mine), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Save(disk.OS{}, path, p); !errors.Is(err, ErrTaken) {
			t.Errorf("%q: %v", mine, err)
		}
		if read(t, path) != mine {
			t.Errorf("%q was changed", mine)
		}
	}
}

// Shares and widths do not hide what is small.
func TestShare(t *testing.T) {
	for _, c := range []struct {
		n, all int
		want   string
	}{{0, 10, "0 %"}, {10, 10, "100 %"}, {1, 100_000, "< 0.1 %"}, {99_999, 100_000, "> 99.9 %"}, {1, 3, "33.3 %"}, {0, 0, "0 %"}} {
		if got := share(c.n, c.all); got != c.want {
			t.Errorf("%d of %d is %s, want %s", c.n, c.all, got, c.want)
		}
	}
}
