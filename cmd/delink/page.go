package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"delink/pkg/disk"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/page"
	"delink/pkg/recap"
)

// pagePlace gives the path for the page of a job, or says why no page can be there. It is empty if
// files have none.
func (p *program) pagePlace(files job.Files, input string) (string, error) {
	if files.Page == "" {
		return "", nil
	}
	files, err := files.Check(input)
	if err != nil {
		return "", err
	}
	err = page.Check(p.disk, files.Page, files.Results)
	if errors.Is(err, page.ErrTaken) {
		return "", &job.Refusal{Cause: files.Page + " " + err.Error(), Remedy: job.AnotherPlace, Role: job.RolePage}
	}
	if err != nil {
		return "", &job.Refusal{Cause: "the page that is there cannot be read", Err: err, Remedy: job.AnotherPlace, Role: job.RolePage}
	}
	if err := job.TryFolder(p.disk, job.RolePage, files.Page); err != nil {
		return "", err
	}
	return files.Page, nil
}

// savePage writes the page of a job.
func (p *program) savePage(on disk.Disk, path, input string, m *recap.Model) error {
	v := newReportView(m, input, paper{})
	shown := &page.Page{Model: m, Name: cmp.Or(m.Input, input), Version: version, Made: time.Now()}
	shown.Verdict, shown.Before = v.verdicts()
	for i := range m.Runs {
		shown.Ends = append(shown.Ends, v.howEnded(i))
	}
	for _, g := range m.Unknown {
		shown.Gaps = append(shown.Gaps, gaps[g])
	}
	if err := page.Save(on, path, shown); err != nil {
		return fmt.Errorf("the page cannot be written: %w", err)
	}
	return nil
}

// untilDisk is a disk whose files cannot be read any more once a context has ended. Results can be
// large, and a second signal says that nothing is to be waited for.
type untilDisk struct {
	disk.Disk
	until context.Context
}

func (d untilDisk) Read(name string) (io.ReadCloser, error) {
	f, err := d.Disk.Read(name)
	if err != nil {
		return nil, err
	}
	return untilFile{f, d.until}, nil
}

type untilFile struct {
	io.ReadCloser
	until context.Context
}

func (f untilFile) Read(b []byte) (int, error) {
	if err := f.until.Err(); err != nil {
		return 0, err
	}
	return f.ReadCloser.Read(b)
}

// pageOfRun writes the page of a run that has ended, and returns its path. If it cannot be written,
// people are told, and the path is empty.
func (p *program) pageOfRun(f *runFlags, input string, end *job.Ending) string {
	if f.page == "" || end.Summary.ExitCode == outcome.ExitInterrupted { // they do not want to wait
		return ""
	}
	defer p.ifLong("writing the report…")()
	path, err := p.pagePlace(f.files(), input)
	if err == nil {
		on := untilDisk{p.disk, p.signals.Hard()}
		var m *recap.Model
		if m, err = recapOf(on, &reportFlags{folder: f.folder, results: f.results, summary: f.summary}, input); err == nil {
			err = p.savePage(on, path, input, m)
		}
	}
	if err != nil {
		p.ui.note("there is no report of this run: " + err.Error())
		return ""
	}
	return path
}
