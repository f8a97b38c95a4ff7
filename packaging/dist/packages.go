package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
	"time"
)

// summary says in one line what the program is.
const summary = "Removes relations between Zoho CRM records in bulk"

// installed is a file where a package puts it.
type installed struct {
	file
	packager string // empty for all
	Source   string // where it is while the package is made
}

func (f installed) Name() string     { return f.name }
func (f installed) Packager() string { return f.packager }
func (f installed) Mode() string     { return fmt.Sprintf("%#o", f.mode) }

// packages makes the packages of a target.
func (r *release) packages(t target) error {
	files, err := r.installed(t)
	if err != nil {
		return err
	}
	folder := filepath.Join(r.stage, t.os+"_"+t.arch, "package")
	for i := range files {
		f := &files[i]
		f.Source = filepath.Join(folder, f.packager, f.name)
		if err := r.lay(f.Source, f.file); err != nil {
			return err
		}
	}
	scripts := filepath.Join(folder, "scripts")
	for _, name := range []string{"installed.sh", "remove.sh", "removed.sh"} {
		text, err := os.ReadFile("packaging/scripts/" + name)
		if err != nil {
			return err
		}
		if err := r.lay(filepath.Join(scripts, name), file{name, 0o755, text}); err != nil {
			return err
		}
	}
	config := filepath.Join(folder, "nfpm.yaml")
	text, err := fill("packaging/nfpm.yaml", map[string]any{
		"Arch": packageArch(t), "Version": r.version, "Maintainer": r.maintainer, "Summary": summary, "URL": r.url,
		"Time": r.time.Format(time.RFC3339), "Files": files, "Scripts": scripts,
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return err
	}
	for _, packager := range []string{"deb", "rpm", "apk"} {
		path := filepath.Join(folder, "delink."+packager)
		if err := r.tool(nfpm, "package", "--config", config, "--packager", packager, "--target", path); err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := r.emit(r.name(t)+"."+packager, data); err != nil {
			return err
		}
	}
	return nil
}

// lay writes a file that goes into a package, with the time of the release: apk keeps the times of
// scripts.
func (r *release) lay(path string, f file) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // packages are for everybody
		return err
	}
	if err := os.WriteFile(path, f.data, f.mode); err != nil {
		return err
	}
	return os.Chtimes(path, r.time, r.time)
}

// packageArch is the name of a processor for nfpm, which knows what each kind of package calls it.
func packageArch(t target) string {
	if t.arch == "arm" {
		return "arm6"
	}
	return t.arch
}

// installed are the files of a package.
func (r *release) installed(t target) ([]installed, error) {
	program, err := os.ReadFile(r.compiled(t))
	if err != nil {
		return nil, err
	}
	files := []installed{{file: file{"/usr/bin/delink", 0o755, program}}}
	add := func(packager, path string, data []byte) {
		files = append(files, installed{file: file{path, 0o644, data}, packager: packager})
	}
	for _, page := range r.pages {
		packed, err := compressed(page.data)
		if err != nil {
			return nil, err
		}
		add("", "/usr/share/man/man1/"+page.name+".gz", packed)
	}
	for _, c := range r.completions {
		switch c.name {
		case "delink.bash":
			add("", "/usr/share/bash-completion/completions/delink", c.data)
		case "delink.fish":
			add("", "/usr/share/fish/vendor_completions.d/delink.fish", c.data)
		case "_delink":
			add("deb", "/usr/share/zsh/vendor-completions/_delink", c.data)
			for _, packager := range []string{"rpm", "apk"} {
				add(packager, "/usr/share/zsh/site-functions/_delink", c.data)
			}
		}
	}
	for _, text := range r.docs {
		if text.name != "LICENSE" {
			add("", "/usr/share/doc/delink/"+text.name, text.data)
			continue
		}
		add("deb", "/usr/share/doc/delink/copyright", text.data)
		for _, packager := range []string{"rpm", "apk"} {
			add(packager, "/usr/share/licenses/delink/LICENSE", text.data)
		}
	}
	for _, s := range []struct{ path, source string }{
		{"/usr/lib/systemd/system/delink.service", "delink.service"},
		{"/usr/lib/systemd/system/delink.timer", "delink.timer"},
		{"/usr/lib/sysusers.d/delink.conf", "sysusers.conf"},
		{"/usr/lib/tmpfiles.d/delink.conf", "tmpfiles.conf"},
	} {
		data, err := os.ReadFile("packaging/systemd/" + s.source)
		if err != nil {
			return nil, err
		}
		add("", s.path, data)
	}
	return files, nil
}

// fill fills in a template.
func fill(path string, values any) ([]byte, error) {
	t, err := template.New(filepath.Base(path)).Option("missingkey=error").ParseFiles(path)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, values)
	return b.Bytes(), err
}
