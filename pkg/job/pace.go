package job

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Pace is how long one call takes in estimates, and how that is known.
type Pace struct {
	Answer time.Duration
	From   PaceFrom
}

// PaceFrom says how the time of a call is known.
type PaceFrom string

// From what it is known, the best first.
const (
	PaceOfQuestions PaceFrom = "questions" // the org has just answered some
	PaceOfLastRun   PaceFrom = "last_run"  // a run in this org has written it down
	PaceGuess       PaceFrom = "guess"
	PaceOfRehearsal PaceFrom = "rehearsal" // a guess, too: the emulator's answers say nothing of the org
)

// AnswerTime is how long a call takes where nothing is known. Measured times lie between 0.05 and
// 0.5 seconds.
const AnswerTime = 300 * time.Millisecond

// Estimate is how long calls take with so many in flight, and no more than perSecond of them a
// second if that is not 0.
func Estimate(calls, slots int, perSecond float64, answer time.Duration) time.Duration {
	rounds := (calls + slots - 1) / max(1, slots)
	d := time.Duration(rounds) * answer
	if perSecond > 0 {
		d = max(d, time.Duration(float64(calls)/perSecond*float64(time.Second)))
	}
	return d
}

// estimate says how long the calls of a proposal take, and how many runs and days.
func (j *Job) estimate(p *Proposal) {
	p.Pace = j.pace()
	p.Time = Estimate(p.Calls, p.Slots, j.config.PerSecond, p.Pace.Answer)
	if j.conn != nil {
		if n, known := j.conn.CRM.Credits(); known {
			p.Left = &n
		}
	}
	p.Nights, p.Days = j.nights(p, j.config.MaxCalls), j.nights(p, 0)
}

// pace is how long a call takes, as far as it is known.
func (j *Job) pace() Pace {
	switch {
	case j.conn == nil:
		return Pace{AnswerTime, PaceGuess}
	case j.conn.Emulator:
		return Pace{AnswerTime, PaceOfRehearsal}
	}
	if d := j.answers.took; d > 0 {
		return Pace{d, PaceOfQuestions}
	}
	if d, known := j.lastPace(); known {
		return Pace{d, PaceOfLastRun}
	}
	return Pace{AnswerTime, PaceGuess}
}

// nights is how many runs it takes with the limits of this one, if there is one a day. maxCalls is how
// many calls a run makes at most; 0 for no such limit. Another run can follow one that has made them
// at once, so that without this limit it is the number of days.
func (j *Job) nights(p *Proposal, maxCalls int) int {
	c, night := &j.config, math.MaxInt // calls that one run can make
	if maxCalls > 0 {
		night = maxCalls
	}
	if c.Deadline > 0 && p.Time > 0 {
		night = min(night, int(float64(p.Calls)*float64(c.Deadline)/float64(p.Time)))
	}
	first, later := night, night
	if p.Left != nil {
		first = min(first, max(0, *p.Left-c.ReserveCredits))
	}
	if p.Org != nil {
		if daily, known := p.Org.DailyCredits(); known {
			later = min(later, daily-c.ReserveCredits)
		}
	}
	switch rest := p.Credits - first; {
	case rest <= 0:
		return 1
	case later <= 0 || later == math.MaxInt:
		return 0
	default:
		return 1 + (rest+later-1)/later
	}
}

// middle is the median of some times; 0 if there are none.
func middle(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

// paceFiles are where runs in the CRM of this job note how long its calls took: by the org's id, if
// that is known, and by the login.
func (j *Job) paceFiles() (files []string) {
	id := j.answers.identity
	if j.world.Paces == "" || j.isRehearsal() || id.Host == "" {
		return nil
	}
	for _, name := range []string{id.Org, id.Host + " " + id.Login} {
		if name != "" {
			sum := sha256.Sum256([]byte(name))
			files = append(files, filepath.Join(j.world.Paces, hex.EncodeToString(sum[:8])))
		}
	}
	return files
}

// notePace notes how long the calls of a run took. Nothing is lost but an estimate if it cannot be
// written.
func (j *Job) notePace(answer time.Duration) {
	for _, file := range j.paceFiles() {
		if answer > 0 {
			_ = j.world.Disk.Replace(file, func(w io.Writer) error {
				_, err := io.WriteString(w, answer.String()+"\n")
				return err
			})
		}
	}
}

// lastPace is what the last run noted.
func (j *Job) lastPace() (time.Duration, bool) {
	for _, file := range j.paceFiles() {
		if d, known := j.readPace(file); known {
			return d, true
		}
	}
	return 0, false
}

// readPace reads a file of notePace. Times that make no sense are not believed.
func (j *Job) readPace(file string) (time.Duration, bool) {
	f, err := j.world.Disk.Read(file)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 100))
	if err != nil {
		return 0, false
	}
	d, err := time.ParseDuration(strings.TrimSpace(string(text)))
	return d, err == nil && d > 0 && d < time.Hour
}
