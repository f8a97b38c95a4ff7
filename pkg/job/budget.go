package job

import (
	"fmt"

	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/worker"
	"delink/pkg/worker/engine"
)

// refuseFewCalls refuses a limit of calls that is too low for the first batch of a proposal: no call
// would be sent, however often the job was run. Credits come back, so too few of them are no refusal.
// People are told. first is how many calls the first batch needs, and for what.
func (j *Job) refuseFewCalls(p *Proposal, first func() (calls int, what string)) error {
	if p.ToSend == 0 {
		return nil
	}
	least, what := first()
	if most := j.config.MaxCalls; most > 0 && most < least {
		return because(RaiseMaxCalls, "no more than %s may be made, and the first batch needs %s: %s", manyCalls(most), progress.Number(least), what)
	}
	if p.Left == nil {
		return nil
	}
	if left := *p.Left - j.config.ReserveCredits; left > 0 && left < least && j.world.Note != nil {
		j.world.Note(fmt.Sprintf("the org has %s left for this job, and the first batch needs %s: %s; nothing will be sent until it has more",
			manyCredits(left), progress.Number(least), what))
	}
	return nil
}

// firstDelinks is how many calls a run needs for its first batch, and for what.
func (j *Job) firstDelinks() (calls int, what string) {
	for b := range j.book.BatchesFrom(sidesOf(j.ways), j.config.batchSize(), j.config.RetryFailed) {
		if b.IsTurned() {
			return worker.TrialCalls, "two look-ups and a removal prove that the links can be removed from the other side"
		}
		break
	}
	if j.config.Snapshot {
		return worker.SnapshotCalls, "one reads the links' own fields, and one removes the links"
	}
	return 1, "it removes links"
}

// firstRelinks is how many calls an undo needs for its first batch, and for what.
func (j *Job) firstRelinks() (calls int, what string) {
	for b := range j.book.Batches(j.config.batchSize(), j.config.RetryFailed) {
		calls = worker.RelinkCalls(len(b.Related))
		break
	}
	return calls, "it is looked up, up to two calls prove that the CRM shows links, and one link is made and read back before the others"
}

// tellFruitless tells people if the budget of a job was used up before any link had an outcome. The
// same budget may be as fruitless the next time.
func (j *Job) tellFruitless(reason outcome.Reason, s engine.Stats) {
	if s.Done > 0 || s.Calls == 0 || reason != outcome.MaxCalls && reason != outcome.Credits || j.world.Note == nil {
		return
	}
	again, verb := "", "were"
	if s.Retries > 0 {
		again = fmt.Sprintf(" (%s of them repeated)", progress.Number(s.Retries))
	}
	if s.Calls == 1 {
		verb = "was"
	}
	j.world.Note(fmt.Sprintf("%s%s %s not enough for a single batch; the next run may end like this one, unless it can make more calls", manyCalls(s.Calls), again, verb))
}

func manyCalls(n int) string {
	if n == 1 {
		return "1 call"
	}
	return progress.Number(n) + " calls"
}

func manyCredits(n int) string {
	if n == 1 {
		return "1 credit"
	}
	return progress.Number(n) + " credits"
}
