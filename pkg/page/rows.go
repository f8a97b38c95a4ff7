package page

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"delink/pkg/disk"
	"delink/pkg/report"
)

// A page is to stay small, whatever the CRM says: 2 MB with mostRows.
const (
	mostRows     = 100_000
	mostText     = 1 << 20 // bytes of different texts in a column
	longestText  = 500     // characters of a text
	textLeftOut  = "(left out here; see the results)"
	digitsOfLow  = 9 // of an id, which JavaScript's numbers can hold
	noLow        = -1
	packedFormat = 1
)

// columns are rows of the results by column, in the order of the results.
type columns struct {
	Format   int    `json:"format"`
	Rows     int    `json:"rows"`
	Total    int    `json:"total"` // more than Rows if some are left out
	Line     deltas `json:"line"`
	Status   texts  `json:"status"`
	Code     texts  `json:"code"`
	Message  texts  `json:"message"`
	Module   texts  `json:"module"`
	Relation texts  `json:"relation"`
	Parent   ids    `json:"parent"`
	Related  ids    `json:"related"`
	HTTP     texts  `json:"http"`
	Attempts texts  `json:"attempts"`
	Time     deltas `json:"time"` // Unix time in milliseconds; 0 if it is not known
}

// collect gathers the rows that each visits.
func collect(each func(visit func(*report.Row) error) error) (*columns, error) {
	c := &columns{Format: packedFormat}
	err := each(func(r *report.Row) error {
		c.Total++
		if c.Rows < mostRows {
			c.Rows++
			c.add(r)
		}
		return nil
	})
	return c, err
}

func (c *columns) add(r *report.Row) {
	c.Line.add(int64(r.Line))
	c.Status.add(string(r.Status))
	c.Code.add(r.Code)
	c.Message.add(r.Message)
	c.Module.add(r.Module)
	c.Relation.add(r.Relation)
	c.Parent.add(r.Parent)
	c.Related.add(r.Related)
	c.HTTP.add(r.HTTPStatus)
	c.Attempts.add(strconv.Itoa(r.Attempts))
	var at int64
	if t, err := time.Parse(time.RFC3339, r.Time); err == nil {
		at = t.UnixMilli()
	}
	c.Time.add(at)
}

// pack gives the columns as compressed JSON, in the alphabet of base64 that HTML has no need to
// escape.
func (c *columns) pack() (string, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if err := json.NewEncoder(z).Encode(c); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b.Bytes()), nil
}

// deltas are numbers, each as its distance from the one before.
type deltas struct {
	list []int64
	last int64
}

func (d *deltas) add(n int64) {
	d.list = append(d.list, n-d.last)
	d.last = n
}

// MarshalJSON gives the list.
func (d deltas) MarshalJSON() ([]byte, error) { return json.Marshal(some(d.list)) }

// texts are texts, each as its number among those that differ.
type texts struct {
	Texts  []string `json:"texts"`
	Number []int    `json:"number"`

	known map[string]int
	size  int // of Texts
}

func (t *texts) add(s string) {
	n, ok := t.known[s]
	if !ok {
		shown := shorten(disk.Printable(s))
		if t.size += len(shown); t.size > mostText {
			shown, s = textLeftOut, textLeftOut
		}
		if n, ok = t.known[s]; !ok {
			n = len(t.Texts)
			t.Texts = append(t.Texts, shown)
			if t.known == nil {
				t.known = map[string]int{}
			}
			t.known[strings.Clone(s)] = n
		}
	}
	t.Number = append(t.Number, n)
}

// shorten cuts a text that is too long for a page.
func shorten(s string) string {
	if len(s) <= longestText {
		return s
	}
	runes := []rune(s)
	if len(runes) <= longestText {
		return s
	}
	return string(runes[:longestText]) + "…"
}

// ids are record ids, each in two parts: what stands before its last digits, and these as a number.
// A text that does not end in digits has no second part: rows that cannot be used may have any text.
type ids struct {
	High texts  `json:"high"`
	Low  deltas `json:"low"`
}

func (d *ids) add(s string) {
	high, low := s, int64(noLow)
	if cut := len(s) - digitsOfLow; cut >= 0 && isDigits(s[cut:]) {
		high = s[:cut]
		low, _ = strconv.ParseInt(s[cut:], 10, 64)
	}
	d.High.add(high)
	d.Low.add(low)
}

func isDigits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// some makes a list without an element an empty one in JSON, and not null.
func some[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
