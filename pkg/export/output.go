package export

import (
	"bufio"
	"cmp"
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
	own  []string        // the own fields of the links that are wanted, sorted
	seen map[string]bool // the own fields of all links
	rows int

	namesAt int64 // the line whose names these are
	names   map[zoho.ID]string
}

// links gives the links of a parent record in order.
func (o *output) links(p *parent, do func(l *link) error) error {
	for _, at := range p.pages {
		var page []link
		if err := o.x.spool.read(at, &page); err != nil {
			return err
		}
		for i := range page {
			if err := do(&page[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// wants reports whether a link goes out.
func (o *output) wants(l *link) bool { return !l.Not && o.x.config.Link.holds(l.Own) }

// prepare finds out which columns there are.
func (o *output) prepare() error {
	own := map[string]bool{}
	o.seen = map[string]bool{}
	for i := range o.x.parents {
		err := o.links(&o.x.parents[i], func(l *link) error {
			wanted := o.wants(l)
			for name := range l.Own {
				o.seen[name] = true
				if wanted {
					own[name] = true
				}
			}
			if wanted {
				o.rows++
			}
			return nil
		})
		if err != nil {
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
				row = append(row, cell(cmp.Or(l.Fields[name], l.Own[name])))
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
	for _, name := range slices.Sorted(maps.Keys(x.config.Link)) {
		if !o.seen[name] && x.summary.Links > 0 {
			x.notef("no link has a field %s of its own", name)
		}
	}
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
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if slices.Contains(digests, hex.EncodeToString(sum.Sum(nil))) {
		return nil
	}
	return &job.Refusal{Cause: fmt.Sprintf("%s is there already, and is not overwritten", path), Remedy: job.AnotherPlace, Role: job.RoleOutput}
}
