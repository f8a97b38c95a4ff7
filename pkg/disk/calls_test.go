package disk

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Sweep removes what killed processes leave beside a file, and nothing else, whatever the file's
// name is.
func TestSweep(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "a[b]*.csv")
	for _, what := range []string{Temporary, Reserved, Input} {
		f, err := System{}.Temp(name, what)
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	stay := []string{
		".a[b]*.csv.20261128", ".a[b]*.csv.delink-digest", ".a[b]*.csv.delink-journal", ".a[b]*.csv.delink-lock",
		".a[b]*.csv.delink-tmp-00", ".a[b]*.csv.delink-tmp-1A2B3C4D", ".a[b]*.csv.delink-tmp-1a2b3c4d.csv",
		".a[b]*.csv.lock", ".a[b]*.csv.reserve", ".ab.csv.delink-tmp-1a2b3c4d", "a[b]*.csv", "a[b]*.csv.12",
	}
	for _, s := range stay {
		if err := os.WriteFile(filepath.Join(folder, s), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	notFiles := []string{".a[b]*.csv.delink-tmp-0000000f", ".a[b]*.csv.delink-tmp-0000001f"}
	if err := errors.Join(os.Mkdir(filepath.Join(folder, notFiles[0]), 0o700), os.Symlink("a", filepath.Join(folder, notFiles[1]))); err != nil {
		t.Fatal(err)
	}
	stay = append(stay, notFiles...)
	slices.Sort(stay)
	OS{}.Sweep(name)
	left, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	there := make([]string, 0, len(left))
	for _, f := range left {
		there = append(there, f.Name())
	}
	if !slices.Equal(there, stay) {
		t.Errorf("%q, want %q", there, stay)
	}
	OS{}.Sweep(filepath.Join(folder, "nowhere", "x.csv"))
}

// The calls of the real system do what the simulated ones of pkg/job/simulation promise.
func TestResultsThatGoAway(t *testing.T) {
	for how, away := range map[string]func(string) error{
		"removed": os.Remove,
		"renamed": func(name string) error { return os.Rename(name, name+".old") },
		"replaced": func(name string) error {
			return errors.Join(os.Rename(name, name+".old"), os.WriteFile(name, nil, 0o600))
		},
	} {
		t.Run(how, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "links.results.csv")
			f, err := OS{}.Append(name, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.Write([]byte("line,status\n")); err != nil {
				t.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
			if err := away(name); err != nil {
				t.Fatal(err)
			}
			if err := f.Sync(); err == nil || !strings.Contains(err.Error(), "another program") {
				t.Errorf("sync: %v", err)
			}
		})
	}
}

func TestResultsThatShrink(t *testing.T) {
	name := filepath.Join(t.TempDir(), "links.results.csv")
	if f, err := (OS{}).Append(name, 10); err == nil {
		f.Close()
		t.Error("a file that was not there was added to behind its tenth byte")
	}
}

// Each reserve is a file of its own, so that nothing that is there is written to. Release removes
// it.
func TestReserve(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "links.results.csv")
	left, err := OS{}.Reserve(name, 10) // by a run that was killed
	if err != nil {
		t.Fatal(err)
	}
	release, err := OS{}.Reserve(name, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[int64]int{}
	reserves, err := System{}.Temps(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reserves {
		info, err := os.Stat(r)
		if err != nil || info.Mode().Perm() != private || !strings.Contains(r, ".delink-reserve-") {
			t.Errorf("%s: %v, %v", r, info, err)
		}
		sizes[info.Size()]++
	}
	if len(reserves) != 2 || sizes[10] != 1 || sizes[100_000] != 1 {
		t.Errorf("reserves %q of sizes %v", reserves, sizes)
	}
	for range 2 {
		release()
	}
	OS{}.Sweep(name)
	left()
	if there, _ := os.ReadDir(folder); len(there) != 0 {
		t.Errorf("left: %v", there)
	}
}
