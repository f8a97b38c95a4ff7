package reader

import (
	"slices"
	"strings"
	"testing"
)

func TestCells(t *testing.T) {
	const (
		header = "module;parent_id;relation;related_id;note;link.Status"
		first  = "Campaigns;1;Leads;2;\"a;\"\"b\"\"\";'=1"
		second = "Campaigns;1;Leads;3;;"
	)
	rows := [][]string{{"Campaigns", "1", "Leads", "2", `a;"b"`, "=1"}, {"Campaigns", "1", "Leads", "3", "", ""}}
	for name, input := range map[string]string{
		"plain":                               header + "\n" + first + "\n" + second + "\n",
		"rows end with a delimiter":           header + "\n" + first + ";\n" + second + ";\n",
		"the header ends with a delimiter":    header + ";\n" + first + "\n" + second + "\n",
		"all lines end with a delimiter":      header + ";\n" + first + ";\n" + second + ";\n",
		"the last row lacks the end of lines": header + "\r\n" + first + "\r\n" + second,
	} {
		t.Run(name, func(t *testing.T) {
			in, err := New("links.csv", strings.NewReader(input), Options{})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for row, err := range in.Rows() {
				if err != nil || row.Err != nil {
					t.Fatal(err, row.Err)
				}
				if got := in.Header().Cells(row.Raw); !slices.Equal(got[:len(rows[n])], rows[n]) {
					t.Errorf("%q, not %q", got, rows[n])
				}
				n++
			}
			if n != len(rows) {
				t.Errorf("%d rows were read", n)
			}
		})
	}
}
