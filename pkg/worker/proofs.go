package worker

import "delink/pkg/zoho"

// proofs say of which relations reads are known to reach the CRM. That none of the links is there is
// said by an empty answer, and a gateway that gives an empty success to every call says the same. So
// before the first empty look-up of a relation is believed, the CRM has to give an answer that is
// not empty: a look-up that found a link, or else the count of the list's records, which is asked
// for once. Other tasks of the relation with empty look-ups wait for that.
type proofs[T any] struct {
	readable map[zoho.Relation]bool // a read has shown some record
	waiting  map[zoho.Relation][]T  // tasks with empty look-ups
}

func newProofs[T any]() proofs[T] {
	return proofs[T]{map[zoho.Relation]bool{}, map[zoho.Relation][]T{}}
}

// shown notes that a read has shown a record of a relation.
func (p *proofs[T]) shown(r zoho.Relation) { p.readable[r] = true }

// await lets a task wait. It reports whether the task is the first one, whose list is to be counted.
func (p *proofs[T]) await(r zoho.Relation, t T) (first bool) {
	waiting, counting := p.waiting[r]
	p.waiting[r] = append(waiting, t)
	return !counting
}

// counted takes the end of the call that counts the records of a list. e is nil for a count. It
// gives the tasks that have waited, and whether their look-ups are believed. If the CRM does not
// count, it is enough that it has answered otherwise in this run, unless the answer to the count is
// an empty or foreign success: such is the gateway that is feared.
func (p *proofs[T]) counted(r zoho.Relation, e *zoho.Error, answersOtherwise bool) (isReadable bool, tasks []T) {
	isSilent := e != nil && e.Kind == zoho.Unanswered && e.Status >= 200 && e.Status < 300
	isReadable = e == nil || !isSilent && answersOtherwise
	p.readable[r] = isReadable
	tasks = p.waiting[r]
	delete(p.waiting, r)
	return isReadable, tasks
}

// isWorthAsking reports whether a count that ended in this way should be asked for again.
func isWorthAsking(e *zoho.Error) bool {
	return e != nil && e.Kind == zoho.Unanswered && (e.Status == 0 || e.Status >= 500)
}
