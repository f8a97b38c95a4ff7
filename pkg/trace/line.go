package trace

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/sealed"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// Run is the beginning of a run. Its calls stand below it.
type Run struct {
	Start   time.Time `json:"start"`
	Anew    bool      `json:"anew"` // it does not go on with an earlier run
	Slots   int       `json:"slots"`
	ToSend  int       `json:"to_send"` // links
	Org     string    `json:"org"`
	Version string    `json:"version"`
	Input   string    `json:"input_sha256"`
	Credits *int      `json:"credits"` // that were left; nil if not known
}

// End is the end of a run. A run without one was killed, or still goes on.
type End struct {
	End       time.Time      `json:"end"`
	Reason    outcome.Reason `json:"reason"`
	ExitCode  int            `json:"exit_code"`
	Calls     int            `json:"calls"`
	Retries   int            `json:"retries"`
	Throttled int            `json:"throttled"`
	Lost      int            `json:"lost"`    // calls that are not in the record
	Credits   *int           `json:"credits"` // that are left; nil if not known
}

// Call is a call that has ended.
type Call struct {
	Kind     engine.CallKind
	Sent     time.Time
	Took     time.Duration
	Relation string
	Parent   zoho.ID // 0 if there is none
	IDs      int
	How      How
	Status   int // HTTP status; 0 if there was no answer, or it is not known
	Code     string
	Attempt  int
	InFlight int // when it was sent, this call included
	Allowed  int // calls that could be in flight then
	Pause    time.Duration
}

// How says how a call ended.
type How string

// How a call ended. Each is a zoho.Kind, but for OK.
const (
	OK         How = "ok"
	Refused    How = "refused"
	Nameless   How = "nameless"
	Unanswered How = "unanswered"
	Unsent     How = "unsent"
	Throttled  How = "throttled"
	BadToken   How = "token"
	Denied     How = "denied"
)

var hows = map[zoho.Kind]How{
	zoho.Refused: Refused, zoho.Nameless: Nameless, zoho.Unanswered: Unanswered, zoho.Unsent: Unsent,
	zoho.Throttled: Throttled, zoho.BadToken: BadToken, zoho.Denied: Denied,
}

func howOf(e *zoho.Error) How {
	if e == nil {
		return OK
	}
	return hows[e.Kind]
}

// Answered reports whether the CRM answered the call, and not its gate.
func (h How) Answered() bool { return h == OK || h == Refused || h == Nameless || h == Denied }

// The kinds of lines, by their first word.
const (
	kindHeader = "calls" // the format
	kindRun    = "run"   // a Run, as JSON
	kindCall   = "call"
	kindSum    = "sum" // a Sum, as JSON
	kindEnd    = "end" // an End, as JSON
)

// format is the version of the file's format.
const format = "1"

var header = sealed.Append(nil, kindHeader+" "+format)

// mostWord is the longest word of a call's line. Names and codes of Zoho are shorter.
const mostWord = 40

// word makes one word of a text of the CRM.
func word(s string) string {
	if s == "" {
		return "-"
	}
	if strings.ContainsFunc(s, isNoPart) {
		s = strings.Map(func(r rune) rune {
			if isNoPart(r) {
				return '_'
			}
			return r
		}, s)
	}
	return s[:min(len(s), mostWord)]
}

// isNoPart reports whether a character cannot be a part of a word.
func isNoPart(r rune) bool {
	return r <= ' ' || r >= 0x7f
}

// appendJSON adds a line of a kind with a value as JSON.
func appendJSON(b []byte, kind string, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil { // no value of this package has what JSON cannot hold
		return b
	}
	return sealed.Append(b, kind+" "+string(text))
}

// appendCall adds the line of a call of a run that began at a time.
func appendCall(b []byte, began time.Time, c *engine.Call) []byte {
	status, code := c.Status, ""
	if c.Err != nil {
		status, code = c.Err.Status, c.Err.Code
	}
	t := append(make([]byte, 0, 128), kindCall+" "...)
	t = append(t, word(string(c.Kind))...)
	t = strconv.AppendFloat(append(t, ' '), c.Sent.Sub(began).Seconds(), 'f', 3, 64)
	t = strconv.AppendInt(append(t, ' '), c.Took.Milliseconds(), 10)
	t = append(append(t, ' '), relationWord(c.Relation)...)
	t = c.Parent.Append(append(t, ' '))
	t = strconv.AppendInt(append(t, ' '), int64(c.IDs), 10)
	t = append(append(t, ' '), howOf(c.Err)...)
	t = strconv.AppendInt(append(t, ' '), int64(status), 10)
	t = append(append(t, ' '), word(code)...)
	for _, n := range []int{c.Attempt, c.InFlight, c.Allowed} {
		t = strconv.AppendInt(append(t, ' '), int64(n), 10)
	}
	if c.Pause > 0 {
		t = strconv.AppendInt(append(t, ' '), c.Pause.Milliseconds(), 10)
	}
	return sealed.Append(b, string(t))
}

func relationWord(r zoho.Relation) string {
	if r.List == "" {
		return word(r.Module)
	}
	return word(r.Module) + "." + word(r.List)
}

// parseCall reads the words behind the kind of a call's line.
func parseCall(text string, began time.Time) (c Call, ok bool) {
	w := strings.Split(text, " ")
	if len(w) != 12 && len(w) != 13 {
		return c, false
	}
	seconds, err := strconv.ParseFloat(w[1], 64)
	ok = err == nil
	num := func(s string) int {
		n, err := strconv.Atoi(s)
		ok = ok && err == nil && n >= 0
		return n
	}
	c = Call{
		Kind: engine.CallKind(w[0]), Sent: began.Add(time.Duration(seconds * float64(time.Second))),
		Took: time.Duration(num(w[2])) * time.Millisecond, Relation: w[3], IDs: num(w[5]),
		How: How(w[6]), Status: num(w[7]), Code: strings.TrimPrefix(w[8], "-"),
		Attempt: num(w[9]), InFlight: num(w[10]), Allowed: num(w[11]),
	}
	if w[4] != "0" {
		c.Parent, err = zoho.ParseID(w[4])
		ok = ok && err == nil
	}
	if len(w) == 13 {
		c.Pause = time.Duration(num(w[12])) * time.Millisecond
	}
	return c, ok
}
