package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/report"
)

// metricsMark begins every file of metrics, so that no other file is taken for one.
const metricsMark = "# delink: "

// metricsOf is what metrics are about. Their labels tell the files of several jobs apart, which one
// collector reads.
type metricsOf struct {
	command, input string
	started        time.Time
	success        float64 // Unix time; 0 if there was none
}

// lastSuccess is the metric that later runs read again.
const lastSuccess = "delink_last_success_timestamp_seconds"

// text gives the metrics in Prometheus' text format. Its grammar is three kinds of lines, which is
// less than a library for it needs to be told. s and code are nil where they are not known.
func (m *metricsOf) text(s *report.Summary, code *int, now time.Time) string {
	w := &metricsText{labels: fmt.Sprintf(`command="%s",input="%s"`, escapeLabel(m.command), escapeLabel(m.input))}
	w.b.WriteString(metricsMark + "the numbers of a job, replaced by each run\n")
	running := 0.0
	if code == nil {
		running = 1
	}
	w.gauge("delink_running", "1 from the start of the command to its end.", running)
	w.gauge("delink_started_timestamp_seconds", "When the command started.", unixTime(m.started))
	w.gauge("delink_updated_timestamp_seconds", "When these numbers were written. They are written every minute while running.", unixTime(now))
	w.gauge("delink_seconds", "How long the command has run.", now.Sub(m.started).Seconds())
	if code != nil {
		w.gauge("delink_exit_code", "Exit code of the command; missing while it runs.", float64(*code))
	}
	if m.success > 0 {
		w.gauge(lastSuccess, "When a command of this job last ended with exit code 0.", m.success)
	}
	if s == nil {
		return w.b.String()
	}
	w.head("delink_links", "Links by status; rows for duplicate and invalid.")
	for _, f := range outcome.Table {
		w.value("delink_links", `,status="`+string(f.Status)+`"`, float64(s.Of(f.Status)))
	}
	w.gauge("delink_rows", "Rows of the input.", float64(s.Rows))
	w.gauge("delink_calls", "Calls of this run.", float64(s.Calls))
	w.gauge("delink_retries", "Calls of this run that repeated an earlier one.", float64(s.Retries))
	w.gauge("delink_throttled", "Calls of this run that were refused as too many.", float64(s.Throttled))
	if s.CreditsRemaining != nil {
		w.gauge("delink_credits_remaining", "API credits that the org has left.", float64(*s.CreditsRemaining))
	}
	return w.b.String()
}

func unixTime(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// metricsText writes metrics, all of them with the same labels. All are gauges: each run counts from
// the beginning.
type metricsText struct {
	b      strings.Builder
	labels string
}

func (w *metricsText) head(name, help string) {
	fmt.Fprintf(&w.b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
}

func (w *metricsText) value(name, more string, v float64) {
	fmt.Fprintf(&w.b, "%s{%s%s} %s\n", name, w.labels, more, strconv.FormatFloat(v, 'f', -1, 64))
}

func (w *metricsText) gauge(name, help string, v float64) {
	w.head(name, help)
	w.value(name, "", v)
}

// escapeLabel escapes the value of a label. The format is UTF-8.
func escapeLabel(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(strings.ToValidUTF8(s, "\ufffd"))
}

// successIn finds the time of the last success in metrics; 0 if there is none.
func successIn(text string) float64 {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, lastSuccess+"{") {
			fields := strings.Fields(line)
			v, _ := strconv.ParseFloat(fields[len(fields)-1], 64)
			return v
		}
	}
	return 0
}
