package report

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"delink/pkg/disk"
	"delink/pkg/zoho"
)

// header is the first line of a result file. A file with another first line was not made by this
// version of the program.
var header = strings.Join(columns, ",") + "\n"

// columns are the columns of a result file, from the tags of cells.
var columns = func() []string {
	t := reflect.TypeFor[cells]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("csv")
	}
	return names
}()

// olderHeader is the first line of a result file that does not say which CRM its rows are about.
const olderHeader = "line,module,parent_id,relation,related_id,status,code,message,http_status,attempts,time\n"

// NotALedger is the error for a file that cannot be used as a result file, as a summary or as a
// snapshot.
type NotALedger struct {
	Path    string
	Line    int
	Cause   string
	Changed bool // delink wrote the file, and somebody changed it since
}

func (e *NotALedger) Error() string { return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Cause) }

// Extent is the part of a result file that consists of whole rows.
type Extent struct {
	Exists bool
	Size   int64 // bytes up to the last whole row
	Rows   int
	Torn   int64 // bytes of an unfinished row behind it, which a killed run leaves
}

// ReadLedger calls visit for each row of a result file, in the order of the file, with the byte at
// which the row begins. The row is overwritten after the call, and visit must change nothing in it
// but its Line. A file that does not exist has no rows. The error is a *NotALedger if delink did
// not write the file, or if somebody changed it since. An unfinished last row is no error, because
// a killed run leaves one: it is passed over.
func ReadLedger(on disk.Disk, path string, visit func(row *Row, at int64) error) (Extent, error) {
	f, err := on.Read(path)
	if errors.Is(err, os.ErrNotExist) {
		return Extent{}, nil
	}
	if err != nil {
		return Extent{}, err
	}
	defer f.Close()

	lines := newWholeLines(f)
	line, err := lines.in.ReadSlice('\n') // a file of another program may have no line end
	first := string(line)
	switch {
	case err != nil && err != io.EOF && err != bufio.ErrBufferFull:
		return Extent{}, err
	case first == header:
	case err == io.EOF && strings.HasPrefix(header, strings.TrimRight(first, "\x00")):
		// The run was killed in its first write.
		return Extent{Exists: true, Torn: int64(len(first))}, nil
	case first == olderHeader:
		return Extent{}, &NotALedger{path, 1, "is a result file of an older version of delink, and does not say which CRM its rows are about", false}
	default:
		return Extent{}, &NotALedger{path, 1, "is not a result file of delink: its first line is another one", false}
	}
	n, err := readRows(path, lines, visit)
	if err != nil {
		return Extent{}, err
	}
	return Extent{Exists: true, Rows: n, Size: int64(len(header)) + lines.size, Torn: lines.torn}, nil
}

// What is wrong with lines that delink has not written.
var (
	errEmptyLine = errors.New("there is an empty line, or a row is not one line")
	errLongLine  = errors.New("a line is longer than any that delink writes")
)

func damaged(path string, line int, fault string) error {
	return &NotALedger{path, line, "is damaged: " + fault, true}
}

// faultOf says what is wrong with a row that cannot be taken apart.
func faultOf(err error, columns int) string {
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		return fmt.Sprintf("the row does not have %d columns", columns)
	case errors.Is(err, csv.ErrQuote), errors.Is(err, csv.ErrBareQuote):
		return "a quotation mark is missing, or is in the wrong place"
	}
	return err.Error()
}

func (r *Row) checkIDs() error {
	if _, err := zoho.ParseID(r.Parent); err != nil {
		return fmt.Errorf("parent_id %q %w", r.Parent, err)
	}
	if _, err := zoho.ParseID(r.Related); err != nil {
		return fmt.Errorf("related_id %q %w", r.Related, err)
	}
	return nil
}

// wholeLines reads a file up to its last line end. Empty lines at the end, which an editor may
// leave, do not count: what is added to the file takes their place.
type wholeLines struct {
	in       *bufio.Reader
	rest     []byte
	keepLast bool   // for a Follower
	last     []byte // the end of the last line
	size     int64
	count    int   // of lines
	torn     int64 // bytes of an unfinished line behind the last line end
	empty    int64 // bytes of empty lines behind the last line that is not empty
	err      error // why there are no more lines, although the file has not ended
}

// lineMax is how long a line can be, in bytes.
const lineMax = 1 << 20

func newWholeLines(f io.Reader) *wholeLines { return &wholeLines{in: bufio.NewReaderSize(f, lineMax)} }

func (w *wholeLines) Read(p []byte) (int, error) {
	if err := w.fill(); err != nil {
		return 0, err
	}
	n := copy(p, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

// fill reads a line into rest, if nothing is left of the one before.
func (w *wholeLines) fill() error {
	if len(w.rest) > 0 {
		return nil
	}
	line, err := w.in.ReadSlice('\n')
	for {
		switch {
		case err == nil && (string(line) == "\n" || string(line) == "\r\n"):
			w.empty += int64(len(line))
		case err == bufio.ErrBufferFull && len(bytes.TrimLeft(line, "\x00")) == 0:
			w.torn += int64(len(line)) // zeros, which a power failure may leave at the end
		default:
			return w.take(line, err)
		}
		line, err = w.in.ReadSlice('\n')
	}
}

// take takes a line that is not empty, or what ends the lines.
func (w *wholeLines) take(line []byte, err error) error {
	switch {
	case err == io.EOF:
		w.torn += int64(len(line))
		return io.EOF
	case err == bufio.ErrBufferFull, err == nil && w.torn > 0:
		w.err = errLongLine
	case err != nil:
		w.err = err
	case w.empty > 0:
		w.err = errEmptyLine
	default:
		w.size += int64(len(line))
		w.count++
		if w.keepLast {
			w.last = append(w.last[:0], line[max(0, len(line)-lastMax):]...)
		}
		w.rest = line
	}
	return w.err
}

// fault is err, or the error for lines that delink has not written. line is where they are.
func (w *wholeLines) fault(path string, line int) error {
	if w.err == errEmptyLine || w.err == errLongLine {
		return damaged(path, line, w.err.Error())
	}
	return w.err
}

// Ledger is a result file that is being added to.
type Ledger struct {
	file    disk.File
	encoder *encoder
	crm     string // the name of the CRM that new rows are about
	size    int64  // bytes
	release func() // gives back the reserved space; nil after that
	trouble error  // see Trouble
	broken  error  // why no row can be written any more
}

// rowSize is the space that is reserved for a row, in bytes. A row needs more only if its message
// is very long.
const rowSize = 512

// OpenLedger opens a result file, to append rows about a CRM behind the last whole row. It makes
// the file if there is none. reserve is the number of rows for which it reserves disk space: links
// that are sent already need a row even if the disk is full.
func OpenLedger(on disk.Disk, path string, e Extent, reserve int, crm string) (*Ledger, error) {
	release, err := on.Reserve(path, int64(reserve)*rowSize)
	if err != nil {
		return nil, err
	}
	f, err := on.Append(path, e.Size)
	if err != nil {
		release()
		return nil, err
	}
	if e.Size == 0 {
		if _, err = io.WriteString(f, header); err == nil {
			err = f.Sync()
		}
		if err != nil {
			release()
			return nil, errors.Join(err, f.Close())
		}
	}
	return &Ledger{file: f, encoder: newEncoder(), crm: crm, release: release, size: max(e.Size, int64(len(header)))}, nil
}

// Append adds rows with one write. If the write fails, the disk may be full. Then Append gives back
// the reserved space and writes the rest of the rows, and Trouble returns the first error. If the
// second write fails too, every later Append fails, because a row behind an incomplete one could
// not be read back.
func (l *Ledger) Append(rows []Row) error {
	if l.broken != nil {
		return l.broken
	}
	for i := range rows {
		rows[i].Org = l.crm
	}
	b, err := l.encoder.encode(rows)
	if err == nil {
		var n int
		n, err = l.file.Write(b)
		l.size += int64(len(b))
		if err != nil && l.release != nil {
			l.trouble = err
			l.release()
			l.release = nil
			_, err = l.file.Write(b[n:])
		}
	}
	l.broken = err
	return err
}

// Trouble returns the error for which no more links should be sent, although all rows so far are
// written: the disk is full. It is nil if there is none.
func (l *Ledger) Trouble() error { return l.trouble }

// Broken reports whether some rows could not be written. The file lacks outcomes then.
func (l *Ledger) Broken() bool { return l.broken != nil }

// Size is how many bytes the file has. It must not be called while Append runs.
func (l *Ledger) Size() int64 { return l.size }

// Sync makes what was appended survive a power failure.
func (l *Ledger) Sync() error { return l.file.Sync() }

// Close syncs and closes, and gives the reserve back.
func (l *Ledger) Close() error {
	if l.release != nil {
		l.release()
		l.release = nil
	}
	return errors.Join(l.file.Sync(), l.file.Close())
}

// Rewrite replaces a result file by one that has only the rows for which keep returns true. keep
// may change their lines. It returns the size of the file in bytes.
func Rewrite(on disk.Disk, path string, keep func(row *Row) bool) (size int64, err error) {
	err = on.Replace(path, func(w io.Writer) error {
		size = int64(len(header))
		out := bufio.NewWriterSize(w, 1<<20)
		enc := newEncoder()
		if _, err := out.WriteString(header); err != nil {
			return err
		}
		one := make([]Row, 1)
		_, err := ReadLedger(on, path, func(row *Row, _ int64) error {
			if !keep(row) {
				return nil
			}
			one[0] = *row
			b, err := enc.encode(one)
			if err != nil {
				return err
			}
			size += int64(len(b))
			_, err = out.Write(b)
			return err
		})
		if err != nil {
			return err
		}
		return out.Flush()
	})
	return size, err
}
