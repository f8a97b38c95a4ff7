package report

import (
	"errors"
	"time"

	"delink/pkg/worker"
)

// Recorder enters outcomes in the ledger and in the book, in this order: the book never knows more than the disk.
// It is what a worker.Pool records with.
type Recorder struct {
	Ledger *Ledger
	Book   *Book
	rows   []Row
}

// Write records outcomes; they survive the end of this process when it returns. An error says that the run must not go on;
// outcomes that could not be recorded are not in the book.
func (r *Recorder) Write(outcomes []worker.Outcome) error {
	r.rows = r.Book.rows(outcomes, r.rows[:0])
	if err := r.Ledger.Append(r.rows); err != nil {
		return err
	}
	r.Book.enter(outcomes)
	return r.Ledger.Trouble()
}

// WriteUnsent records the rows for which nothing is sent.
func (r *Recorder) WriteUnsent(now time.Time) error {
	return r.Book.Unsent(now, func(rows []Row) error { return errors.Join(r.Ledger.Append(rows), r.Ledger.Trouble()) })
}

// Sync makes what was written survive a power failure.
func (r *Recorder) Sync() error { return r.Ledger.Sync() }
