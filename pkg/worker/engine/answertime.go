package engine

import (
	"slices"
	"time"
)

// answerTimes keeps how long the last calls took.
type answerTimes struct {
	last [keptTimes]time.Duration
	n    int // calls
}

const keptTimes = 255

func (a *answerTimes) note(d time.Duration) {
	a.last[a.n%keptTimes] = d
	a.n++
}

// AnswerTime is the median time of the last calls that were answered; 0 if there were none. It may be
// called when the run has ended.
func (e *Engine) AnswerTime() time.Duration {
	last := slices.Clone(e.took.last[:min(e.took.n, keptTimes)])
	if len(last) == 0 {
		return 0
	}
	slices.Sort(last)
	return last[len(last)/2]
}
