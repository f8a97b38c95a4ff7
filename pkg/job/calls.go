package job

import (
	"fmt"
	"time"

	"delink/pkg/report"
	"delink/pkg/trace"
)

// recordCalls begins the record of the calls of a run.
func (j *Job) recordCalls(p *Proposal) *trace.Log {
	r := trace.Run{
		Start: time.Now(), Anew: j.decision == begin || j.decision == beginAnew, Slots: p.Slots, ToSend: p.ToSend,
		Org: j.identityToKeep().Name(), Version: j.config.Version, Input: j.input.SHA256,
	}
	if n, known := j.conn.CRM.Credits(); known {
		r.Credits = &n
	}
	return trace.Begin(j.world.Disk, trace.Path(j.files.Results), r)
}

// endCalls ends the record, if it was begun. A record that lacks calls does not change how the run
// ended.
func (j *Job) endCalls(calls *trace.Log, s *report.Summary) {
	if calls == nil {
		return
	}
	err := calls.End(trace.End{
		End: time.Now(), Reason: s.Reason, ExitCode: s.ExitCode,
		Calls: s.Calls, Retries: s.Retries, Throttled: s.Throttled, Credits: s.CreditsRemaining,
	})
	if err != nil && j.world.Note != nil {
		j.world.Note(fmt.Sprintf("the record of this run's calls is not complete, and a report will lack them: %s", err))
	}
}

// moveCalls gives the record of the calls the new name of the result file to which it belongs. If
// that fails, the record tells all the same which run began anew.
func (j *Job) moveCalls(results string) {
	_ = j.world.Disk.Rename(trace.Path(j.files.Results), trace.Path(results))
}
