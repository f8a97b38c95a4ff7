// Package sealed writes lines that show whether they are whole.
//
// A line of a file that is appended to may be cut by a kill or a power failure, or changed by
// anybody. A sealed line begins with the checksum of its text.
package sealed

import (
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// Sum is how many characters the checksum at the beginning of a line has. A space follows it.
const Sum = 8

// Append adds a line to b: the checksum of its text, and the text, which has no line end in it.
func Append(b []byte, text string) []byte {
	return fmt.Appendf(b, "%08x %s\n", crc32.ChecksumIEEE([]byte(text)), text)
}

// Open gives the text of a line, which comes without its line end, and whether the line is whole.
func Open(line string) (text string, whole bool) {
	sum, text, ok := strings.Cut(line, " ")
	if !ok || len(sum) != Sum {
		return line, false
	}
	n, err := strconv.ParseUint(sum, 16, 32)
	return text, err == nil && uint32(n) == crc32.ChecksumIEEE([]byte(text))
}
