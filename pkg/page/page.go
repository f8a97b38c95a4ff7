package page

import (
	"bufio"
	"crypto/sha256"
	_ "embed" // the template, the script and the style
	"encoding/base64"
	"encoding/hex"
	"errors"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"delink/pkg/disk"
	"delink/pkg/recap"
	"delink/pkg/report"
)

// Page is what a page shows. Its sentences are the program's.
type Page struct {
	*recap.Model
	Name    string   // of the input
	Verdict string   // how the job stands
	Before  string   // how it stood before it was undone; empty if it was not
	Ends    []string // how each run of the model ended
	Gaps    []string // what is not known
	Version string   // of the program
	Made    time.Time
}

// ErrTaken says that a file is there which is not a page of this job.
var ErrTaken = errors.New("is there already, and is not a report of this job")

// Check returns ErrTaken if a path has a file that Save must not replace. results are those of the
// job.
func Check(on disk.Disk, path, results string) error {
	f, err := on.Read(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	want, err := markOf(results)
	if err != nil {
		return err
	}
	start, err := io.ReadAll(io.LimitReader(f, int64(len(want))))
	if err != nil {
		return err
	}
	if string(start) != want {
		return ErrTaken
	}
	return nil
}

// Save writes a page, or replaces an older one of the same job. The failed rows are read from the
// results once more.
func Save(on disk.Disk, path string, p *Page) error {
	if err := Check(on, path, p.Results); err != nil {
		return err
	}
	rows, err := collect(func(visit func(*report.Row) error) error { return p.EachFailure(on, visit) })
	if err != nil {
		return err
	}
	return on.Replace(path, func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 1<<16)
		if err := write(b, p, rows); err != nil {
			return err
		}
		return b.Flush()
	})
}

// markOf is how the page of a job begins. The place of the results tells jobs apart.
func markOf(results string) (string, error) {
	path, err := filepath.Abs(results)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(path))
	return "<!doctype html>\n<!-- delink report " + hex.EncodeToString(sum[:8]) + ", replaced by the next one -->\n", nil
}

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

//go:embed charts.js
var chartScript string

//go:embed table.js
var tableScript string

//go:embed uplot/uPlot.iife.min.js
var plotScript string

//go:embed uplot/uPlot.min.css
var plotStyle string

//go:embed uplot/LICENSE
var plotLicence string

// inline is what stands in every page, with the policy that allows it and nothing else.
type inline struct {
	pattern       *template.Template
	script, style string
	policy        string
}

var built = sync.OnceValue(func() *inline {
	in := &inline{
		pattern: template.Must(template.New("page").Funcs(functions).Parse(pageText)),
		script:  "/* uPlot: " + plotLicence + "*/\n" + plotScript + chartScript + tableScript,
		style:   plotStyle + pageStyle,
	}
	in.policy = strings.Join([]string{
		"default-src 'none'", "script-src " + hashOf(in.script), "style-src " + hashOf(in.style), "base-uri 'none'", "form-action 'none'",
	}, "; ")
	return in
})

// hashOf is how a policy names an inline script or style.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// write writes the page.
func write(w io.Writer, p *Page, rows *columns) error {
	mark, err := markOf(p.Results)
	if err != nil {
		return err
	}
	packed, err := rows.pack()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, mark); err != nil {
		return err
	}
	in := built()
	return in.pattern.Execute(w, &view{
		Page: p, Policy: in.policy, Listed: rows.Rows, Bad: rows.Total, Rows: packed,
		Script: template.JS(in.script), //nolint:gosec // it is embedded, and has no data
		Style:  template.CSS(in.style), //nolint:gosec // the same
	})
}
