// Package nearest finds the names that somebody most likely meant by a word that is none of them.
//
// Case, spaces and punctuation do not count: --dryrun is --dry-run.
package nearest

import (
	"cmp"
	"slices"
	"strings"

	"delink/pkg/zoho"
)

// Names gives the names that word was most likely meant for, at most so many of them: those that
// are like it and those that begin with it, the most likely first. There are none if no name is
// like it.
func Names(word string, names []string, most int) []string {
	type candidate struct {
		name     string
		distance int
	}
	key := zoho.Fold(word)
	if key == "" {
		return nil
	}
	var found []candidate
	best := len(key) + 1
	for _, name := range names {
		folded := zoho.Fold(name)
		d := Distance(word, name)
		switch {
		case isLike(d, key, folded):
			best = min(best, d)
		case len(key) >= leastPrefix && strings.HasPrefix(folded, key):
		default:
			continue
		}
		found = append(found, candidate{name, d})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var like []string
	for _, c := range found {
		begins := len(key) >= leastPrefix && strings.HasPrefix(zoho.Fold(c.name), key)
		if len(like) < most && !slices.Contains(like, c.name) && (c.distance == best || begins && best > 0) {
			like = append(like, c.name)
		}
	}
	return like
}

// leastPrefix is how many letters a word needs to stand for the names that begin with it.
const leastPrefix = 3

// isLike reports whether two names of a distance are alike: more than half of the letters of the
// longer one are in the other one, too, in order.
func isLike(distance int, a, b string) bool {
	return 2*distance < max(len([]rune(a)), len([]rune(b)))
}

// Distance is how many letters have to be changed, added, left out or swapped with their neighbours
// to make one name of the other. No letter is changed twice.
func Distance(a, b string) int {
	x, y := []rune(zoho.Fold(a)), []rune(zoho.Fold(b))
	before, row, next := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		next[0] = i + 1
		for j := range y {
			change := row[j]
			if x[i] != y[j] {
				change++
			}
			next[j+1] = min(change, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(y)]
}
