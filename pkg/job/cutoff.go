package job

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"delink/pkg/disk"
	"delink/pkg/report"
	"delink/pkg/worker"
	"delink/pkg/zoho"
)

// A run that is killed may have sent links of which its results say nothing, or, if it sent again what had failed, the old. They are
// known by their order: see atOnceMost. As long as some of them have not been sent again, a file beside the results, the mark,
// keeps that in mind, because a run that goes on may end in good order before it comes to them.

// mark is what that file says.
type mark struct {
	retry bool // the run sent again what had failed
	all   bool // any link may have been sent: the input has another order since
}

// atOnceMost is how many links a run can have sent without a trace in the results that are left of it, after a kill or a power
// failure: in flight, half done, or not yet synced, with as many slots as there can be.
const atOnceMost = 3*25*zoho.MaxIDs + 1

// heedCutOff finds out whether an earlier run was cut off, and what it may have sent.
func (j *Job) heedCutOff(earlier *report.Summary) error {
	name := cutOffMark(j.files.Results)
	text, marked, err := j.readMark(name)
	if err != nil {
		return err
	}
	j.mark = mark{retry: strings.Contains(text, "retry"), all: strings.Contains(text, "all")}
	if marked || earlier.State == report.Running || earlier.Reason == worker.Broken {
		j.cutOff = j.cutOffEnd()
	}
	return nil
}

// readMark gives what the mark says, if there is one.
func (j *Job) readMark(name string) (text string, marked bool, err error) {
	f, err := j.disk.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	b, err := io.ReadAll(f)
	_ = f.Close()
	return string(b), true, err
}

// cutOffEnd is the position behind the last link that an earlier run may have sent: links are sent in the order of their positions, so
// of those that are pending it is among the first. What failed before and was sent again is no further.
func (j *Job) cutOffEnd() int {
	if j.mark.all {
		return j.Plan.Set.Rows()
	}
	left := atOnceMost
	for pos := range j.Plan.Set.Rows() {
		if j.Plan.Set.IsDuplicate(pos) || !j.Book.IsPending(pos) {
			continue
		}
		if left--; left == 0 {
			return pos + 1
		}
	}
	return j.Plan.Set.Rows()
}

// markRetry notes, before anything is sent, that this run sends again what has failed: if it is cut off, its results have the old
// outcomes of what it sent.
func (j *Job) markRetry() error {
	if !j.Plan.Config.RetryFailed || j.Book.Count(worker.Failed) == 0 {
		return nil
	}
	m := j.mark
	m.retry = true
	return j.writeMark(m)
}

// markCutOff keeps in mind what an earlier run may have sent, as long as some of it has not been sent again; reason is why this run
// ends.
func (j *Job) markCutOff(reason worker.Reason) error {
	if j.mark.retry && reason != worker.Completed {
		return j.writeMark(j.mark)
	}
	for pos := range j.cutOff {
		if !j.Plan.Set.IsDuplicate(pos) && j.Book.IsPending(pos) {
			return j.writeMark(j.mark)
		}
	}
	return j.disk.Remove(cutOffMark(j.files.Results))
}

func (j *Job) writeMark(m mark) error {
	return j.disk.Replace(cutOffMark(j.files.Results), func(w io.Writer) error {
		text := "a run that was cut off may have sent links that its results do not tell of"
		if m.retry {
			text += "; it had to retry what failed"
		}
		if m.all {
			text += "; they may be all that are pending"
		}
		_, err := fmt.Fprintln(w, text)
		return err
	})
}

// cutOffMark is the file beside results that says that a run before the last one was cut off, and may have sent links of which
// nothing has become known since.
func cutOffMark(results string) string { return disk.Hidden(results, "cutoff") }
