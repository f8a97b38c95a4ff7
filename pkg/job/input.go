package job

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/relation"
	"delink/pkg/report"
	"delink/pkg/suspicion"
)

// Input is an input that has been read and checked.
type Input struct {
	Config     Config
	Set        *chunker.Set
	Header     *reader.Header        // how the input was understood
	Bad        []*reader.RowError    // with SkipInvalid, the rows that cannot be used
	SHA256     string                // of the bytes of the input
	Suspicions []suspicion.Suspicion // what is often a mistake
	bad        int                   // how many rows cannot be used
	wrong      reader.RowErrors      // without SkipInvalid, these rows
	source     *source
	names      parentNames

	// If the input is a failures file, these are links that an earlier run left unknown or in
	// doubt.
	leftUnknown, inDoubt []reader.Link
}

// gcPercent makes the garbage collector run more often than usual while the input is read: ten
// million rows must fit in the memory of a laptop.
const gcPercent = 40

// readInput reads the whole input and checks it. again says that the input will be read a second
// time. readInput writes no file but that of the rows that cannot be used, if the user wants one.
func readInput(c Config, on disk.Disk, again bool) (*Input, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	p := &Input{Config: c}
	files, err := c.Files.place(c.Input, again)
	if err != nil {
		return nil, err
	}
	p.Config.Files = files
	beside := ""
	if again {
		beside = files.Results
	}
	src, err := openSource(c.Input, c.Stdin, beside)
	if err != nil {
		return nil, err
	}
	p.source = src
	if err := p.readAside(on); err != nil {
		src.remove()
		return nil, err
	}
	if err := p.check(); err != nil {
		src.remove()
		return nil, err
	}
	return p, nil
}

// Name is what messages call the input.
func (p *Input) Name() string { return p.source.name }

// Rows is how many rows the input has below its header.
func (p *Input) Rows() int { return p.Set.Rows() + p.bad }

// read reads the input. It calls begin with the header, and bad with each row that cannot be used.
func (p *Input) read(begin func(*reader.Header), bad func(*reader.Row)) error {
	in, err := reader.New(p.source.name, p.source.reader(), p.Config.Reader)
	if err != nil {
		return InputRefusal(err)
	}
	p.Header = in.Header()
	begin(p.Header)
	b := chunker.NewBuilder()
	for row, err := range in.Rows() {
		switch {
		case err != nil:
			return InputRefusal(err)
		case row.Err != nil:
			if p.bad++; p.Config.SkipInvalid {
				p.Bad = append(p.Bad, row.Err)
			} else {
				p.wrong.Add(row.Err)
			}
			bad(row)
		default:
			groups := b.Groups()
			if err := b.Add(row.Link, row.Line); err != nil {
				return &Refusal{Err: err}
			}
			if b.Groups() > groups { // a parent record that may be new
				p.names.noteName(p.Header, row)
			}
			p.noteDoubt(row)
		}
	}
	if p.SHA256, err = p.source.digest(); err != nil {
		return &Refusal{Cause: p.source.name, Err: err}
	}
	p.Set = b.Build()
	p.Suspicions = suspicion.Find(p.Set)
	p.lookAtOptions()
	return nil
}

// lookAtOptions looks for options that rows contradict. It looks again when lists have got their
// API names.
func (p *Input) lookAtOptions() {
	others := slices.DeleteFunc(p.Suspicions, func(s suspicion.Suspicion) bool { return s.Kind == suspicion.UnusedOption })
	p.Suspicions = append(suspicion.UnusedOptions(p.Set, p.Header, p.Config.Reader), others...)
}

// noteDoubt notes a link that an earlier run left unknown or in doubt, if the row is of a failures
// file.
func (p *Input) noteDoubt(row *reader.Row) {
	status, code, _ := p.Header.Earlier(row.Raw)
	switch {
	case status != string(outcome.Unknown):
	case code == report.CodeInDoubt:
		p.inDoubt = append(p.inDoubt, row.Link)
	default:
		p.leftUnknown = append(p.leftUnknown, row.Link)
	}
}

// InputRefusal makes a Refusal of an error of the reader.
func InputRefusal(err error) error {
	var in *reader.InputError
	if errors.As(err, &in) {
		return &Refusal{Err: err, Hint: in.Hint}
	}
	return &Refusal{Err: err}
}

// refuseRows refuses rows that cannot be used. wrong are the relations that cannot be delinked.
func (p *Input) refuseRows(wrong problems) *Refusal {
	r := &Refusal{
		Cause:  fmt.Sprintf("%s: %d rows cannot be used", p.source.name, p.bad),
		Hint:   "correct them",
		Remedy: SkipInvalidRows,
		Rows:   wrong.rows(p),
	}
	if p.bad == 1 {
		r.Cause = p.source.name + ": 1 row cannot be used"
	}
	if p.Config.Files.Invalid != "" {
		r.Hint += " in " + p.Config.Files.Invalid
	}
	// To go on without the rows that cannot be decoded could leave out everybody whose name has an
	// accent.
	if p.wrong.Undecoded() {
		r.Remedy = NoRemedy
		if p.Header.IsEncodingTold() {
			r.Remedy = NameEncoding
		}
	}
	r.Rows.Join(&p.wrong)
	return r
}

// check refuses what must not be sent.
func (p *Input) check() error {
	var wrong problems
	for _, r := range p.Set.Relations() {
		wrong.add(relation.HoldsRecordsAlways(r.Relation))
	}
	switch {
	case p.bad > 0 && !p.Config.SkipInvalid:
		return p.refuseRows(wrong)
	case len(wrong) > 0:
		return wrong.refusal(p)
	case p.suspected(false) != nil:
		return &Refusal{Err: p.suspected(false)}
	case p.Config.MaxLinks > 0 && p.Set.Links() > p.Config.MaxLinks:
		r := because(RaiseMaxLinks, "%s has %d links, more than the limit of %d", p.source.name, p.Set.Links(), p.Config.MaxLinks)
		r.Hint = "check that this is the right file"
		return r
	}
	return nil
}
