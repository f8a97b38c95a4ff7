package export

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"delink/pkg/disk"
	"delink/pkg/job"
	"delink/pkg/reader"
	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// columns are the columns that every output has.
var columns = []string{"module", "parent_id", "relation", "related_id", "parent_name"}

// recordColumn is the beginning of the name of a column with a field of the related record.
const recordColumn = "record."

// output writes the rows in order.
type output struct {
	x    *run
	own  []string // the own fields of the links that are wanted, sorted
	rows int
	survey

	namesAt int64 // the line whose names these are
	names   map[zoho.ID]string
}

// links gives the links of a parent record in order.
func (o *output) links(p *parent, do func(l *link) error) error {
	var last zoho.ID
	n := 0
	for _, at := range p.pages {
		var page []link
		if err := o.x.spool.read(at, &page); err != nil {
			return err
		}
		for i := range page {
			if page[i].ID <= last {
				return o.x.spool.changed()
			}
			last = page[i].ID
			if err := do(&page[i]); err != nil {
				return err
			}
		}
		n += len(page)
	}
	if n != p.listed {
		return o.x.spool.changed()
	}
	return nil
}

// wants reports whether a link goes out.
func (o *output) wants(l *link) bool {
	holds, _ := o.x.config.Link.holds(l.Own)
	return holds && !l.Not
}

// prepare finds out which columns there are, and what is to be said of the links.
func (o *output) prepare() error {
	own := map[string]bool{}
	o.survey = newSurvey(o.x)
	for i := range o.x.parents {
		p := &o.x.parents[i]
		if err := o.links(p, func(l *link) error {
			o.look(p, l)
			if o.wants(l) {
				o.rows++
				o.fill(l)
				for name := range l.Own {
					own[name] = true
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	o.own = slices.Sorted(maps.Keys(own))
	return nil
}

// write writes the header and the rows.
func (o *output) write(to io.Writer) error {
	buffered := bufio.NewWriterSize(to, 1<<16)
	out := csv.NewWriter(buffered)
	row := slices.Clone(columns)
	for _, name := range o.own {
		row = append(row, reader.LinkColumn+name)
	}
	for _, name := range o.x.config.Fields {
		row = append(row, recordColumn+name)
	}
	if err := out.Write(row); err != nil {
		return err
	}
	r := o.x.config.Relation
	for i := range o.x.parents {
		p := &o.x.parents[i]
		name, err := o.nameOf(p)
		if err != nil {
			return err
		}
		err = o.links(p, func(l *link) error {
			if !o.wants(l) {
				return nil
			}
			row = append(row[:0], r.Module, p.id.String(), r.List, l.ID.String(), cell(name))
			for _, name := range o.own {
				row = append(row, cell(l.Own[name]))
			}
			for _, name := range o.x.config.Fields {
				row = append(row, cell(l.field(name)))
			}
			return out.Write(row)
		})
		if err != nil {
			return err
		}
	}
	out.Flush()
	return errors.Join(out.Error(), buffered.Flush())
}

// cell is a text as it can stand in the output. A NUL byte would make the output one that no
// program reads.
func cell(s string) string { return value.Cell(strings.ReplaceAll(s, "\x00", "\uFFFD")) }

// nameOf gives the name of a parent record, empty if it is not known.
func (o *output) nameOf(p *parent) (string, error) {
	if p.nameAt == 0 {
		return "", nil
	}
	if p.nameAt != o.namesAt {
		o.namesAt, o.names = p.nameAt, nil
		if err := o.x.spool.read(p.nameAt, &o.names); err != nil {
			return "", err
		}
	}
	return o.names[p.id], nil
}

// finish writes the output. Its digest is in the spool before it is there, so that the next export
// knows it again.
func (x *run) finish() error {
	o := &output{x: x}
	if err := o.prepare(); err != nil {
		return err
	}
	x.summary.Rows = o.rows
	if err := o.tell(o.rows); err != nil {
		return err
	}
	x.sum() // there may be more that is not complete
	if x.config.Output == Stdout {
		return o.write(x.config.Stdout)
	}
	return x.world.Disk.Replace(x.config.Output, func(w io.Writer) error {
		sum := sha256.New()
		if err := o.write(io.MultiWriter(w, sum)); err != nil {
			return err
		}
		if err := checkOutput(x.world.Disk, x.config.Output, x.earlier.outputs); err != nil { // somebody may have made it meanwhile
			return err
		}
		return x.spool.output(hex.EncodeToString(sum.Sum(nil)))
	})
}

// checkOutput refuses an output that is there already, unless it is of an export that is not
// complete: digests has those that it wrote.
func checkOutput(on disk.Disk, path string, digests []string) error {
	f, err := on.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	begin := &bytes.Buffer{}
	if _, err := io.CopyN(io.MultiWriter(sum, begin), f, mostHeader); err != nil && err != io.EOF {
		return err
	}
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if slices.Contains(digests, hex.EncodeToString(sum.Sum(nil))) || begin.Len() < mostHeader && isHeader(begin) {
		return nil
	}
	return &job.Refusal{Cause: fmt.Sprintf("%s is there already, and is not overwritten", path), Remedy: job.AnotherPlace, Role: job.RoleOutput}
}

// mostHeader is how many bytes the header of an output has at most.
const mostHeader = 1 << 16

// isHeader reports whether a file is an output of ours without rows. Nothing is lost with it.
func isHeader(f io.Reader) bool {
	in := csv.NewReader(f)
	in.FieldsPerRecord = -1
	names, err := in.Read()
	if err != nil || len(names) < len(columns) || !slices.Equal(names[:len(columns)], columns) {
		return false
	}
	_, err = in.Read()
	return err == io.EOF && !slices.ContainsFunc(names[len(columns):], func(name string) bool {
		return !strings.HasPrefix(name, reader.LinkColumn) && !strings.HasPrefix(name, recordColumn)
	})
}
