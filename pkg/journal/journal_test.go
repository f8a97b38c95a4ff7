package journal

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/sealed"
	"delink/pkg/zoho"
)

const results = "/jobs/links of May.results.csv"

var (
	leads = zoho.Relation{Module: "Campaigns", List: "Leads"}
	crm   = zoho.Identity{Org: "60001", Host: "www.zohoapis.com", Login: "abc"}
)

// linkAt is the link of a position: there are three parent records.
func linkAt(pos int) reader.Link {
	return reader.Link{Relation: leads, Parent: zoho.ID(1 + pos%3), Related: zoho.ID(100 + pos)}
}

// batchesOf makes batches of the links at these positions.
func batchesOf(positions ...int) (batches []chunker.Batch) {
	for parent := range 3 {
		b := chunker.Batch{Relation: leads, Parent: zoho.ID(1 + parent)}
		for _, pos := range positions {
			if pos%3 == parent {
				b.Related, b.Pos = append(b.Related, linkAt(pos).Related), append(b.Pos, pos)
			}
		}
		if len(b.Pos) > 0 {
			batches = append(batches, b)
		}
	}
	return batches
}

// turnedOf makes batches of the same links from their other side.
func turnedOf(positions ...int) (batches []chunker.Batch) {
	other, _ := zoho.OtherSide(leads)
	for _, pos := range positions {
		l := linkAt(pos)
		batches = append(batches, chunker.Batch{Relation: other, Parent: l.Related, Related: []zoho.ID{l.Parent}, Pos: []int{pos}, Turned: leads})
	}
	return batches
}

func recordsOf(links map[reader.Link]bool) (records []Record) {
	for pos := range mostLinks {
		if l := linkAt(pos); links[l] {
			records = append(records, Record{CRM: crm, Relation: l.Relation, Parent: l.Parent, Related: []zoho.ID{l.Related}})
		}
	}
	return records
}

func linksOf(p *Past) map[reader.Link]bool {
	links := map[reader.Link]bool{}
	for i := range p.Records {
		for _, l := range p.Records[i].Links() {
			links[l] = true
		}
	}
	return links
}

// mostLinks is how many links the runs below have.
const mostLinks = 24

// model is what a journal has to remember.
type model struct {
	t       *rapid.T
	d       *drive
	ever    map[reader.Link]bool // was given to Write
	due     map[reader.Link]bool // was on disk as about to be sent, and has no outcome
	outcome map[reader.Link]bool // has an outcome on disk, of the run that goes on
	size    int64                // of the result file, as Synced was told
	known   int64                // the least that the journal has to know of the size
	begin   int64                // where rows begin to be outcomes; -1 before Start
	began   bool                 // Begin has come to its end in some run
}

// run is one run: it goes on until it ends or is killed.
func (m *model) run(carried Doubts) {
	m.begin, m.known = -1, 0
	j, err := Begin(m.d.disk(), Of(results), carried, 0)
	if err != nil {
		return
	}
	m.began = true
	j.limit = rapid.Int64Range(0, 600).Draw(m.t, "limit")
	if j.Start(crm, m.size, mostLinks) != nil {
		return
	}
	m.begin, m.known = m.size, m.size
	for range rapid.IntRange(0, 12).Draw(m.t, "steps") {
		positions := rapid.SliceOfNDistinct(rapid.IntRange(0, mostLinks-1), 1, 6, rapid.ID[int]).Draw(m.t, "positions")
		if rapid.Bool().Draw(m.t, "write") {
			for _, pos := range positions {
				m.ever[linkAt(pos)] = true
				delete(m.outcome, linkAt(pos))
			}
			batches := batchesOf(positions...)
			if rapid.Bool().Draw(m.t, "turned") {
				batches = turnedOf(positions...)
			}
			if j.Write(batches) != nil {
				return
			}
			m.known = m.size
			for _, pos := range positions {
				m.due[linkAt(pos)] = true
			}
			continue
		}
		positions = slices.DeleteFunc(positions, func(pos int) bool { return !m.due[linkAt(pos)] })
		m.size += int64(60 * len(positions))
		for _, pos := range positions {
			delete(m.due, linkAt(pos))
			m.outcome[linkAt(pos)] = true
		}
		j.Synced(positions, m.size)
	}
	_ = j.Close()
}

// check reads the journal, and gives the links that the next run has to carry over.
func (m *model) check() map[reader.Link]bool {
	past, err := Read(m.d.disk(), Of(results).Path)
	switch {
	case err != nil:
		m.t.Fatal(err)
	case past == nil:
		if m.began {
			m.t.Fatal("there is no journal")
		}
		return nil
	}
	found := linksOf(past)
	for l := range m.due {
		if !found[l] {
			m.t.Fatalf("%v was about to be sent, and is forgotten", l)
		}
	}
	for l := range found {
		if !m.ever[l] {
			m.t.Fatalf("%v was never about to be sent", l)
		}
	}
	if past.Results != results || past.Size > m.size || past.Size < m.known {
		m.t.Fatalf("%+v, want a size of %d to %d", past, m.known, m.size)
	}
	if m.begin >= 0 && past.Begin != m.begin {
		m.t.Fatalf("rows count from byte %d, want %d", past.Begin, m.begin)
	}
	for l := range m.outcome {
		delete(found, l)
	}
	clear(m.outcome)
	return found
}

// Whatever runs do, and whenever they are killed or lose power: the journal has every link that was
// about to be sent and has no outcome, and no link that never was about to be sent.
func TestNothingIsForgotten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{t: t, d: newDrive(), ever: map[reader.Link]bool{}, due: map[reader.Link]bool{}, outcome: map[reader.Link]bool{}}
		var left map[reader.Link]bool
		for range rapid.IntRange(1, 4).Draw(t, "runs") {
			m.d.left = rapid.IntRange(-1, 60).Draw(t, "calls")
			m.d.torn = rapid.IntRange(0, 300).Draw(t, "torn")
			m.run(Doubts{Records: recordsOf(left)})
			m.d.left = -1
			if rapid.Bool().Draw(t, "power") {
				m.d.losePower(rapid.IntRange(0, 300).Draw(t, "more"), rapid.Bool().Draw(t, "zeros"))
			}
			left = m.check()
		}
		if err := Keep(m.d.disk(), Of(results), Doubts{Records: recordsOf(left)}, 0); err != nil {
			t.Fatal(err)
		}
		past, err := Read(m.d.disk(), Of(results).Path)
		if err != nil || past == nil {
			t.Fatalf("%d links were kept, and the journal says %v, %v", len(left), past, err)
		}
		if len(linksOf(past)) != len(left) || len(left) > 0 && !cmp.Equal(linksOf(past), left) || past.Begin != -1 || past.Damaged {
			t.Fatalf("%v, want %v, and no outcomes", past, left)
		}
	})
}

// A journal without doubts is empty, and then removed, be there one or not.
func TestKeepNothing(t *testing.T) {
	d := newDrive()
	for range 2 {
		if err := Keep(d.disk(), Of(results), Doubts{}, 0); err != nil {
			t.Error(err)
		}
		past, err := Read(d.disk(), Of(results).Path)
		if err != nil || !cmp.Equal(past, &Past{Results: results, Begin: -1, Since: -1}) {
			t.Errorf("%+v, %v", past, err)
		}
		for range 2 {
			if err := Remove(d.disk(), Of(results)); err != nil || len(d.names) > 0 {
				t.Errorf("%v, %v", d.names, err)
			}
		}
		if _, err := Begin(d.disk(), Of(results), Doubts{All: []zoho.Identity{crm}}, 0); err != nil {
			t.Fatal(err)
		}
	}
	past, err := Read(d.disk(), Of(results).Path)
	if err != nil || !cmp.Equal(past, &Past{Results: results, All: []zoho.Identity{crm}, Begin: -1, Since: -1}) {
		t.Errorf("%+v, %v", past, err)
	}
}

// A kill can leave the last line cut off at any byte, and a power failure zeros behind it. All
// lines before it count.
func TestCutOffAtEveryByte(t *testing.T) {
	d := newDrive()
	j, err := Begin(d.disk(), Of(results), Doubts{Records: recordsOf(map[reader.Link]bool{linkAt(7): true})}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Start(crm, 100, mostLinks), j.Write(batchesOf(0, 1, 2, 3)), j.Write(batchesOf(4)), j.Close()); err != nil {
		t.Fatal(err)
	}
	file := d.names[Of(results).Path]
	whole := string(file.data)
	header := strings.Index(whole, "\n") + 1
	for size := range len(whole) + 1 {
		for _, end := range []string{"", "\x00", strings.Repeat("\x00", 5000)} {
			file.data = []byte(whole[:size] + end)
			past, err := Read(d.disk(), Of(results).Path)
			if size < header {
				if not := new(NotAJournal); !errors.As(err, &not) {
					t.Fatalf("cut off at byte %d: %v", size, err)
				}
				continue
			}
			if want := strings.Count(whole[:size], " "+kindLinks+" "); err != nil || len(past.Records) < want-1 || whole[size-1] == '\n' && len(past.Records) != want {
				t.Fatalf("cut off at byte %d: %+v, %v, want %d records", size, past, err, want)
			}
		}
	}
}

func TestFilesThatAreNoJournals(t *testing.T) {
	line := func(text string) string { return string(sealed.Append(nil, text)) }
	tests := []struct{ name, content, want string }{
		{"an empty file", "", "is not a journal"},
		{"a text", "hello\nworld\n", "is not a journal"},
		{"no line end", strings.TrimSuffix(line(`journal 1 "x"`), "\n"), "is not a journal"},
		{"a long line", strings.Repeat("x", 3*longest) + "\n", "is not a journal"},
		{"a checksum of another text", "00000000 journal 1 \"x\"\n", "is not a journal"},
		{"another kind of line", line("size 100"), "is not a journal"},
		{"another version", line(`journal 3 "x"`), "is the journal of another version"},
		{"another version, whose lines may mean something else", line(`journal 3 "x"`) + line("all 1|h|l"), "is the journal of another version"},
		{"a name that is not quoted", line(`journal 1 x`), "is the journal of another version"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDrive()
			d.names[Of(results).Path] = &inode{data: []byte(test.content)}
			past, err := Read(d.disk(), Of(results).Path)
			if not := new(NotAJournal); !errors.As(err, &not) || !cmp.Equal(not.Rest, &Past{Begin: -1, Since: -1, Size: not.Rest.Size}) {
				t.Errorf("%#v", err)
			}
			if past != nil || err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), Of(results).Path) {
				t.Errorf("%v, %v, want that it %s", past, err, test.want)
			}
			if string(d.names[Of(results).Path].data) != test.content {
				t.Error("the file was changed")
			}
		})
	}
}

// However many links go through a journal, the file stays small: only the links under way take
// space.
func TestFileIsBounded(t *testing.T) {
	const rows, size, underWay = 1_000_000, 100, 25
	d := newDrive()
	j, err := Begin(d.disk(), Of(results), Doubts{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Start(crm, 0, rows); err != nil {
		t.Fatal(err)
	}
	var waiting [][]int
	for first := 0; first < rows; first += size {
		b := chunker.Batch{Relation: leads, Parent: 3652397000000327001}
		for pos := first; pos < first+size; pos++ {
			b.Related, b.Pos = append(b.Related, zoho.ID(3652397000010000000+pos)), append(b.Pos, pos)
		}
		if err := j.Write([]chunker.Batch{b}); err != nil {
			t.Fatal(err)
		}
		if waiting = append(waiting, b.Pos); len(waiting) == underWay {
			j.Synced(waiting[0], int64(first))
			waiting = waiting[1:]
		}
	}
	if d.most > sizeMax+8<<10 {
		t.Errorf("the file had %d bytes", d.most)
	}
	past, err := Read(d.disk(), Of(results).Path)
	if err != nil || len(past.Records) < underWay-1 {
		t.Errorf("%d records are left, %v", len(past.Records), err)
	}
}

// Outcomes are synced while batches are written.
func TestSyncedBesideWrite(t *testing.T) {
	d := newDrive()
	j, err := Begin(d.disk(), Of(results), Doubts{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	const rows = 3000
	j.limit = 300
	if err := j.Start(crm, 0, rows); err != nil {
		t.Fatal(err)
	}
	written := make(chan int, 10)
	var syncer sync.WaitGroup
	syncer.Go(func() {
		for pos := range written {
			j.Synced([]int{pos}, int64(pos))
		}
	})
	for pos := range rows {
		if err := j.Write(batchesOf(pos)); err != nil {
			t.Fatal(err)
		}
		if pos%10 != 0 {
			written <- pos
		}
	}
	close(written)
	syncer.Wait()
	past, err := Read(d.disk(), Of(results).Path)
	if err != nil {
		t.Fatal(err)
	}
	found := linksOf(past)
	for pos := 0; pos < rows; pos += 10 {
		if !found[linkAt(pos)] {
			t.Errorf("%v is forgotten", linkAt(pos))
		}
	}
}

// Once a line could not be written whole, nothing is written behind it.
func TestWriteAfterAFailure(t *testing.T) {
	for calls := range 9 {
		for _, limit := range []int64{0, sizeMax} {
			d := newDrive()
			j, err := Begin(d.disk(), Of(results), Doubts{}, 0)
			if err != nil {
				t.Fatal(err)
			}
			j.limit = limit
			if err := errors.Join(j.Start(crm, 0, mostLinks), j.Write(batchesOf(0, 1, 2, 3, 4, 5)), j.Write(batchesOf(6, 7, 8, 9))); err != nil {
				t.Fatal(err)
			}
			d.left, d.torn = calls, 10
			failed := j.Write(batchesOf(10))
			d.left = -1
			if again := j.Write(batchesOf(11)); (failed == nil) != (again == nil) {
				t.Errorf("killed after %d calls: %v, and then %v", calls, failed, again)
			}
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// The name of the results may be anything that a file can be called.
func TestNamesOfResults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := "/jobs/" + strings.ReplaceAll(string(rapid.SliceOf(rapid.Byte()).Draw(t, "name")), "/", "")
		d := newDrive()
		if _, err := Begin(d.disk(), Of(name), Doubts{}, 0); err != nil {
			t.Fatal(err)
		}
		past, err := Read(d.disk(), Of(name).Path)
		if err != nil || past.Results != name {
			t.Fatalf("%+v, %v, want the results %q", past, err, name)
		}
	})
}

// FuzzRead holds for any bytes between lines of a journal: nothing panics, and the lines around
// them count.
func FuzzRead(f *testing.F) {
	r := Record{CRM: crm, Relation: leads, Parent: 1, Related: []zoho.ID{2, 3}}
	for _, text := range []string{
		"", "\n", "\x00\x00", "00000000 links", "00000000 \n", string(sealed.Append(nil, "begin x")), string(sealed.Append(nil, "begin 5")),
		string(sealed.Append(nil, "size 9223372036854775808")), string(sealed.Append(nil, "size -1")), string(sealed.Append(nil, "links a|b|c M 1 L 2,")), string(sealed.Append(nil, "turned a|b|c M 1 L 2")), string(sealed.Append(nil, "turned a|b|c M 1 L 2 x")),
		string(sealed.Append(nil, "links a|b|c M 1 L")), string(sealed.Append(nil, "all a|b")), string(sealed.Append(nil, r.text())), string(sealed.Append(nil, "")),
		strings.Repeat("x", longest), strings.Repeat("x", longest+1), strings.Repeat("y", 3*longest-1),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := newDrive()
		d.names["raw"] = &inode{data: text}
		_, _ = Read(d.disk(), "raw")
		file := sealed.Append(nil, fmt.Sprintf("%s %s %q", kindHeader, format, results))
		file = sealed.Append(file, r.text())
		file = append(append(file, text...), '\n')
		file = sealed.Append(file, r.text())
		d.names["journal"] = &inode{data: file}
		past, err := Read(d.disk(), "journal")
		if err != nil {
			t.Fatal(err)
		}
		if n := len(past.Records); n < 2 || !cmp.Equal(past.Records[0], r) || !cmp.Equal(past.Records[n-1], r) {
			t.Fatalf("%+v", past)
		}
	})
}

// A journal can be read while its run goes on. ReadAbout has the records of one parent record only,
// and all else that Read has.
func TestReadAbout(t *testing.T) {
	d := newDrive()
	j, err := Begin(d.disk(), Of(results), Doubts{Records: recordsOf(map[reader.Link]bool{linkAt(3): true, linkAt(4): true})}, 300)
	if err != nil {
		t.Fatal(err)
	}
	want := func(since int64, positions ...int) {
		t.Helper()
		past, err := ReadAbout(d.disk(), Of(results).Path, leads, linkAt(0).Parent)
		if err != nil || past.Since != since || past.Results != results {
			t.Fatalf("%+v, %v; want rows since %d", past, err, since)
		}
		all := map[reader.Link]bool{}
		for _, pos := range positions {
			all[linkAt(pos)] = true
		}
		if found := linksOf(past); !cmp.Equal(found, all) {
			t.Errorf("%v, want %v", found, all)
		}
	}
	want(-1, 3)
	if err := j.Start(crm, 400, 100); err != nil {
		t.Fatal(err)
	}
	if err := j.Write(batchesOf(5, 6, 7, 9)); err != nil {
		t.Fatal(err)
	}
	want(400, 3, 6, 9)
	j.Synced([]int{6, 9}, 900)
	if err := j.Write(batchesOf(12)); err != nil {
		t.Fatal(err)
	}
	want(400, 3, 6, 9, 12)
	j.limit, j.least = 0, 0
	if err := j.Write(batchesOf(15)); err != nil { // the file is replaced
		t.Fatal(err)
	}
	want(900, 3, 12, 15)
	if past, err := ReadAbout(d.disk(), Of("none.csv").Path, leads, 1); past != nil || err != nil {
		t.Errorf("%+v, %v", past, err)
	}
}

// A line that has its end and cannot be read was not cut off: the file is damaged.
func TestDamagedAtEveryByte(t *testing.T) {
	d := newDrive()
	j, err := Begin(d.disk(), Of(results), Doubts{Records: recordsOf(map[reader.Link]bool{linkAt(7): true})}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Start(crm, 100, mostLinks), j.Write(batchesOf(0, 1, 2, 3)), j.Write(batchesOf(4)), j.Close()); err != nil {
		t.Fatal(err)
	}
	file := d.names[Of(results).Path]
	whole := slices.Clone(file.data)
	first := slices.Index(whole, '\n') + 1
	for at := first; at < len(whole)-1; at++ {
		file.data = slices.Clone(whole)
		file.data[at] ^= 1
		past, err := Read(d.disk(), Of(results).Path)
		if err != nil || !past.Damaged {
			t.Fatalf("byte %d: %+v, %v", at, past, err)
		}
	}
}

// A link is found from both of its sides, whichever one its line names.
func TestReadAboutBothSides(t *testing.T) {
	d := newDrive()
	j, err := Begin(d.disk(), Of(results), Doubts{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Start(crm, 0, mostLinks), j.Write(batchesOf(3)), j.Write(turnedOf(4)), j.Close()); err != nil {
		t.Fatal(err)
	}
	for pos, want := range map[int]int{3: 1, 4: 1, 5: 0} {
		l := linkAt(pos)
		other, _ := l.OtherSide()
		for _, side := range []reader.Link{l, other} {
			past, err := ReadAbout(d.disk(), Of(results).Path, side.Relation, side.Parent)
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for i := range past.Records {
				if past.Records[i].Links()[0] == l {
					found++
				}
			}
			if found != want {
				t.Errorf("%v is found %d times as %v, want %d", l, found, side, want)
			}
		}
	}
}

// Journals of builds that knew one side only are read.
func TestFirstFormat(t *testing.T) {
	d := newDrive()
	line := func(text string) string { return string(sealed.Append(nil, text)) }
	r := Record{CRM: crm, Relation: leads, Parent: 1, Related: []zoho.ID{2, 3}}
	d.names[Of(results).Path] = &inode{data: []byte(line(`journal 1 "x"`) + line(r.text()))}
	past, err := Read(d.disk(), Of(results).Path)
	if err != nil || len(past.Records) != 1 || !cmp.Equal(past.Records[0], r) {
		t.Errorf("%+v, %v", past, err)
	}
}
