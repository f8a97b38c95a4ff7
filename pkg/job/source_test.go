package job

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Standard input can be read twice. While the run goes on its copy has no name, where the system
// allows, and nothing is left of it at the end.
func TestCopyOfStandardInput(t *testing.T) {
	results := filepath.Join(t.TempDir(), "r.csv")
	s, err := openSource(Stdin, strings.NewReader("a,b\n1,2\n"), results)
	if err != nil {
		t.Fatal(err)
	}
	left, _ := os.ReadDir(filepath.Dir(results))
	if runtime.GOOS != "windows" && len(left) > 0 {
		t.Errorf("the copy has a name: %v", left)
	}
	b, err := io.ReadAll(s.reader())
	if err != nil || string(b) != "a,b\n1,2\n" {
		t.Fatalf("%q, %v", b, err)
	}
	sum, err := s.digest()
	if err != nil {
		t.Fatal(err)
	}
	again, verify, closeIt, err := s.again(sum)
	if err != nil {
		t.Fatal(err)
	}
	b, err = io.ReadAll(again)
	if err != nil || string(b) != "a,b\n1,2\n" || verify() != nil {
		t.Errorf("again: %q, %v", b, err)
	}
	closeIt()
	s.remove()
	if left, _ := os.ReadDir(filepath.Dir(results)); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// An input that changed between its two readings is noticed.
func TestInputThatChanges(t *testing.T) {
	name := filepath.Join(t.TempDir(), "links.csv")
	touch(t, name)
	s, err := openSource(name, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := s.digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, verify, closeIt, err := s.again(sum)
	if err != nil {
		t.Fatal(err)
	}
	defer closeIt()
	if err := verify(); err == nil {
		t.Error("the change went unnoticed")
	}
}
