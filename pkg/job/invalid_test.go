package job

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"delink/pkg/disk"
)

// Millions of rows may be bad. Those that are only counted are not kept; those that a run goes on
// without are recorded, and kept for it.
func TestManyRowsThatCannotBeUsed(t *testing.T) {
	const bad = 1500
	folder := t.TempDir()
	c := Config{Input: filepath.Join(folder, "links.csv"), Files: Files{Invalid: filepath.Join(folder, "bad.csv")}}
	text := "module,parent_id,relation,related_id\nCampaigns,1,Leads,2\n" + strings.Repeat("Campaigns,1,Leads,3E+18\n", bad)
	if err := os.WriteFile(c.Input, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := readInput(c, disk.OS{}, false)
	var r *Refusal
	if !errors.As(err, &r) {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%s: %d rows cannot be used", c.Input, bad); r.Error() != want || r.Rows.Count() != bad || len(r.Rows.First(bad)) != 1000 {
		t.Errorf("%v, with %d rows, %d of them kept", r, r.Rows.Count(), len(r.Rows.First(bad)))
	}
	written, err := os.ReadFile(c.Files.Invalid)
	if err != nil || strings.Count(string(written), "\n") != bad+1 {
		t.Errorf("%d lines were written: %v", strings.Count(string(written), "\n"), err)
	}
	c.SkipInvalid = true
	p, err := readInput(c, disk.OS{}, false)
	if err != nil || len(p.Bad) != bad || p.Rows() != bad+1 {
		t.Errorf("%d rows, %d of them bad: %v", p.Rows(), len(p.Bad), err)
	}
}
