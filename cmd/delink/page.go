package main

import (
	"cmp"
	"errors"
	"fmt"
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
	return files.Page, nil
}

// savePage writes the page of a job.
func (p *program) savePage(path, input string, m *recap.Model) error {
	v := newReportView(m, input, paper{})
	shown := &page.Page{Model: m, Name: cmp.Or(m.Input, input), Verdict: v.standing(), Version: version, Made: time.Now()}
	for i := range m.Runs {
		shown.Ends = append(shown.Ends, v.howEnded(i))
	}
	for _, g := range m.Unknown {
		shown.Gaps = append(shown.Gaps, gaps[g])
	}
	if err := page.Save(p.disk, path, shown); err != nil {
		return fmt.Errorf("the page cannot be written: %w", err)
	}
	return nil
}

// pageOfRun writes the page of a run that has ended, and returns its path. If it cannot be written,
// people are told, and the path is empty.
func (p *program) pageOfRun(f *runFlags, input string, end *job.Ending) string {
	if f.page == "" || end.Summary.ExitCode == outcome.ExitInterrupted { // they do not want to wait
		return ""
	}
	path, err := p.pagePlace(f.files(), input)
	if err == nil && path != "" {
		var m *recap.Model
		if m, err = p.recap(&reportFlags{results: f.results, summary: f.summary}, input); err == nil {
			err = p.savePage(path, input, m)
		}
	}
	if err != nil {
		p.ui.note(disk.Printable(err.Error()))
		return ""
	}
	return path
}
