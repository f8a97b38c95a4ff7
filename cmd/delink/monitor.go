package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"delink/pkg/crash"
	"delink/pkg/disk"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/report"
)

// monitorFlags say who is told how a command goes on. All commands that call the CRM can have them.
type monitorFlags struct {
	metrics     string
	pingURLFile string
}

func (f *monitorFlags) define(flags *pflag.FlagSet) {
	flags.StringVar(&f.metrics, "metrics", "", "`file` for the numbers of the run in Prometheus' text format, written at the start, every minute and at the end")
	flags.StringVar(&f.pingURLFile, "ping-url-file", "", "`file` with the URL of a monitor, such as healthchecks.io, that is told of the start and the end; DELINK_PING_URL has the URL itself")
}

// monitor tells others how a command goes on. Whatever fails in it changes neither the command nor
// its exit code. A nil monitor does nothing.
type monitor struct {
	*program
	metrics string // the path; empty for no metrics
	ping    *pinger
	about   metricsOf
	last    *report.Summary // of the command; nil if it had none
	failed  bool            // to write metrics, and people were told
}

// metricsEvery is how often metrics are written while a run goes on.
const metricsEvery = time.Minute

// monitor makes the monitor of a command, or refuses its flags. There is none in a rehearsal: it
// would tell of a run that did nothing.
func (p *program) monitor(f *monitorFlags, command, input string, files job.Files, rehearsal bool) (*monitor, error) {
	url, err := p.pingURL(f)
	if err != nil {
		return nil, err
	}
	if rehearsal {
		if url != nil || f.metrics != "" {
			p.ui.note("nobody is told of a rehearsal: no metrics are written, and no monitor is called")
		}
		return nil, nil
	}
	m := &monitor{program: p, about: metricsOf{command: command, input: input}}
	if url != nil {
		m.ping = newPinger(url, p.ui.note)
	}
	if f.metrics == "" {
		return m, nil
	}
	files.Metrics = f.metrics
	if files, err = files.Check(input); err != nil {
		return nil, err
	}
	m.metrics = files.Metrics
	m.about.success, err = earlierSuccess(p.disk, m.metrics)
	return m, err
}

// monitored does the work of a command, and tells of its start and its end.
func (m *monitor) monitored(do func() error) error {
	if m == nil {
		return do()
	}
	if m.ping != nil {
		m.ping.start()
	}
	m.about.started = time.Now()
	m.write(nil, nil)
	err := do()
	code := codeOf(err)
	m.write(m.last, &code)
	if m.ping != nil {
		m.ping.end(m.last, code)
	}
	return err
}

// watches has the job tell how it goes on.
func (m *monitor) watches(w *job.World) {
	if m != nil && m.metrics != "" {
		w.Meter = m.meter
	}
}

// meter writes metrics now and then until the function that it returns is called.
func (m *monitor) meter(look func() *report.Summary) (end func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer crash.Guard()
		defer close(stopped)
		tick := time.NewTicker(metricsEvery)
		defer tick.Stop()
		for {
			m.write(look(), nil)
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

// ended takes the summary of the command.
func (m *monitor) ended(s *report.Summary) {
	if m != nil {
		m.last = s
	}
}

// write writes the metrics. code is nil as long as the command goes on.
func (m *monitor) write(s *report.Summary, code *int) {
	if m.metrics == "" {
		return
	}
	now := time.Now()
	if code != nil && *code == outcome.ExitDone {
		m.about.success = float64(now.Unix())
	}
	err := m.disk.Replace(m.metrics, func(w io.Writer) error {
		// The collector of the metrics is another user, and there is no customer data in them but
		// the name of the input.
		if f, ok := w.(interface{ Chmod(mode os.FileMode) error }); ok {
			_ = f.Chmod(0o644)
		}
		_, err := io.WriteString(w, m.about.text(s, code, now))
		return err
	})
	if err != nil && !m.failed {
		m.failed = true
		m.ui.note(fmt.Sprintf("metrics cannot be written: %s", err))
	}
}

// earlierSuccess reads the time of the last success from the metrics of an earlier run. A file that
// has something else is refused, because it would be replaced.
func earlierSuccess(on disk.Disk, path string) (unix float64, err error) {
	f, err := on.Read(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, &job.Refusal{Cause: "the metrics cannot be read", Err: err, Remedy: job.AnotherPlace, Role: job.RoleMetrics}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil || len(b) > 0 && !strings.HasPrefix(string(b), metricsMark) {
		return 0, &job.Refusal{Cause: path + " is there already, and is not a file with metrics of delink", Remedy: job.AnotherPlace, Role: job.RoleMetrics}
	}
	return successIn(string(b)), nil
}

// codeOf gives the exit code of a command that ended with an error, or with none.
func codeOf(err error) int {
	code, _ := judge(err)
	return code
}

// stopContext ends after a time, whatever the command's own contexts do: the end of a run that was
// stopped is told as well.
func stopContext(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}
