package job

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/reader"
	"delink/pkg/report"
	"delink/pkg/suspicion"
	"delink/pkg/zoho"
)

// Config is what to do and how.
type Config struct {
	Input       string // a path, or Stdin
	Stdin       io.Reader
	Reader      reader.Options
	Files       Files
	Allow       []zoho.Relation // accepted beside those that are known
	BatchSize   int             // links per call, 1 to zoho.MaxIDs
	MaxLinks    int             // more are a Refusal; 0 for no limit
	SkipInvalid bool            // go on without the rows that cannot be used
	RetryFailed bool            // send again what failed in an earlier run
	Restart     bool            // begin anew, whatever an earlier run did
	IfChanged   string          // what to do if the input is not that of an unfinished earlier run
	FailAbsent  bool            // absent links count as failures
	Strict      bool            // a suspicion is a Refusal

	AcceptRounded bool // ids that look rounded are no reason for a Refusal
}

// What IfChanged can say; empty is to refuse.
const (
	ChangedResume  = "resume"
	ChangedRestart = "restart"
)

// Plan is an input that has been read and checked.
type Plan struct {
	Config Config
	Set    *chunker.Set
	Header *reader.Header        // how the input was understood
	Bad    []*reader.RowError    // rows that cannot be used; the first ones, if they are why nothing is sent
	SHA256 string                // of the input
	Doubts []suspicion.Suspicion // what may be right and often is not
	bad    int                   // how many rows cannot be used
	source *source
}

// keptBad is how many rows that cannot be used are kept to be shown, where the run does not go on without them. A
// spreadsheet that has changed one id has changed millions.
const keptBad = 1000

// gcPercent keeps the garbage of reading small beside what is kept: ten million rows must fit in a laptop.
const gcPercent = 40

// Read reads the whole input and checks it. again says that it will be read a second time, which Run needs. It writes
// nothing but the file of rows that cannot be used, if one was asked for.
func Read(c Config, on disk.Disk, again bool) (*Plan, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	p := &Plan{Config: c}
	spool := ""
	files, err := c.Files.resolve(c.Input)
	switch {
	case err == nil:
		p.Config.Files = files
	case again:
		return nil, err
	}
	if err := p.Config.Files.check(c.Input); err != nil {
		return nil, err
	}
	if again {
		spool = filepath.Dir(files.Results)
	}
	src, err := openSource(c.Input, c.Stdin, spool)
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
func (p *Plan) Name() string { return p.source.name }

// Rows is how many rows the input has below its header.
func (p *Plan) Rows() int { return p.Set.Rows() + p.bad }

// Close removes what the plan keeps on disk.
func (p *Plan) Close() { p.source.remove() }

// read reads the input: it begins with the header, and gives the rows that cannot be used to bad.
func (p *Plan) read(begin func(*reader.Header), bad func(*reader.Row)) error {
	in, err := reader.New(p.source.name, p.source.reader(), p.Config.Reader)
	if err != nil {
		return inputRefusal(err)
	}
	p.Header = in.Header()
	begin(p.Header)
	b := chunker.NewBuilder()
	for row, err := range in.Rows() {
		switch {
		case err != nil:
			return inputRefusal(err)
		case row.Err != nil:
			if p.bad++; p.Config.SkipInvalid || p.bad <= keptBad {
				p.Bad = append(p.Bad, row.Err)
			}
			bad(&row)
		default:
			if err := b.Add(row.Link, row.Line); err != nil {
				return &Refusal{Err: err}
			}
			if d, open := report.LeftOpen(p.Header.Earlier(row.Raw)); open {
				b.Doubt(row.Link, d)
			}
		}
	}
	if p.SHA256, err = p.source.digest(); err != nil {
		return &Refusal{Cause: p.source.name, Err: err}
	}
	p.Set = b.Build()
	p.Doubts = append(suspicion.UnusedOptions(p.Set, p.Header, p.Config.Reader), suspicion.Find(p.Set)...)
	return nil
}

func inputRefusal(err error) error {
	var in *reader.InputError
	if errors.As(err, &in) {
		return &Refusal{Err: err, Hint: in.Hint}
	}
	return &Refusal{Err: err}
}

// check refuses what must not be sent.
func (p *Plan) check() error {
	var wrong wrongRelations
	for _, r := range p.Set.Relations() {
		if zoho.ClassOf(r.Relation) == zoho.HoldsRecords {
			wrong.add(r.Relation, holdsRecords(r.Relation))
		}
	}
	switch {
	case p.bad > 0 && !p.Config.SkipInvalid:
		rows, where := "rows", ""
		if p.bad == 1 {
			rows = "row"
		}
		if p.Config.Files.Invalid != "" {
			where = " in " + p.Config.Files.Invalid
		}
		return &Refusal{
			Cause: fmt.Sprintf("%s: %d %s cannot be used", p.source.name, p.bad, rows),
			Hint:  "mend them" + where + ", or go on without them with --skip-invalid",
			Rows:  append(wrong.rows(p), p.Bad...),
			More:  p.bad - len(p.Bad),
		}
	case len(wrong) > 0:
		return wrong.refusal(p)
	case p.suspected() != nil:
		return &Refusal{Err: p.suspected()}
	case p.Config.MaxLinks > 0 && p.Set.Links() > p.Config.MaxLinks:
		return refusef("check that this is the right file, or raise --max-links", "%s has %d links, more than --max-links %d", p.source.name, p.Set.Links(), p.Config.MaxLinks)
	}
	return nil
}

// AnswerTime is the time of one call that estimates assume; measured values lie between 0.05 and 0.5 seconds.
const AnswerTime = 300 * time.Millisecond

// EstimateTime is how long calls take with so many in flight, and no more than rate of them a second if rate is not 0.
func EstimateTime(calls, slots int, rate float64) time.Duration {
	rounds := (calls + slots - 1) / max(1, slots)
	d := time.Duration(rounds) * AnswerTime
	if rate > 0 {
		d = max(d, time.Duration(float64(calls)/rate*float64(time.Second)))
	}
	return d
}
