package parallel

import (
	"iter"
	"sync"

	"delink/pkg/crash"
)

// Part is a part of a file.
type Part interface {
	// IsLast reports whether the part is the last one of its file: find or decode may make it so.
	IsLast() bool
}

// mostParts is how many parts there are at a time: one that the caller works on, and others that
// are found before they are needed. So neither side waits for the other because one part took
// longer than most.
const mostParts = 4

// Parts gives the parts of a file, in their order, up to the one that is the last. A part is valid
// until the next one is asked for.
//
// empty makes a part. find fills in a part with what comes next in the file. The part is empty, or
// was used before, and was not the last one then. decode works on a part that was found: one part
// after the other, in a goroutine, unless the file has only one part.
//
// Only the caller's goroutine runs find. So none is left waiting for a source that does not answer:
// when the loop ends, however it does, nothing is left running.
func Parts[P Part](empty func() P, find, decode func(P)) iter.Seq[P] {
	return func(yield func(P) bool) {
		first := empty()
		find(first)
		if first.IsLast() { // as in most files
			decode(first)
			yield(first)
			return
		}
		todo, done := make(chan P, mostParts), make(chan P, mostParts)
		var decoder sync.WaitGroup
		decoder.Go(func() {
			defer crash.Guard()
			for p := range todo {
				decode(p)
				done <- p
			}
		})
		defer decoder.Wait()
		defer close(todo)
		todo <- first
		var spare []P // parts that can be used again
		more := true
		for out := 1; out > 0; out-- { // parts that were found and not worked on
			for ; out < mostParts && more; out++ {
				p := take(&spare, empty)
				find(p)
				more = !p.IsLast()
				todo <- p
			}
			p := <-done
			if !yield(p) || p.IsLast() {
				return
			}
			spare = append(spare, p)
		}
	}
}

// take gives one of the spare parts, or an empty one.
func take[P Part](spare *[]P, empty func() P) P {
	n := len(*spare)
	if n == 0 {
		return empty()
	}
	p := (*spare)[n-1]
	*spare = (*spare)[:n-1]
	return p
}
