package suspicion

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is what may be wrong.
type Kind int

// The kinds of suspicion.
const (
	UnusedOption Kind = iota // an option for a column that is missing, but the file has the column, with another value
	RoundedIDs               // ids that look as if a program had rounded them: they are other records' ids then
	OwnRelated               // a record that is related to itself
	Swapped                  // related records that are parents in other rows
	TwoOrgs                  // parent and related ids that do not begin alike, as ids of one org do
	StrayIDs                 // a few ids that do not begin like the others
)

// Part is a part of a link.
type Part int

// The parts of a link.
const (
	Module Part = iota
	Parent
	Relation
	Related
)

// String is what messages call the part.
func (p Part) String() string { return [...]string{"module", "parent", "relation", "related"}[p] }

// Suspicion is something in an input that may be right and often is not.
type Suspicion struct {
	Kind  Kind
	Part  Part  // of UnusedOption: Module, Parent or Relation; of RoundedIDs: Parent or Related
	Count int   // rows; of rounded parent ids: parent records
	Of    int   // of RoundedIDs: how many there are in all
	Lines []int // the first ones

	Rounded Rounding // of RoundedIDs: what rounds like this
	Step    uint64   // of RoundedIDs: all of these ids are its multiples
	// Certain says that the input is refused. RoundedIDs are certain if nearly all ids are rounded,
	// and if ids and repeated links like these are there by chance in less than one of a million
	// inputs. UnusedOption is certain for another parent record.
	Certain bool

	Value, Other string // of UnusedOption: the option's value and the file's; of TwoOrgs and StrayIDs: how ids begin
}

// IsOfList reports whether the suspicion is about the name of a list. The org may know that two names
// are of one list.
func (s Suspicion) IsOfList() bool { return s.Kind == UnusedOption && s.Part == Relation }

// shownLines is how many lines a suspicion names.
const shownLines = 3

// String is the suspicion in words: what there is, and how often.
func (s Suspicion) String() string {
	switch s.Kind {
	case UnusedOption:
		if s.Part == Parent {
			return fmt.Sprintf("the parent record %s is given for all rows, but the file has a column for that, with %s in it", s.Value, s.Other)
		}
		return fmt.Sprintf("%s %s is not used: the file has a column for that, with %s in it", s.Part, s.Value, s.Other)
	case RoundedIDs:
		how := fmt.Sprintf("are multiples of %d", s.Step)
		if s.Rounded != ToDouble {
			how = "end in " + strings.Trim(fmt.Sprint(s.Step), "1")
		}
		return fmt.Sprintf("%s ids that %s: %d of %d", s.Part, how, s.Count, s.Of)
	case OwnRelated:
		return fmt.Sprintf("rows whose parent is their own related record: %d", s.Count)
	case Swapped:
		return fmt.Sprintf("related ids that are parents in other rows: %d", s.Count)
	case TwoOrgs:
		return fmt.Sprintf("parent ids begin with %s, related ids with %s", s.Value, s.Other)
	case StrayIDs:
		return fmt.Sprintf("rows with an id that does not begin with %s as the others do: %d", s.Value, s.Count)
	}
	return fmt.Sprintf("suspicion %d in %d rows", s.Kind, s.Count)
}

// sighting collects the rows of one kind of suspicion: how many, and the first lines.
type sighting struct {
	count int
	lines []int
}

func (s *sighting) see(line int) {
	s.count++
	if len(s.lines) == shownLines && line > s.lines[shownLines-1] {
		return
	}
	i, _ := slices.BinarySearch(s.lines, line)
	s.lines = slices.Insert(s.lines, i, line)
	s.lines = s.lines[:min(len(s.lines), shownLines)]
}

// as is a suspicion of what was seen.
func (s *sighting) as(kind Kind) Suspicion {
	return Suspicion{Kind: kind, Count: s.count, Lines: s.lines}
}
