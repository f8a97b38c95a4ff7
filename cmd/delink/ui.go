package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"

	"delink/pkg/job"
)

// The rules of messages, for people who do not read Go:
//
//   - standard error only; standard output is for what was asked for
//   - lower case, no period at the end, without "failed to"
//   - the place first, then the cause: links.csv:1042:21: column 4, related_id "12x4" is not a record id
//   - what to do about it on a line of its own, behind "hint:"
//   - never a token, a secret, or an answer's whole body
//   - with --quiet nothing but errors; with --log-format json every message is a record
//
// ui holds to them, so that no command writes to standard error by itself.
type ui struct {
	w     io.Writer
	quiet bool
	json  bool
	color bool
	log   *slog.Logger

	mu    sync.Mutex
	above func(write func()) // writes while a progress bar is there
}

func newUI(stderr io.Writer, getenv func(string) string) *ui {
	u := &ui{w: stderr, log: slog.New(slog.DiscardHandler)}
	u.color = u.terminal() && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
	return u
}

// configure takes the flags that say how to talk.
func (u *ui) configure(quiet bool, format, level string) error {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return usageError{fmt.Errorf("--log-level %q is not one of debug, info, warn, error", level), ""}
	}
	o := &slog.HandlerOptions{Level: l}
	u.quiet = quiet
	switch format {
	case "text":
		u.log = slog.New(slog.NewTextHandler(uiWriter{u}, o))
	case "json":
		u.json, u.color = true, false
		u.log = slog.New(slog.NewJSONHandler(uiWriter{u}, o))
	default:
		return usageError{fmt.Errorf("--log-format %q is not text or json", format), ""}
	}
	return nil
}

// terminal reports whether people read this as it is written.
func (u *ui) terminal() bool {
	f, ok := u.w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// uiWriter is where log records go.
type uiWriter struct{ u *ui }

func (w uiWriter) Write(b []byte) (int, error) {
	w.u.write(string(b))
	return len(b), nil
}

func (u *ui) write(s string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.above != nil {
		u.above(func() { _, _ = io.WriteString(u.w, s) })
		return
	}
	_, _ = io.WriteString(u.w, s)
}

// during has everything written with above until the returned function is called.
func (u *ui) during(above func(write func())) (end func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.above = above
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.above = nil
	}
}

// say tells what happens, in one or more lines.
func (u *ui) say(format string, args ...any) {
	switch text := fmt.Sprintf(format, args...); {
	case u.quiet:
	case u.json:
		u.log.Info(text)
	default:
		u.write(text + "\n")
	}
}

// note tells what people should know although the run goes on.
func (u *ui) note(text string) {
	switch {
	case u.json:
		u.log.Warn(text)
	case u.quiet:
	default:
		u.write(u.paint("33", "note:") + " " + text + "\n")
	}
}

// error tells why something ended, and what to do.
func (u *ui) error(text, hint string) {
	if u.json {
		u.log.Error(text, "hint", hint)
		return
	}
	u.write(u.paint("31", "error:") + " " + text + "\n")
	if hint != "" {
		u.write(u.paint("36", "hint:") + " " + hint + "\n")
	}
}

// shownRows is how many bad rows a message lists.
const shownRows = 20

// refusal tells why a run does not begin.
func (u *ui) refusal(r *job.Refusal) {
	r = withInputHint(r)
	if u.json {
		for _, row := range r.Rows[:min(len(r.Rows), shownRows)] {
			u.log.Error(row.Error(), "hint", row.Hint)
		}
		u.error(r.Error()+"; nothing was sent", r.Hint)
		return
	}
	hints := map[string]bool{}
	for _, row := range r.Rows[:min(len(r.Rows), shownRows)] {
		u.write(row.Error() + "\n")
		if row.Hint != "" && !hints[row.Hint] {
			hints[row.Hint] = true
			u.write("  " + u.paint("36", "hint:") + " " + row.Hint + "\n")
		}
	}
	if more := len(r.Rows) + r.More - shownRows; more > 0 {
		u.write(fmt.Sprintf("… and %d more\n", more))
	}
	u.error(r.Error()+"; nothing was sent", r.Hint)
}

func (u *ui) paint(code, s string) string {
	if !u.color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// table writes lines of a name and a value, the values under each other.
func table(rows [][2]string) string {
	width := 0
	for _, r := range rows {
		width = max(width, len(r[0]))
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, r[0], r[1])
	}
	return b.String()
}
