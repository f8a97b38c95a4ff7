package zoho

import (
	"errors"
	"strconv"
)

// ID is a record id. The API writes ids as JSON strings of at most 20 digits (S); as a number one
// takes 8 bytes, which is what lets ten million links fit into a laptop's memory. Zero is no id.
type ID uint64

// MaxIDDigits is the longest record id that the API documents (S).
const MaxIDDigits = 20

// IsLongest reports whether an id has MaxIDDigits.
func (id ID) IsLongest() bool { return id >= 1e19 }

// What is wrong with a text that is not a record id.
var (
	ErrIDEmpty       = errors.New("is empty")
	ErrIDNotDigits   = errors.New("is not a record id: 1 to 20 digits are expected")
	ErrIDLeadingZero = errors.New("is not a record id: it begins with 0")
	ErrIDTooLong     = errors.New("is not a record id: it is longer than 20 digits, or larger than any id")
)

// ParseID reads a record id strictly: digits only, no sign, no space, no leading zero, so that
// every id has exactly one spelling and what is written back is what was read.
func ParseID(s string) (ID, error) {
	if s == "" {
		return 0, ErrIDEmpty
	}
	var n uint64
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, ErrIDNotDigits
		}
		if i < MaxIDDigits-1 { // 19 digits always fit
			n = n*10 + uint64(c)
		}
	}
	switch {
	case s[0] == '0':
		return 0, ErrIDLeadingZero
	case len(s) > MaxIDDigits:
		return 0, ErrIDTooLong
	case len(s) == MaxIDDigits:
		full, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return 0, ErrIDTooLong
		}
		n = full
	}
	return ID(n), nil
}

// String is the id's digits.
func (id ID) String() string { return strconv.FormatUint(uint64(id), 10) }

// Append adds the id's digits to b.
func (id ID) Append(b []byte) []byte { return strconv.AppendUint(b, uint64(id), 10) }
