package trace

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/sealed"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

var began = time.Date(2026, 11, 24, 19, 30, 0, 0, time.UTC)

// callAt is the call of a number: most are answered, one in fifty is refused as too many.
func callAt(n int, began time.Time) engine.Call {
	c := engine.Call{
		What: engine.What{
			Kind: engine.KindDelink, Relation: zoho.Relation{Module: "Price_Books", List: "Products"},
			Parent: zoho.ID(3652397000000400001 + n/100), IDs: 100, Status: 207,
		},
		Sent: began.Add(time.Duration(n) * 333 * time.Millisecond), Took: time.Duration(100+n%300) * time.Millisecond,
		Attempt: 1 + n%2, InFlight: 10, Allowed: 10 + n%5,
	}
	if n%50 == 49 {
		c.Err = &zoho.Error{Kind: zoho.Throttled, Sent: true, Status: 429, Code: "TOO_MANY_REQUESTS"}
		c.Pause = 2 * time.Second
	}
	return c
}

// record writes the record of a run with so many calls.
func record(t testing.TB, path string, r Run, calls int, end *End) {
	t.Helper()
	l := Begin(disk.OS{}, path, r)
	for n := range calls {
		for {
			l.mu.Lock()
			full := len(l.waiting) > mostWaiting/2
			l.mu.Unlock()
			if !full {
				break
			}
			time.Sleep(gather) // a call in a real run comes after the one before
		}
		l.Observe(callAt(n, r.Start))
	}
	if end == nil {
		end = &End{End: r.Start.Add(time.Hour), Reason: outcome.Completed}
	}
	if err := l.End(*end); err != nil {
		t.Fatal(err)
	}
}

func entries(t testing.TB, path string) (all []Entry, x Extent) {
	t.Helper()
	x, err := Read(disk.OS{}, path, func(e Entry) { all = append(all, e) })
	if err != nil {
		t.Fatal(err)
	}
	return all, x
}

// A call comes back from its line as it was, to the millisecond.
func TestLineOfACall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := engine.Call{
			What: engine.What{
				Kind:     rapid.SampledFrom([]engine.CallKind{engine.KindDelink, engine.KindLookUp, engine.KindPage}).Draw(t, "kind"),
				Relation: zoho.Relation{Module: "Campaigns", List: rapid.SampledFrom([]string{"Leads", ""}).Draw(t, "list")},
				Parent:   zoho.ID(rapid.Uint64().Draw(t, "parent")), IDs: rapid.IntRange(0, 100).Draw(t, "ids"),
			},
			Sent:    began.Add(time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "sent")) * time.Millisecond),
			Took:    time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "took")) * time.Millisecond,
			Attempt: rapid.IntRange(1, 99).Draw(t, "attempt"), InFlight: rapid.IntRange(1, 25).Draw(t, "in flight"), Allowed: rapid.IntRange(1, 25).Draw(t, "allowed"),
			Pause: time.Duration(rapid.Int64Range(0, 1e5).Draw(t, "pause")) * time.Millisecond,
		}
		want := Call{Kind: c.Kind, Sent: c.Sent, Took: c.Took, Relation: relationWord(c.Relation), Parent: c.Parent, IDs: c.IDs, How: OK, Attempt: c.Attempt, InFlight: c.InFlight, Allowed: c.Allowed, Pause: c.Pause}
		if rapid.Bool().Draw(t, "failed") {
			code := rapid.String().Draw(t, "code")
			c.Err = &zoho.Error{Kind: zoho.Kind(rapid.IntRange(0, 6).Draw(t, "kind of error")), Status: rapid.IntRange(0, 599).Draw(t, "status"), Code: code}
			want.How, want.Status, want.Code = howOf(c.Err), c.Err.Status, strings.TrimPrefix(word(code), "-")
		}
		line := appendCall(nil, began, &c)
		text, whole := sealed.Open(strings.TrimSuffix(string(line), "\n"))
		e, ok := parse(text, began)
		if !whole || !ok || bytes.Count(line, []byte("\n")) != 1 {
			t.Fatalf("%q cannot be read", line)
		}
		e.Call.Sent = e.Call.Sent.Round(time.Millisecond)
		if diff := cmp.Diff(want, *e.Call); diff != "" {
			t.Fatal(diff)
		}
	})
}

// 100,000 calls take no more than 12 MB, whatever the relation and the code, as far as they are
// Zoho's.
func TestRoomOfCalls(t *testing.T) {
	c := callAt(1, began)
	c.Relation = zoho.Relation{Module: "Competition_Events", List: "Invited_Participants"}
	c.Parent, c.Attempt, c.Sent, c.Took = math.MaxUint64, 5, began.Add(99_999_999*time.Millisecond), 60*time.Second
	if n := len(appendCall(nil, began, &c)); n > 120 {
		t.Errorf("a long line has %d bytes: %s", n, appendCall(nil, began, &c))
	}
	path := filepath.Join(t.TempDir(), "calls")
	record(t, path, Run{Start: began, Slots: 10}, 100_000, nil)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("100,000 calls take %d bytes", info.Size())
	if info.Size() > 12_000_000 {
		t.Errorf("100,000 calls take %d bytes", info.Size())
	}
	if all, _ := entries(t, path); len(all) != 100_002 {
		t.Errorf("%d lines were read", len(all))
	}
}

// Each run stands behind the one before, with its beginning and its end.
func TestRunsAreAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls")
	credits := 4900
	record(t, path, Run{Start: began, Anew: true, Slots: 5, ToSend: 300, Org: "60001", Version: "1", Input: "ab"}, 3, &End{End: began.Add(time.Minute), Reason: outcome.Deadline, ExitCode: 5, Calls: 3, Credits: &credits})
	record(t, path, Run{Start: began.Add(24 * time.Hour), Slots: 5}, 2, nil)
	all, x := entries(t, path)
	var kinds []string
	for _, e := range all {
		switch {
		case e.Run != nil:
			kinds = append(kinds, "run "+e.Run.Start.Format(time.DateOnly))
		case e.Call != nil:
			kinds = append(kinds, "call "+e.Call.Sent.Format(time.DateOnly))
		case e.End != nil:
			kinds = append(kinds, "end "+string(e.End.Reason))
		}
	}
	want := []string{"run 2026-11-24", "call 2026-11-24", "call 2026-11-24", "call 2026-11-24", "end deadline", "run 2026-11-25", "call 2026-11-25", "call 2026-11-25", "end completed"}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
	if x.Damaged > 0 || all[4].End.Credits == nil || *all[4].End.Credits != 4900 || !all[0].Run.Anew {
		t.Errorf("%+v, %+v", x, all[4].End)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v", info.Mode())
	}
}

// Wherever a kill or a power failure cuts the file, all whole lines are read, and the next run's
// calls as well.
func TestCutAtEveryByte(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "calls")
	record(t, path, Run{Start: began}, 3, nil)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		for _, rest := range [][]byte{nil, make([]byte, 300), make([]byte, 2*longest+5)} {
			if rest != nil && cut%37 != 0 {
				continue
			}
			if err := os.WriteFile(path, slices.Concat(whole[:cut], rest), 0o600); err != nil {
				t.Fatal(err)
			}
			lines := max(0, bytes.Count(whole[:cut], []byte("\n"))-1)
			if cut >= len(header) { // else it is no record yet
				if all, _ := entries(t, path); len(all) != lines {
					t.Fatalf("cut at %d: %d lines of %d were read", cut, len(all), lines)
				}
			}
			record(t, path, Run{Start: began.Add(time.Hour)}, 1, nil)
			if all, x := entries(t, path); len(all) != lines+3 || x.Damaged > 0 {
				t.Fatalf("cut at %d, with %d more: %d lines of %d, %d damaged", cut, len(rest), len(all), lines+3, x.Damaged)
			}
		}
	}
}

// What somebody has changed is passed over and counted.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls")
	record(t, path, Run{Start: began}, 5, nil)
	b, _ := os.ReadFile(path)
	b = bytes.Replace(b, []byte("call delink 0.333"), []byte("call delink 9.333"), 1)
	b = append(b, "hello\n\n"...)
	b = append(b, bytes.Repeat([]byte("x"), 3*longest)...)
	b = append(sealed.Append(append(b, '\n'), "call of a later version"), sealed.Append(nil, "end {}")...)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if all, x := entries(t, path); len(all) != 7 || x.Damaged < 5 {
		t.Errorf("%d entries, %d damaged lines", len(all), x.Damaged)
	}
}

// A file of that name that is no record is kept, and a new one is begun.
func TestAnotherFileIsKept(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "calls")
	if err := os.WriteFile(path, []byte("mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	record(t, path, Run{Start: began}, 1, nil)
	if all, _ := entries(t, path); len(all) != 3 {
		t.Errorf("%d entries", len(all))
	}
	files, _ := filepath.Glob(path + ".*")
	if len(files) != 1 {
		t.Fatalf("the other file is not there: %v", files)
	}
	if b, _ := os.ReadFile(files[0]); string(b) != "mine\n" {
		t.Errorf("it has %q", b)
	}
}

// totals are what no summing up may change.
type totals struct {
	Calls, IDs, Retries, Throttled int
	Pause                          int64
	Least, Most, InFlight          int
	Slow                           float64
}

func totalsOf(t testing.TB, path string) (runs int, sum totals) {
	all, x := entries(t, path)
	if x.Damaged > 0 {
		t.Fatalf("%d damaged lines", x.Damaged)
	}
	whole := &Sum{}
	for _, e := range all {
		s := e.Sum
		switch {
		case e.Run != nil:
			runs++
			continue
		case e.Call != nil:
			s = SumOf(e.Call, 60)
		case s == nil:
			continue
		}
		if s.How == Throttled {
			sum.Throttled += s.Calls
		}
		whole.Merge(s)
	}
	sum.Calls, sum.IDs, sum.Retries, sum.Pause, sum.Least, sum.Most, sum.InFlight = whole.Calls, whole.IDs, whole.Retries, whole.Pause, whole.Least, whole.Most, whole.InFlight
	sum.Slow = whole.Times.Quantile(0.9)
	return runs, sum
}

// When the file is too large, the oldest calls are summed up. No call is lost by that, and the file
// stays bounded for ever.
func TestBounded(t *testing.T) {
	folder := t.TempDir()
	path, free := filepath.Join(folder, "bounded"), filepath.Join(folder, "free")
	const limit, keep = 64_000, 20_000
	for run := range 12 {
		start := Run{Start: began.Add(time.Duration(run) * 24 * time.Hour), Slots: 10}
		for _, p := range []string{path, free} {
			l := Begin(disk.OS{}, p, start)
			if p == path {
				l.limit, l.keep = limit, keep // nothing has been observed yet
			}
			for n := range 1000 {
				l.Observe(callAt(n, start.Start))
				if n%100 == 99 {
					l.mu.Lock()
					waits := len(l.waiting) > 0
					l.mu.Unlock()
					if waits && p == path && run%7 == 3 {
						time.Sleep(gather) // so that it is written in several parts
					}
				}
			}
			if err := l.End(End{End: start.Start.Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > limit+100_000 { // one write can be larger than the limit here
			t.Fatalf("after run %d the file has %d bytes", run, info.Size())
		}
	}
	runs, sum := totalsOf(t, path)
	allRuns, all := totalsOf(t, free)
	if runs != allRuns {
		t.Errorf("the record has %d runs of %d", runs, allRuns)
	}
	if diff := cmp.Diff(all, sum); diff != "" {
		t.Error(diff)
	}
	if sum.Calls != 12_000 || sum.IDs != 1_200_000 || sum.Retries != 6000 || sum.Throttled != 240 || sum.Pause != 480_000 || sum.Least != 10 || sum.Most != 14 {
		t.Errorf("%+v", sum)
	}
}

// With very many runs, the oldest are left out.
func TestManyRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls")
	var b []byte
	b = append(b, header...)
	for run := range 3000 {
		b = appendJSON(b, kindRun, &Run{Start: began.Add(time.Duration(run) * time.Minute), Slots: run})
		b = appendJSON(b, kindEnd, &End{Calls: run})
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	size, err := compact(disk.OS{}, path, int64(len(b)), 50_000)
	info, _ := os.Stat(path)
	if err != nil || size != info.Size() || size > 100_100 {
		t.Fatalf("%d bytes, %d in the file, %v", size, info.Size(), err)
	}
	all, x := entries(t, path)
	if x.Damaged > 0 || all[len(all)-1].End.Calls != 2999 {
		t.Error("the newest run is not there")
	}
}

// stuck is a disk on which appending fails, or never ends.
type stuck struct {
	disk.OS
	err     error
	begun   bool // from now on, writes wait
	wait    chan struct{}
	written atomic.Int64
	room    int64 // bytes until the disk is full
}

func (s *stuck) Append(name string, size int64) (disk.File, error) {
	f, err := s.OS.Append(name, size)
	return &stuckFile{f, s}, err
}

type stuckFile struct {
	disk.File
	on *stuck
}

func (f *stuckFile) Write(p []byte) (int, error) {
	if f.on.begun {
		<-f.on.wait
	}
	if f.on.written.Add(int64(len(p))) > f.on.room {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, f.on.err
	}
	return f.File.Write(p)
}

// A disk that is full never stops a run: calls are dropped, and End says why. What was written
// before can be read, and the next run's record as well.
func TestFullDisk(t *testing.T) {
	full := errors.New("no space left on device")
	for _, room := range []int64{0, 10, 300, 1000} {
		synctest.Test(t, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "calls")
			l := Begin(&stuck{err: full, room: room}, path, Run{Start: began})
			for n := range 50 {
				l.Observe(callAt(n, began))
				time.Sleep(gather / 3)
			}
			if err := l.End(End{}); !errors.Is(err, full) {
				t.Errorf("with room for %d bytes, End returns %v", room, err)
			}
			record(t, path, Run{Start: began.Add(time.Hour)}, 2, nil)
			all, x := entries(t, path)
			if x.Damaged > 0 || len(all) < 4 || all[len(all)-4].Run == nil {
				t.Errorf("with room for %d bytes: %d entries, %d damaged", room, len(all), x.Damaged)
			}
		})
	}
}

// A disk that does not answer holds up no call, and memory stays bounded.
func TestStuckDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := &stuck{wait: make(chan struct{}), room: math.MaxInt64}
		l := Begin(on, filepath.Join(t.TempDir(), "calls"), Run{Start: began})
		on.begun = true
		at := time.Now()
		for n := range 100_000 {
			l.Observe(callAt(n, began))
		}
		if time.Since(at) > 0 {
			t.Error("Observe waited")
		}
		if len(l.waiting) > mostWaiting || l.lost == 0 {
			t.Errorf("%d calls wait, %d calls are lost", len(l.waiting), l.lost)
		}
		lost := l.lost
		close(on.wait)
		if err := l.End(End{}); err != nil {
			t.Error(err)
		}
		all, _ := entries(t, l.path)
		if end := all[len(all)-1].End; end == nil || end.Lost != lost || len(all) != 100_002-lost {
			t.Errorf("the end of the record is %+v", all[len(all)-1])
		}
	})
}

// A call is on disk soon after its end, so a kill loses little.
func TestSoonOnDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "calls")
		l := Begin(disk.OS{}, path, Run{Start: began})
		for n := range 20 {
			l.Observe(callAt(n, began))
			time.Sleep(2*gather + time.Millisecond)
			synctest.Wait()
			if all, _ := entries(t, path); len(all) != n+2 {
				t.Fatalf("after call %d there are %d lines", n, len(all))
			}
		}
		if err := l.End(End{}); err != nil {
			t.Error(err)
		}
	})
}

// Quantiles are off by no more than 7 %.
func TestTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.SliceOfN(rapid.Int64Range(0, 3_600_000), 1, 200).Draw(t, "ms")
		var times Times
		for _, n := range ms {
			times.Add(time.Duration(n) * time.Millisecond)
		}
		slices.Sort(ms)
		for _, q := range []float64{0, 0.5, 0.9, 0.99, 1} {
			want := float64(ms[int(q*float64(len(ms)-1))])
			if got := times.Quantile(q); math.Abs(got-want) > 0.07*want+0.001 {
				t.Fatalf("quantile %v is %v, want %v", q, got, want)
			}
		}
		text, _ := times.MarshalText()
		var again Times
		if err := again.UnmarshalText(text); err != nil || again != times {
			t.Fatalf("%q comes back as something else: %v", text, err)
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{"", "call a b", "run {}", "run null", "sum {\"seconds\":-1}", "end []", "sum {\"times\":\"999:1\"}", "call delink 1e400 1 M.L 1 1 ok 1 - 1 1 1"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "calls")
		line := sealed.Append(nil, strings.Join(strings.Fields(string(text)), " "))
		file := slices.Concat(header, appendJSON(nil, kindRun, &Run{Start: began}), line, text, []byte("\n"), line)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := compact(disk.OS{}, path, int64(len(file)), int64(len(text))); err != nil {
			t.Fatal(err)
		}
		_, x := entries(t, path)
		if x.Damaged > 0 {
			t.Errorf("a compacted record has %d damaged lines", x.Damaged)
		}
	})
}

// BenchmarkObserve is what a call costs the dispatcher.
func BenchmarkObserve(b *testing.B) {
	l := Begin(disk.OS{}, filepath.Join(b.TempDir(), "calls"), Run{Start: began})
	c := callAt(1, began)
	for b.Loop() {
		l.Observe(c)
	}
	_ = l.End(End{})
}
