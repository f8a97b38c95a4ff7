// Dist makes everything that is published of a release, in the folder dist: archives, packages,
// images, lists of what is in them, and SHA256SUMS. Made twice from one commit, with one version of
// Go, the files are the same byte for byte: nothing in them depends on the machine, the folder or
// the time.
//
// It needs Go, and git or the variables SOURCE_DATE_EPOCH and DIST_COMMIT. From the network it
// needs the Go module proxy only.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// placeholder is where files are said to lie unless -url says where. No such host exists.
const placeholder = "https://downloads.example.com/delink/VERSION"

func main() {
	if err := dist(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func dist(args []string) error {
	flags := flag.NewFlagSet("dist", flag.ExitOnError)
	out := flags.String("out", "dist", "folder for the files; what an earlier call has made there is removed")
	names := flags.String("targets", "", "targets with commas between them, such as linux/amd64 (default all)")
	url := flags.String("url", placeholder, "where people will download the files; VERSION in it is the version")
	maintainer := flags.String("maintainer", "The authors of delink <delink@example.com>", "whom packages name as their maintainer")
	if err := flags.Parse(args); err != nil {
		return err
	}
	targets, err := parseTargets(*names)
	if err != nil {
		return err
	}
	stage, err := os.MkdirTemp("", "delink-dist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	r := &release{out: *out, stage: stage, maintainer: *maintainer}
	if err := r.identify(); err != nil {
		return err
	}
	r.url = strings.ReplaceAll(*url, "VERSION", r.version)
	if err := r.clear(); err != nil {
		return err
	}
	if err := r.make(targets); err != nil {
		return err
	}
	if *url == placeholder {
		fmt.Printf("the formula, the manifest and the packages name %s, which does not exist: -url (make: DIST_URL) says where the files will be\n", r.url)
	}
	return nil
}

// make makes all files.
func (r *release) make(targets []target) error {
	if err := r.document(); err != nil {
		return err
	}
	for _, t := range targets {
		fmt.Println(t)
		if err := r.compile(t); err != nil {
			return err
		}
		steps := []func(target) error{r.archive, r.billOfMaterials}
		if t.os == "linux" {
			steps = append(steps, r.packages, r.image)
		}
		for _, step := range steps {
			if err := step(t); err != nil {
				return fmt.Errorf("%s: %w", t, err)
			}
		}
	}
	if err := r.recipes(targets); err != nil {
		return err
	}
	return r.sums()
}

// clear makes the folder for the files. One that holds something else is left alone.
func (r *release) clear() error {
	entries, err := os.ReadDir(r.out)
	if err == nil && len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(r.out, sumsFile)); err != nil {
			return fmt.Errorf("%s holds something else than an earlier release: remove it, or choose another folder with -out", r.out)
		}
		if err := os.RemoveAll(r.out); err != nil {
			return err
		}
	}
	return os.MkdirAll(r.out, 0o755) //nolint:gosec // these files are for everybody
}
