package report

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/worker"
	"delink/pkg/zoho"
)

func setToVerify(t *testing.T) *chunker.Set {
	b := chunker.NewBuilder()
	for i := range 5 { // backwards, so that positions are not in the order of lines
		l := reader.Link{Relation: zoho.Relation{Module: "Campaigns", List: "Leads"}, Parent: 1, Related: zoho.ID(100 - i)}
		if err := b.Add(l, 2+i); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build()
}

func TestCompare(t *testing.T) {
	const yes, no, unknown = outcome.Linked, outcome.NotLinked, outcome.NotKnown
	for _, c := range []struct {
		claims, shown outcome.Presence
		want          Agreement
	}{
		{yes, yes, Agrees},
		{no, no, Agrees},
		{yes, no, Disagrees},
		{no, yes, Disagrees},
		{unknown, yes, ClaimsNothing},
		{unknown, no, ClaimsNothing},
		{yes, unknown, ClaimsNothing},
		{no, unknown, ClaimsNothing},
	} {
		if got := Compare(c.claims, c.shown); got != c.want {
			t.Errorf("%q and %q: %q, want %q", c.claims, c.shown, got, c.want)
		}
	}
}

// Findings are read back as far as their lines are whole, and only with their own key.
func TestFindings(t *testing.T) {
	set := setToVerify(t)
	path := filepath.Join(t.TempDir(), "findings")
	on := disk.OS{}
	at := time.UnixMilli(1_700_000_000_123)
	write := func(size int64, findings ...worker.Finding) *Findings {
		t.Helper()
		f, _, err := ReadFindings(on, path, "key", set)
		if err == nil {
			err = f.Open(on, path, "key", size)
		}
		if err == nil {
			err = f.Write(findings)
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	why := &zoho.Error{Kind: zoho.Unanswered, Code: zoho.CodeNoAnswer}
	f := write(0, worker.Finding{Pos: 4, Presence: outcome.Linked, Time: at}, worker.Finding{Pos: 1, Presence: outcome.NotLinked, Time: at},
		worker.Finding{Pos: 2, Presence: outcome.NotKnown, Err: why, Time: at})
	says := func(pos int) (outcome.Status, outcome.Presence) { return outcome.Removed, outcome.NotLinked }
	rows := slices.Collect(f.Verified(says))
	var got []string
	for _, r := range rows {
		got = append(got, r.cells()[0]+r.cells()[6]+r.cells()[7])
	}
	if want := []string{"2yesno", "4unknown", "5noyes"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if c := f.Causes(); len(c) != 1 || c[0].Links != 1 || c[0].Code != zoho.CodeNoAnswer {
		t.Errorf("%v", c)
	}

	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for tail, name := range map[string]string{
		"": "nothing", "0 no 17": "half a line", "\x00\x00\x00": "zeros", "9 no 17\n": "a link that is not there", "0 maybe 17\n": "no presence",
		"0 no\n": "no time", "0 unknown 17\n": "what is not known", "\n": "an empty line", "-1 no 17\n": "no position",
	} {
		if err := os.WriteFile(path, append(slices.Clone(whole), tail...), 0o600); err != nil {
			t.Fatal(err)
		}
		f, size, err := ReadFindings(on, path, "key", set)
		if err != nil || size != int64(len(whole)) || !f.Has(4) || !f.Has(1) || f.Has(2) || f.Has(0) {
			t.Errorf("behind it stands %s: %d bytes of %d count, %v", name, size, len(whole), err)
		}
		g := write(size, worker.Finding{Pos: 0, Presence: outcome.Linked, Time: at})
		if again, _, _ := ReadFindings(on, path, "key", set); !g.Has(0) || !again.Has(0) || !again.Has(4) {
			t.Errorf("behind %s nothing can be written", name)
		}
	}
	other, size, err := ReadFindings(on, path, "another", set)
	if err != nil || size != 0 || other.Has(4) {
		t.Errorf("findings with another key count: %d bytes, %v", size, err)
	}
}
