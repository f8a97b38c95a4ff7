package text

import "bytes"

// alien is a kind of file that is no CSV file, by how it begins.
type alien struct {
	begin, what, hint string
}

const (
	hintUnpack   = "unpack it first"
	hintWorkbook = "in the spreadsheet, save it as CSV UTF-8"
	hintUTF8     = "save it again as UTF-8 (in Excel: CSV UTF-8)"
)

// aliens are the kinds of files that people take for CSV files. Where one beginning is a part of
// another, the longer one comes first.
var aliens = []alien{
	{"\xff\xfe\x00\x00", "UTF-32 text", hintUTF8},
	{"\x00\x00\xfe\xff", "UTF-32 text", hintUTF8},
	{"PK\x03\x04", "", ""}, // a zip archive, see zipped
	{"PK\x05\x06", "an empty zip archive, not a CSV file", "export it again"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (.xls), not a CSV file", hintWorkbook},
	{"%PDF-", "a PDF, not a CSV file", "export it as CSV"},
	{"BZh", "compressed with bzip2", hintUnpack},
	{"\xfd7zXZ\x00", "compressed with xz", hintUnpack},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive, not a CSV file", hintUnpack},
	{"Rar!\x1a\x07", "a RAR archive, not a CSV file", hintUnpack},
	{"SQLite format 3\x00", "an SQLite database, not a CSV file", "export the table as CSV"},
	{"PAR1", "a Parquet file, not a CSV file", "export it as CSV"},
}

// alien says what the source is if that is no text, or UTF-32; nil otherwise.
func (b *begun) alien() *alien {
	for i := range aliens {
		if !b.has(aliens[i].begin) {
			continue
		}
		if aliens[i].what == "" {
			return b.zipped()
		}
		return &aliens[i]
	}
	if len(b.begin) >= 262 && string(b.begin[257:262]) == "ustar" {
		return &alien{what: "a tar archive, not a CSV file", hint: hintUnpack}
	}
	return nil
}

// bareUTF16 is the encoding of UTF-16 text without a mark, by its first two characters; zero for what
// does not look like it.
func (b *begun) bareUTF16() (e Encoding) {
	x := b.begin
	switch {
	case len(x) < 4 || (x[0] == 0) == (x[1] == 0) || (x[0] == 0) != (x[2] == 0) || (x[1] == 0) != (x[3] == 0):
	case x[0] == 0:
		return utf16BE
	default:
		return utf16LE
	}
	return e
}

// zipped tells a workbook from an archive by the names of the files in it.
func (b *begun) zipped() *alien {
	for _, name := range []string{"[Content_Types].xml", "_rels/", "xl/", "docProps/"} {
		if bytes.Contains(b.begin, []byte(name)) {
			return &alien{what: "an Excel workbook (.xlsx), not a CSV file", hint: hintWorkbook}
		}
	}
	if bytes.Contains(b.begin, []byte("application/vnd.oasis.opendocument")) {
		return &alien{what: "an OpenDocument workbook (.ods), not a CSV file", hint: hintWorkbook}
	}
	return &alien{what: "a zip archive, not a CSV file", hint: "unpack it first: Zoho gives large exports as zip archives"}
}
