package job

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"delink/pkg/disk"
)

func touch(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Files go beside the input, and symbolic links are followed to the file that they lead to.
func TestPlace(t *testing.T) {
	t.Chdir(t.TempDir())
	touch(t, "links.csv", "export.2026.CSV.gz")
	if err := errors.Join(os.Mkdir("out", 0o700), os.Symlink("out/r.csv", "dangling"), os.Symlink("export.2026.CSV.gz", "in.csv"), os.Symlink("/dev/stdin", "in")); err != nil {
		t.Fatal(err)
	}
	beside := func(base string) Files {
		return Files{Results: base + ".results.csv", Failures: base + ".failures.csv", Summary: base + ".summary.json", Snapshot: base + ".snapshot.csv"}
	}
	elsewhere := beside("out/r")
	elsewhere.Results = "out/r.csv"
	for _, c := range []struct {
		name, input string
		given, want Files
	}{
		{"beside the input", "links.csv", Files{}, beside("links")},
		{"endings", "export.2026.CSV.gz", Files{}, beside("export.2026")},
		{"an input that is not there", "nothing.tsv", Files{}, beside("nothing")},
		{"a link to an input", "in.csv", Files{}, beside("in")},
		{"standard input", Stdin, Files{Results: "out/r.results.csv"}, beside("out/r")},
		{"standard input by its name", "/dev/stdin", Files{Results: "out/r.csv"}, elsewhere},
		{"a link to standard input", "in", Files{Results: "out/r.csv"}, elsewhere},
		{"a dangling link", "links.csv", Files{Results: "dangling"}, Files{Results: "./out/r.csv", Failures: "dangling.failures.csv", Summary: "dangling.summary.json", Snapshot: "./out/r.snapshot.csv"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := c.given.place(c.input, true); err != nil || got != c.want {
				t.Errorf("%+v, %v, want %+v", got, err, c.want)
			}
		})
	}
	if got, err := (Files{}).place(Stdin, false); err != nil || got != (Files{}) {
		t.Errorf("without need: %+v, %v", got, err)
	}
}

// What cannot be the place of a file is refused, with the file and what helps.
func TestPlaceRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	touch(t, "links.csv", "other")
	if err := errors.Join(os.Link("links.csv", "hard"), os.Symlink("links.csv", "soft"), os.Symlink("new.csv", "dangling"),
		os.Mkdir("folder", 0o700), os.Symlink("folder", "same"), os.Symlink("loop", "loop"), os.Link("other", "other2")); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 228) + ".csv"
	for _, c := range []struct {
		name, input string
		files       Files
		remedy      Remedy
		role        Role
	}{
		{"standard input has no folder", Stdin, Files{}, NameTheFile, RoleResults},
		{"nor has its name", "/dev/stdin", Files{}, NameTheFile, RoleResults},
		{"results on standard output", "links.csv", Files{Results: "-"}, AnotherPlace, RoleResults},
		{"failures on standard output", "links.csv", Files{Failures: "-"}, AnotherPlace, RoleFailures},
		{"the summary on standard output", "links.csv", Files{Summary: "-"}, AnotherPlace, RoleSummary},
		{"invalid rows on standard output", "links.csv", Files{Invalid: "-"}, AnotherPlace, RoleInvalid},
		{"the input", "links.csv", Files{Results: "links.csv"}, OwnFiles, RoleResults},
		{"another spelling", "links.csv", Files{Failures: "./folder/../links.csv"}, OwnFiles, RoleFailures},
		{"a hard link of the input", "links.csv", Files{Results: "hard"}, OwnFiles, RoleResults},
		{"a symbolic link to the input", "links.csv", Files{Summary: "soft"}, OwnFiles, RoleSummary},
		{"hard links of one file", "links.csv", Files{Results: "other", Failures: "other2"}, OwnFiles, RoleFailures},
		{"one file that is not there yet", "links.csv", Files{Results: "new.csv", Summary: "dangling"}, OwnFiles, RoleSummary},
		{"two names of one folder", "links.csv", Files{Results: "folder/r", Invalid: "same/r"}, OwnFiles, RoleInvalid},
		{"a default", "links.csv", Files{Summary: "links.results.csv"}, OwnFiles, RoleSummary},
		{"a folder", "links.csv", Files{Results: "folder"}, AnotherPlace, RoleResults},
		{"a device", "links.csv", Files{Summary: "/dev/null"}, AnotherPlace, RoleSummary},
		{"no folder", "links.csv", Files{Failures: "nowhere/f.csv"}, AnotherPlace, RoleFailures},
		{"a loop of links", "links.csv", Files{Results: "loop"}, AnotherPlace, RoleResults},
		{"a long name", long, Files{}, AnotherPlace, RoleResults},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.files.place(c.input, true)
			var r *Refusal
			if !errors.As(err, &r) || r.Remedy != c.remedy || r.Role != c.role || strings.Contains(r.Error(), "--") {
				t.Errorf("%+v: %+v", got, err)
			}
		})
	}
}

// Every file that a run writes is locked, and the refusal names the one that is held.
func TestLockFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	own := Files{Results: "r.csv", Failures: "f.csv", Summary: "s.json"}
	held, err := lockFiles(disk.OS{}, own)
	if err != nil {
		t.Fatal(err)
	}
	for role, other := range map[Role]Files{
		RoleResults:  {Results: "r.csv", Failures: "f2.csv", Summary: "s2.json"},
		RoleFailures: {Results: "r2.csv", Failures: "f.csv", Summary: "s2.json"},
		RoleSummary:  {Results: "r2.csv", Failures: "f2.csv", Summary: "s.json"},
	} {
		var r *Refusal
		if _, err := lockFiles(disk.OS{}, other); !errors.As(err, &r) || r.Remedy != WaitOrAnother || r.Role != role {
			t.Errorf("%v: %v", role, err)
		}
	}
	held.Unlock()
	again, err := lockFiles(disk.OS{}, own)
	if err != nil {
		t.Fatal(err)
	}
	again.Unlock()
	if left, _ := os.ReadDir("."); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	var r *Refusal
	if err := os.Symlink("elsewhere", disk.Hidden("r.csv", "lock")); err != nil {
		t.Fatal(err)
	}
	if _, err := lockFiles(disk.OS{}, own); !errors.As(err, &r) || r.Remedy != AnotherPlace {
		t.Errorf("a link in the way: %v", err)
	}
}

// A path in a summary is found again although its name is not UTF-8.
func TestSameTold(t *testing.T) {
	t.Chdir(t.TempDir())
	touch(t, "a.csv")
	if !isNamed("\ufffdt\ufffd.csv", "\xe9t\xe9.csv") || isNamed("a.csv", "b.csv") || !isNamed("./a.csv", "a.csv") {
		t.Error("names are told wrongly")
	}
}

// The file of rows that cannot be used is locked while it is written.
func TestInvalidIsLocked(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("links.csv", []byte("module,parent_id,relation,related_id\nCampaigns,x,Leads,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := (disk.OS{}).Lock("bad.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Unlock()
	var r *Refusal
	if _, err := readInput(Config{Input: "links.csv", Files: Files{Invalid: "bad.csv"}}, disk.OS{}, false); !errors.As(err, &r) || r.Role != RoleInvalid {
		t.Errorf("%v", err)
	}
}

// putAside never takes a name that is in use.
func TestPutAside(t *testing.T) {
	t.Chdir(t.TempDir())
	now := time.Date(2026, 11, 24, 19, 30, 0, 0, time.UTC)
	touch(t, "links.results.csv", "links.results.20261124-193000.csv")
	if to, err := putAside(disk.OS{}, "links.results.csv", now); err != nil || filepath.Base(to) != "links.results.20261124-193000-2.csv" {
		t.Errorf("%s, %v", to, err)
	}
	if to, err := putAside(disk.OS{}, "links.results.csv", now); err != nil || to != "" {
		t.Errorf("no file: %q, %v", to, err)
	}
}
