package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The units that docs/scheduling.md shows are those that the packages bring.
func TestUnitsAreThoseOfTheDocs(t *testing.T) {
	docs, err := os.ReadFile("../../docs/scheduling.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)`/usr/lib/systemd/system/(delink\\.[a-z]+)`:\n\n```ini\n(.*?)```").FindAllStringSubmatch(string(docs), -1)
	if len(shown) != 2 {
		t.Fatalf("docs/scheduling.md shows %d units", len(shown))
	}
	for _, unit := range shown {
		text, err := os.ReadFile("../systemd/" + unit[1])
		if err != nil {
			t.Fatal(err)
		}
		if string(text) != unit[2] {
			t.Errorf("docs/scheduling.md shows another %s than packaging/systemd has", unit[1])
		}
	}
}

// systemd has nothing to say against the units, given that the program is there.
func TestUnitsAreVerified(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("NOT CHECKED: there is no systemd-analyze on this machine, so nothing has read the units")
	}
	folder := t.TempDir()
	program := filepath.Join(folder, "delink")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	args := []string{"verify", "--man=no"}
	for _, name := range []string{"delink.service", "delink.timer"} {
		text, err := os.ReadFile("../systemd/" + name)
		if err != nil {
			t.Fatal(err)
		}
		unit := strings.ReplaceAll(string(text), "/usr/bin/delink", program)
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, folder) {
			t.Error(line)
		}
	}
}
