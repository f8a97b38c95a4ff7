package disk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a killed Replace leaves is swept away, and nothing else, whatever the file's name is.
func TestSweep(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "a[b]*.csv")
	for range 2 {
		f, err := System{}.Temp(name)
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	stay := []string{".a[b]*.csv.1x", ".a[b]*.csv.lock", ".a[b]*.csv.reserve", ".ab.csv.12", "a[b]*.csv", "a[b]*.csv.12"}
	for _, s := range stay {
		if err := os.WriteFile(filepath.Join(folder, s), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	OS{}.Sweep(name)
	left, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(left))
	for _, f := range left {
		names = append(names, f.Name())
	}
	if strings.Join(names, " ") != strings.Join(stay, " ") {
		t.Errorf("%q, want %q", names, stay)
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

func TestReserve(t *testing.T) {
	name := filepath.Join(t.TempDir(), "links.results.csv")
	for range 2 { // the second takes over what a kill has left
		release, err := OS{}.Reserve(name, 100_000)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(Hidden(name, "reserve"))
		if err != nil || info.Size() != 100_000 || info.Mode().Perm() != private {
			t.Fatalf("%v, %v", info, err)
		}
		defer release()
	}
	release, err := OS{}.Reserve(name, 10)
	if err != nil {
		t.Fatal(err)
	}
	release()
	release()
	if there, err := (OS{}).Exists(Hidden(name, "reserve")); there || err != nil {
		t.Errorf("it is there: %v, %v", there, err)
	}
}

func TestLockIsHeldOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "links.results.csv")
	unlock, err := OS{}.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	var held *Locked
	if _, err := (OS{}).Lock(name); !errors.As(err, &held) || !strings.Contains(held.By, "process") {
		t.Errorf("a second lock: %v", err)
	}
	unlock()
	again, err := OS{}.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	again()
}
