package report

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"delink/pkg/disk"
	"delink/pkg/reader"
)

// ReadSnapshot calls visit for each row of a snapshot, in the order of the file, with the link's own
// fields, and with the name of the CRM that the row is about. A file that does not exist has no
// rows. An unfinished last row is passed over: a killed run leaves one, and has not sent its link.
// The error is a *NotALedger if delink did not write the file, or if somebody changed it since.
//
// A link has several rows if several attempts were about to remove it. The last row with fields
// counts: the link was like that before the last attempt that could see its fields. A later row
// without fields takes nothing away, because a login that may not see fields gives such a row.
func ReadSnapshot(on disk.Disk, path string, visit func(l reader.Link, org string, fields map[string]string) error) error {
	var names []string
	_, _, err := scanSnapshot(on, path, func(header []string) { names = header }, func(row []string) error {
		l, err := linkOf(row)
		if err != nil {
			return err
		}
		fields := map[string]string{}
		for i, cell := range row[len(snapshotColumns):] {
			if cell != "" {
				fields[names[i]] = textOf(cell)
			}
		}
		return visit(l, row[len(snapshotColumns)-1], fields)
	})
	return err
}

// readSnapshot calls visit with the cells of each row. It gives the names of the fields, and the
// size of the header and of all whole rows in bytes.
func readSnapshot(on disk.Disk, path string, visit func(row []string) error) (names []string, size int64, err error) {
	return scanSnapshot(on, path, func([]string) {}, visit)
}

// scanSnapshot is readSnapshot that gives the names of the fields before the first row.
func scanSnapshot(on disk.Disk, path string, begin func(names []string), visit func(row []string) error) (names []string, size int64, err error) {
	f, err := on.Read(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	lines := newWholeLines(f)
	rows := csv.NewReader(lines)
	rows.ReuseRecord = true
	header, err := rows.Read()
	switch {
	case lines.err != nil && lines.err != errEmptyLine && lines.err != errLongLine:
		return nil, 0, lines.err
	case err == io.EOF && lines.torn+lines.empty == 0: // an empty file
		return nil, 0, nil
	}
	if names = fieldNames(header); err != nil || names == nil {
		return nil, 0, &NotALedger{path, 1, "is not a snapshot of delink: its first line is another one", false}
	}
	begin(names)
	for line := 2; ; line++ { // each row is one line
		row, err := rows.Read()
		if lines.err != nil {
			return nil, 0, lines.fault(path, line)
		}
		if err == io.EOF {
			return names, lines.size, nil
		}
		if err := snapshotFault(err, row, len(snapshotColumns)+len(names)); err != nil {
			return nil, 0, damaged(path, line, err.Error())
		}
		if at, _ := rows.FieldPos(0); at != line {
			return nil, 0, damaged(path, line, errEmptyLine.Error())
		}
		if err := visit(row); err != nil {
			return nil, 0, err
		}
	}
}

// fieldNames gives the names of the fields in the first line of a snapshot; nil if it is another
// file's.
func fieldNames(header []string) []string {
	if len(header) < len(snapshotColumns) || !slices.Equal(header[:len(snapshotColumns)], snapshotColumns) {
		return nil
	}
	names := []string{}
	for _, column := range header[len(snapshotColumns):] {
		cell, is := strings.CutPrefix(column, reader.LinkColumn)
		name := textOf(cell)
		if !is || cell == "" || slices.Contains(names, name) {
			return nil
		}
		names = append(names, name)
	}
	return names
}

// snapshotFault says what is wrong with a row that was read, or could not be taken apart because of
// err.
func snapshotFault(err error, row []string, columns int) error {
	if err != nil {
		return errors.New(faultOf(err, columns))
	}
	if _, err := strconv.Atoi(row[0]); err != nil {
		return errors.New("line " + strconv.Quote(row[0]) + " is not a number")
	}
	_, err = linkOf(row)
	return err
}

// linkOf gives the link that a row of a snapshot is about.
func linkOf(row []string) (reader.Link, error) {
	r := Row{Module: row[1], Parent: row[2], Relation: row[3], Related: row[4]}
	if err := r.checkIDs(); err != nil {
		return reader.Link{}, err
	}
	return r.Link()
}
