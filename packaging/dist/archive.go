package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// archive makes the archive of a target: a folder with the program and all that belongs to it.
func (r *release) archive(t target) error {
	program, err := os.ReadFile(r.compiled(t))
	if err != nil {
		return err
	}
	files := append([]file{{t.program(), 0o755, program}}, r.docs...)
	files = append(files, in("completions", r.completions)...)
	files = append(files, in("man/man1", r.pages)...)
	if t.os == "linux" {
		units, err := unitFiles()
		if err != nil {
			return err
		}
		files = append(files, in("systemd", units)...)
	}
	files = in(r.name(t), files)
	if t.os == "windows" {
		data, err := zipOf(files, r.time)
		if err != nil {
			return err
		}
		return r.emit(r.name(t)+".zip", data)
	}
	data, err := tarOf(files, r.time, root)
	if err != nil {
		return err
	}
	if data, err = compressed(data); err != nil {
		return err
	}
	return r.emit(r.name(t)+".tar.gz", data)
}

// unitFiles are the files for systemd.
func unitFiles() ([]file, error) {
	var files []file
	for _, name := range []string{"delink.service", "delink.timer"} {
		text, err := os.ReadFile("packaging/systemd/" + name)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name, 0o644, text})
	}
	return files, nil
}

// owner says to whom a file belongs.
type owner func(name string) (id int)

// root owns everything.
func root(string) int { return 0 }

// tarOf packs files, and the folders that they are in. A file whose name ends in / is a folder.
func tarOf(files []file, at time.Time, owned owner) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range sorted(files) {
		id := owned(f.name)
		h := &tar.Header{Name: f.name, Mode: int64(f.mode.Perm()), Size: int64(len(f.data)), ModTime: at, Uid: id, Gid: id, Format: tar.FormatPAX, Typeflag: tar.TypeReg}
		if strings.HasSuffix(f.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if f.mode&fs.ModeSticky != 0 {
			h.Mode |= 0o1000
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

func zipOf(files []file, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range sorted(files) {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: at}
		h.SetMode(f.mode)
		if strings.HasSuffix(f.name, "/") {
			h.SetMode(fs.ModeDir | f.mode)
			h.Method = zip.Store
		}
		to, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := to.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// sorted gives the files by name, with the folders that lack, each before what is in it.
func sorted(files []file) []file {
	known := map[string]bool{}
	for _, f := range files {
		known[f.name] = true
	}
	all := slices.Clone(files)
	for _, f := range files {
		for folder := path.Dir(strings.TrimSuffix(f.name, "/")); folder != "."; folder = path.Dir(folder) {
			if name := folder + "/"; !known[name] {
				known[name] = true
				all = append(all, file{name: name, mode: 0o755})
			}
		}
	}
	slices.SortFunc(all, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	return all
}

// compressed is data in the form of gzip, without a name or a time.
func compressed(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}
