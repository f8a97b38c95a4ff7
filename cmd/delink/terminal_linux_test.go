package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal on which the program runs.
type terminal struct {
	t       *testing.T
	master  *os.File
	program *exec.Cmd
	drained chan struct{}
	before  map[string]string // the files of its folder when it was started; nil if it has none of its own

	mu   sync.Mutex
	out  strings.Builder
	more chan struct{} // closed when more is written, and replaced
}

// onTerminal starts the program on a terminal of its own, in a folder with an input of some links.
func onTerminal(t *testing.T, columns uint16, links int, env []string, args ...string) *terminal {
	t.Helper()
	folder := t.TempDir()
	var input strings.Builder
	input.WriteString("module,parent_id,relation,related_id\n")
	for i := range links {
		fmt.Fprintf(&input, "Campaigns,3652397000000400001,Leads,%d\n", 3652397000000900001+i)
	}
	if err := os.WriteFile(filepath.Join(folder, "links.csv"), []byte(input.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := exec.CommandContext(t.Context(), self)
	program.Args = append([]string{"delink"}, args...) // TestMain goes by the name
	program.Dir = folder
	program.Env = append([]string{"TERM=xterm", "NO_COLOR=1", "HOME=" + folder, "GORACE=atexit_sleep_ms=10"}, env...)
	return started(t, columns, program)
}

// started starts a program on a terminal of its own.
func started(t *testing.T, columns uint16, program *exec.Cmd) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := &terminal{t: t, master: master, drained: make(chan struct{}), more: make(chan struct{})}
	c.control(func(fd int) error { return unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0) })
	c.control(func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	})
	slave := c.openSlave()
	defer slave.Close()

	program.Stdin, program.Stdout, program.Stderr = slave, slave, slave
	program.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if program.Dir != "" {
		c.before = filesIn(t, program.Dir)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	c.program = program
	go c.read()
	t.Cleanup(func() {
		_ = program.Process.Kill()
		_ = master.Close()
	})
	return c
}

func (c *terminal) read() {
	defer close(c.drained)
	b := make([]byte, 4096)
	for {
		n, err := c.master.Read(b)
		c.mu.Lock()
		c.out.Write(b[:n])
		close(c.more)
		c.more = make(chan struct{})
		c.mu.Unlock()
		if err != nil { // EIO when the program has ended
			return
		}
	}
}

// control asks the terminal's driver for something.
func (c *terminal) control(ask func(fd int) error) {
	c.t.Helper()
	conn, err := c.master.SyscallConn()
	if err != nil {
		c.t.Fatal(err)
	}
	var refused error
	if err := conn.Control(func(fd uintptr) { refused = ask(int(fd)) }); err != nil || refused != nil {
		c.t.Fatal(err, refused)
	}
}

// openSlave opens the program's end of the terminal.
func (c *terminal) openSlave() *os.File {
	c.t.Helper()
	var number int
	c.control(func(fd int) (err error) {
		number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		return err
	})
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	return slave
}

// echoes reports whether the terminal shows what is typed.
func (c *terminal) echoes() bool {
	c.t.Helper()
	var state *unix.Termios
	c.control(func(fd int) (err error) {
		state, err = unix.IoctlGetTermios(fd, unix.TCGETS)
		return err
	})
	return state.Lflag&unix.ECHO != 0
}

// shows waits until the program has written a text, and returns all that it has written.
func (c *terminal) shows(text string) string {
	c.t.Helper()
	late := time.After(patience)
	for {
		c.mu.Lock()
		out, more := c.out.String(), c.more
		c.mu.Unlock()
		if strings.Contains(out, text) {
			return out
		}
		select {
		case <-more:
		case <-c.drained:
			c.t.Fatalf("the program ended and did not show %q:\n%s", text, out)
		case <-late:
			c.t.Fatalf("the program does not show %q:\n%s", text, out)
		}
	}
}

func (c *terminal) types(text string) {
	c.t.Helper()
	if _, err := c.master.WriteString(text); err != nil {
		c.t.Fatal(err)
	}
}

// ends waits until the program has ended, and returns all that it wrote.
func (c *terminal) ends(code int) string {
	c.t.Helper()
	err := c.program.Wait()
	<-c.drained
	if got := c.program.ProcessState.ExitCode(); got != code {
		c.t.Errorf("it ended with %v, not with %d:\n%s", err, code, c.out.String())
	}
	return c.out.String()
}

// rows is how many rows the results have; -1 if there are no results.
func (c *terminal) rows() int {
	b, err := os.ReadFile(filepath.Join(c.program.Dir, "links.results.csv"))
	if err != nil {
		return -1
	}
	return strings.Count(string(b), ",removed,")
}

const (
	question     = "--snapshot keeps these. [y/N] "
	undoQuestion = "? [y/N] "
	cancelled    = "cancelled; nothing was sent"
)

// reply is an answer to a question, and what comes of it.
type reply struct {
	name, typed string
	signal      os.Signal // in place of what is typed
	yes         bool
}

// replies are all ways to answer a question.
func replies() []reply {
	all := []reply{
		{name: "ctrl-d", typed: "\x04"},
		{name: "ctrl-d behind a y", typed: "y\x04\x04"},
		{name: "ctrl-c", typed: "\x03"},
		{name: "ctrl-c behind a y", typed: "y\x03"},
		{name: "SIGTERM", signal: syscall.SIGTERM},
		{name: "SIGHUP", signal: syscall.SIGHUP},
	}
	for _, a := range answers {
		all = append(all, reply{name: a.name, typed: a.typed, yes: a.yes})
	}
	return all
}

// give answers the question of the program.
func (c *terminal) give(r reply) {
	c.t.Helper()
	if r.signal == nil {
		c.types(r.typed)
	} else if err := c.program.Process.Signal(r.signal); err != nil {
		c.t.Fatal(err)
	}
}

// filesIn gives the files of a folder with their contents.
func filesIn(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestQuestion gives every kind of answer to the question of the built program. The question comes
// with the plan. What is no yes changes no file.
func TestQuestion(t *testing.T) {
	for _, r := range replies() {
		for _, quiet := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s quiet %v", r.name, quiet), func(t *testing.T) {
				t.Parallel()
				run := onTerminal(t, 80, 3, nil, "run", "links.csv", "--emulator", fmt.Sprintf("--quiet=%v", quiet))
				run.shows("remove 3 links in built-in emulator")
				if out := run.shows(question); !strings.Contains(out, "remove 3 Leads from 1 record of Campaigns") {
					t.Errorf("the question comes without the plan:\n%s", out)
				}
				run.give(r)
				run.answered(r, quiet)
				if r.yes && run.rows() != 3 {
					t.Errorf("%d links were removed", run.rows())
				}
			})
		}
	}
}

// TestQuestionOfUndo does the same with an undo.
func TestQuestionOfUndo(t *testing.T) {
	for _, r := range replies() {
		if !r.yes && r.signal == nil && !strings.HasPrefix(r.name, "ctrl") && r.name != "n" {
			continue // TestQuestion has them
		}
		for _, quiet := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s quiet %v", r.name, quiet), func(t *testing.T) {
				t.Parallel()
				run := onTerminal(t, 80, 3, nil, "run", "links.csv", "--emulator", "--yes")
				run.ends(0)
				undo := run.next("undo", "links.csv", "--emulator", fmt.Sprintf("--quiet=%v", quiet))
				if out := undo.shows(undoQuestion); !strings.Contains(out, "Campaigns.Leads  3 links of 1 parent record") {
					t.Errorf("the question comes without the plan:\n%s", out)
				}
				undo.give(r)
				undo.answered(r, quiet)
			})
		}
	}
}

// next starts the program again on a terminal of its own, in the same folder.
func (c *terminal) next(args ...string) *terminal {
	c.t.Helper()
	again := exec.CommandContext(c.t.Context(), c.program.Path)
	again.Args = append([]string{"delink"}, args...)
	again.Dir, again.Env = c.program.Dir, c.program.Env
	return started(c.t, 80, again)
}

// answered waits until the program has ended behind its question, and checks what it made of the
// answer.
func (c *terminal) answered(r reply, quiet bool) {
	c.t.Helper()
	if r.yes {
		if out := c.ends(0); !quiet && !strings.Contains(out, "done in") {
			c.t.Errorf("it does not say that it is done:\n%s", out)
		}
		return
	}
	if out := c.ends(2); !strings.HasSuffix(out, "\n"+cancelled+"\r\n") || strings.Contains(out, "error") {
		c.t.Errorf("it does not end with %q on a line of its own:\n%q", cancelled, out)
	}
	if after := filesIn(c.t, c.program.Dir); !maps.Equal(after, c.before) {
		c.t.Errorf("files were made or changed: %q", slices.Sorted(maps.Keys(after)))
	}
}

// With --yes nobody is asked.
func TestNoQuestion(t *testing.T) {
	run := onTerminal(t, 80, 3, nil, "run", "links.csv", "--emulator", "--yes")
	if out := run.ends(0); strings.Contains(out, "[y/N]") {
		t.Errorf("it asks:\n%s", out)
	}
	if n := run.rows(); n != 3 {
		t.Errorf("%d links were removed", n)
	}
}

// The bar of the built program, on terminals of several widths.
func TestBarOnATerminal(t *testing.T) {
	frame := regexp.MustCompile(`^(\d+) of 20 links.* +(\d+)%( [█░]+)? *$`)
	for _, columns := range []uint16{40, 80, 200} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			t.Parallel()
			run := onTerminal(t, columns, 20, nil, "run", "links.csv", "--emulator", "--yes", "--batch-size", "1", "--concurrency", "1")
			out := strings.ReplaceAll(run.ends(0), "\r\n", "\n")
			bars := 0
			for line := range strings.SplitSeq(out, "\n") {
				for part := range strings.SplitSeq(line, "\r") {
					if !strings.Contains(part, "of 20 links") {
						continue
					}
					bars++
					if n := len([]rune(part)); n >= int(columns) {
						t.Errorf("a frame has %d columns: %q", n, part)
					}
					m := frame.FindStringSubmatch(part)
					if m == nil || len([]rune(m[3])) < 21 != (columns == 40) {
						t.Errorf("a frame is %q", part)
						continue
					}
					done, _ := strconv.Atoi(m[1])
					if percent, _ := strconv.Atoi(m[2]); percent != done*100/20 {
						t.Errorf("a frame has the numbers of two moments: %q", part)
					}
				}
			}
			if bars < 3 {
				t.Errorf("%d frames were drawn:\n%q", bars, out)
			}
			if !regexp.MustCompile(`(?m)\r +\rdone in`).MatchString(out) {
				t.Errorf("the line of the bar is not empty at the end:\n%q", out)
			}
		})
	}
}

// A terminal that cannot draw over a line gets no bar.
func TestNoBarOnADumbTerminal(t *testing.T) {
	run := onTerminal(t, 80, 20, []string{"TERM=dumb"}, "run", "links.csv", "--emulator", "--yes", "--batch-size", "1", "--concurrency", "1")
	out := strings.ReplaceAll(run.ends(0), "\r\n", "\n")
	if strings.ContainsAny(out, "\r\x1b█") {
		t.Errorf("it draws:\n%q", out)
	}
}

// A help is as wide as the terminal, but no wider than can be read, also if it goes through a pager.
func TestHelpOnATerminal(t *testing.T) {
	for columns, most := range map[uint16]int{40: 40, 80: 80, 200: widestHelp} {
		out := onTerminal(t, columns, 1, nil, "run", "--help").ends(0)
		widest := 0
		for line := range strings.Lines(out) {
			widest = max(widest, utf8.RuneCountInString(strings.TrimRight(line, "\r\n")))
		}
		if widest > most || widest < most-10 {
			t.Errorf("at %d columns, the help has lines of %d:\n%s", columns, widest, out)
		}
	}
	shell := newShell(t)
	out := started(t, 50, shell.command("sh", "-c", "delink plan --help | cat")).ends(0)
	if !strings.Contains(out, "  --max-links N\r\n    refuse an input") {
		t.Errorf("at 50 columns, behind a pipe:\n%s", out)
	}
}

// What doctor has found is broken between words, at every width. Behind a pipe each check is one
// line.
func TestDoctorOnATerminal(t *testing.T) {
	words := func(out string) string { return strings.Join(strings.Fields(out), " ") }
	for _, columns := range []uint16{40, 63, 64, 80} {
		out := onTerminal(t, columns, 1, nil, "doctor", "links.csv", "--emulator").ends(0)
		for line := range strings.Lines(out) {
			line = strings.TrimRight(line, "\r\n")
			if n := utf8.RuneCountInString(line); n > int(columns) {
				t.Errorf("at %d columns, a line has %d: %q", columns, n, line)
			}
		}
		for _, text := range []string{"access token obtained, and accepted by the API", "clock this machine's clock agrees with Zoho's"} {
			if !strings.Contains(words(out), text) {
				t.Errorf("at %d columns, %q is missing:\n%s", columns, text, out)
			}
		}
	}
	shell := newShell(t)
	out := started(t, 40, shell.command("sh", "-c", "delink doctor --emulator | cat")).ends(0)
	if !strings.Contains(out, "ok       access token  obtained, and accepted by the API\r\n") {
		t.Errorf("behind a pipe:\n%s", out)
	}
}
