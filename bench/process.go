package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"delink/pkg/report"
	"delink/pkg/zoho/emulator"
)

// usage is what a process used, from its start to its end.
type usage struct {
	wall   time.Duration
	cpu    time.Duration // user and system
	maxRSS int64         // bytes at the peak; 0 where the system does not tell
}

func (b *bench) build() error {
	cmd := exec.CommandContext(b.ctx, "go", "build", "-o", b.delink, "./cmd/delink")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// environment is that of every process: nobody's settings, and nobody's kept tokens.
func (b *bench) environment(more ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.folder, "XDG_CACHE_HOME=" + filepath.Join(b.folder, "cache"),
		"TMPDIR=" + b.folder, "GODEBUG=" + os.Getenv("GODEBUG"),
	}, more...)
}

// process runs a program to its end. This process must stay small: on Linux, a child's peak of
// memory begins with that of its parent.
func (b *bench) process(env []string, name string, args ...string) (stdout []byte, u usage, err error) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(b.ctx, name, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = b.environment(env...), &out, &errs
	start := time.Now()
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), args[0], err, bytes.TrimSpace(errs.Bytes()))
	}
	if s := cmd.ProcessState; s != nil {
		u = usage{time.Since(start), s.UserTime() + s.SystemTime(), maxRSS(s)}
	}
	return out.Bytes(), u, err
}

// itself runs one of the bare programs.
func (b *bench) itself(args ...string) (usage, error) {
	path, err := os.Executable()
	if err != nil {
		return usage{}, err
	}
	_, u, err := b.process(nil, path, args...)
	return u, err
}

// sends runs the bare sender against a fresh emulator with the given knobs.
func (b *bench) sends(links, each, slots int, knobs ...string) (u usage, books emulator.Books, err error) {
	c, err := b.emulate(knobs...)
	if err != nil {
		return u, books, err
	}
	defer c.stop()
	u, err = b.itself("bare-sender", "-url", c.url,
		"-links", strconv.Itoa(links), "-each", strconv.Itoa(each), "-slots", strconv.Itoa(slots))
	if err != nil {
		return u, books, err
	}
	books, err = c.books(b.ctx)
	return u, books, err
}

// crm is an emulator in a process of its own.
type crm struct {
	cmd *exec.Cmd
	env []string // leads delink to it
	url string
}

// emulate starts an emulator in which every link exists, and no limit but those of the given knobs.
func (b *bench) emulate(knobs ...string) (*crm, error) {
	return b.startEmulator(append([]string{"links=all"}, knobs...))
}

// emulateLinks starts an emulator that has only the links of a file. They can be counted and
// listed, as in a CRM.
func (b *bench) emulateLinks(file string, knobs ...string) (*crm, error) {
	return b.startEmulator(knobs, "--links", file)
}

func (b *bench) startEmulator(knobs []string, flags ...string) (*crm, error) {
	args := append([]string{"emulator", "--quiet"}, flags...)
	for _, k := range append([]string{"in-flight=none", "credits=none"}, knobs...) {
		args = append(args, "--set", k)
	}
	cmd := exec.CommandContext(b.ctx, b.delink, args...)
	cmd.Env, cmd.Stderr = b.environment(), os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &crm{cmd: cmd}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		v := strings.TrimPrefix(lines.Text(), "export ")
		c.env = append(c.env, v)
		if url, ok := strings.CutPrefix(v, "ZOHO_API_DOMAIN="); ok {
			c.url = url
		}
		if strings.HasPrefix(v, "ZOHO_REFRESH_TOKEN=") {
			return c, nil
		}
	}
	c.stop()
	return nil, fmt.Errorf("the emulator did not start")
}

func (c *crm) stop() {
	_ = c.cmd.Process.Signal(os.Interrupt)
	_ = c.cmd.Wait() // it was told to go
}

func (c *crm) get(ctx context.Context, what string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/_emulator/"+what, nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(req)
}

// books are what the emulator saw.
func (c *crm) books(ctx context.Context) (emulator.Books, error) {
	var books emulator.Books
	resp, err := c.get(ctx, "books")
	if err != nil {
		return books, err
	}
	defer resp.Body.Close()
	return books, json.NewDecoder(resp.Body).Decode(&books)
}

// job is a run of delink that was measured.
type job struct {
	usage
	report.Summary
	books emulator.Books
}

// settings are the calls before the first batch, of which none run side by side.
func (j *job) settings() int { return j.books.Calls["org"] + j.books.Calls["lists"] }

// delinks runs delink on an input, against a fresh emulator with the given knobs, and checks that
// it did all its work.
func (b *bench) delinks(input string, slots int, knobs ...string) (*job, error) {
	c, err := b.emulate(knobs...)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	return b.delinksAgainst(c, input, slots)
}

func (b *bench) delinksAgainst(c *crm, input string, slots int) (*job, error) {
	out, u, err := b.process(c.env, b.delink, "run", input, "--yes", "--quiet", "--json", "--restart", "--concurrency", strconv.Itoa(slots))
	if err != nil {
		return nil, err
	}
	j := &job{usage: u}
	if err := json.Unmarshal(out, &j.Summary); err != nil {
		return nil, err
	}
	if j.books, err = c.books(b.ctx); err != nil {
		return nil, err
	}
	switch {
	case j.Removed+j.Absent != j.Links || j.Removed != j.books.Removed:
		return nil, fmt.Errorf("%d links: %d removed and %d absent, and the emulator removed %d", j.Links, j.Removed, j.Absent, j.books.Removed)
	case len(j.books.Violations) > 0:
		return nil, fmt.Errorf("breaches of the protocol: %s", strings.Join(j.books.Violations, ", "))
	}
	// A run that finds results of an earlier one reads them first, and that would be measured.
	old, err := filepath.Glob(filepath.Join(b.folder, "*.results*csv"))
	for _, path := range old {
		_ = os.Remove(path)
	}
	return j, err
}
