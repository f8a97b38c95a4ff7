package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// sumsFile has the sums of all other files, in the form that sha256sum -c reads.
const sumsFile = "SHA256SUMS"

func (r *release) sums() error {
	slices.Sort(r.made)
	var text strings.Builder
	for _, name := range r.made {
		sum, err := r.sum(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s  %s\n", sum, name)
	}
	return r.emit(sumsFile, []byte(text.String()))
}

func (r *release) sum(name string) (string, error) {
	data, err := os.ReadFile(filepath.Join(r.out, name))
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), err
}

// billOfMaterials lists the modules that a target's program was built from, as CycloneDX. It is read
// from the program itself.
func (r *release) billOfMaterials(t target) error {
	path := filepath.Join(r.stage, t.os+"_"+t.arch, "sbom.json")
	err := r.tool(cyclonedx, "bin", "-json", "-std", "-noserial", "-notimestamp", "-version", r.version, "-output", path, r.compiled(t))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var bill map[string]any
	if err := json.Unmarshal(text, &bill); err != nil {
		return err
	}
	about, ok := bill["metadata"].(map[string]any)
	if !ok {
		return fmt.Errorf("the bill of materials has no metadata")
	}
	if tools, ok := about["tools"].([]any); ok {
		for _, tool := range tools {
			// The sums of the tool are those of the one that was built on this machine.
			if tool, ok := tool.(map[string]any); ok {
				delete(tool, "hashes")
			}
		}
	}
	about["timestamp"] = r.time.Format(time.RFC3339) // of the commit, so that the file is the same each time
	if text, err = jsonOf(bill); err != nil {
		return err
	}
	return r.emit(r.name(t)+".cdx.json", text)
}

// recipe is what the templates of package managers ask for.
type recipe struct{ *release }

func (r recipe) URL() string     { return r.url }
func (r recipe) Version() string { return r.version }

// archiveOf is the archive of a target, which was made before.
func (r recipe) archiveOf(name string) (string, error) {
	targets, err := parseTargets(name)
	if err != nil {
		return "", err
	}
	for _, ending := range []string{".tar.gz", ".zip"} {
		if file := r.name(targets[0]) + ending; slices.Contains(r.made, file) {
			return file, nil
		}
	}
	return "", fmt.Errorf("there is no archive for %s", name)
}

// Link is where the archive of a target will lie.
func (r recipe) Link(name string) (string, error) {
	file, err := r.archiveOf(name)
	return r.url + "/" + file, err
}

// Sum is the sum of the archive of a target.
func (r recipe) Sum(name string) (string, error) {
	file, err := r.archiveOf(name)
	if err != nil {
		return "", err
	}
	return r.sum(file)
}

// Folder is the folder in the archive of a target.
func (r recipe) Folder(name string) (string, error) {
	file, err := r.archiveOf(name)
	return strings.TrimSuffix(file, ".zip"), err
}

// recipes makes the formula for Homebrew and the manifest for Scoop, each if the archives that it
// names were made.
func (r *release) recipes(targets []target) error {
	for _, c := range []struct {
		template, name string
		of             []target
	}{
		{"packaging/homebrew/delink.rb", "delink.rb", []target{{"darwin", "arm64"}, {"darwin", "amd64"}, {"linux", "arm64"}, {"linux", "amd64"}}},
		{"packaging/scoop/delink.json", "delink.json", []target{{"windows", "amd64"}, {"windows", "arm64"}}},
	} {
		if i := slices.IndexFunc(c.of, func(t target) bool { return !slices.Contains(targets, t) }); i >= 0 {
			fmt.Printf("no %s, which needs %s\n", c.name, c.of[i])
			continue
		}
		text, err := fill(c.template, recipe{r})
		if err != nil {
			return err
		}
		if err := r.emit(c.name, text); err != nil {
			return err
		}
	}
	return nil
}
