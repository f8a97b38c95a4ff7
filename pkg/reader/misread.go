package reader

import (
	"bytes"
	"fmt"
	"strings"

	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// misread says why a header may name nothing that a link is made of although the file is a good
// one, and which of Options helps; it says nothing if that is not known.
func (r *records) misread(h *Header, opt Options) (why string, remedy Remedy) {
	if why := h.joinedLines(); why != "" {
		return why, nil
	}
	if namesLinks(h.Columns) {
		return "", nil
	}
	if len(h.Columns) == 1 {
		for _, d := range delimiters {
			switch {
			case !namesLinks(strings.Split(h.Columns[0], string(d.b))):
			case len(h.Raw) > 0 && h.Raw[0] == '"':
				return "every line is one quoted value, as spreadsheets write a file that they opened as one column: export again, or take these quotes off and halve the doubled ones", nil
			case opt.Delimiter != 0:
				return "the columns seem to be separated by " + delimiterInValue[d.b], OmitDelimiter{}
			case h.Sep != "":
				return fmt.Sprintf("the columns seem to be separated by %s, not as the line sep= says", delimiterInValue[d.b]), GiveDelimiter{d.b}
			}
		}
	}
	const far = 20
	rest := r.win.Buf[r.at:]
	for line := r.line; line < r.line+far && len(rest) > 0; line++ {
		text, next, _ := bytes.Cut(rest, []byte{h.newline()})
		for _, d := range delimiters {
			if namesLinks(strings.Split(string(text), string(d.b))) {
				return fmt.Sprintf("line %d looks like the header: take off what is above it", line), nil
			}
		}
		rest = next
	}
	return "", nil
}

// namesLinks reports whether the names of columns include two parts of a link, or the ids of two
// records.
func namesLinks(columns []string) bool {
	h := Header{index: [numColumns]int{-1, -1, -1, -1}}
	named := 0
	for _, name := range columns {
		name = strings.Trim(value.Trim(name), `"`)
		h.Columns = append(h.Columns, name)
		for _, c := range canonical {
			if zoho.Fold(name) == zoho.Fold(c) {
				named++
			}
		}
	}
	_, modules := h.guesses()
	return named+len(modules) > 1
}
