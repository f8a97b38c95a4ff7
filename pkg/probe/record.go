package probe

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"delink/pkg/disk"
	"delink/pkg/zoho"
)

// Record is what a probe writes down before it changes anything: how the link was. A probe that is
// killed can be taken back with it.
type Record struct {
	Format  int         `json:"delink_probe"`
	Time    time.Time   `json:"time"`
	OrgID   string      `json:"org_id"` // empty if it is not known
	API     string      `json:"api"`
	Module  string      `json:"module"`
	Parent  string      `json:"parent_id"`
	List    string      `json:"relation"`
	Related string      `json:"related_id"`
	Fields  zoho.Fields `json:"fields"` // the link's own
	Step    Step        `json:"step"`   // the step that was about to be made
}

// recordFormat is the format that this version writes and reads.
const recordFormat = 1

// RecordName is the name of the file of a probe that begins now.
func RecordName(now time.Time) string {
	return "delink-probe-" + now.UTC().Format("20060102T150405Z") + ".json"
}

// write keeps the record in a file that only its owner can read.
func (r *Record) write(on disk.Disk, name string) error {
	return on.Replace(name, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(r)
	})
}

// ReadRecord reads the file of a probe.
func ReadRecord(on disk.Disk, name string) (r Record, err error) {
	f, err := on.Read(name)
	if err != nil {
		return r, err
	}
	defer f.Close()
	if json.NewDecoder(io.LimitReader(f, 1<<20)).Decode(&r) != nil || r.Format == 0 {
		return r, fmt.Errorf("%s is not the file of a probe", name)
	}
	if r.Format != recordFormat {
		return r, fmt.Errorf("%s is the file of another version of delink", name)
	}
	_, err = r.target()
	return r, err
}

func (r *Record) target() (Target, error) {
	t, err := ParseTarget(fmt.Sprintf("%s.%s:%s:%s", r.Module, r.List, r.Parent, r.Related))
	if err == nil && !zoho.ValidName(t.Relation.List) {
		err = fmt.Errorf("%q is not the API name of a related list", t.Relation.List)
	}
	if err != nil {
		return t, fmt.Errorf("the file of the probe is damaged: %w", err)
	}
	return t, nil
}
