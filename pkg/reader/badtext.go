package reader

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"delink/pkg/reader/scan"
	"delink/pkg/reader/text"
	"delink/pkg/reader/value"
)

// Programs write text in other encodings than UTF-8, and do not say so: Excel's "CSV" is in the code
// page of the country. An id is the same in nearly all of them, and so are delimiters, quotes and line
// ends. So UTF-8 text with other bytes in it is read, as long as these bytes are in values that are
// only carried along: files of ours have them as they are. Where such a value is needed, nobody can
// tell what it means, and the input is refused once, not row by row: the same is wrong with all of it.
//
// If it is known how a text is encoded, bytes that are no text are wrong in their row alone. If the
// text is transcoded they are wrong in any column, because they could not be written as they were.

var (
	problemNUL   = value.Problem{Reason: "has a NUL byte", Hint: "the file is damaged, or is not text: export it again"}
	problemUTF16 = value.Problem{Reason: "is not UTF-16 text: it has half a character", Hint: "the file is damaged: export it again"}
	problemUTF8  = value.Problem{Reason: "is not UTF-8 text", Hint: "save the file again as UTF-8; it may have been put together from files of several encodings"}
)

// badText says why bytes are not text, and at which offset; nil if they are.
func (d *Dialect) badText(raw []byte) (at int, problem *value.Problem) {
	if at := bytes.IndexByte(raw, 0); at >= 0 {
		return at, &problemNUL
	}
	at = notUTF8(raw)
	switch {
	case at < 0:
		return 0, nil
	case d.encoding.IsUTF16():
		return at, &problemUTF16
	case d.encoding.IsTranscoded():
		return at, &value.Problem{
			Reason: "is not " + d.encoding.String() + " text",
			Hint:   "the file may be in another encoding, or be damaged here",
		}
	}
	return at, &problemUTF8
}

// notUTF8 is the offset of the first byte that is not UTF-8; -1 if all are.
func notUTF8(raw []byte) int {
	if utf8.Valid(raw) {
		return -1
	}
	at := 0
	for {
		r, n := utf8.DecodeRune(raw[at:])
		if r == utf8.RuneError && n == 1 {
			return at
		}
		at += n
	}
}

// isNeeded reports whether the values of a column are used, and not only carried along.
func (h *Header) isNeeded(column int) bool {
	return slices.Contains(h.index[:], column) || slices.Contains(h.links, column)
}

// isSplitSurely reports whether no byte of a text in an unknown encoding can be taken for a delimiter.
// The second byte of a character can be a bar in Shift JIS, GBK and Big5.
func (d *Dialect) isSplitSurely() bool { return d.Comma != '|' || d.EncodingKnown }

// textError is the error of a row that is not text; nil for one that is, or is as far as it is needed.
// It sets refused if the rows below cannot be read either.
func (d *decoder) textError(c *chunk, rec *record) *RowError {
	raw := c.raw(rec)
	at, p := d.header.badText(raw)
	if p == nil {
		return nil
	}
	fields := d.scan.Split(raw)
	index := 0
	for index < len(fields)-1 && fields[index].End < at {
		index++
	}
	switch {
	case p != &problemUTF8:
		// The columns that an earlier run has added do not count: this run replaces them.
		if own := d.header.Own(raw); len(own) != len(raw) {
			if _, inOwn := d.header.badText(own); inOwn == nil {
				return nil
			}
		}
	case !d.header.isSplitSurely():
	case rec.err != nil:
		at = -1 // what is wrong with the row is worse
	default:
		at, index = d.badNeeded(raw, fields)
	}
	if at < 0 {
		return nil
	}
	e := d.valueError(c, rec, index, d.header.columnName(index), p)
	e.AtLine, e.AtCol = d.header.lineCol(raw, at, rec.line)
	e.Undecoded = p != &problemNUL
	if e.Undecoded && !d.header.EncodingKnown {
		f := fields[index]
		d.refused = notUTF8Error(fmt.Sprintf("column %d, %s", index+1, e.Column), raw[f.Start:f.End])
		d.refused.File, d.refused.Line, d.refused.Col = d.file, e.AtLine, e.AtCol
	}
	return e
}

// badNeeded finds the first value of a row that is needed and is not UTF-8: the offset, and which field
// it is in; -1 if there is none.
func (d *decoder) badNeeded(raw []byte, fields []scan.Field) (at, index int) {
	for i, f := range fields {
		if d.header.isNeeded(i) {
			if at := notUTF8(raw[f.Start:f.End]); at >= 0 {
				return f.Start + at, i
			}
		}
	}
	return -1, 0
}

// checkText refuses a header that is not text.
func (h *Header) checkText() *InputError {
	at, p := h.badText(h.Raw)
	if p == nil {
		return nil
	}
	e := &InputError{Cause: "the header " + p.Reason, Hint: p.Hint}
	if p == &problemUTF8 && !h.EncodingKnown {
		s := scan.Scanner{Comma: h.Comma, Newline: h.newline()}
		for _, f := range s.Split(h.Raw) {
			if f.Start <= at && at < f.End {
				e = notUTF8Error("the header", h.Raw[f.Start:f.End])
			}
		}
	}
	if h.told && p != &problemNUL {
		e.Hint, e.Remedy = "", CorrectEncoding{}
	}
	e.Line, e.Col = h.lineCol(h.Raw, at, h.Line)
	return e
}

// notUTF8Error is the error of an input in an encoding that nothing says. field is a value that shows
// it, which is in where.
func notUTF8Error(where string, field []byte) *InputError {
	shown, cut := []byte(scan.Unquote(field)), ""
	if at := notUTF8(shown); at > maxShown/2 {
		shown, cut = shown[at-maxShown/2:], "…" // what is wrong has to be among what is shown
	}
	return &InputError{
		Cause:  fmt.Sprintf("the text is not UTF-8: %s has %q", where, cut+shorten(string(shown))),
		Hint:   `Excel's "CSV" saves like this: save it as "CSV UTF-8"`,
		Remedy: GiveEncoding{likelyReadings(cut, shown)},
	}
}

// likelyReadings gives the encodings in which a value that is not UTF-8 is likely to be. cut stands
// for what is left out before it.
func likelyReadings(cut string, shown []byte) (all []Reading) {
	for _, e := range []text.Encoding{text.Windows1252, text.Macintosh} {
		reads := cut + shorten(e.Read(shown))
		if trimmed := value.Trim(reads); trimmed != "" {
			reads = trimmed
		}
		switch {
		case !utf8.ValidString(reads), strings.ContainsFunc(reads, isControl):
			// There is no such character, or nobody writes it: it is another encoding.
		case slices.ContainsFunc(all, func(r Reading) bool { return r.Reads == reads }):
		default:
			all = append(all, Reading{e, reads})
		}
	}
	return all
}

func isControl(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }
