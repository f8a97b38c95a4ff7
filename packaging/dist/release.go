package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// release is what is made, and from what.
type release struct {
	out        string // where the files go
	stage      string // for what is needed on the way
	url        string
	maintainer string

	version  string
	commit   string
	modified bool      // files differ from the commit
	time     time.Time // of the commit: that of all files

	pages, completions, docs []file
	made                     []string // names in out
}

// file is a file of a release.
type file struct {
	name string // with / between folders
	mode fs.FileMode
	data []byte
}

// command prepares a command whose messages people see. Variables in env count before those of the
// machine.
func command(env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...) //nolint:gosec // the commands are those of this program
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	return cmd
}

// identify finds out which commit this is, and its time.
func (r *release) identify() error {
	r.commit = os.Getenv("DIST_COMMIT")
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if r.commit == "" || epoch == "" {
		said, err := command(nil, "git", "log", "-1", "--format=%H %ct").Output()
		if err != nil {
			return fmt.Errorf("git does not say which commit this is (%w): set DIST_COMMIT and SOURCE_DATE_EPOCH", err)
		}
		changes, err := command(nil, "git", "status", "--porcelain").Output()
		if err != nil {
			return fmt.Errorf("git status: %w", err)
		}
		hash, seconds, _ := strings.Cut(strings.TrimSpace(string(said)), " ")
		r.modified = r.commit == "" && len(changes) > 0
		r.commit, epoch = cmp.Or(r.commit, hash), cmp.Or(epoch, seconds)
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH is not a number of seconds: %q", epoch)
	}
	r.time = time.Unix(seconds, 0).UTC()
	if r.modified {
		fmt.Println("files differ from the commit; delink version will say so")
	}
	return r.askVersion()
}

// askVersion builds the program for this machine, which says its version and writes the manual
// pages later.
func (r *release) askVersion() error {
	if err := r.goBuild(target{runtime.GOOS, runtime.GOARCH}, r.host()); err != nil {
		return err
	}
	said, err := r.ask("version", "--json")
	if err != nil {
		return err
	}
	var build struct{ Version string }
	if err := json.Unmarshal(said, &build); err != nil {
		return fmt.Errorf("delink version --json: %w", err)
	}
	r.version = build.Version
	return nil
}

func (r *release) host() string { return filepath.Join(r.stage, "host", "delink") }

// ask runs the program on this machine, without the settings of whoever works here.
func (r *release) ask(args ...string) ([]byte, error) {
	cmd := command(nil, r.host(), args...)
	cmd.Env = []string{"HOME=" + r.stage}
	said, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("delink %s: %w", strings.Join(args, " "), err)
	}
	return said, nil
}

// goBuild builds the program for a target.
func (r *release) goBuild(t target, path string) error {
	variables := fmt.Sprintf("-X main.commit=%s -X main.date=%s -X main.modified=%t", r.commit, r.time.Format(time.RFC3339), r.modified)
	cmd := command(t.environment(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid= "+variables, "-o", path, "./cmd/delink")
	cmd.Stdout = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build for %s: %w", t, err)
	}
	return nil
}

// compiled is where the program for a target is.
func (r *release) compiled(t target) string {
	return filepath.Join(r.stage, t.os+"_"+t.arch, t.program())
}

func (r *release) compile(t target) error { return r.goBuild(t, r.compiled(t)) }

// document has the program write its completions and manual pages, and collects the other texts.
func (r *release) document() error {
	for shell, name := range map[string]string{"bash": "delink.bash", "zsh": "_delink", "fish": "delink.fish", "powershell": "delink.ps1"} {
		text, err := r.ask("completion", shell)
		if err != nil {
			return err
		}
		r.completions = append(r.completions, file{name, 0o644, text})
	}
	names, err := r.ask("man")
	if err != nil {
		return err
	}
	for name := range strings.FieldsSeq(string(names)) {
		page, err := r.ask("man", name)
		if err != nil {
			return err
		}
		r.pages = append(r.pages, file{name + ".1", 0o644, page})
	}
	paths, err := filepath.Glob("docs/*.md")
	if err != nil {
		return err
	}
	for _, path := range append(paths, "LICENSE", "README.md", "CHANGELOG.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r.docs = append(r.docs, file{filepath.ToSlash(path), 0o644, text})
	}
	return nil
}

// emit writes a file of the release.
func (r *release) emit(name string, data []byte) error {
	path := filepath.Join(r.out, name)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s would be made twice", name)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil { //nolint:gosec // it is for everybody
		return err
	}
	r.made = append(r.made, name)
	return nil
}

// name is the beginning of the names of a target's files.
func (r *release) name(t target) string {
	return fmt.Sprintf("delink_%s_%s_%s", r.version, t.os, t.arch)
}

// in gives the files with a folder before their names.
func in(folder string, files []file) []file {
	var moved []file
	for _, f := range files {
		f.name = folder + "/" + f.name
		moved = append(moved, f)
	}
	return moved
}

// jsonOf is a value as JSON, for people to read.
func jsonOf(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
