package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// took is how long something took, which differs from run to run.
var took = regexp.MustCompile(`done in (less than 1 s|\d+ s)`)

// TestReadme runs the commands of the README's sessions and compares what they print.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	sessions := regexp.MustCompile("(?s)```console\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(sessions) == 0 {
		t.Fatal("the README shows no session")
	}
	for _, session := range sessions {
		folder := t.TempDir()
		if err := os.CopyFS(folder, samples{os.DirFS("../../testdata")}); err != nil {
			t.Fatal(err)
		}
		t.Chdir(folder)
		for _, step := range strings.Split(string(session[1]), "$ ")[1:] {
			command, want, _ := strings.Cut(step, "\n")
			args := words(command)
			if args[0] != "delink" {
				t.Fatalf("the README's session runs %q", command)
			}
			var out bytes.Buffer
			run(t.Context(), args[1:], strings.NewReader(""), &out, &out, func(string) string { return "" })
			if got := took.ReplaceAllString(out.String(), "done in T"); got != took.ReplaceAllString(want, "done in T") {
				t.Errorf("%s\nprints\n%s\nthe README says\n%s", command, got, want)
			}
		}
	}
}

// words are the words of a command. Double quotes hold a word together.
func words(command string) (words []string) {
	for _, w := range regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(command, -1) {
		words = append(words, strings.Trim(w, `"`))
	}
	return words
}

// samples are the inputs in testdata, without its folders and without what a run beside them has
// left: the README's first command is such a run.
type samples struct{ fs.FS }

func (s samples) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(s.FS, name)
	var files []fs.DirEntry
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".csv" && strings.Count(e.Name(), ".") == 1 {
			files = append(files, e)
		}
	}
	return files, err
}
