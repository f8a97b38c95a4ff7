package job

import "delink/pkg/outcome"

// earlierRun is what is known of an earlier run on the same files.
type earlierRun struct {
	Summary     bool          // it left a summary
	State       outcome.State // as the summary says
	Pending     int           // as the summary says
	SameInput   bool          // as the summary says
	OtherFiles  bool          // the summary is of a run that wrote other results
	Results     bool          // there is a result file
	Rows        int           // of the result file, about the CRM of this run
	Strays      int           // of those, rows that do not fit this input
	ForeignRows int           // rows of the result file about another CRM
	CRM         sameCRM
}

// sameCRM is what can be shown about the CRM of an earlier run and that of this one.
type sameCRM int

const (
	isSame    sameCRM = iota // also where there is nothing to compare
	notShown                 // they may be the same or not
	isOther                  // they are two
	rehearsed                // the earlier run was a rehearsal, and this one is not
)

func (e *earlierRun) finished() bool {
	return e.Summary && e.State == outcome.Finished && e.Pending == 0
}

// decision is what becomes of an earlier run.
type decision int

// The decisions.
const (
	begin         decision = iota // there is nothing to go on with
	beginAnew                     // older files get new names
	goOn                          // the run is resumed, or has nothing to do
	carryOver                     // links that are settled stay so; their rows get this input's lines, and the old file is kept
	refuseChanged                 // the input is not that of the unfinished run
	refuseDamaged                 // the results do not fit the input that they are of
	refuseFiles                   // the summary is of an unfinished run with other results
	refuseOther                   // the unfinished run spoke to another CRM
	refuseUnshown                 // nothing shows that the unfinished run spoke to the same CRM
)

// decide says what becomes of an earlier run. It is the table "Running again" of the promise to
// users.
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

// decideOther is decide for a run that spoke to another CRM, or may have.
func decideOther(e earlierRun, c Choice) decision {
	switch {
	case e.CRM == rehearsed, e.finished(), c.IfChanged == ChangedRestart:
		return beginAnew
	case e.CRM == notShown:
		return refuseUnshown
	}
	return refuseOther
}
