package job

import (
	"testing"

	"delink/pkg/outcome"
)

func (d decision) String() string {
	return [...]string{
		"begin", "begin anew", "go on", "carry over",
		"refuse: the input changed", "refuse: damaged", "refuse: other files", "refuse: another org", "refuse: nothing shows the org",
	}[d]
}

// unfinished and finished are earlier runs with this input that left results.
func unfinished() earlierRun {
	return earlierRun{Summary: true, State: outcome.Stopped, Pending: 5, SameInput: true, Results: true, Rows: 3}
}

func finished() earlierRun {
	e := unfinished()
	e.State, e.Pending = outcome.Finished, 0
	return e
}

func with(e earlierRun, change func(*earlierRun)) earlierRun {
	change(&e)
	return e
}

// The cells of the table "Running again" that people meet.
func TestDecide(t *testing.T) {
	otherInput := func(e *earlierRun) { e.SameInput, e.Strays = false, 1 }
	noSummary := func(e *earlierRun) { e.Summary, e.State, e.Pending, e.SameInput = false, "", 0, false }
	elsewhere := func(crm sameCRM) func(*earlierRun) {
		return func(e *earlierRun) { e.Rows, e.ForeignRows, e.CRM = 0, 3, crm }
	}
	killed := with(unfinished(), func(e *earlierRun) { e.State = outcome.Running })
	ask, resume, restart := Choice{}, Choice{IfChanged: ChangedResume}, Choice{IfChanged: ChangedRestart}
	tests := []struct {
		name   string
		run    earlierRun
		choice Choice
		want   decision
	}{
		{"no earlier run", earlierRun{}, ask, begin},
		{"unfinished, the same input", unfinished(), ask, goOn},
		{"killed, the same input", killed, ask, goOn},
		{"unfinished, the input changed", with(unfinished(), otherInput), ask, refuseChanged},
		{"unfinished, the input changed, resumed", with(unfinished(), otherInput), resume, carryOver},
		{"unfinished, the input changed, restarted", with(unfinished(), otherInput), restart, beginAnew},
		{"finished, the same input", finished(), ask, goOn},
		{"finished, the same input, retried", finished(), Choice{RetryFailed: true}, goOn},
		{"finished, the input changed", with(finished(), otherInput), ask, beginAnew},
		{"finished, the input changed, and resuming was allowed", with(finished(), otherInput), resume, beginAnew},
		{"unfinished, started over", unfinished(), Choice{Restart: true}, beginAnew},
		{"finished, started over", finished(), Choice{Restart: true}, beginAnew},
		{"damaged, started over", with(unfinished(), func(e *earlierRun) { e.Strays = 1 }), Choice{Restart: true}, beginAnew},
		{"rows that do not fit the input that they are of", with(unfinished(), func(e *earlierRun) { e.Strays = 1 }), ask, refuseDamaged},
		{"the same after a finished run", with(finished(), func(e *earlierRun) { e.Strays = 1 }), ask, refuseDamaged},
		{"the summary is lost, and all rows fit", with(unfinished(), noSummary), ask, goOn},
		{"the summary is lost, and rows do not fit", with(with(unfinished(), otherInput), noSummary), ask, refuseChanged},
		{"the summary is lost, rows do not fit, resumed", with(with(unfinished(), otherInput), noSummary), resume, carryOver},
		{"the results of an unfinished run are gone", with(unfinished(), func(e *earlierRun) { e.Results, e.Rows = false, 0 }), ask, begin},
		{"the results of a finished run are gone", with(finished(), func(e *earlierRun) { e.Results, e.Rows = false, 0 }), ask, beginAnew},
		{"killed before its first row, the same input", with(killed, func(e *earlierRun) { e.Rows = 0 }), ask, goOn},
		{"a result file with a header only, and no summary", earlierRun{Results: true}, ask, begin},
		{"the summary is of other results", with(unfinished(), func(e *earlierRun) { e.OtherFiles = true }), ask, refuseFiles},
		{"unfinished in another org", with(unfinished(), elsewhere(isOther)), ask, refuseOther},
		{"unfinished in another org, resuming does not help", with(unfinished(), elsewhere(isOther)), resume, refuseOther},
		{"unfinished in another org, restarted", with(unfinished(), elsewhere(isOther)), restart, beginAnew},
		{"finished in another org", with(finished(), elsewhere(isOther)), ask, beginAnew},
		{"unfinished, and nothing shows the org", with(unfinished(), elsewhere(notShown)), ask, refuseUnshown},
		{"finished, and nothing shows the org", with(finished(), elsewhere(notShown)), ask, beginAnew},
		{"another org, and the summary is lost", with(with(unfinished(), elsewhere(isOther)), noSummary), ask, refuseOther},
		{"a rehearsal, unfinished", with(unfinished(), elsewhere(rehearsed)), ask, beginAnew},
		{"a rehearsal, finished", with(finished(), elsewhere(rehearsed)), ask, beginAnew},
		{"a rehearsal, and the summary is lost", with(with(unfinished(), elsewhere(rehearsed)), noSummary), ask, beginAnew},
		{"some rows are of another org", with(unfinished(), func(e *earlierRun) { e.ForeignRows = 2 }), ask, carryOver},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := decide(test.run, test.choice); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// rule is one rule of running again. Of all rules, exactly one holds for each earlier run and
// choice.
type rule struct {
	name string
	when func(e earlierRun, c Choice) bool
	want decision
}

// rules are the table "Running again", as rules that do not depend on their order.
func rules() []rule {
	type facts struct {
		left, finished, same, here bool
	}
	// left: there is something to go on with. same: the input is that of the earlier run, as far as
	// can be known. here: nothing speaks against the same CRM.
	of := func(e earlierRun) facts {
		f := facts{left: e.Results && (e.Summary || e.Rows > 0 || e.ForeignRows > 0), here: e.CRM == isSame, same: e.SameInput}
		f.finished = e.Summary && e.State == outcome.Finished && e.Pending == 0
		if !e.Summary {
			f.same = e.Strays == 0
		}
		return f
	}
	// where adds what all rules but two have in common.
	where := func(when func(e earlierRun, f facts, changed Changed) bool) func(earlierRun, Choice) bool {
		return func(e earlierRun, c Choice) bool { return !c.Restart && !e.OtherFiles && when(e, of(e), c.IfChanged) }
	}
	return []rule{
		{"starting over always starts over", func(_ earlierRun, c Choice) bool { return c.Restart }, beginAnew},
		{"a summary of other results is not overwritten", func(e earlierRun, c Choice) bool { return !c.Restart && e.OtherFiles }, refuseFiles},
		{"nothing is left", where(func(_ earlierRun, f facts, _ Changed) bool { return !f.left && !f.finished }), begin},
		{"the files of a finished run are kept", where(func(_ earlierRun, f facts, _ Changed) bool { return !f.left && f.finished }), beginAnew},
		{"a rehearsal holds up nothing", where(func(e earlierRun, f facts, _ Changed) bool { return f.left && e.CRM == rehearsed }), beginAnew},
		{"a finished run elsewhere holds up nothing", where(func(e earlierRun, f facts, _ Changed) bool {
			return f.left && f.finished && (e.CRM == isOther || e.CRM == notShown)
		}), beginAnew},
		{"an unfinished run elsewhere is given up if the user says so", where(func(e earlierRun, f facts, c Changed) bool {
			return f.left && !f.finished && (e.CRM == isOther || e.CRM == notShown) && c == ChangedRestart
		}), beginAnew},
		{"an unfinished run in another org is not given up", where(func(e earlierRun, f facts, c Changed) bool {
			return f.left && !f.finished && e.CRM == isOther && c != ChangedRestart
		}), refuseOther},
		{"an unfinished run in an org that is not shown is not given up", where(func(e earlierRun, f facts, c Changed) bool {
			return f.left && !f.finished && e.CRM == notShown && c != ChangedRestart
		}), refuseUnshown},
		{"rows that do not fit their own input are damage", where(func(e earlierRun, f facts, _ Changed) bool {
			return f.left && f.here && f.same && e.Strays > 0
		}), refuseDamaged},
		{"the same input goes on", where(func(e earlierRun, f facts, _ Changed) bool {
			return f.left && f.here && f.same && e.Strays == 0 && e.ForeignRows == 0
		}), goOn},
		{"the same input goes on without rows of other CRMs", where(func(e earlierRun, f facts, _ Changed) bool {
			return f.left && f.here && f.same && e.Strays == 0 && e.ForeignRows > 0
		}), carryOver},
		{"another input after a finished run is a new run", where(func(_ earlierRun, f facts, _ Changed) bool {
			return f.left && f.here && !f.same && f.finished
		}), beginAnew},
		{"another input in an unfinished run is refused", where(func(_ earlierRun, f facts, c Changed) bool {
			return f.left && f.here && !f.same && !f.finished && c == ChangedRefuse
		}), refuseChanged},
		{"another input resumes an unfinished run if the user says so", where(func(_ earlierRun, f facts, c Changed) bool {
			return f.left && f.here && !f.same && !f.finished && c == ChangedResume
		}), carryOver},
		{"another input restarts an unfinished run if the user says so", where(func(_ earlierRun, f facts, c Changed) bool {
			return f.left && f.here && !f.same && !f.finished && c == ChangedRestart
		}), beginAnew},
	}
}

// everyRun gives every kind of earlier run that there can be.
func everyRun(give func(earlierRun)) {
	summaries := []earlierRun{{}}
	for _, state := range []outcome.State{outcome.Running, outcome.Stopped, outcome.Finished} {
		for _, pending := range []int{0, 5} {
			for _, same := range []bool{false, true} {
				e := earlierRun{Summary: true, State: state, Pending: pending, SameInput: same}
				summaries = append(summaries, e)
				if e.OtherFiles = true; state != outcome.Finished {
					summaries = append(summaries, e)
				}
			}
		}
	}
	for _, e := range summaries {
		for _, crm := range []sameCRM{isSame, notShown, isOther, rehearsed} {
			e.CRM = crm
			e.Results, e.Rows, e.Strays, e.ForeignRows = false, 0, 0, 0
			give(e)
			e.Results = true
			for _, rows := range [][2]int{{0, 0}, {3, 0}, {3, 1}, {3, 3}} {
				for _, foreign := range []int{0, 2} {
					e.Rows, e.Strays, e.ForeignRows = rows[0], rows[1], foreign
					give(e)
				}
			}
		}
	}
}

func TestDecideEveryCell(t *testing.T) {
	all := rules()
	used := map[string]int{}
	everyRun(func(e earlierRun) {
		for _, restart := range []bool{false, true} {
			for _, retry := range []bool{false, true} {
				for _, changed := range []Changed{ChangedRefuse, ChangedResume, ChangedRestart} {
					c := Choice{Restart: restart, RetryFailed: retry, IfChanged: changed}
					var holds []string
					for _, r := range all {
						if !r.when(e, c) {
							continue
						}
						used[r.name]++
						holds = append(holds, r.name)
						if got := decide(e, c); got != r.want {
							t.Errorf("%+v, %+v: %s, want %s: %s", e, c, got, r.want, r.name)
						}
					}
					if len(holds) != 1 {
						t.Errorf("%+v, %+v: the rules %q hold, want one", e, c, holds)
					}
				}
			}
		}
	})
	for _, r := range all {
		if used[r.name] == 0 {
			t.Errorf("no earlier run meets the rule %q", r.name)
		}
	}
}
