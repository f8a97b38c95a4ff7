package reader

import (
	"bufio"
	"bytes"
	"io"
)

// signatures are how files begin that are not plain text, or not in UTF-8.
var signatures = []struct{ begin, cause, hint string }{
	{"\xff\xfe", "the file is UTF-16 text", "save it again as UTF-8 (in Excel: CSV UTF-8)"},
	{"\xfe\xff", "the file is UTF-16 text", "save it again as UTF-8 (in Excel: CSV UTF-8)"},
	{"\x1f\x8b", "the file is compressed with gzip", "unpack it first"},
	{"\x28\xb5\x2f\xfd", "the file is compressed with zstd", "unpack it first"},
	{"PK\x03\x04", "the file is a workbook or a zip archive, not a CSV file", "in a spreadsheet, save it as CSV UTF-8; unpack an archive first"},
}

// text makes UTF-8 text without a byte order mark of the source, which it recognises by how it begins.
func text(file string, src io.Reader) (_ io.Reader, bom bool, _ error) {
	in := bufio.NewReader(src)
	begin, err := in.Peek(4)
	if err != nil && err != io.EOF {
		return nil, false, &InputError{File: file, Cause: "cannot be read", Err: err}
	}
	fail := func(cause, hint string) (io.Reader, bool, error) {
		return nil, false, &InputError{File: file, Line: 1, Col: 1, Cause: cause, Hint: hint}
	}
	for _, s := range signatures {
		if bytes.HasPrefix(begin, []byte(s.begin)) {
			return fail(s.cause, s.hint)
		}
	}
	if bytes.HasPrefix(begin, []byte("\xef\xbb\xbf")) {
		_, err := in.Discard(3)
		return in, true, err
	}
	if len(begin) == 4 && (begin[0] == 0) != (begin[1] == 0) && (begin[0] == 0) == (begin[2] == 0) {
		return fail(signatures[0].cause, signatures[0].hint) // without its mark: every other byte is zero
	}
	return in, false, nil
}
