package reader

import (
	"errors"
	"io"
	"iter"
	"sync"

	"delink/pkg/crash"
	"delink/pkg/reader/text"
	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// Options say what the file does not say itself.
type Options struct {
	Module, Relation string  // for all rows of a file that lacks the column
	Columns          Columns // the columns of the parts of a link, where their names do not tell
	Delimiter        byte    // what separates columns; 0 to find it out

	parents bool // only the parent records are read: see Parents
}

// Row is one row of the input.
type Row struct {
	Line int       // the physical line on which it starts; the first line of the file is 1
	Link Link      // what it asks to remove, if Err is nil
	Err  *RowError // why it cannot be used
	Raw  []byte    // its text as it stands in the file, without its line end; valid until the next row is asked for
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
	opt.Module, opt.Relation = value.APIName(opt.Module), value.APIName(opt.Relation)
	for _, c := range []struct {
		name, value string
		which       int
	}{{"module", opt.Module, colModule}, {"relation", opt.Relation, colRelation}} {
		switch {
		case c.value == "":
		case !zoho.ValidName(c.value):
			return nil, &OptionError{Part: c.name, Value: c.value}
		case opt.Columns[c.which] != "":
			return nil, &OptionError{Part: c.name, Value: c.value, Twice: true}
		}
	}
	var d Dialect
	plain, encoding, marked, err := text.Open(src)
	if err != nil {
		return nil, notText(file, err)
	}
	d.encoding, d.BOM = encoding, marked
	in := newRecords(file, plain)
	if err := in.readHeader(d, opt); err != nil {
		return nil, err
	}
	return &Reader{in: in, decode: newDecoder(in, opt), opt: opt}, nil
}

// notText is the error of an input that is no text.
func notText(file string, err error) error {
	e := &InputError{File: file, Cause: "cannot be read", Err: err}
	var t *text.Error
	if errors.As(err, &t) {
		e.Line, e.Col, e.Cause, e.Hint, e.Err = t.Line, t.Col, t.Cause, t.Hint, t.Err
	}
	return e
}

// Header is the header as it was found.
func (r *Reader) Header() *Header { return r.in.header }

// Rows gives the rows in the order of the file. It can be ranged over once. An error, of type
// *InputError, comes last: there may be rows behind it that were not seen. When the loop ends,
// however it does, nothing is left running.
func (r *Reader) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if r.done {
			return
		}
		r.done = true
		err, none := io.EOF, true
		for c := range r.chunks {
			for i := range c.found {
				none = false
				if !yield(c.found[i], nil) {
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
			yield(Row{}, err)
		}
	}
}

// chunksAhead is how many chunks are found before their rows are needed. Neither side then waits for
// the other because one chunk took longer than most.
const chunksAhead = 4

// chunks gives the rows, some at a time. A goroutine decodes chunks while the caller works on the
// rows of those before, and finds the rows of those behind: both take about as long. Only the caller
// reads the source. So a source that does not answer holds up nothing else, and when the loop ends,
// the goroutine ends within a few chunks.
func (r *Reader) chunks(yield func(*chunk) bool) {
	begun := newChunk(r.in)
	r.in.read(begun)
	if begun.err != nil { // these are all rows
		r.decode.rows(begun)
		yield(begun)
		return
	}
	todo, done := make(chan *chunk, chunksAhead), make(chan *chunk, chunksAhead)
	var worker sync.WaitGroup
	worker.Go(func() {
		defer crash.Guard()
		for c := range todo {
			r.decode.rows(c)
			done <- c
		}
	})
	defer worker.Wait()
	defer close(todo)
	todo <- begun
	var spare *chunk
	for decoding := 1; decoding > 0; decoding-- {
		for ; decoding < chunksAhead && r.in.err == nil; decoding++ {
			next := spare
			if spare = nil; next == nil {
				next = newChunk(r.in)
			}
			r.in.read(next)
			todo <- next
		}
		c := <-done
		if !yield(c) || c.err != nil {
			return
		}
		spare = c
	}
}
