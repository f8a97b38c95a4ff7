package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
)

// The ids are of the length and the kind that a CRM gives: 19 digits, of which the first ones are
// the org's.
const (
	firstParent  = 3652397000000000000
	firstRelated = 3652397000100000000
)

func parentID(n int) uint64 { return firstParent + uint64(n)*7919 }

// relatedID is a different one for each n, in no order.
func relatedID(n int) uint64 {
	const mask = 1<<36 - 1
	x := uint64(n) * 0x9e3779b97f4a7c15 & mask
	x ^= x >> 19
	return firstRelated + x*0xd1342543de82ef95&mask
}

// mix is a hash, for what shall look random and be the same each time.
func mix(n int) uint64 {
	x := uint64(n) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// inOrder gives each parent the same number of links, one parent after the other.
func inOrder(each int) func(n int) int { return func(n int) int { return n / each } }

// shuffled gives the parents about as many links each, in no order.
func shuffled(parents int) func(n int) int {
	return func(n int) int { return int(mix(n) % uint64(parents)) }
}

// uneven gives some parents few links and others many, in no order.
func uneven(parents int) func(n int) int {
	return func(n int) int { return int(mix(n) % uint64(parents) * (mix(^n) % uint64(parents)) / uint64(parents)) }
}

// input writes links of campaigns to leads, of the parents that parent tells, and gives the file.
func (b *bench) input(name string, links int, parent func(n int) int) (path string, err error) {
	return b.inputOf(name, "Campaigns", "Leads", links, func(n int) (uint64, uint64) { return parentID(parent(n)), relatedID(n) })
}

// inputOf writes links of a relation, and gives the file.
func (b *bench) inputOf(name, module, list string, links int, link func(n int) (parent, related uint64)) (path string, err error) {
	path = filepath.Join(b.folder, name+".csv")
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	line := []byte("module,parent_id,relation,related_id\n")
	for n := range links {
		if _, err := w.Write(line); err != nil {
			return "", err
		}
		parent, related := link(n)
		line = append(append(line[:0], module...), ',')
		line = append(strconv.AppendUint(line, parent, 10), ',')
		line = append(append(line, list...), ',')
		line = strconv.AppendUint(line, related, 10)
		line = append(line, '\n')
	}
	if _, err := w.Write(line); err != nil {
		return "", err
	}
	return path, w.Flush()
}
