package worker

import (
	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
)

// results are what an operation writes down: which links are about to be sent, and what became of
// them.
type results struct {
	engine      *engine.Engine
	record      Recorder
	maxFailures int // stop once more links than that are failed or unknown; -1 for no limit

	failures int // links that are failed or unknown
	recorded int // links that have an outcome
}

// Prepare writes down which links are about to be sent.
func (r *results) Prepare(tasks []engine.Task) error {
	batches := make([]chunker.Batch, 0, len(tasks))
	for _, t := range tasks {
		if own, ok := t.(interface{ batch() chunker.Batch }); ok { // the engine has only tasks of Next
			batches = append(batches, own.batch())
		}
	}
	return r.record.Prepare(batches)
}

// Sync brings outcomes to disk.
func (r *results) Sync() error { return r.record.Sync() }

// write records outcomes and counts what failed.
func (r *results) write(out []outcome.Outcome) {
	if len(out) == 0 {
		return
	}
	r.recorded += len(out)
	r.engine.Count(len(out))
	for _, o := range out {
		if o.Status.IsBad() {
			r.failures++
		}
	}
	if err := r.record.Write(out); err != nil {
		r.engine.End(outcome.Broken, err)
	}
	r.engine.Wrote()
	if r.maxFailures >= 0 && r.failures > r.maxFailures {
		r.engine.End(outcome.Failures, nil)
	}
}
