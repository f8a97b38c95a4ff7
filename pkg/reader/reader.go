package reader

import (
	"errors"
	"io"
	"iter"

	"delink/pkg/parallel"
	"delink/pkg/reader/text"
	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// Options say what the file does not say itself.
type Options struct {
	Module, Relation string        // for all rows of a file that lacks the column
	Parent           string        // the parent record's id, for all rows of a file that lacks the column
	Columns          Columns       // the columns of the parts of a link, where their names do not tell
	Delimiter        byte          // what separates columns; 0 to find it out
	Encoding         text.Encoding // of a file without a byte order mark; zero if the user has not said it

	// Lists has the API names of related lists that the file, or Relation, calls by their labels. A
	// relation that is not in it stays as it is.
	Lists map[zoho.Relation]zoho.Relation

	parents bool    // only the parent records are read: see Parents
	parent  zoho.ID // what Parent says; 0 for nothing
}

// Row is one row of the input. Its Link and Err can be kept.
type Row struct {
	Line int       // the physical line on which it starts; the first line of the file is 1
	Link Link      // what it asks to remove, if Err is nil
	Err  *RowError // why it cannot be used
	Raw  []byte    // its text as it stands in the file, without its line end
}

// Reader reads one input.
type Reader struct {
	in     *records
	decode *decoder
	opt    Options
	done   bool // the rows have been given
}

// New reads the header of an input; file is its name for messages. Its errors are of type
// *InputError, or *OptionError where Options are wrong whatever the input is.
func New(file string, src io.Reader, opt Options) (*Reader, error) {
	if err := opt.read(); err != nil {
		return nil, err
	}
	var d Dialect
	plain, encoding, marked, err := text.Open(src, opt.Encoding)
	if err != nil {
		return nil, notText(file, err)
	}
	d.encoding, d.told = encoding, !marked && encoding != (text.Encoding{})
	d.EncodingKnown = marked || d.told
	in := newRecords(file, plain)
	if err := in.readHeader(d, opt); err != nil {
		return nil, err
	}
	return &Reader{in: in, decode: newDecoder(in, opt), opt: opt}, nil
}

// read reads the values that Options give for all rows.
func (opt *Options) read() error {
	opt.Module, opt.Relation = value.APIName(opt.Module), value.APIName(opt.Relation)
	parent := func(s string) (p *value.Problem) {
		opt.parent, p = value.ParseID(s)
		return p
	}
	for _, c := range []struct {
		which int
		value string
		check func(string) *value.Problem
	}{{colModule, opt.Module, value.CheckName}, {colParent, opt.Parent, parent}, {colRelation, opt.Relation, value.CheckList}} {
		if c.value == "" {
			continue
		}
		if p := c.check(c.value); p != nil {
			return &OptionError{Part: canonical[c.which], Value: c.value, Problem: p}
		}
		if opt.Columns[c.which] != "" {
			return &OptionError{Part: canonical[c.which], Value: c.value}
		}
	}
	return nil
}

// has reports whether Options give a part of the links of all rows.
func (opt *Options) has(which int) bool {
	return which == colModule && opt.Module != "" || which == colRelation && opt.Relation != "" || which == colParent && opt.parent != 0
}

// notText is the error of an input that is no text.
func notText(file string, err error) error {
	e := &InputError{File: file, Cause: "cannot be read", Err: err}
	var t *text.Error
	if errors.As(err, &t) {
		e.Line, e.Col, e.Cause, e.Hint, e.Err = t.Line, t.Col, t.Cause, t.Hint, t.Err
		switch {
		case t.IsNotTold:
			e.Remedy = CorrectEncoding{t.Is}
		case t.Is != (text.Encoding{}):
			e.Remedy = GiveEncoding{[]Reading{{Encoding: t.Is}}}
		}
	}
	return e
}

// Header is the header as it was found.
func (r *Reader) Header() *Header { return r.in.header }

// Rows gives the rows in the order of the file. It can be ranged over once. A row is valid until
// the next one is asked for. An error, of type *InputError, comes last, with an empty row: there
// may be rows behind it that were not seen. When the loop ends, however it does, nothing is left
// running.
func (r *Reader) Rows() iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		if r.done {
			return
		}
		r.done = true
		err, none := io.EOF, true
		for c := range parallel.Parts(func() *chunk { return newChunk(r.in) }, r.in.read, r.decode.rows) {
			for i := range c.found {
				none = false
				if !yield(&c.found[i], nil) {
					return
				}
			}
			err = c.err
		}
		if err == io.EOF && none {
			if joined := r.in.joined(); joined != nil {
				err = joined
			}
		}
		if err != io.EOF {
			yield(&Row{}, err)
		}
	}
}
