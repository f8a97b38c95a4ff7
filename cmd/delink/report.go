package main

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"delink/pkg/disk"
	"delink/pkg/job"
	"delink/pkg/recap"
	"delink/pkg/report"
)

// reportFlags are the flags of report.
type reportFlags struct {
	folder           folderFlag
	results, summary string
	json             bool
	page             string
}

func (p *program) reportCommand() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report INPUT",
		Short: "sums a job up, over all its runs",
		Long: `report reads what the runs of a job have left beside the input, and sums the job up: its runs, what became of the links,
why links failed and what to do, the largest parent records, answer times, and how it went over time. Whether the job was undone since
comes first.

With --html, the report is one page that a browser shows, from the file alone. It is written instead of the text; with --json as well,
beside the JSON. An older page of the same job is replaced.

The files alone are read. Nothing is sent or changed, and a run may go on meanwhile. Exit code 2 says that there is nothing to report.`,
		Example: `  delink report links.csv
  delink report links.csv --json | jq .causes
  delink report links.csv --html links.html`,
		Args: oneInput,
		RunE: func(_ *cobra.Command, args []string) error {
			p.reads = true
			return p.report(&f, args[0])
		},
	}
	flags := cmd.Flags()
	f.folder.define(flags, "folder of the run's files, instead of beside the input: `DIR`")
	flags.StringVar(&f.results, "results", "", "result `file` (default beside the input: links.results.csv)")
	flags.StringVar(&f.summary, "summary", "", "summary `file` (default beside the results: links.summary.json)")
	flags.BoolVar(&f.json, "json", false, "print the report as JSON")
	flags.StringVar(&f.page, "html", "", "`file` for the report as one HTML page")
	return cmd
}

// files are the files that have a flag.
func (f *reportFlags) files() job.Files {
	return job.Files{Folder: string(f.folder), Results: f.results, Summary: f.summary, Page: f.page}
}

// report writes what became of a job to standard output.
func (p *program) report(f *reportFlags, input string) error {
	place, err := p.pagePlace(f.files(), input)
	if err != nil {
		return err
	}
	m, err := recapOf(p.disk, f, input)
	if err != nil {
		return err
	}
	if place != "" {
		if err := p.savePage(p.disk, place, input, m); err != nil {
			return err
		}
		p.ui.say("the report is in %s", place)
	}
	if f.json {
		return report.EncodeJSON(p.stdout, m)
	}
	if place != "" {
		return nil
	}
	_, err = p.stdout.Write([]byte(newReportView(m, input, p.paper()).text()))
	return err
}

// recapOf gives the model of a job, with what to do about each cause.
func recapOf(on disk.Disk, f *reportFlags, input string) (*recap.Model, error) {
	files, err := f.files().Beside(input)
	if err != nil {
		return nil, err
	}
	undo := job.UndoFiles(files)
	m, err := recap.Read(on, recap.Files{Results: files.Results, Summary: files.Summary, UndoResults: undo.Results, UndoSummary: undo.Summary})
	if errors.Is(err, recap.ErrNothing) {
		return nil, usageError{
			fmt.Errorf("there is nothing to report about %s: neither %s nor %s is there", input, files.Results, files.Summary),
			"run the input first, or say where they are, with --output-dir, or with --results and --summary",
		}
	}
	if err != nil {
		return nil, err
	}
	if !disk.IsStream(input) && input != job.Stdin {
		m.CompareInput(on, input)
		m.NameParents(on, input)
	}
	for i := range m.Causes {
		m.Causes[i].Hint = hintForCode(m.Causes[i].Code)
	}
	return m, nil
}

// paper is what a report is written on.
type paper struct {
	width int
	plain bool // it takes ASCII only
}

// paper finds out what standard output can show. If it leads to a pager, which is no terminal,
// standard error tells how wide the terminal is.
func (p *program) paper() paper {
	on := paper{width: p.ui.Width(), plain: !p.speaksUTF8()}
	if n, err := strconv.Atoi(p.getenv("COLUMNS")); err == nil && n > 0 {
		on.width = n
	}
	if columns := p.stdoutWidth(); columns > 0 {
		on.width = columns
	}
	on.width = max(on.width, narrowest)
	return on
}

// speaksUTF8 reports whether the user's locale has UTF-8. The first of the variables that is set
// counts.
func (p *program) speaksUTF8() bool {
	if p.getenv("TERM") == "dumb" {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(p.getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return runtime.GOOS == "windows" || runtime.GOOS == "darwin"
}
