package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"delink/pkg/report"
)

// version is the version of the release. CHANGELOG.md says what is in it.
const version = "0.1.0"

// The linker sets these for a release (packaging/dist). In other builds they are empty, and what
// the go command has recorded counts.
var (
	commit   string
	date     string // when the commit was made, in the form of RFC 3339
	modified string // "true" if files differed from the commit
)

// build says from what a program was built.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"` // empty where it is not known
	Date     string `json:"date"`   // of the commit
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

// thisBuild is the build that runs.
func thisBuild() build {
	b := build{
		Version: version, Commit: commit, Date: date, Modified: modified == "true",
		Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
	}
	info, ok := debug.ReadBuildInfo()
	if commit != "" || !ok {
		return b
	}
	return b.from(info.Settings)
}

// from adds what the go command has recorded of the source.
func (b build) from(settings []debug.BuildSetting) build {
	for _, s := range settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// line is the build for people.
func (b build) line() string {
	var about []string
	if b.Commit != "" {
		source := "commit " + b.Commit[:min(len(b.Commit), 12)]
		if day, _, ok := strings.Cut(b.Date, "T"); ok {
			source += " of " + day
		}
		if b.Modified {
			source += " with changes"
		}
		about = append(about, source)
	}
	about = append(about, b.Go, b.OS+"/"+b.Arch)
	return fmt.Sprintf("delink %s (%s)\n", b.Version, strings.Join(about, ", "))
}

func (p *program) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "says which version this is, and of which commit",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return report.EncodeJSON(p.stdout, thisBuild())
			}
			_, err := io.WriteString(p.stdout, thisBuild().line())
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}
