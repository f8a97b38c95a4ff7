package job

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"delink/pkg/outcome"
	"delink/pkg/report"
)

// readRuns reads the results of the run, and of an undo of it.
func (v *verification) readRuns() (err error) {
	v.book = report.NewBook(v.input.Set, v.input.Bad)
	if v.run, err = v.readPast(v.files, v.book); err != nil {
		return err
	}
	if err := v.run.refusal(v.input, "to be verified"); err != nil {
		return err
	}
	if v.run.summary.State == outcome.Running {
		v.notef("the run was cut off and has not ended since: run it to its end, or what it was about to send may still change")
	}
	undo, err := v.readPast(UndoFiles(v.files), report.NewBook(v.input.Set, v.input.Bad))
	if err != nil {
		return err
	}
	return v.takeUndo(undo)
}

// takeUndo takes the results of an undo, if they are about this run.
func (v *verification) takeUndo(undo *pastRun) error {
	name := undo.files.Results
	s := undo.summary
	switch {
	case !undo.exists:
		return nil
	case s == nil:
		return refusef("move the file away if you do not need it", "the summary of the undo that wrote %s is missing: %s", name, undo.files.Summary)
	case undo.lost() > 0:
		return refusef("put a complete copy of the file there, or undo again, which looks these links up", "%s has lost rows: %s tells of %d more", name, undo.files.Summary, undo.lost())
	case undo.fit.strays > 0:
		return refusef("move the file away if you do not need it", "%s is not from an undo of %s", name, v.input.Name())
	case undo.fit.rows == 0 && undo.foreign > 0:
		v.notef("%s is from an undo in another org or from a rehearsal, and is ignored", name)
		return nil
	case s.UndoCounts == nil || s.UndoCounts.Run != v.run.summary.StartedAt:
		v.notef("%s is from an undo of another run, and is ignored", name)
		return nil
	case s.State != outcome.Finished:
		v.notef("the undo has not ended: what it was about to link may still change")
	}
	v.undo = undo
	return nil
}

// rehearse makes the files true in the emulator inside this process, in which every link exists at
// first.
func (v *verification) rehearse() {
	v.Job.rehearse(v.run.book, v.input.Set)
	for pos := range v.input.Set.Rows() {
		if v.isRehearsal() && v.undid(pos).UndoClaims() == outcome.Linked {
			l, _ := v.input.Set.At(pos)
			v.conn.SetLink(l, true)
		}
	}
}

// undid gives the status that an undo gave a link; empty if it gave none.
func (v *verification) undid(pos int) outcome.Status {
	if v.undo == nil {
		return ""
	}
	if s := v.undo.book.Fate(pos).Status; s != outcome.Pending {
		return s
	}
	return ""
}

// says gives the status of a link, and what that claims. An undo counts more than the run. Where it
// failed, it claims nothing. If the run was cut off while it sent again what had failed, nothing
// shows that the failure still holds.
func (v *verification) says(pos int) (outcome.Status, outcome.Presence) {
	if s := v.undid(pos); s != "" {
		return s, s.UndoClaims()
	}
	s := v.book.Fate(pos).Status
	if s == outcome.Failed && v.run.summary.State == outcome.Running {
		return s, outcome.NotKnown
	}
	return s, s.Claims()
}

// digest says what findings are about: they are of no use for other results, another sample or
// another CRM.
func (v *verification) digest() (string, error) {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%s %s %d\n", v.input.SHA256, v.answers.identity.Name(), v.size)
	for _, name := range []string{v.files.Results, v.files.Summary, UndoFiles(v.files).Results} {
		if err := v.addFile(sum, name); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// forReader gives the refusal with what helps a job that writes none of the files that it is about.
func forReader(err error) error {
	r := new(Refusal)
	if !errors.As(err, &r) {
		return err
	}
	switch {
	case r.Remedy == WaitOrAnother:
		r.Remedy, r.Hint = NoRemedy, "wait until it ends"
	case r.Remedy == AnotherFolder && r.Hint == "":
		// The results are locked beside themselves, so that they cannot stay where they are.
		r.Remedy, r.Role = NameTheCopy, RoleResults
		r.Hint = "make it writable, or copy it with all its files, hidden ones too, to where you can write"
	case r.Remedy == GiveOtherFiles:
		r.Remedy, r.Role = WhereResults, RoleResults
	case r.Remedy == AnotherPlace && (r.Role == RoleVerified || r.Role == RoleUndo):
		r.Remedy, r.Hint = NoRemedy, "move what is there away"
	}
	return r
}

// addFile adds a file to a digest, which may be missing.
func (v *verification) addFile(sum io.Writer, name string) error {
	f, err := v.world.Disk.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(sum, f)
	_, _ = fmt.Fprintf(sum, "\n%d\n", n)
	return err
}
