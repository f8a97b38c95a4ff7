package trace

import (
	"cmp"
	"io"
	"maps"
	"slices"

	"delink/pkg/disk"
)

// The spans of sums, in seconds. The first that makes the file small enough is taken.
var spans = []int64{60, 3600, 86400}

// part is what is known of a run that began before the calls that stay as they are.
type part struct {
	run, end []byte // lines
	sums     map[SumKey]*Sum
}

// compact replaces a record by one in which the oldest calls are summed up. The lines of the last
// keep bytes stay as they are. What stands before them takes no more than keep bytes either: if it
// has to, the oldest runs are left out. It returns the new size.
func compact(on disk.Disk, path string, size, keep int64) (int64, error) {
	parts, tail, err := split(on, path, size-keep)
	if err != nil {
		return 0, err
	}
	var head []byte
	for _, seconds := range spans {
		if head = sumUp(parts, seconds); int64(len(head)) <= keep {
			break
		}
	}
	for int64(len(head)) > keep && len(parts) > 1 {
		parts = parts[(len(parts)+1)/2:]
		head = sumUp(parts, spans[len(spans)-1])
	}
	return int64(len(header) + len(head) + len(tail)), on.Replace(path, func(w io.Writer) error {
		_, err := w.Write(slices.Concat(header, head, tail))
		return err
	})
}

// split reads a record: the runs with the calls before a byte, and the lines from there on.
func split(on disk.Disk, path string, from int64) (parts []*part, tail []byte, err error) {
	_, err = read(on, path, func(e Entry, line []byte, at int64) {
		if at >= from {
			tail = append(tail, line...)
			return
		}
		if e.Run != nil {
			parts = append(parts, &part{run: slices.Clone(line), sums: map[SumKey]*Sum{}})
			return
		}
		if len(parts) == 0 {
			return
		}
		p := parts[len(parts)-1]
		switch {
		case e.Call != nil:
			p.add(SumOf(e.Call, spans[0]))
		case e.Sum != nil:
			p.add(e.Sum)
		case e.End != nil:
			p.end = slices.Clone(line)
		}
	})
	return parts, tail, err
}

func (p *part) add(s *Sum) { addTo(p.sums, s.SumKey, s) }

func addTo(sums map[SumKey]*Sum, k SumKey, s *Sum) {
	if sums[k] == nil {
		sums[k] = &Sum{SumKey: k}
	}
	sums[k].Merge(s)
}

// sumUp gives the lines of runs with their sums, of spans of so many seconds.
func sumUp(parts []*part, seconds int64) (b []byte) {
	for _, p := range parts {
		wide := map[SumKey]*Sum{}
		for k, s := range p.sums {
			addTo(wide, k.widen(seconds), s)
		}
		b = append(b, p.run...)
		for _, k := range slices.SortedFunc(maps.Keys(wide), SumKey.compare) {
			b = appendJSON(b, kindSum, wide[k])
		}
		b = append(b, p.end...)
	}
	return b
}

func (k SumKey) compare(o SumKey) int {
	return cmp.Or(cmp.Compare(k.From, o.From), cmp.Compare(k.Kind, o.Kind), cmp.Compare(k.How, o.How), cmp.Compare(k.Status, o.Status), cmp.Compare(k.Seconds, o.Seconds))
}
