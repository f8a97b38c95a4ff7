package page

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/recap"
)

// view is what the template sees.
type view struct {
	*Page
	Policy string
	Script template.JS
	Style  template.CSS
	Listed int    // rows in the table
	Bad    int    // rows that could be in it
	Rows   string // the table's rows: see columns.pack
}

// How many rows the static tables have.
const (
	mostCauses = 12
	mostRuns   = 50
)

var functions = template.FuncMap{
	"number": progress.Number, "seconds": shownSeconds, "time": shownTime, "text": disk.Printable,
	"rate": shownRate, "ms": func(x float64) string { return progress.Number(int(x+0.5)) + " ms" },
	"paused": func(ms int64) string { return shownSeconds(float64(ms) / 1000) },
}

func shownSeconds(s float64) string {
	return progress.Duration(time.Duration(s * float64(time.Second)))
}

func shownTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

func shownRate(x float64) string {
	if x < 10 {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0")
	}
	return progress.Number(int(x + 0.5))
}

// Tone says how the verdict is to look. A job that was undone is never good: its links are there.
func (v *view) Tone() string {
	if u := v.Undo; u != nil {
		switch {
		case u.State != outcome.Finished:
			return "open"
		case u.Failed+u.Unknown > 0:
			return "bad"
		}
		return "undone"
	}
	bad := 0
	for _, c := range v.Statuses {
		if c.Status.IsBad() {
			bad += c.Count
		}
	}
	switch {
	case v.State == outcome.Finished && bad == 0:
		return "good"
	case v.State == outcome.Finished:
		return "bad"
	}
	return "open"
}

// Mark is a sign for the tone, for those who do not see colours.
func (v *view) Mark() string {
	return map[string]string{"good": "✓", "bad": "✗", "open": "…", "undone": "↶"}[v.Tone()]
}

// part is a share of all rows, in the picture of the totals. X and Width are of 1,000.
type part struct {
	recap.Count
	X, Width float64
	Share    string
	Note     string
}

// Parts are the totals.
func (v *view) Parts() (parts []part) {
	all := 0
	for _, c := range v.Statuses {
		all += c.Count
	}
	x := 0.0
	for _, w := range widths(v.Statuses, all) {
		c := v.Statuses[len(parts)]
		f, _ := c.Status.Facts()
		parts = append(parts, part{c, round(x), round(w), share(c.Count, all), f.Note})
		x += w
	}
	return parts
}

// AnyNote reports whether a status needs an explanation.
func (v *view) AnyNote() bool {
	return slices.ContainsFunc(v.Statuses, func(c recap.Count) bool { f, _ := c.Status.Facts(); return f.Note != "" })
}

// widths gives what each status has of 1,000. What is not nothing can be seen.
func widths(counts []recap.Count, all int) (widths []float64) {
	const least, whole = 6.0, 1000.0
	sum := 0.0
	for _, c := range counts {
		w := 0.0
		if c.Count > 0 {
			w = max(least, whole*float64(c.Count)/float64(all))
		}
		widths = append(widths, w)
		sum += w
	}
	for i := range widths {
		widths[i] *= whole / sum
	}
	return widths
}

func round(x float64) float64 { return math.Round(x*10) / 10 }

// share writes a part of all. It says 0 % and 100 % of nothing else.
func share(n, all int) string {
	percent := 100 * float64(n) / float64(max(all, 1))
	switch {
	case n > 0 && percent < 0.1:
		return "< 0.1 %"
	case n < all && percent > 99.9:
		return "> 99.9 %"
	case n == 0 || n == all:
		return fmt.Sprintf("%.0f %%", percent)
	}
	return fmt.Sprintf("%.1f %%", percent)
}

// Span is from when to when the runs went on.
func (v *view) Span() string {
	if len(v.Runs) == 0 {
		return ""
	}
	return fmt.Sprintf("%s to %s UTC", shownTime(v.Runs[0].Start), shownTime(endOf(&v.Runs[len(v.Runs)-1])))
}

func endOf(r *recap.Run) time.Time {
	if r.End != nil {
		return *r.End
	}
	return r.LastHeard
}

// HasCourse reports whether there is enough to draw over time.
func (v *view) HasCourse() bool { return len(v.Course.Start) > 1 }

// Shown gives the causes that the page lists.
func (v *view) Shown() []recap.Cause { return v.Causes[:min(len(v.Causes), mostCauses)] }

// MoreCauses is how many it does not list.
func (v *view) MoreCauses() int { return max(0, len(v.Causes)-mostCauses) }

// runRow is a run in the table of runs.
type runRow struct {
	*recap.Run
	No   int
	How  string
	Rate string
}

// LastRuns gives the runs that the page lists.
func (v *view) LastRuns() (rows []runRow) {
	for i := max(0, len(v.Runs)-mostRuns); i < len(v.Runs); i++ {
		r := &v.Runs[i]
		row := runRow{Run: r, No: i + 1, How: v.Ends[i]}
		if s := r.Seconds(); s > 0 {
			row.Rate = shownRate(float64(r.Settled) / s)
		}
		rows = append(rows, row)
	}
	return rows
}

// AnyCredits reports whether a run that the page lists knew how many credits were left.
func (v *view) AnyCredits() bool {
	return slices.ContainsFunc(v.LastRuns(), func(r runRow) bool { return r.Credits != nil })
}

// EarlierRuns is how many runs it does not list.
func (v *view) EarlierRuns() int { return max(0, len(v.Runs)-mostRuns) }

// parentRow is a parent record with its share of the largest one's links, in 100.
type parentRow struct {
	recap.Parent
	Good, Wrong float64
}

// LargestParents gives the largest parent records.
func (v *view) LargestParents() (rows []parentRow) {
	for _, p := range v.Parents {
		per := 100 / float64(max(1, v.Parents[0].Links))
		rows = append(rows, parentRow{p, round(float64(p.Links-p.Bad) * per), round(float64(p.Bad) * per)})
	}
	return rows
}

// OneRelation is the relation of all parent records that the page lists; empty if they have several.
func (v *view) OneRelation() string {
	for i := range v.Parents {
		if v.Parents[i].Module != v.Parents[0].Module || v.Parents[i].Relation != v.Parents[0].Relation {
			return ""
		}
	}
	return v.Parents[0].Module + "." + v.Parents[0].Relation
}

// AnyName reports whether the name of a parent record is known.
func (v *view) AnyName() bool {
	return slices.ContainsFunc(v.Parents, func(p recap.Parent) bool { return p.Name != nil })
}

// AnyBadParent reports whether links of a parent record failed.
func (v *view) AnyBadParent() bool {
	return slices.ContainsFunc(v.Parents, func(p recap.Parent) bool { return p.Bad > 0 })
}

// SlowSpans says how long each of the slowest times is.
func (v *view) SlowSpans() string {
	if s := v.Slowest[0].Seconds; s > 60 {
		return "times of " + shownSeconds(float64(s))
	}
	return "minutes"
}
