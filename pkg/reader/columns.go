package reader

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"delink/pkg/reader/scan"
	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// Columns gives the name of the column that each part of a link is in: module, parent id, relation,
// related id. An empty name says nothing.
type Columns [numColumns]string

// ParseColumns reads parent_id="Kampagne, ID",related_id=Lead: a value with a comma or a quote in
// it is put in quotes, and its quotes are doubled.
func ParseColumns(s string) (c Columns, err error) {
	for rest := s; ; {
		key, after, ok := strings.Cut(rest, "=")
		which := slices.IndexFunc(canonical[:], func(name string) bool { return zoho.Fold(name) == zoho.Fold(key) })
		switch {
		case !ok:
			return c, fmt.Errorf(`%q has no =: write parent_id="Name of the column"`, rest)
		case which < 0:
			return c, fmt.Errorf("%q is not one of %s", strings.TrimSpace(key), strings.Join(canonical[:], ", "))
		case c[which] != "":
			return c, fmt.Errorf("%s is there twice", canonical[which])
		}
		name, more, behind, closed := cutColumn(after)
		if !closed {
			return c, fmt.Errorf("in %s, the quote that opens the name is not closed", after)
		}
		if behind != "" {
			return c, fmt.Errorf(`in %q, text follows the closing quote: double the quotes that are part of a name`, after)
		}
		if value.Trim(name) == "" {
			return c, fmt.Errorf("%s= lacks the name of a column", canonical[which])
		}
		c[which] = name
		if more == "" {
			return c, nil
		}
		rest = more[1:]
	}
}

// cutColumn takes the first value off s. more is the rest, which begins with a comma; behind is the
// text between the value's closing quote and that comma. closed is false if the quote is never
// closed.
func cutColumn(s string) (name, more, behind string, closed bool) {
	opened := strings.TrimLeft(s, " ")
	if !strings.HasPrefix(opened, `"`) {
		if i := strings.IndexByte(s, ','); i >= 0 {
			return s[:i], s[i:], "", true
		}
		return s, "", "", true
	}
	end, closed := scan.ClosingQuote([]byte(opened), 0)
	if !closed {
		return "", "", "", false
	}
	behind, more = opened[end:], ""
	if i := strings.IndexByte(behind, ','); i >= 0 {
		behind, more = behind[:i], behind[i:]
	}
	return scan.Unquote([]byte(opened[:end])), more, strings.TrimSpace(behind), true
}

// String is the text from which ParseColumns makes the same.
func (c Columns) String() string {
	var all []string
	for which, name := range c {
		if name != "" {
			all = append(all, canonical[which]+"="+quoteColumn(name))
		}
	}
	return strings.Join(all, ",")
}

// quoteColumn puts a column's name in quotes if ParseColumns would not take it as it is.
func quoteColumn(name string) string {
	if strings.ContainsAny(name, `",`) || strings.TrimSpace(name) != name {
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return name
}

// firstRow is what a look at the rows below a header has found.
type firstRow struct {
	any    bool     // there are rows, or may be
	values []string // of the first row that is fit, or nil
}

// lookAhead finds the first row whose values are fit.
type lookAhead func(fit func(values []string) bool) firstRow

// resolve finds the column of each part of a link: by what Options say, by the canonical names, and
// by the names of Zoho's exports, in this order. Its error has no file name yet.
func (h *Header) resolve(opt Options, ahead lookAhead) *InputError {
	h.index, h.added, h.links, h.only = [numColumns]int{-1, -1, -1, -1}, nil, nil, zoho.Relation{}
	for i, name := range h.Columns {
		if isAdded(name) {
			h.added = append(h.added, i)
		}
		if name := value.Trim(name); strings.HasPrefix(name, LinkColumn) && len(name) > len(LinkColumn) {
			h.links = append(h.links, i)
		}
	}
	h.takeCarried()
	if err := h.takeOptions(opt.Columns); err != nil {
		return err
	}
	if err := h.takeCanonical(); err != nil {
		return err
	}
	missing := h.missing(opt)
	if len(missing) == 0 {
		return nil
	}
	if h.index[colParent] < 0 || h.index[colRelated] < 0 {
		if names := slices.Contains(missing, "module") || slices.Contains(missing, "relation"); !names {
			done, err := h.takeZoho(opt, ahead)
			if err != nil || done {
				return err
			}
		}
	}
	if h.index == [numColumns]int{-1, -1, -1, -1} && slices.ContainsFunc(h.Columns, value.LooksLikeID) {
		return h.fail(0, "the first row is data, not a header", "put a line with the columns' names above it: "+strings.Join(canonical[:], string(h.Comma)))
	}
	return h.lacks(opt, missing, ahead)
}

// lacks is the error of a header that does not name all parts of a link.
func (h *Header) lacks(opt Options, missing []string, ahead lookAhead) *InputError {
	var c Complete
	c.For = h.sought(opt, ahead)
	side := oneSide{which: -1}
	if c.For.Module != "" && c.For.List != "" {
		if side = h.oneSide(opt, c.For); side.which >= 0 && len(missing) == 2 {
			missing = slices.DeleteFunc(missing, func(name string) bool { return name == canonical[side.which] })
		}
	}
	cause := "the header lacks the column "
	if len(missing) > 1 {
		cause = "the header lacks the columns "
	}
	cause += strings.Join(missing, ", ")
	switch {
	case side.which >= 0:
		cause += alsoCalled(c.For, colParent+colRelated-side.which) + fmt.Sprintf(": %s is used as %s", plain(h.Columns[side.column]), canonical[side.which])
	case side.either:
		c.OnlyID = plain(h.Columns[side.column])
		cause = fmt.Sprintf("the header lacks the column %s or %s: only %s has ids, and a link needs those of two records",
			canonical[colParent], canonical[colRelated], c.OnlyID)
	}
	hint := h.complete(opt, missing, &c)
	return h.fail(0, cause, hint).with(c)
}

// oneSide is the only column that can have the ids of one of the two records of a link, if there is
// none for the other one.
type oneSide struct {
	column int
	which  int  // colParent or colRelated; -1 if that is not known, or if there is no such column
	either bool // it may be both
}

// oneSide looks for a column that can have the ids of one record of a link.
func (h *Header) oneSide(opt Options, relation zoho.Relation) oneSide {
	none := oneSide{which: -1}
	if h.index[colParent] >= 0 || h.index[colRelated] >= 0 || opt.has(colParent) {
		return none
	}
	parents, related := h.candidates(relation)
	switch {
	case len(parents) == 0 && len(related) == 1:
		return oneSide{column: related[0], which: colRelated}
	case len(parents) == 1 && len(related) == 0:
		return oneSide{column: parents[0], which: colParent}
	case len(parents) == 1 && len(related) == 1 && parents[0] == related[0]:
		which := h.exportOf(relation)
		return oneSide{column: parents[0], which: which, either: which < 0}
	}
	return none
}

// exportOf says which of the two modules the file seems to be an export of: exports have a column
// Lead Owner, say. It is colParent or colRelated, or -1 if that is not known. It is good enough for
// a message, and not for a link.
func (h *Header) exportOf(relation zoho.Relation) int {
	which, modules := -1, modulesOf(relation)
	for _, side := range []int{colParent, colRelated} {
		m := zoho.FindModule(modules[side])
		if m == nil || len(h.find(m.One+" Owner")) == 0 {
			continue
		}
		if which >= 0 {
			return -1
		}
		which = side
	}
	return which
}

// alsoCalled is what else the column of a part may be called in a file about a relation, in brackets;
// empty if no name is known.
func alsoCalled(relation zoho.Relation, which int) string {
	if m := zoho.FindModule(modulesOf(relation)[which]); m != nil {
		return " (or " + m.One + " Id)"
	}
	return ""
}

// sought is the relation for which columns were looked for, as far as Options or the first row that
// has names say it.
func (h *Header) sought(opt Options, ahead lookAhead) zoho.Relation {
	r := zoho.Relation{Module: opt.Module, List: opt.Relation}
	if h.TellsRelation() {
		first := ahead(func(values []string) bool {
			r := h.relation(opt, values)
			return (r.Module == "" || value.CheckName(r.Module) == nil) && (r.List == "" || value.CheckList(r.List) == nil)
		})
		if first.values != nil {
			r = h.relation(opt, first.values)
		}
	}
	return zoho.Relation{Module: strings.Clone(r.Module), List: strings.Clone(r.List)}
}

func (h *Header) fail(column int, cause, hint string) *InputError {
	s := scan.Scanner{Comma: h.Comma, Newline: h.newline()}
	fields := s.Split(h.Raw)
	line, col := h.lineCol(h.Raw, fields[min(column, len(fields)-1)].Start, h.Line)
	return &InputError{Line: line, Col: col, Cause: cause, Hint: hint}
}

// with adds what Options can do about an error.
func (e *InputError) with(r Remedy) *InputError {
	e.Remedy = r
	return e
}

// missing gives the parts of a link that neither a column nor Options give.
func (h *Header) missing(opt Options) []string {
	var missing []string
	for which, name := range canonical {
		if h.index[which] < 0 && !opt.has(which) {
			missing = append(missing, name)
		}
	}
	return missing
}

// takeOptions takes the columns that Options name.
func (h *Header) takeOptions(columns Columns) *InputError {
	for which, name := range columns {
		if name == "" {
			continue
		}
		found := h.find(name)
		if len(found) > 1 { // Options were made for the input, which had no carried columns
			found = slices.DeleteFunc(found, func(i int) bool { return slices.Contains(h.carried, i) })
		}
		switch {
		case len(found) == 0:
			return h.fail(0, fmt.Sprintf("there is no column %q to use as %s", name, canonical[which]), h.hintNames()).with(CorrectColumns{})
		case len(found) > 1:
			return h.twice(name, found)
		}
		if other := slices.Index(h.index[:], found[0]); other >= 0 {
			return h.fail(found[0], fmt.Sprintf("the column %s is to be used as %s and as %s", plain(h.Columns[found[0]]), canonical[other], canonical[which]),
				"each part of a link has a column of its own").with(CorrectColumns{})
		}
		h.index[which] = found[0]
		// It is the input's own, and so are those before it.
		h.carried = slices.DeleteFunc(h.carried, func(i int) bool { return i <= found[0] })
	}
	return nil
}

// sameName reports whether two names differ in nothing but case, space around them, and how their
// accents are written: as a part of the letter (NFC) or behind it (NFD, as macOS does). They look
// the same.
func sameName(a, b string) bool {
	return strings.EqualFold(norm.NFC.String(value.Trim(a)), norm.NFC.String(value.Trim(b)))
}

// find gives the columns of that name: spelled in the same way, or if there is none, but for what
// sameName passes over.
func (h *Header) find(name string) []int {
	for _, same := range []func(a, b string) bool{
		func(a, b string) bool { return a == b },
		func(a, b string) bool { return norm.NFC.String(a) == norm.NFC.String(b) },
		sameName,
	} {
		var found []int
		for i, column := range h.Columns {
			if same(column, name) {
				found = append(found, i)
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}

func (h *Header) twice(name string, found []int) *InputError {
	return h.fail(found[1], fmt.Sprintf("column %s is there twice, as columns %d and %d", plain(name), found[0]+1, found[1]+1),
		"rename the one that does not count")
}

// takeCanonical takes the columns that have the canonical names, in any case, spacing and
// punctuation. Of two with the same name, the carried one counts: the earlier run took it for the part.
func (h *Header) takeCanonical() *InputError {
	taken := h.index
	for _, i := range h.carried {
		if which := whichPart(h.Columns[i]); taken[which] < 0 && !slices.Contains(taken[:], i) {
			h.index[which] = i
		}
	}
	carried := h.index
	for i, column := range h.Columns {
		which := whichPart(column)
		if which < 0 || carried[which] >= 0 || slices.Contains(carried[:], i) {
			continue
		}
		if other := h.index[which]; other >= 0 {
			return h.twice(canonical[which], []int{other, i})
		}
		h.index[which] = i
	}
	return nil
}

func (h *Header) hintNames() string {
	const show = 12
	var names []string
	for _, name := range h.Columns[:min(len(h.Columns), show)] {
		names = append(names, plain(name))
	}
	if len(h.Columns) > show {
		names = append(names, "…")
	}
	return "it has " + strings.Join(names, ", ")
}

// complete says what columns there are and what they look like, and adds to c what Options can say
// instead of what is missing.
func (h *Header) complete(opt Options, missing []string, c *Complete) (hint string) {
	hint = h.hintNames()
	guesses, modules := h.guesses()
	if guesses != "" {
		hint += "; " + guesses
	}
	names := false
	for _, name := range missing {
		isName := name == canonical[colModule] || name == canonical[colRelation]
		names = names || isName
		if isName || name == canonical[colParent] {
			c.Constants = append(c.Constants, name)
		}
		if !isName {
			c.Columns = append(c.Columns, name)
		}
	}
	if names && c.Columns != nil && h.index[colModule] < 0 && h.index[colRelation] < 0 {
		c.Relations = relationsOf(modules, opt)
	}
	return hint
}
