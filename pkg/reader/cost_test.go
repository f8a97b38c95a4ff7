package reader_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"delink/pkg/reader"
)

// Reading costs time in proportion to the input, whatever it is made of: eight times as much takes
// about eight times as long. If each part were compared with each other one, it would take 64 times
// as long.
func TestCostIsLinear(t *testing.T) {
	leads := reader.Options{Module: "Campaigns", Relation: "Leads"}
	repeat := strings.Repeat
	for _, test := range []struct {
		name  string
		input func(n int) string
		opt   reader.Options
	}{
		{"columns", func(n int) string {
			return "parent_id,related_id" + repeat(",x", n) + "\n" + repeat("1,2"+repeat(",", n)+"\n", 20)
		}, leads},
		{"columns that may be any record's", func(n int) string { return "x" + repeat(",Record Id", n) + "\n1\n" }, leads},
		{"columns that may be both records", func(n int) string { return "x" + repeat(",Campaign Id,Lead Id", n/2) + "\n1\n" }, leads},
		{"columns that may be both records, relation by row", func(n int) string {
			return "module,relation" + repeat(",Campaign Id,Lead Id", n/2) + "\nA,B" + repeat(",1", n) + "\n"
		}, reader.Options{}},
		{"columns of earlier runs", func(n int) string {
			return "parent_id,related_id" + repeat(",delink_status", n) + "\n" + repeat("1,2"+repeat(",", n)+"\n", 20)
		}, leads},
		{"columns of one name", func(n int) string { return "module,parent_id" + repeat(",parent_id", n) + "\n1\n" }, leads},
		{"blank lines", func(n int) string { return repeat("\n", 100*n) + header + repeat("\r\n", 100*n) }, leads},
		{"blank lines with spaces", func(n int) string { return repeat(" \t\r\n", 20*n) + header + repeat("  \n", 20*n) }, leads},
		{"blank lines that end in carriage returns", func(n int) string { return repeat("\r", 100*n) + header[:len(header)-1] + repeat("\r", 100*n) }, leads},
		{"emptied rows", func(n int) string { return header + repeat(",,,\n", 20*n) }, leads},
		{"relations", func(n int) string { return header + manyRelations(10*n) }, leads},
		{"rows whose relation is none", func(n int) string { return "module,relation,Record Id,Campaign Id\n" + repeat("9,9,1,2\n", 10*n) }, reader.Options{}},
		{"headers", func(n int) string {
			return "module,relation,Record Id,Campaign Id\n" + repeat("module,relation,Record Id,Campaign Id\n", 5*n)
		}, reader.Options{}},
		{"quotes", func(n int) string { return header + repeat(`"`, 20*n-1) + "\n" }, leads},
		{"wrong quotes in one row", func(n int) string { return header + repeat(`"a"b,"`, 3*n) + "\n" }, leads},
		{"wrong quotes in many rows", func(n int) string { return header + repeat(`"a"b`+"\n", 10*n) }, leads},
		{"a long line in pieces", func(n int) string { return header + repeat("x", 300*n) + "\n" }, leads},
	} {
		t.Run(test.name, func(t *testing.T) {
			cost := func(n int) time.Duration {
				input := inPieces(test.input(n))
				begun := time.Now()
				_, _ = read(input, test.opt) // some of them are refused
				return time.Since(begun)
			}
			const n, noise = 2_500, 100 * time.Millisecond
			for tries := 1; ; tries++ {
				small := max(cost(n), cost(n))
				large := cost(8 * n)
				if large <= 30*small+noise {
					return
				}
				if tries == 4 { // not something else that the machine does
					t.Fatalf("%v became %v", small, large)
				}
			}
		})
	}
}

func manyRelations(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("Campaigns,1,L" + strconv.Itoa(i) + ",2\n")
	}
	return b.String()
}

// pieces gives a text as a pipe does, some kilobytes at a time.
type pieces struct{ r *strings.Reader }

func inPieces(text string) pieces { return pieces{strings.NewReader(text)} }

func (p pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), 4096)]) }
