package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"delink/pkg/disk"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/recap"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// narrowest is the least width of a report. Names and messages are broken there.
const narrowest = 30

const (
	shownReportCauses  = 8
	shownReportParents = 5
	shownReportRuns    = 10
	shownTime          = "2006-01-02 15:04:05"
)

// reportView writes a model as text.
type reportView struct {
	*recap.Model
	input string
	on    paper
	b     strings.Builder
}

func newReportView(m *recap.Model, input string, on paper) *reportView {
	return &reportView{Model: m, input: input, on: on}
}

// text gives the whole report. No line is wider than the paper, unless a word is.
func (v *reportView) text() string {
	v.verdict()
	v.statuses()
	v.runs()
	v.course()
	v.callTotals()
	v.causes()
	v.parents()
	v.slowest()
	v.unknown()
	s := v.b.String()
	if v.on.plain {
		s = inASCII(s)
	}
	return s
}

// line writes a text, broken between words.
func (v *reportView) line(format string, args ...any) {
	v.b.WriteString(wrap(printableText(fmt.Sprintf(format, args...)), v.on.width) + "\n")
}

// heading begins a part.
func (v *reportView) heading(format string, args ...any) {
	v.b.WriteString("\n")
	v.line(format, args...)
}

// verdict says in words how the job stands.
func (v *reportView) verdict() {
	verdict, before := v.verdicts()
	v.line("%s: %s", disk.Printable(v.input), verdict)
	if before != "" {
		v.line("  %s", before)
	}
	var about []string
	if v.Org != "" {
		about = append(about, "org "+v.Org)
	}
	about = append(about, counted(len(v.Runs), "run", "runs"))
	if n := len(v.Runs); n > 0 {
		about = append(about, fmt.Sprintf("%s to %s UTC", v.Runs[0].Start.UTC().Format(shownTime), heardOf(&v.Runs[n-1]).UTC().Format(shownTime)))
		about = append(about, seconds(v.Seconds)+" in all")
	}
	v.line("  %s", strings.Join(about, " · "))
	if next := v.next(); next.how != "" {
		v.line("  %s", next.how)
		v.line("%s%s", commandIndent, next.command)
	}
}

// next is how to go on with the job, as an ending says it. The files do not tell with which flags the
// job was run. A job that was undone is not run again, so it is the undo that is gone on with.
func (v *reportView) next() nextStep {
	run := closing{again: commandLine{command: "run", what: v.input, flagsUnknown: true}}
	switch u := v.Undo; {
	case slices.Contains(v.Unknown, recap.ChangedInput): // run and undo would refuse
		return nextStep{}
	case u != nil:
		return v.nextOfUndo()
	case v.State == "" || slices.ContainsFunc(v.Causes, func(c recap.Cause) bool { return c.Code == zoho.CodeRecordDeleted }):
		return nextStep{}
	case v.State == outcome.Running:
		return run.again.sameAgain("to go on, if it was killed")
	}
	s := &report.Summary{Reason: v.Reason, Failed: v.count(outcome.Failed), Unknown: v.count(outcome.Unknown), Pending: v.pending()}
	return run.next(s, &job.Ending{})
}

// count is how many links have a status.
func (v *reportView) count(s outcome.Status) int {
	i := slices.IndexFunc(v.Statuses, func(c recap.Count) bool { return c.Status == s })
	if i < 0 {
		return 0
	}
	return v.Statuses[i].Count
}

// nextOfUndo is how to go on with the undo of the job.
func (v *reportView) nextOfUndo() nextStep {
	u := v.Undo
	undo := closing{again: commandLine{command: "undo", what: v.input, flagsUnknown: true}}
	switch u.State {
	case "":
		return nextStep{}
	case outcome.Running:
		return undo.again.sameAgain("to go on with the undo, if it was killed")
	case outcome.Stopped, outcome.Finished:
	}
	return undo.next(&report.Summary{Reason: u.Reason, Failed: u.Failed, Unknown: u.Unknown, Pending: u.Pending}, &job.Ending{})
}

// pending is how many links have no outcome, as far as that is known.
func (v *reportView) pending() int {
	if v.Links == nil {
		return 0
	}
	return max(0, *v.Links-v.Settled)
}

// heardOf is when a run ended, as far as that is known.
func heardOf(r *recap.Run) time.Time {
	if r.End != nil {
		return *r.End
	}
	return r.LastHeard
}

// verdicts says how the job stands. Where it was undone, that comes first, and how its runs had ended
// comes second: else the links would be taken for removed.
func (v *reportView) verdicts() (verdict, before string) {
	if v.Undo == nil {
		return v.standing(), ""
	}
	return v.undone(), "before the undo: " + v.standing()
}

// undone says how the undo of the job stands.
func (v *reportView) undone() string {
	u := v.Undo
	at := u.LastHeard.UTC().Format(shownTime) + " UTC"
	var how string
	switch {
	case u.State == outcome.Running:
		how = "an undo goes on, or was killed; last heard of at " + at
	case u.State == "":
		how = "how an undo ended is not known; last heard of at " + at
	case u.State == outcome.Stopped:
		how = fmt.Sprintf("an undo %s (%s)", u.Reason.Ending().Text, at)
	case u.Linked() > 0:
		how = "undone since, at " + at
	default:
		how = "an undo ended at " + at
	}
	linked := "no link is"
	if n := u.Linked(); n > 0 {
		linked = counted(n, "link is", "links are")
	}
	return how + ": " + linked + " linked again" + notLinked(u)
}

// notLinked says how many links are not linked again, or may be. A pending link of an undo that was
// killed may have been in flight.
func notLinked(u *recap.Undo) string {
	var not, maybe []string
	add := func(to *[]string, n int, s outcome.Status) {
		if n > 0 {
			*to = append(*to, progress.Number(n)+" "+string(s))
		}
	}
	n := u.Failed
	add(&not, u.Failed, outcome.Failed)
	if u.State == outcome.Running {
		add(&maybe, u.Pending, outcome.Pending)
	} else {
		n += u.Pending
		add(&not, u.Pending, outcome.Pending)
	}
	add(&maybe, u.Unknown, outcome.Unknown)
	text := ""
	if n > 0 {
		text += fmt.Sprintf(", %s not (%s)", counted(n, "is", "are"), strings.Join(not, ", "))
	}
	if maybe != nil {
		text += ", of " + strings.Join(maybe, " and ") + " it is not known"
	}
	return text
}

// standing says how the runs of the job stand.
func (v *reportView) standing() string {
	bad := 0
	for _, c := range v.Statuses {
		if c.Status.IsBad() {
			bad += c.Count
		}
	}
	switch {
	case v.State == outcome.Running:
		text := "a run goes on, or was killed"
		if n := len(v.Runs); n > 0 {
			text += "; last heard of at " + heardOf(&v.Runs[n-1]).UTC().Format(shownTime) + " UTC"
		}
		return text
	case v.State == "":
		return "how the last run ended is not known"
	case v.State == outcome.Stopped:
		return fmt.Sprintf("%s; %s pending", v.Reason.Ending().Text, progress.Number(v.pending()))
	case bad == 0:
		return "finished, and all is as wanted"
	}
	return fmt.Sprintf("finished, and %s not as wanted", counted(bad, "row is", "rows are"))
}

func seconds(s float64) string { return progress.Duration(time.Duration(s * float64(time.Second))) }

// statuses writes how many links have each status, with a bar for each.
func (v *reportView) statuses() {
	most := 0
	for _, c := range v.Statuses {
		most = max(most, c.Count)
	}
	if most == 0 {
		return
	}
	v.heading("%s", v.whose("Links"))
	var rows [][]string
	for _, c := range v.Statuses {
		rows = append(rows, []string{string(c.Status), progress.Number(c.Count), barOf(c.Count, most, 20)})
	}
	v.table("lrl", nil, rows, 2)
}

// whose says of the outcomes of the runs that an undo came after them.
func (v *reportView) whose(heading string) string {
	if v.Undo == nil {
		return heading
	}
	return heading + ", before the undo"
}

// barOf draws a share as a bar. What is not nothing can be seen.
func barOf(n, most, width int) string {
	w := n * width / most
	if n > 0 {
		w = max(1, w)
	}
	return strings.Repeat("█", w)
}

func (v *reportView) runs() {
	if len(v.Runs) == 0 {
		return
	}
	v.heading("Runs")
	first := max(0, len(v.Runs)-shownReportRuns)
	if first > 0 {
		v.line("  %s before these", counted(first, "run", "runs"))
	}
	var rows [][]string
	for i := range v.Runs[first:] {
		r := &v.Runs[first+i]
		credits := ""
		if r.Credits != nil {
			credits = progress.Number(*r.Credits)
		}
		rate := ""
		if s := r.Seconds(); s > 0 {
			rate = progress.Number(int(float64(r.Settled)/s + 0.5))
		}
		rows = append(rows, []string{r.Start.UTC().Format(shownTime), seconds(r.Seconds()), progress.Number(r.Settled), v.howEnded(first + i), progress.Number(r.Calls), rate, progress.Number(r.Throttled), credits})
	}
	v.table("lrrlrrrr", []string{"began (UTC)", "time", "links", "end", "calls", "links/s", "429s", "credits left"}, rows, 3)
}

// howEnded says how a run ended.
func (v *reportView) howEnded(i int) string {
	switch r := &v.Runs[i]; {
	case r.Reason != "" && r.End != nil:
		return r.Reason.Ending().Text
	case i == len(v.Runs)-1 && v.State == outcome.Running:
		return "goes on, or was killed"
	}
	return "was killed"
}

// course draws the job over time.
func (v *reportView) course() {
	c := &v.Course
	if len(c.Start) < 2 {
		return
	}
	v.heading("Over time, %s from left to right; nights between runs are left out", seconds(float64(c.Seconds)*float64(len(c.Start))))
	per := float64(c.Seconds)
	rate := func(n int) string { return rounded(float64(n)/per) + "/s" }
	v.spark("links", c.Settled, rate, sums)
	if slices.Max(c.Calls) == 0 {
		return
	}
	v.spark("calls", c.Calls, rate, sums)
	v.spark("open calls", c.InFlight, progress.Number, peaks)
	v.spark("allowed", carried(c.Allowed), progress.Number, lows)
	if slices.Max(c.Throttled) > 0 {
		v.spark("429s", c.Throttled, rate, sums)
	}
	if slices.Max(c.Missing) > 0 {
		v.spark("no answer", c.Missing, rate, sums)
	}
	for _, q := range []struct {
		name string
		ms   []float64
	}{{"median", c.Median}, {"90 %", c.P90}, {"99 %", c.P99}} {
		ms := make([]int, len(q.ms))
		for i, x := range q.ms {
			ms[i] = int(x)
		}
		v.spark(q.name, ms, func(n int) string { return progress.Number(n) + " ms" }, peaks)
	}
}

// carried gives values with the one before in the place of each 0, where no call was sent.
func carried(values []int) []int {
	values = slices.Clone(values)
	for i := range values {
		if values[i] == 0 && i > 0 {
			values[i] = values[i-1]
		}
	}
	return values
}

// rounded writes a number with a digit behind the point where it is small.
func rounded(f float64) string {
	if f < 10 {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0")
	}
	return progress.Number(int(f + 0.5))
}

// How values that share a character become one.
type joining int

const (
	sums  joining = iota // their mean is drawn
	peaks                // the largest
	lows                 // the smallest
)

var blocks = []rune("▁▂▃▄▅▆▇█")

// sparkline draws values from 0 to their maximum, in so many characters at the most.
func sparkline(values []int, width int, how joining) string {
	width = min(width, len(values))
	cells := make([]float64, width)
	for i := range cells {
		part := values[i*len(values)/width : (i+1)*len(values)/width]
		switch how {
		case sums:
			for _, n := range part {
				cells[i] += float64(n) / float64(len(part))
			}
		case peaks:
			cells[i] = float64(slices.Max(part))
		case lows:
			cells[i] = float64(slices.Min(part))
		}
	}
	most := slices.Max(cells)
	var b strings.Builder
	for _, x := range cells {
		switch {
		case x <= 0 || most == 0:
			b.WriteRune(' ')
		default:
			b.WriteRune(blocks[min(len(blocks)-1, int(x/most*float64(len(blocks))))])
		}
	}
	return b.String()
}

// spark writes a line with a sparkline and the largest value.
func (v *reportView) spark(name string, values []int, show func(int) string, how joining) {
	const label, most = 11, 17
	largest := "up to " + show(slices.Max(values))
	if how == lows {
		largest = "down to " + show(slices.Min(values))
	}
	width := min(v.on.width-2-label-most, 100)
	if width < 5 {
		v.line("  %-*s%s", label, name, largest)
		return
	}
	fmt.Fprintf(&v.b, "  %-*s%s %s\n", label, name, sparkline(values, width, how), largest)
}

func (v *reportView) callTotals() {
	t := &v.Totals
	if t.Calls == 0 {
		return
	}
	v.heading("Calls")
	least := ""
	if slices.Contains(v.Unknown, recap.CutOffCalls) {
		least = "at least "
	}
	rows := [][2]string{{"in all", fmt.Sprintf("%s%s, %s links a second", least, progress.Number(t.Calls), rounded(v.PerSecond))}}
	if len(t.ByKind) > 0 {
		var kinds []string
		for _, k := range t.ByKind {
			kinds = append(kinds, progress.Number(k.Calls)+" "+k.Kind)
		}
		rows = append(rows, [2]string{"what", strings.Join(kinds, ", ")})
		var ends []string
		for _, e := range t.ByHow {
			text := progress.Number(e.Calls) + " " + string(e.How)
			if e.Status > 0 {
				text += fmt.Sprintf(" (%d)", e.Status)
			}
			ends = append(ends, text)
		}
		rows = append(rows, [2]string{"ended", strings.Join(ends, ", ")})
		rows = append(rows, [2]string{"answers", fmt.Sprintf("median %s, 90 %% within %s, 99 %% within %s", ms(v.Answers.Median), ms(v.Answers.P90), ms(v.Answers.P99))})
	}
	rows = append(rows, [2]string{"repeated", progress.Number(t.Retries)})
	if t.Throttled > 0 {
		rows = append(rows, [2]string{"refused as too many", fmt.Sprintf("%s, with pauses of %s", progress.Number(t.Throttled), seconds(float64(t.PausedMS)/1000))})
	}
	if v.Credits != nil {
		rows = append(rows, [2]string{"credits left", progress.Number(*v.Credits)})
	}
	for _, r := range rows {
		v.line("  %-20s%s", r[0], r[1])
	}
}

func ms(x float64) string { return progress.Number(int(x+0.5)) + " ms" }

func (v *reportView) causes() {
	if len(v.Causes) == 0 {
		return
	}
	v.heading("Why links are not as wanted")
	for i, c := range v.Causes {
		if i == shownReportCauses {
			v.line("  … and %s, see --json", counted(len(v.Causes)-i, "more cause", "more causes"))
			break
		}
		v.line("  %s × %s %s: %s", progress.Number(c.Links), c.Status, cmp.Or(c.Code, "without a code"), c.Message)
		if c.Hint != "" {
			v.line("    hint: %s", c.Hint)
		}
	}
}

func (v *reportView) parents() {
	if len(v.Parents) == 0 {
		return
	}
	v.heading("Largest parent records, of %s", progress.Number(v.ParentsOf))
	var rows [][]string
	for _, p := range v.Parents[:min(len(v.Parents), shownReportParents)] {
		bad := ""
		if p.Bad > 0 {
			bad = progress.Number(p.Bad)
		}
		name := ""
		if p.Name != nil {
			name = cutName(shortName(*p.Name), v.on.width-34) // what the id and the number leave
		}
		rows = append(rows, []string{p.ID, progress.Number(p.Links), name, p.Module + "." + p.Relation, bad})
	}
	v.table("lrllr", []string{"parent record", "links", "name", "relation", "failed, unknown"}, rows, 2)
}

// cutName gives a name in no more than so many characters, if that leaves enough of it to be known by.
func cutName(name string, most int) string {
	const least = 12
	if r := []rune(name); len(r) > most && most >= least {
		return string(r[:most-1]) + "…"
	}
	return name
}

func (v *reportView) slowest() {
	if len(v.Slowest) == 0 {
		return
	}
	what := "minutes"
	if s := v.Slowest[0].Seconds; s > 60 {
		what = "times of " + seconds(float64(s))
	}
	v.heading("Slowest %s", what)
	var rows [][]string
	for _, s := range v.Slowest {
		rows = append(rows, []string{
			s.Start.Format(shownTime), progress.Number(s.Settled), progress.Number(s.Calls),
			progress.Number(s.Throttled), progress.Number(s.Missing), ms(s.Median), progress.Number(s.Allowed),
		})
	}
	v.table("lrrrrrr", []string{"began (UTC)", "links", "calls", "429s", "no answer", "median", "allowed"}, rows, 2)
}

// gaps has what people are told of what is not known.
var gaps = map[recap.Gap]string{
	recap.NoSummary:     "the summary is missing, so how many rows the input has, and how the last run ended",
	recap.BadSummary:    "the summary cannot be read",
	recap.NoResults:     "the results are missing, so what became of the links",
	recap.BadResults:    "the results are damaged: rows from the damaged one on are left out",
	recap.NoCalls:       "there is no record of calls (runs of older versions leave none), so runs before the last one, and answer times",
	recap.EarlierRuns:   "some outcomes are older than the first run that is known",
	recap.BadCalls:      "some lines of the record of calls cannot be read, and are left out",
	recap.LostCalls:     "a run could not write all its calls down",
	recap.CutOffCalls:   "a run has no end: it was killed, or still goes on, and its last calls may be missing",
	recap.ChangedInput:  "this is the job of the input as it was then: the file has other content now, or another file of that name was run",
	recap.OtherInput:    "the record of calls belongs to another input than the summary",
	recap.ManyParents:   "there are too many parent records to compare all",
	recap.ManyCauses:    "there are too many causes to tell all apart",
	recap.SummedUpCalls: "old calls are summed up by the minute or longer",
	recap.TimesOfLinks:  "some rows of the results have no time that can be read",
	recap.BadUndo:       "a file of an undo cannot be read, so whether links were linked again is not known for all",
}

func (v *reportView) unknown() {
	if len(v.Unknown) == 0 {
		return
	}
	v.heading("Not known, or not exactly")
	for _, g := range v.Unknown {
		v.line("  %s", gaps[g])
	}
}

// table writes rows in columns, each as wide as it has to be. How a column is aligned is a letter: l
// or r. Columns in which no row has anything are left out. If the paper is too narrow, so are columns
// from the right, but for the first few.
func (v *reportView) table(align string, head []string, rows [][]string, keep int) {
	if head != nil {
		align, head, rows = withoutEmpty(align, head, rows)
		rows = append([][]string{head}, rows...)
	}
	for columns := len(align); ; columns-- {
		lines, width := columnsOf(align[:columns], rows)
		if width+2 > v.on.width && columns > keep {
			continue
		}
		for _, l := range lines {
			v.line("  %s", l)
		}
		return
	}
}

// withoutEmpty leaves the columns out in which no row has anything.
func withoutEmpty(align string, head []string, rows [][]string) (letters string, names []string, cells [][]string) {
	cells = make([][]string, len(rows))
	for i := range align {
		if !slices.ContainsFunc(rows, func(row []string) bool { return row[i] != "" }) {
			continue
		}
		letters, names = letters+align[i:i+1], append(names, head[i])
		for n, row := range rows {
			cells[n] = append(cells[n], row[i])
		}
	}
	return letters, names, cells
}

func columnsOf(align string, rows [][]string) (lines []string, width int) {
	widths := make([]int, len(align))
	for _, row := range rows {
		for i := range widths {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	for _, row := range rows {
		var cells []string
		for i, w := range widths {
			pad := strings.Repeat(" ", w-utf8.RuneCountInString(row[i]))
			if align[i] == 'r' {
				cells = append(cells, pad+row[i])
			} else {
				cells = append(cells, row[i]+pad)
			}
		}
		line := strings.TrimRight(strings.Join(cells, "  "), " ")
		lines, width = append(lines, line), max(width, utf8.RuneCountInString(line))
	}
	return lines, width
}

// ascii has what stands for the characters of a report where only ASCII can be shown.
var ascii = strings.NewReplacer("▁", "_", "▂", ".", "▃", "-", "▄", "~", "▅", "=", "▆", "+", "▇", "*", "█", "#", "·", "-", "×", "x", "…", "...")

// inASCII gives a text in ASCII. Other characters, such as those of messages, become question marks.
func inASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 0x7e {
			return '?'
		}
		return r
	}, ascii.Replace(s))
}
