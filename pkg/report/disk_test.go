package report

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"delink/pkg/disk"
	"delink/pkg/outcome"
)

// quick is the system's disk without its syncs: they are of no use to tests that cut no power, and
// take most of the time.
var quick = disk.OS{Calls: unsynced{}}

type unsynced struct{ disk.System }

func (u unsynced) Append(name string) (disk.Handle, error) { return noSync(u.System.Append(name)) }

func (u unsynced) Temp(near, what string) (disk.Handle, error) {
	return noSync(u.System.Temp(near, what))
}

func (unsynced) SyncFolder(string) error { return nil }

func (unsynced) Same(disk.Handle, string) (bool, error) { return true, nil }

type unsyncedHandle struct{ disk.Handle }

func (unsyncedHandle) Sync() error { return nil }

func noSync(h disk.Handle, err error) (disk.Handle, error) {
	if err != nil {
		return nil, err
	}
	return unsyncedHandle{h}, nil
}

// full is a disk on which a file can grow to so many bytes while there is a reserve, and by the
// reserve once it is gone.
type full struct {
	unsynced
	room     *int
	reserved *int
}

func (f full) Append(name string) (disk.Handle, error) {
	h, err := f.unsynced.Append(name)
	if err != nil {
		return h, err
	}
	return fullHandle{h, f.room}, nil
}

func (f full) Remove(name string) error {
	if strings.Contains(name, ".delink-"+disk.Reserved+"-") {
		*f.room += *f.reserved
	}
	return f.unsynced.Remove(name)
}

type fullHandle struct {
	disk.Handle
	room *int
}

func (h fullHandle) Write(p []byte) (int, error) {
	n, err := h.Handle.Write(p[:min(len(p), *h.room)])
	*h.room -= n
	if err == nil && n < len(p) {
		err = syscall.ENOSPC
	}
	return n, err
}

// On a full disk what is in flight is recorded in the space that was reserved, and Trouble says why
// nothing else may be sent. When that is full, too, nothing is said to be recorded.
func TestLedgerOnAFullDisk(t *testing.T) {
	name := filepath.Join(t.TempDir(), "links.results.csv")
	room, reserved := len(header)+150, 300
	on := disk.OS{Calls: full{room: &room, reserved: &reserved}}
	l, err := OpenLedger(on, name, Extent{}, 1, "7")
	if err != nil {
		t.Fatal(err)
	}
	row := Row{Line: 2, Module: "Campaigns", Parent: "1", Relation: "Leads", Related: "2", Status: outcome.Removed, Time: Timestamp(time.Unix(0, 0))}
	written := 0
	for l.Append([]Row{row}) == nil {
		written++
		if full := written*len("2,Campaigns,1,Leads,2,removed,,,,0,1970-01-01T00:00:00.000Z,7\n") > 150; full != (l.Trouble() != nil) {
			t.Errorf("row %d: the trouble is %v", written, l.Trouble())
		}
	}
	_ = l.Close()
	e, err := ReadLedger(on, name, func(*Row, int64) error { return nil })
	if err != nil || e.Rows != written || written != 450/62 || e.Torn == 0 {
		t.Errorf("%d rows written, %+v, %v", written, e, err)
	}
	if !errors.Is(l.Trouble(), syscall.ENOSPC) {
		t.Errorf("the trouble is %v", l.Trouble())
	}
}
