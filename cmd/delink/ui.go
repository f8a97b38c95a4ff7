package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"

	"delink/pkg/job"
	"delink/pkg/progress"
)

// The rules of messages, for people who do not read Go:
//
//   - standard error only; standard output is for what was asked for
//   - lower case, no period at the end, without "failed to"
//   - the place first, then the cause:
//     links.csv:1042:21: column 4, related_id "12x4" is not a record id
//   - what to do about it on a line of its own, after "hint:"
//   - no control characters from outside: a file's name must not move the cursor
//   - never a token, a secret, or an answer's whole body
//   - with --quiet nothing but errors and questions, and one line if links are not as wanted
//   - with --log-format json every message is a record, whatever --log-level says
//   - a message never holds up the run: if nobody reads them, messages are dropped and counted
//
// ui holds to them, so that no command writes to standard error by itself. None of its methods
// waits for whoever reads standard error, except ask, which needs the reader.
type ui struct {
	out    *messages
	tty    *os.File     // standard error, if it is a terminal
	plain  bool         // the terminal cannot draw over a line
	log    *slog.Logger // what --log-level chooses
	chosen atomic.Pointer[manner]
}

// manner is how messages are written. It is replaced as a whole, because the flags about messages
// are taken while a signal may already be told of.
type manner struct {
	quiet   bool
	json    bool
	color   bool
	records *slog.Logger // with --log-format json: the messages
	urgent  *slog.Logger // with --log-format json: the messages that are never dropped
}

// manner is how messages are written now.
func (u *ui) manner() *manner { return u.chosen.Load() }

func newUI(stderr io.Writer, getenv func(string) string) *ui {
	u := &ui{log: slog.New(slog.DiscardHandler)}
	u.out = &messages{w: stderr, lost: u.lost}
	if f, ok := stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		u.tty = f
	}
	u.plain = getenv("TERM") == "dumb"
	u.chosen.Store(&manner{color: u.terminal() && getenv("NO_COLOR") == "" && !u.plain})
	return u
}

// The formats of --log-format.
const (
	formatText = "text"
	formatJSON = "json"
)

// foresee looks for the format of messages before the command line is parsed, because errors of the
// command line have that format, too.
func (u *ui) foresee(args []string, getenv func(string) string) {
	format := getenv("DELINK_LOG_FORMAT")
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if arg == "--log-format" && i+1 < len(args) {
			format = args[i+1]
		}
		if value, ok := strings.CutPrefix(arg, "--log-format="); ok {
			format = value
		}
	}
	if strings.EqualFold(format, formatJSON) {
		u.chosen.Store(u.recording(*u.manner()))
	}
}

// configure takes the flags about messages.
func (u *ui) configure(quiet bool, format, level string) {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // it fails for no level that the flag takes
	o := &slog.HandlerOptions{Level: l}
	m := *u.manner()
	m.quiet, m.json = quiet, false
	if format == formatJSON {
		u.chosen.Store(u.recording(m))
		u.log = slog.New(slog.NewJSONHandler(queued{u.out, ordinary}, o))
		return
	}
	u.chosen.Store(&m)
	u.log = slog.New(slog.NewTextHandler(queued{u.out, ordinary}, o))
}

// recording gives the same manner with every message as a record, whatever the level of the log is.
func (u *ui) recording(m manner) *manner {
	m.json, m.color = true, false
	m.records = slog.New(slog.NewJSONHandler(queued{u.out, ordinary}, nil))
	m.urgent = slog.New(slog.NewJSONHandler(queued{u.out, needed}, nil))
	return &m
}

// queued is a writer whose writes never wait.
type queued struct {
	out *messages
	urgency
}

func (q queued) Write(b []byte) (int, error) {
	q.out.put(string(b), q.urgency)
	return len(b), nil
}

// terminal reports whether standard error is a terminal.
func (u *ui) terminal() bool { return u.tty != nil }

// howToLeave says what a person can do who does not want to wait for a stop.
func (u *ui) howToLeave() string {
	if u.terminal() {
		return "press Ctrl-C again to leave at once"
	}
	return "a second signal leaves at once"
}

// canDraw reports whether a line can be replaced.
func (u *ui) canDraw() bool { return u.terminal() && !u.plain && !u.manner().json }

// Width is how many columns the terminal has, which can change.
func (u *ui) Width() int {
	if u.tty != nil {
		if columns, _, err := term.GetSize(int(u.tty.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 80
}

// Replace draws a line below all messages, in place of the one before.
func (u *ui) Replace(line string) { u.out.replace(line) }

// say writes an ordinary message, in one or more lines.
func (u *ui) say(format string, args ...any) {
	switch text := fmt.Sprintf(format, args...); {
	case u.manner().quiet:
	case u.manner().json:
		u.manner().records.Info(text)
	default:
		u.out.put(u.shown(text)+"\n", ordinary)
	}
}

// result writes what people and programs wait for: the plan, and how a run ended. A record has the
// fields in place of the text.
func (u *ui) result(what, text string, fields ...any) {
	if !u.manner().quiet {
		u.instruct(what, text, fields...)
	}
}

// instruct writes what a person has to do now. It is a question in a way, and comes with --quiet,
// too. A record has the fields in place of the text.
func (u *ui) instruct(what, text string, fields ...any) {
	if u.manner().json {
		u.manner().urgent.Info(what, fields...)
		return
	}
	u.out.put(u.shown(text)+"\n", needed)
}

// brief writes, with --quiet alone, the one line that makes a scheduler send mail. Without --quiet
// the ending says the same.
func (u *ui) brief(text string) {
	switch {
	case !u.manner().quiet:
	case u.manner().json:
		u.manner().urgent.Warn(text)
	default:
		u.out.put(u.shown(text)+"\n", needed)
	}
}

// progress writes how a run goes on, in one line.
func (u *ui) progress(m progress.Moment, text string) {
	if u.manner().json && !u.manner().quiet {
		u.manner().records.Info("progress", "done", m.Done, "total", m.Total, "failed", m.Failed, "in_flight", m.InFlight, "slots", m.Slots, "stopping", m.Stopping)
		return
	}
	u.say("%s", text)
}

// note writes what people should know while the run goes on.
func (u *ui) note(text string) {
	switch {
	case u.manner().quiet:
	case u.manner().json:
		u.manner().records.Warn(text)
	default:
		u.out.put(u.noteText(text), ordinary)
	}
}

func (u *ui) noteText(text string) string {
	return u.labelled("33", "note:", text)
}

// lost is the message about messages that were dropped. It must not use the queue.
func (u *ui) lost(n int) string {
	text := fmt.Sprintf("%s dropped here, because nobody read standard error", counted(n, "message was", "messages were"))
	switch {
	case u.manner().quiet:
		return ""
	case u.manner().json:
		var b strings.Builder
		slog.New(slog.NewJSONHandler(&b, nil)).Warn(text, "dropped", n)
		return b.String()
	}
	return u.noteText(text)
}

// error writes why something ended, and what to do.
func (u *ui) error(text, hint string, fields ...any) {
	if u.manner().json {
		if hint != "" {
			fields = append(fields, "hint", hint)
		}
		u.manner().urgent.Error(text, fields...)
		return
	}
	text = u.labelled("31", "error:", text)
	if hint != "" {
		text += u.labelled("36", "hint:", hint)
	}
	u.out.put(text, needed)
}

// ask writes a question, and waits until it is written: nobody can answer a question that is not on
// the screen. If ctx ends, so does the wait.
func (u *ui) ask(ctx context.Context, question string) {
	if u.manner().json {
		u.manner().urgent.Info(question)
	} else {
		u.out.put(u.shown(question)+" ", needed)
	}
	u.out.flush(ctx)
}

// answered ends the line of a question, if no typed answer has ended it.
func (u *ui) answered() {
	if !u.manner().json {
		u.out.put("\n", needed)
	}
}

// cancelled says that the answer to a question was taken for a no. It is part of the dialogue, and no
// error.
func (u *ui) cancelled() {
	if u.manner().json {
		u.manner().urgent.Info(errCancelled.Error())
		return
	}
	u.out.put(errCancelled.Error()+"\n", needed)
}

// finish waits for the messages before the program ends: see messages.finish.
func (u *ui) finish() { u.out.finish() }

// shown gives a text as it can stand on the screen: without control characters and, on a terminal,
// with its lines broken between words.
func (u *ui) shown(s string) string {
	s = printableText(s)
	if !u.terminal() {
		return s
	}
	return wrap(s, u.Width())
}

// labelled gives a message with a coloured label before it.
func (u *ui) labelled(color, label, text string) string {
	return u.paint(color, label) + strings.TrimPrefix(u.shown(label+" "+text), label) + "\n"
}

// wrap breaks lines that are longer than width between words. The parts of a line after the first
// are indented by two columns more than the line. Those of a row of a table stand below its value,
// if that leaves half of the width. A command that is to be copied stays one line.
func wrap(s string, width int) string {
	var b strings.Builder
	for whole := range strings.Lines(s) {
		line, isWhole := strings.CutSuffix(whole, "\n")
		end := ""
		if isWhole {
			end = "\n"
		}
		indent := valueColumn(line)
		if width <= 2*indent {
			indent = len(line) - len(strings.TrimLeft(line, " ")) + 2
		}
		for !isCommand(line) && utf8.RuneCountInString(line) > width && width > 2*indent {
			at := lastSpace(line, width)
			if at <= indent {
				break
			}
			b.WriteString(strings.TrimRight(line[:at], " ") + "\n")
			line = strings.Repeat(" ", indent) + strings.TrimLeft(line[at:], " ")
		}
		b.WriteString(line + end)
	}
	return b.String()
}

// valueColumn is where the value begins in a row of a table: an indented line with a name and, behind
// two spaces or more, its value. Of other lines it is two columns behind the beginning.
func valueColumn(line string) int {
	row := strings.TrimLeft(line, " ")
	begin := len(line) - len(row)
	name, rest, found := strings.Cut(row, "  ")
	if value := strings.TrimLeft(rest, " "); begin > 0 && found && value != "" {
		return begin + utf8.RuneCountInString(name) + len("  ") + len(rest) - len(value)
	}
	return begin + 2
}

// lastSpace gives the offset of the last space among the first width+1 characters of a line.
func lastSpace(line string, width int) int {
	at, n := -1, 0
	for i, r := range line {
		if n++; n > width+1 {
			break
		}
		if r == ' ' {
			at = i
		}
	}
	return at
}

// printableText writes control characters as escapes, but for line ends and tabs. Names of files
// and texts of servers may have such characters, and a terminal would obey them.
func printableText(s string) string {
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if strings.IndexFunc(s, control) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if control(r) {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// shownRows is how many bad rows a message lists. If there are more, rows with the same error are one.
const shownRows = 20

// refusal writes why a run does not begin. reads says that the command would have sent nothing.
func (u *ui) refusal(r *job.Refusal, reads bool) {
	r = withInputHint(r)
	cause := r.Error()
	if !reads {
		cause += "; nothing was sent"
	}
	if u.manner().json {
		rows := r.Rows.First(shownRows)
		for _, row := range rows {
			u.error(row.Error(), row.Hint, "file", row.File, "line", row.Line, "column", row.Column, "value", row.Value)
		}
		var fields []any
		if more := r.Rows.Count() - len(rows); more > 0 {
			fields = []any{"more_rows", more}
		}
		u.error(cause, hint(r), fields...)
		return
	}
	more := r.Rows.Count()
	hints := map[string]bool{}
	for _, g := range r.Rows.Shown(shownRows) {
		more -= g.Rows
		text := u.shown(g.Error()) + "\n"
		if g.Rows > 1 {
			text += u.shown("  for example "+g.Place()) + "\n"
		}
		if hint := g.Example.Hint; hint != "" && !hints[hint] {
			hints[hint] = true
			text += "  " + u.labelled("36", "hint:", hint)
		}
		u.out.put(text, needed)
	}
	if more > 0 {
		u.out.put(fmt.Sprintf("… and %d more\n", more), needed)
	}
	u.error(cause, hint(r))
}

// paint colours a text, if messages have colours.
func (u *ui) paint(code, s string) string {
	if !u.manner().color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// table writes one line for each name and value, with all values in the same column.
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
