package job

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// errKilled is what every call of a process gets that was killed.
var errKilled = errors.New("the process was killed")

// mortal is the system's disk for a process that is killed after some calls.
type mortal struct {
	disk.System
	left *int // negative for never
}

func (m mortal) call() error {
	if *m.left == 0 {
		return errKilled
	}
	*m.left--
	return nil
}

func (m mortal) Open(name string) (io.ReadCloser, error) {
	if err := m.call(); err != nil {
		return nil, err
	}
	return m.System.Open(name)
}

func (m mortal) handle(open func(string) (disk.Handle, error), name string) (disk.Handle, error) {
	if err := m.call(); err != nil {
		return nil, err
	}
	h, err := open(name)
	if err != nil {
		return nil, err
	}
	return mortalHandle{h, m}, nil
}

func (m mortal) Append(name string) (disk.Handle, error) { return m.handle(m.System.Append, name) }

func (m mortal) Temp(near, what string) (disk.Handle, error) {
	return m.handle(func(near string) (disk.Handle, error) { return m.System.Temp(near, what) }, near)
}

func (m mortal) Rename(from, to string) error {
	if err := m.call(); err != nil {
		return err
	}
	return m.System.Rename(from, to)
}

func (m mortal) Remove(name string) error {
	if err := m.call(); err != nil {
		return err
	}
	return m.System.Remove(name)
}

func (mortal) SyncFolder(string) error { return nil }

// Lock locks nothing: a process that was killed here would keep its locks.
func (m mortal) Lock(name string, guard bool) (disk.Handle, error) {
	if there, err := m.System.Exists(name); !guard && !there {
		return nil, cmp.Or(err, fs.ErrNotExist)
	}
	return m.System.Append(name)
}

func (mortal) Same(disk.Handle, string) (bool, error) { return true, nil }

type mortalHandle struct {
	disk.Handle
	m mortal
}

func (h mortalHandle) Write(p []byte) (int, error) {
	if err := h.m.call(); err != nil {
		return 0, err
	}
	return h.Handle.Write(p)
}

func (mortalHandle) Sync() error { return nil }

var here = zoho.Identity{Org: "60001", Host: "www.zohoapis.com", Login: "abc"}

const testHeader = "module,parent_id,relation,related_id\n"

func inputOf(related ...int) string {
	var b strings.Builder
	b.WriteString(testHeader)
	for _, id := range related {
		fmt.Fprintf(&b, "Campaigns,1,Leads,%d\n", id)
	}
	return b.String()
}

// jobIn gives a job that has read links.csv in a folder and knows its CRM, and the calls that its
// disk has left.
func jobIn(t *testing.T, folder string, choice Choice) (j *Job, left *int) {
	t.Helper()
	left = new(int)
	*left = -1
	j = &Job{
		work:    removing,
		config:  Config{Input: filepath.Join(folder, "links.csv"), Choice: choice},
		world:   World{Disk: disk.OS{Calls: mortal{left: left}}},
		answers: answers{identity: here},
	}
	if err := j.read(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	return j, left
}

// runOf runs a job for which the CRM answers so much, by related record.
func runOf(t *testing.T, folder string, choice Choice, answers map[zoho.ID]outcome.Status) *report.Summary {
	t.Helper()
	j, _ := jobIn(t, folder, choice)
	if err := j.compare(); err != nil {
		t.Fatal(err)
	}
	s, err := j.withFiles(t.Context(), 0, func(r *report.Recorder) (outcome.Reason, error) {
		var out []outcome.Outcome
		for b := range j.book.Batches(100, choice.RetryFailed) {
			for i, id := range b.Related {
				if status := answers[id]; status != "" {
					out = append(out, outcome.Outcome{Pos: b.Pos[i], Status: status, Attempts: 1, Time: time.Unix(0, 0)})
				}
			}
		}
		return outcome.Completed, r.Write(out)
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// statuses are those of the links of a job, by related record.
func statuses(j *Job) map[zoho.ID]outcome.Status {
	all := map[zoho.ID]outcome.Status{}
	for b := range j.input.Set.Batches(100, nil) {
		for i, id := range b.Related {
			all[id] = j.book.Fate(b.Pos[i]).Status
		}
	}
	return all
}

// A run that was killed knows how far its results were on disk. If they are cut or removed, every
// link without a row is in doubt.
func TestResultsThatWereCut(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"not cut": nil,
		"cut": func(path string) error {
			return os.Truncate(path, int64(len("line,module,parent_id,relation,related_id,status,code,message,http_status,attempts,time,org\n")))
		},
		"removed": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			write(t, filepath.Join(folder, "links.csv"), inputOf(11, 12, 13))
			j, left := jobIn(t, folder, Choice{})
			if err := j.compare(); err != nil {
				t.Fatal(err)
			}
			s := j.newSummary(time.Now())
			r, err := j.beginFiles(s, time.Now(), 0)
			if err != nil {
				t.Fatal(err)
			}
			pos := 0
			// the first link is settled, the second under way
			for b := range j.book.Batches(1, false) {
				if err := r.Prepare([]chunker.Batch{b}); err != nil {
					t.Fatal(err)
				}
				if pos++; pos == 2 {
					break
				}
				if err := errors.Join(r.Write([]outcome.Outcome{{Pos: b.Pos[0], Status: outcome.Removed}}), r.Sync()); err != nil {
					t.Fatal(err)
				}
			}
			*left = 0 // killed
			_ = r.Ledger.Close()
			if harm != nil {
				if err := harm(j.files.Results); err != nil {
					t.Fatal(err)
				}
			}
			next, _ := jobIn(t, folder, Choice{})
			if err := next.compare(); err != nil {
				t.Fatal(err)
			}
			want := map[zoho.ID]outcome.Status{11: outcome.Removed, 12: outcome.Unknown, 13: outcome.Pending}
			if harm != nil {
				want = map[zoho.ID]outcome.Status{11: outcome.Unknown, 12: outcome.Unknown, 13: outcome.Unknown}
			}
			if got := statuses(next); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

// A link that is unknown is sent again by the next run, though the run that left it had finished.
func TestUnknownIsNotSettled(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "links.csv"), inputOf(11, 12, 13))
	s := runOf(t, folder, Choice{}, map[zoho.ID]outcome.Status{11: outcome.Removed, 12: outcome.Unknown, 13: outcome.Failed})
	if s.State != outcome.Finished || s.ExitCode != outcome.ExitFailures || s.Unknown != 1 {
		t.Fatalf("%+v", s)
	}
	j, _ := jobIn(t, folder, Choice{})
	if err := j.compare(); err != nil {
		t.Fatal(err)
	}
	if p, err := j.propose(); err != nil || j.idle() != NotIdle || p.ToSend != 1 || p.Settled != 2 {
		t.Errorf("idle: %v, to send: %d, settled: %d", j.idle(), p.ToSend, p.Settled)
	}
	s = runOf(t, folder, Choice{}, map[zoho.ID]outcome.Status{12: outcome.Gone})
	if s.Unknown != 0 || s.Gone != 1 || s.Failed != 1 {
		t.Errorf("%+v", s)
	}
	if j, _ = jobIn(t, folder, Choice{}); j.compare() != nil || j.idle() != EarlierDone {
		t.Errorf("idle: %v", j.idle())
	}
}

// An input that changes while a run goes on has no failures file that fits it: the run says so, and
// keeps the older one.
func TestInputChangesBetweenItsReadings(t *testing.T) {
	for name, change := range map[string]string{"another id": inputOf(11, 14), "a row more": inputOf(11, 12, 13), "a row less": inputOf(11)} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			input, failures := filepath.Join(folder, "links.csv"), filepath.Join(folder, "links.failures.csv")
			write(t, input, inputOf(11, 12))
			j, _ := jobIn(t, folder, Choice{})
			if err := j.compare(); err != nil {
				t.Fatal(err)
			}
			s, err := j.withFiles(t.Context(), 0, func(r *report.Recorder) (outcome.Reason, error) {
				write(t, input, change)
				return outcome.Completed, r.Write([]outcome.Outcome{{Pos: 0, Status: outcome.Failed}, {Pos: 1, Status: outcome.Removed}})
			}, nil)
			if err == nil || !strings.Contains(err.Error(), "was changed while delink ran") || s.ExitCode != outcome.ExitBroken {
				t.Errorf("%v, exit code %d", err, s.ExitCode)
			}
			if _, err := os.Stat(failures); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("there is a failures file: %v", err)
			}
		})
	}
}

// A run can be killed between any two steps in which it makes its files. Whatever it has done by
// then, the next run knows what was settled, the older rows are kept, and no result file is without
// its summary.
func TestKilledWhileItsFilesAreMade(t *testing.T) {
	removed := map[zoho.ID]outcome.Status{11: outcome.Removed, 12: outcome.Removed}
	tests := []struct {
		name, before, now string
		choice            Choice
		settled           int // links that stay settled
	}{
		{"the first run", "", inputOf(11, 12, 13), Choice{}, 0},
		{"a run that is resumed", inputOf(11, 12, 13), inputOf(11, 12, 13), Choice{}, 2},
		{"resumed with another input", inputOf(11, 12, 13), inputOf(13, 12, 11, 10), Choice{IfChanged: ChangedResume}, 2},
		{"started over", inputOf(11, 12, 13), inputOf(11, 12, 13), Choice{Restart: true}, 0},
		{"restarted with another input", inputOf(11, 12, 13), inputOf(13, 12, 11, 10), Choice{IfChanged: ChangedRestart}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for calls, ended := 0, false; !ended; calls++ {
				folder := t.TempDir()
				input := filepath.Join(folder, "links.csv")
				if test.before != "" {
					write(t, input, test.before)
					runOf(t, folder, Choice{}, removed)
				}
				write(t, input, test.now)
				j, left := jobIn(t, folder, test.choice)
				if err := j.compare(); err != nil {
					t.Fatal(err)
				}
				*left = calls
				r, err := j.beginFiles(j.newSummary(time.Now()), time.Now(), 0)
				if ended = err == nil; ended {
					_ = r.Ledger.Close()
				}
				checkFolder(t, folder, calls, test.before != "")
				next, _ := jobIn(t, folder, test.choice)
				if err := next.compare(); err != nil {
					t.Fatalf("killed after %d calls: %v", calls, err)
				}
				// no other input is known, so it is this one's
				if _, err := os.Stat(next.files.Summary); err != nil {
					unasked, _ := jobIn(t, folder, Choice{})
					if err := unasked.compare(); err != nil {
						t.Fatalf("killed after %d calls, the results without a summary are of another input: %v", calls, err)
					}
				}
				if n := next.book.Count(outcome.Removed); n != test.settled {
					t.Fatalf("killed after %d calls: %d links are settled, want %d", calls, n, test.settled)
				}
			}
		})
	}
}

// checkFolder looks at what a killed run left: the older rows are in some file, and results have a
// summary.
func checkFolder(t *testing.T, folder string, calls int, older bool) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "links.*results*"))
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(b), ",removed,"); n > rows {
			rows = n
		}
	}
	if older && rows != 2 {
		t.Fatalf("killed after %d calls: the older rows are lost: %q", calls, names)
	}
	_, errResults := os.Stat(filepath.Join(folder, "links.results.csv"))
	_, errSummary := os.Stat(filepath.Join(folder, "links.summary.json"))
	if errResults == nil && errSummary != nil && rows == 0 {
		t.Fatalf("killed after %d calls: there are results without a summary", calls)
	}
}

// Two names of one file are one file, be they links of the file system or ways to write a path.
func TestFilesThatAreOneFile(t *testing.T) {
	folder := t.TempDir()
	path := func(name string) string { return filepath.Join(folder, name) }
	write(t, path("links.csv"), inputOf(11))
	write(t, path("a.csv"), "")
	if err := errors.Join(os.Link(path("a.csv"), path("hard.csv")), os.Symlink("a.csv", path("soft.csv")), os.Link(path("links.csv"), path("input.csv"))); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		files Files
		one   bool
	}{
		{"other files", Files{Results: path("r.csv"), Failures: path("f.csv"), Summary: path("s.json")}, false},
		{"one name", Files{Results: path("r.csv"), Failures: path("r.csv"), Summary: path("s.json")}, true},
		{"one name, written otherwise", Files{Results: path("r.csv"), Failures: folder + "/./r.csv", Summary: path("s.json")}, true},
		{"a hard link", Files{Results: path("a.csv"), Failures: path("hard.csv"), Summary: path("s.json")}, true},
		{"a symbolic link", Files{Results: path("soft.csv"), Failures: path("f.csv"), Summary: path("a.csv")}, true},
		{"the input", Files{Results: path("links.csv"), Failures: path("f.csv"), Summary: path("s.json")}, true},
		{"a hard link to the input", Files{Results: path("r.csv"), Failures: path("input.csv"), Summary: path("s.json")}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.files.place(path("links.csv"), true)
			if refused := new(Refusal); errors.As(err, &refused) != test.one {
				t.Errorf("%v", err)
			}
		})
	}
}
