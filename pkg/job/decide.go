package job

import "delink/pkg/outcome"

// earlierRun is what is known of an earlier run on the same files.
type earlierRun struct {
	Summary     bool          // it left a summary
	State       outcome.State // from the summary
	Pending     int           // from the summary
	SameInput   bool          // the summary is of a run with this input
	OtherFiles  bool          // the summary is from an unfinished run with another result file
	Results     bool          // there is a result file
	Rows        int           // rows of the result file about the CRM of this run
	Strays      int           // how many of Rows do not fit this input
	ForeignRows int           // rows of the result file about another CRM
	CRM         sameCRM
}

// sameCRM says whether the earlier run and this one have the same CRM.
type sameCRM int

const (
	isSame    sameCRM = iota // they have, or there is nothing to compare
	notShown                 // nothing shows whether they have
	isOther                  // they have not
	rehearsed                // the earlier run had the emulator, and this one has not
)

// finished reports whether the earlier run left nothing pending.
func (e *earlierRun) finished() bool {
	return e.Summary && e.State == outcome.Finished && e.Pending == 0
}

// decision is what becomes of an earlier run.
type decision int

// The decisions. Those that begin with refuse end the job.
const (
	begin     decision = iota // there is no earlier run to resume
	beginAnew                 // the files of the earlier run get new names
	goOn                      // the earlier run is resumed, or has left nothing to do
	// carryOver resumes a run of another input. Links that it has settled stay settled. Their rows
	// get this input's lines. The old result file is kept under a new name.
	carryOver
	refuseChanged // the unfinished run had another input
	refuseDamaged // the result file does not fit the input that the summary names
	refuseFiles   // the summary is from an unfinished run with another result file
	refuseOther   // the unfinished run had another CRM
	refuseUnshown // nothing shows whether the unfinished run had the same CRM
)

// decide says what becomes of an earlier run.
func decide(e earlierRun, c Choice) decision {
	switch {
	case c.Restart:
		return beginAnew
	case e.OtherFiles:
		return refuseFiles
	case !e.Results || e.Rows+e.ForeignRows == 0 && !e.Summary:
		if e.finished() {
			return beginAnew
		}
		return begin
	case e.CRM != isSame:
		return decideOther(e, c)
	case e.Summary && e.SameInput && e.Strays > 0:
		return refuseDamaged
	case e.Summary && e.SameInput, !e.Summary && e.Strays == 0:
		if e.ForeignRows > 0 {
			return carryOver
		}
		return goOn
	case e.finished():
		return beginAnew
	}
	switch c.IfChanged {
	case ChangedResume:
		return carryOver
	case ChangedRestart:
		return beginAnew
	case ChangedRefuse:
	}
	return refuseChanged
}

// decideOther is decide for an earlier run that had another CRM, or may have had.
func decideOther(e earlierRun, c Choice) decision {
	switch {
	case e.CRM == rehearsed, e.finished(), c.IfChanged == ChangedRestart:
		return beginAnew
	case e.CRM == notShown:
		return refuseUnshown
	}
	return refuseOther
}
