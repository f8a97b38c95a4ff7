package simulation

import (
	"bytes"
	"encoding/csv"
	"path/filepath"
	"slices"
	"strings"
)

// snapshot is what is on disk of a snapshot, read by other code than delink's.
type snapshot struct {
	node *inode
	size int
	has  map[link]bool
}

// kept gives the links whose fields would survive a power failure now. The disk is locked.
func (l *life) kept() map[link]bool {
	w := l.world
	f := w.disk.safe[filepath.Join(w.folder, "links.snapshot.csv")]
	s := &l.snapshot
	if f == nil {
		return nil
	}
	if s.node == f && s.size == len(f.safe) {
		return s.has
	}
	*s = snapshot{f, len(f.safe), map[link]bool{}}
	rows, err := csv.NewReader(bytes.NewReader(f.safe[:bytes.LastIndexByte(f.safe, '\n')+1])).ReadAll()
	if err != nil || len(rows) == 0 {
		w.fault("snapshot", "life %d: the snapshot cannot be read: %v", l.number, err)
		return nil
	}
	status := slices.Index(rows[0], "link.Member_Status")
	for _, r := range rows[1:] {
		k := link{r[1], r[2], r[3], r[4]}
		s.has[k] = true
		if status >= 0 && r[status] != "" && r[status] != k.related {
			w.fault("snapshot", "life %d: %v has the status %s in the snapshot", l.number, k, r[status])
		}
	}
	return s.has
}

// checkKeptFields: no link leaves whose fields are not on disk. The disk is locked.
func (l *life) checkKeptFields(links []link) {
	if !l.options.config.Snapshot {
		return
	}
	has := l.kept()
	for _, k := range links {
		if !has[k] {
			l.world.fault("snapshot", "life %d: %v is sent, and the snapshot on disk does not have it", l.number, k)
		}
	}
}

// settlesUnsent reports whether a life may give a status to a link that was never sent.
func (l *life) settlesUnsent(status string) bool {
	return status == "failed" || l.options.config.Snapshot && strings.Contains("absent gone unknown", status)
}

// checkCallsWithReads: so many calls read fields, no more delinks follow, and the records of each list
// are counted and shown once at the most.
func (l *life) checkCallsWithReads(batches int) {
	proofs := l.witness.calls - l.witness.delinks - batches
	if l.witness.delinks > batches || proofs < 0 || proofs > 2*batches {
		l.world.fault("calls", "life %d: %d calls, %d of them delinks, for %d batches", l.number, l.witness.calls, l.witness.delinks, batches)
	}
}
