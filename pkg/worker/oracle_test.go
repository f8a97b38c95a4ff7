package worker

import (
	"testing"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/reader"
)

// mustBeTrue holds every outcome against the truth, when no call is left that could be carried out
// late.
func mustBeTrue(t testing.TB, f *fake, b *book, batches []chunker.Batch) {
	t.Helper()
	attempts := map[reader.Link]int{}
	for _, c := range f.calls {
		if !c.unsent {
			for _, l := range c.links() {
				attempts[l]++
			}
		}
	}
	n := 0
	for _, batch := range batches {
		for i, l := range linksOf(batch) {
			o, settled := b.out[batch.Pos[i]]
			if !settled {
				o.Status = outcome.Pending
			} else if n++; o.Attempts != attempts[l] {
				t.Errorf("%v has %d attempts, and %d calls named it: %+v", l, o.Attempts, attempts[l], o)
			}
			if wrong := lie(f, batch.History, l, o.Status); wrong != "" {
				t.Errorf("%v is %s, %s: %+v", l, o.Status, wrong, o)
			}
		}
	}
	if n != len(b.out) {
		t.Errorf("%d outcomes, of which %d are links that were given", len(b.out), n)
	}
	if b.unsynced {
		t.Error("the last outcomes were not synced")
	}
}

// lie is what is wrong with the status of a link; empty if it is true. History is what earlier runs
// left open.
func lie(f *fake, history outcome.History, l reader.Link, s outcome.Status) string {
	open := history.MayBeRemoved() || f.unanswered[l] || f.elsewhere[l]
	switch s {
	case outcome.Pending:
		return whatHolds(f.removed[l], "and was removed", f.unanswered[l], "and a call for it went unanswered")
	case outcome.Removed:
		return whatHolds(f.linked[l], "and is there", !f.removed[l], "and no call removed it")
	case outcome.Gone:
		return whatHolds(f.linked[l], "and is there", !open, "and every attempt was answered")
	case outcome.Absent:
		return whatHolds(f.linked[l], "and is there", f.removed[l], "and was removed", open, "and an attempt went unanswered")
	case outcome.Failed:
		return whatHolds(f.removed[l], "and was removed")
	case outcome.Unknown:
		return whatHolds(!open, "and every attempt was answered")
	default:
		return "which is no status of links"
	}
}

// whatHolds takes pairs of a condition and a text, and gives the text of the first condition that
// is true.
func whatHolds(pairs ...any) string {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == true {
			text, _ := pairs[i+1].(string)
			return text
		}
	}
	return ""
}
