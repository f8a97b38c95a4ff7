package knob

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Span is a range of durations, both ends included.
type Span struct {
	Min, Max time.Duration
}

// UnmarshalText reads "300ms", or "200ms..600ms".
func (s *Span) UnmarshalText(text []byte) error {
	low, high, ranged := strings.Cut(string(text), "..")
	if !ranged {
		high = low
	}
	lowest, err := parseDuration(low)
	if err != nil {
		return err
	}
	highest, err := parseDuration(high)
	if err != nil {
		return err
	}
	if highest < lowest {
		return fmt.Errorf("%q ends before it begins", text)
	}
	*s = Span{lowest, highest}
	return nil
}

// A Shift is a distance in time, ahead or behind.
type Shift time.Duration

// UnmarshalText reads "5m", or "-5m".
func (s *Shift) UnmarshalText(text []byte) error {
	behind, word := strings.HasPrefix(string(text), "-"), strings.TrimPrefix(string(text), "-")
	d, err := parseDuration(word)
	if behind {
		d = -d
	}
	*s = Shift(d)
	return err
}

// A Share is a chance or a part of a whole, from 0 to 1.
type Share float64

// UnmarshalText reads "0.25" or "25%".
func (s *Share) UnmarshalText(text []byte) error {
	number, percent := strings.CutSuffix(string(text), "%")
	f, err := strconv.ParseFloat(number, 64)
	if percent {
		f /= 100
	}
	if err != nil || !(f >= 0 && f <= 1) {
		return fmt.Errorf("%q is not a share: write 0.25 or 25%%", text)
	}
	*s = Share(f)
	return nil
}

// Names is a list of names.
type Names []string

// UnmarshalText reads names with commas between them.
func (n *Names) UnmarshalText(text []byte) error {
	*n = Names(split(text))
	return nil
}

// IDs is a set of record ids.
type IDs map[uint64]bool

// IDSet makes a set of ids.
func IDSet(ids []uint64) IDs {
	set := make(IDs, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// UnmarshalText reads ids with commas between them.
func (s *IDs) UnmarshalText(text []byte) error {
	set := IDs{}
	for _, word := range split(text) {
		id, err := ParseID(word)
		if err != nil {
			return err
		}
		set[id] = true
	}
	*s = set
	return nil
}

// IDCodes gives record ids an error code.
type IDCodes map[uint64]string

// UnmarshalText reads "123:RECORD_LOCKED,124:NO_PERMISSION".
func (c *IDCodes) UnmarshalText(text []byte) error {
	codes := IDCodes{}
	for _, word := range split(text) {
		name, code, err := cutCode(word)
		if err != nil {
			return err
		}
		id, err := ParseID(name)
		if err != nil {
			return err
		}
		codes[id] = code
	}
	*c = codes
	return nil
}

// NameCodes gives modules, or lists written Module.List, an error code.
type NameCodes map[string]string

// UnmarshalText reads "Campaigns:INVALID_MODULE,Leads:NOT_SUPPORTED".
func (c *NameCodes) UnmarshalText(text []byte) error {
	codes := NameCodes{}
	for _, word := range split(text) {
		name, code, err := cutCode(word)
		if err != nil {
			return err
		}
		codes[name] = code
	}
	*c = codes
	return nil
}

// Labels gives lists, written Module.List, the label that people see.
type Labels map[string]string

// UnmarshalText reads "Campaigns.Leads:Leads of the campaign".
func (l *Labels) UnmarshalText(text []byte) error {
	labels := Labels{}
	for _, word := range split(text) {
		list, label, _ := strings.Cut(word, ":")
		if list == "" || label == "" {
			return fmt.Errorf("%q lacks a label: write Module.List:Label", word)
		}
		labels[list] = label
	}
	*l = labels
	return nil
}

func split(text []byte) []string {
	var words []string
	for word := range strings.SplitSeq(string(text), ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}

func cutCode(word string) (name, code string, err error) {
	name, code, _ = strings.Cut(word, ":")
	if name == "" || code == "" {
		return "", "", fmt.Errorf("%q lacks a code: write %s:CODE", word, name)
	}
	return name, code, nil
}

// ParseID reads a record id.
func ParseID(word string) (uint64, error) {
	id, err := strconv.ParseUint(word, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a record id", word)
	}
	return id, nil
}

func parseDuration(word string) (time.Duration, error) {
	d, err := time.ParseDuration(word)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a time: write 300ms or 2s", word)
	}
	return d, nil
}
