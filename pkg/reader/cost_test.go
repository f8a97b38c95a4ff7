package reader_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"delink/pkg/reader"
)

// Reading costs time in proportion to the input, whatever it is made of. Each of these took minutes, or would, if each part of it
// were compared with each other one; the limit is a hundred times what they take.
func TestCostIsLinear(t *testing.T) {
	const n = 50_000
	leads := reader.Options{Module: "Campaigns", Relation: "Leads"}
	repeat := strings.Repeat
	for _, test := range []struct {
		name, input string
		opt         reader.Options
	}{
		{"columns", "parent_id,related_id" + repeat(",x", n) + "\n" + repeat("1,2"+repeat(",", n)+"\n", 20), leads},
		{"columns that may be any record's", "x" + repeat(",Record Id", n) + "\n1\n", leads},
		{"columns that may be both records", "x" + repeat(",Campaign Id,Lead Id", n/2) + "\n1\n", leads},
		{"columns that may be both records, relation by row", "module,relation" + repeat(",Campaign Id,Lead Id", n/2) + "\nA,B" + repeat(",1", n) + "\n", reader.Options{}},
		{"columns of earlier runs", "parent_id,related_id" + repeat(",delink_status", n) + "\n" + repeat("1,2"+repeat(",", n)+"\n", 20), leads},
		{"columns of one name", "module,parent_id" + repeat(",parent_id", n) + "\n1\n", leads},
		{"blank lines", repeat("\n", 100*n) + header + repeat("\r\n", 100*n), leads},
		{"blank lines with spaces", repeat(" \t\r\n", 20*n) + header + repeat("  \n", 20*n), leads},
		{"blank lines that end in carriage returns", repeat("\r", 100*n) + header[:len(header)-1] + repeat("\r", 100*n), leads},
		{"emptied rows", header + repeat(",,,\n", 20*n), leads},
		{"relations", header + manyRelations(10*n), leads},
		{"rows whose relation is none", "module,relation,Record Id,Campaign Id\n" + repeat("9,9,1,2\n", 10*n), reader.Options{}},
		{"headers", "module,relation,Record Id,Campaign Id\n" + repeat("module,relation,Record Id,Campaign Id\n", 5*n), reader.Options{}},
		{"quotes", header + repeat(`"`, 20*n-1) + "\n", leads},
		{"wrong quotes in one row", header + repeat(`"a"b,"`, 3*n) + "\n", leads},
		{"wrong quotes in many rows", header + repeat(`"a"b`+"\n", 10*n), leads},
		{"a long line in pieces", header + repeat("x", 15<<20) + "\n", leads},
	} {
		t.Run(test.name, func(t *testing.T) {
			begun := time.Now()
			_, err := read(inPieces(test.input), test.opt)
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("%d bytes took %v (%v)", len(test.input), took, err)
			} else {
				t.Log(took)
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
