package report

import (
	"errors"
	"sync"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/journal"
	"delink/pkg/outcome"
)

// Recorder writes down what is about to be sent, and enters outcomes in the ledger and then in the
// book. So the book never knows more than the file. A Recorder is the worker.Recorder of a run.
// Journal may be nil if nothing is sent, and Snapshot if no fields are kept.
type Recorder struct {
	Ledger   *Ledger
	Book     *Book
	Journal  *journal.Journal
	Snapshot *Snapshot
	rows     []Row

	mu      sync.Mutex // guards the fields below
	written []int      // positions whose outcomes were written since the last sync began
	size    int64      // bytes of the ledger with these outcomes
}

// Prepare writes down which links are about to be sent. When it returns, that is on disk.
func (r *Recorder) Prepare(batches []chunker.Batch) error { return r.Journal.Write(batches) }

// Write records outcomes. When it returns, they survive the end of this process. After an error the
// run must not go on. Outcomes that could not be written are not in the book.
func (r *Recorder) Write(outcomes []outcome.Outcome) error {
	r.rows = r.Book.rows(outcomes, r.rows[:0])
	if err := r.Ledger.Append(r.rows); err != nil {
		return err
	}
	r.Book.enter(outcomes)
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range outcomes {
		r.written = append(r.written, outcomes[i].Pos)
	}
	r.size = r.Ledger.Size()
	return r.Ledger.Trouble()
}

// WriteUnsent records the rows for which nothing is sent.
func (r *Recorder) WriteUnsent(now time.Time) error {
	return r.Book.Unsent(now, func(rows []Row) error { return errors.Join(r.Ledger.Append(rows), r.Ledger.Trouble()) })
}

// Sync makes what was written survive a power failure.
func (r *Recorder) Sync() error {
	r.mu.Lock()
	written, size := r.written, r.size
	r.written = nil
	r.mu.Unlock()
	if err := r.Ledger.Sync(); err != nil {
		return err
	}
	if r.Journal != nil {
		r.Journal.Synced(written, size)
	}
	return nil
}
