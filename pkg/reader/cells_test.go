package reader

import (
	"slices"
	"strings"
	"testing"
)

func TestCells(t *testing.T) {
	const input = "module;parent_id;relation;related_id;note;link.Status\n" +
		"Campaigns;1;Leads;2;\"a;\"\"b\"\"\";'=1\n" +
		"Campaigns;1;Leads;3;;;\n" // with a delimiter at its end, as all rows but the first
	rows := [][]string{{"Campaigns", "1", "Leads", "2", `a;"b"`, "=1"}, {"Campaigns", "1", "Leads", "3", "", ""}}
	in, err := New("links.csv", strings.NewReader(input), Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for row, err := range in.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		if row.Err != nil {
			continue
		}
		if got := in.Header().Cells(row.Raw); !slices.Equal(got, rows[n]) {
			t.Errorf("%q, not %q", got, rows[n])
		}
		n++
	}
	if n == 0 {
		t.Error("no row was read")
	}
}
