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
	i := 0
	for ; i+8 <= len(s) && i < 16; i += 8 {
		part, ok := eightDigits(s[i:])
		if !ok {
			return 0, ErrIDNotDigits
		}
		n = n*1e8 + part
	}
	for ; i < len(s); i++ {
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

// eightDigits reads the first eight bytes of s as digits, all at the same time: the millions of ids
// of an input are nearly all of 19 digits.
func eightDigits(s string) (n uint64, ok bool) {
	_ = s[7]
	const (
		zeros = 0x3030303030303030
		high  = 0xf0f0f0f0f0f0f0f0
		sixes = 0x0606060606060606
	)
	n = uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	if n&high != zeros || (n+sixes)&high != zeros { // '0' to '9' are 0x30 to 0x39
		return 0, false
	}
	n -= zeros
	n = n*10 + n>>8 // pairs of digits, in every second byte
	return (n&0x000000ff000000ff*(100+1000000<<32) + n>>16&0x000000ff000000ff*(1+10000<<32)) >> 32, true
}

// String is the id's digits.
func (id ID) String() string { return strconv.FormatUint(uint64(id), 10) }

// Append adds the id's digits to b.
func (id ID) Append(b []byte) []byte { return strconv.AppendUint(b, uint64(id), 10) }
