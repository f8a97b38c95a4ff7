package job

import (
	"errors"
	"fmt"
	"io"
	"time"

	"delink/pkg/disk"
	"delink/pkg/reader"
	"delink/pkg/report"
)

// errNone keeps a file from being written that would have no rows.
var errNone = errors.New("all rows can be used")

// readAside reads the input, and writes the rows that cannot be used into a file of their own. An
// older file gets a new name, even if there is no such row: it would be taken for this input's
// file.
func (p *Input) readAside(on disk.Disk) error {
	path := p.Config.Files.Invalid
	if path == "" {
		return p.read(func(*reader.Header) {}, func(*reader.Row) {})
	}
	held, err := lock(on, part{RoleInvalid, &path})
	if err != nil {
		return err
	}
	defer held.Unlock()
	on = held
	var wrong error // of the input, in contrast to errors of the file
	err = on.Replace(path, func(w io.Writer) error {
		var out *report.InvalidRows
		begin := func(h *reader.Header) { out = report.NewInvalidRows(w, h) }
		if wrong = p.read(begin, func(row *reader.Row) { out.Write(row) }); wrong != nil {
			return wrong
		}
		if _, err := putAside(on, path, time.Now()); err != nil {
			return err
		}
		if p.bad == 0 {
			return errNone
		}
		return out.Flush()
	})
	switch {
	case wrong != nil:
		return wrong
	case err != nil && !errors.Is(err, errNone):
		return fmt.Errorf("the rows that cannot be used were not written to %s, nothing was sent: %w", path, err)
	}
	return nil
}
