package export

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"delink/pkg/disk"
	"delink/pkg/job"
	"delink/pkg/zoho"
)

// header says what a spool is of. A spool with another header is of another export.
type header struct {
	CRM       string    `json:"crm"` // see zoho.Identity.String
	Relation  string    `json:"relation"`
	Parents   string    `json:"parents"`
	Fields    []string  `json:"fields"`
	Converted Which     `json:"converted"`
	Approved  Which     `json:"approved"`
	Begun     time.Time `json:"begun"`
}

// isOf reports whether two headers are of the same export.
func (h header) isOf(other header) bool {
	a, okA := zoho.ParseIdentity(h.CRM)
	b, okB := zoho.ParseIdentity(other.CRM)
	return okA && okB && a.Compare(b) == zoho.Same && h.Relation == other.Relation && h.Parents == other.Parents &&
		slices.Equal(h.Fields, other.Fields) && h.Converted == other.Converted && h.Approved == other.Approved
}

// spoolOf begins what the name of a spool says, see disk.Hidden.
const spoolOf = "export-"

// spoolPath is the spool of this export beside a file. Exports of other links have other names, so
// that none of them takes the place of another one that is not finished.
func (x *run) spoolPath(beside string) (string, error) {
	h := x.header()
	h.CRM, h.Begun = "", time.Time{} // the CRM is not known yet
	b, err := json.Marshal(h)
	sum := sha256.Sum256(append(b, format...))
	return disk.Hidden(beside, spoolOf+hex.EncodeToString(sum[:4])), err
}

func (x *run) header() header {
	c := &x.config
	return header{
		CRM: x.inquiry.Identity.String(), Relation: c.Relation.String(), Parents: x.parentsKey(), Fields: c.Fields,
		Converted: c.Converted, Approved: c.Approved, Begun: x.started.UTC(),
	}
}

// beside is the file beside which the spool is. For an export to standard output it is one that is
// never written.
func (x *run) beside() (path string, err error) {
	c := &x.config
	if c.Output == Stdout {
		sum := sha256.Sum256([]byte(c.Relation.String() + "\n" + x.parentsKey()))
		return filepath.Join(c.Folder, hex.EncodeToString(sum[:8])+".csv"), nil
	}
	c.Output, err = job.ResolveFile(job.RoleOutput, c.Output)
	return c.Output, err
}

// parentsKey says which parent records the export is of.
func (x *run) parentsKey() string {
	p := &x.config.Parents
	switch {
	case p.Where != "":
		return "where " + p.Where
	case p.View != "":
		return "view " + p.View
	case p.All:
		return "all"
	}
	sum := sha256.New()
	for _, id := range x.ids {
		_, _ = sum.Write(append(id.Append(nil), '\n'))
	}
	return "ids " + hex.EncodeToString(sum.Sum(nil))
}

// resume takes up what an earlier run of the same export has left, or begins a new spool.
func (x *run) resume(e *earlier, path string) (err error) {
	now := x.header()
	size := e.size
	switch {
	case e.header == nil:
		x.isNew = true
		x.tellOthers(path)
	case !e.header.isOf(now):
		if err := x.putAside(e, path); err != nil {
			return err
		}
		x.isNew, size = true, 0
	case x.config.Restart:
		x.earlier.outputs, size = e.outputs, 0
	default:
		x.earlier = e
	}
	if x.spool, err = openSpool(x.world.Disk, path, now, size); err != nil {
		return err
	}
	if size == 0 { // the new spool must know the output of the old one, too
		for _, digest := range x.earlier.outputs {
			err = errors.Join(err, x.spool.output(digest))
		}
	}
	return err
}

// tellOthers tells of the spools of exports of other links with the same output.
func (x *run) tellOthers(path string) {
	if x.config.Output == Stdout {
		return
	}
	folder := filepath.Dir(path)
	names, _ := x.world.Disk.Names(folder) // that they cannot be listed is no reason to end
	for _, name := range names {
		if strings.HasPrefix(name, filepath.Base(disk.Hidden(path, spoolOf))) && name != filepath.Base(path) {
			x.notef("an unfinished export of other links is kept in %s; the command that started it goes on with it", filepath.Join(folder, name))
		}
	}
}

// putAside gives the spool of another CRM a new name, until this export has no spool any more.
func (x *run) putAside(e *earlier, path string) (err error) {
	on := x.world.Disk
	if x.config.Output != Stdout { // what the other export has written is not ours to replace
		if err := checkOutput(on, x.config.Output, nil); err != nil {
			return err
		}
	}
	if x.aside, err = disk.Aside(on, path, x.started); err != nil {
		return err
	}
	x.notef("an unfinished export from another CRM, started at %s, is kept in %s", e.header.Begun.Local().Format(time.DateTime), x.aside)
	return on.Rename(path, x.aside)
}

// removeSpool removes the spool, and gives one that was put aside its name again.
func (x *run) removeSpool() error {
	err := x.world.Disk.Remove(x.spool.path)
	if err == nil && x.aside != "" {
		err = x.world.Disk.Rename(x.aside, x.spool.path)
	}
	return err
}

// arrange sorts the parent records, takes each once, and takes up what an earlier run has listed.
func (x *run) arrange() {
	slices.SortStableFunc(x.parents, func(a, b parent) int { return cmp.Compare(a.id, b.id) })
	x.parents = slices.CompactFunc(x.parents, func(a, b parent) bool { return a.id == b.id })
	for i := range x.parents {
		p := &x.parents[i]
		if j, ok := slices.BinarySearchFunc(x.earlier.parents, p.id, byID); ok {
			p.pages, p.listed, p.state = x.earlier.parents[j].pages, x.earlier.parents[j].listed, closed
			x.taken++
		} else if n, ok := x.earlier.counts[p.id]; ok {
			p.counted = n
		}
	}
	x.earlier.parents, x.earlier.counts = nil, nil
}
