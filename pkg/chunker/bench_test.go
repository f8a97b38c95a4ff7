package chunker_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"io"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"

	"delink/pkg/chunker"
	"delink/pkg/reader"
)

const benchRows = 1_000_000

// benchInput is an input of 5,000 parents, shuffled.
func benchInput(rows int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	b := []byte("module,parent_id,relation,related_id\n")
	for range rows {
		b = append(b, "Campaigns,"...)
		b = strconv.AppendUint(b, 3652397000000000000+random.Uint64N(5000)*7919, 10)
		b = append(b, ",Leads,"...)
		b = strconv.AppendUint(b, 3652397000100000000+random.Uint64N(1<<36), 10)
		b = append(b, '\n')
	}
	return b
}

// BenchmarkPlan reads and groups an input: what the program does before it asks.
func BenchmarkPlan(b *testing.B) {
	input := benchInput(benchRows)
	b.SetBytes(int64(len(input)))
	b.ReportAllocs()
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		set := plan(b, bytes.NewReader(input))
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/benchRows, "B-kept/row")
		if set.Rows() != benchRows {
			b.Fatal(set.Rows())
		}
	}
	b.ReportMetric(benchRows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkRead reads an input and does nothing with it.
func BenchmarkRead(b *testing.B) {
	input := benchInput(benchRows)
	b.SetBytes(int64(len(input)))
	b.ReportAllocs()
	for b.Loop() {
		in, err := reader.New("links.csv", bytes.NewReader(input), reader.Options{})
		if err != nil {
			b.Fatal(err)
		}
		for row, err := range in.Rows() {
			if err != nil || row.Err != nil {
				b.Fatal(row.Err, err)
			}
		}
	}
	b.ReportMetric(benchRows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkBareCSV is what encoding/csv alone takes for the same input.
func BenchmarkBareCSV(b *testing.B) {
	input := benchInput(benchRows)
	b.SetBytes(int64(len(input)))
	b.ReportAllocs()
	for b.Loop() {
		in := csv.NewReader(bufio.NewReaderSize(bytes.NewReader(input), 1<<20))
		in.ReuseRecord = true
		for {
			_, err := in.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(benchRows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func plan(t testing.TB, input io.Reader) *chunker.Set {
	t.Helper()
	in, err := reader.New("links.csv", input, reader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := chunker.NewBuilder()
	for row, err := range in.Rows() {
		if err != nil || row.Err != nil {
			t.Fatal(row.Err, err)
		}
		if err := b.Add(row.Link, row.Line); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build()
}
