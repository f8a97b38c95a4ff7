package parallel

import (
	"iter"
	"sync"

	"delink/pkg/crash"
)

// Part is a part of a file.
type Part interface {
	// IsLast reports whether the part is the last one of its file. Decoding can find that it is.
	IsLast() bool
}

// parts is how many parts are found before they are needed. Neither side then waits for the other
// because one part took longer than most.
const parts = 4

// Parts gives the parts of a file, in their order, up to the one that is the last. A part is valid until
// the next one is asked for. empty makes a part, and find fills in a part, new or used, with what comes
// next in the file. decode works on a part that was found, in a goroutine, one part after the other.
//
// Only the caller's goroutine runs find. So a source that does not answer holds up nothing else, and
// when the loop ends, however it does, nothing is left running.
func Parts[P Part](empty func() P, find, decode func(P)) iter.Seq[P] {
	return func(yield func(P) bool) {
		begun := empty()
		find(begun)
		if begun.IsLast() { // most files have no more
			decode(begun)
			yield(begun)
			return
		}
		todo, done := make(chan P, parts), make(chan P, parts)
		var worker sync.WaitGroup
		worker.Go(func() {
			defer crash.Guard()
			for p := range todo {
				decode(p)
				done <- p
			}
		})
		defer worker.Wait()
		defer close(todo)
		todo <- begun
		var spare []P // parts that can be used again
		more := true
		for decoding := 1; decoding > 0; decoding-- {
			for ; decoding < parts && more; decoding++ {
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
