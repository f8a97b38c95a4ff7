package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

var (
	targets = flag.String("dist.targets", "", "the targets of the release that the tests make, with commas between them; all for all")
	cold    = flag.Bool("dist.cold", false, "compile everything anew for the second release, too, which takes minutes")
)

// TestRelease makes a release twice, in two folders, and looks at what is in it. It takes a minute
// or more, and fetches tools. So it runs only if -dist.targets says for what (.ci/dist).
func TestRelease(t *testing.T) {
	if *targets == "" {
		t.Skip("NOT CHECKED: no release is made; .ci/dist makes one")
	}
	first := makeRelease(t, t.TempDir(), "022", nil)
	env := []string{"TZ=Asia/Tokyo", "LC_ALL=tr_TR.UTF-8", "TMPDIR=" + t.TempDir()}
	if *cold {
		env = append(env, "GOCACHE="+t.TempDir())
	}
	second := makeRelease(t, filepath.Join(t.TempDir(), "another", "folder"), "077", env)

	t.Run("the same twice", func(t *testing.T) { compareFolders(t, first, second) })
	t.Run("sums", func(t *testing.T) { checkSums(t, first) })
	t.Run("nothing of this machine", func(t *testing.T) { checkForTraces(t, first) })
	t.Run("archives", func(t *testing.T) { checkArchives(t, first) })
	t.Run("packages", func(t *testing.T) { checkPackages(t, first) })
	t.Run("image", func(t *testing.T) { checkImage(t, first) })
	t.Run("bills of materials", func(t *testing.T) { checkBills(t, first) })
	t.Run("recipes", func(t *testing.T) { checkRecipes(t, first) })
}

const (
	aCommit = "0123456789abcdef0123456789abcdef01234567"
	anEpoch = "1795910583" // 2026-11-29T00:03:03Z
)

// makeRelease copies the source into a folder, makes a release there and returns its folder. mask is
// the umask.
func makeRelease(t *testing.T, folder, mask string, env []string) string {
	t.Helper()
	copySource(t, folder)
	chosen := *targets
	if chosen == "all" {
		chosen = ""
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", `umask "$0" && exec go run ./packaging/dist -targets "$1"`, mask, chosen)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "DIST_COMMIT="+aCommit, "SOURCE_DATE_EPOCH="+anEpoch)
	cmd.Env = append(cmd.Env, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(folder, "dist")
}

// copySource copies what a release is made from.
func copySource(t *testing.T, to string) {
	t.Helper()
	root := os.DirFS(filepath.Join("..", ".."))
	for _, name := range []string{"go.mod", "go.sum", "LICENSE", "README.md", "CHANGELOG.md", "cmd", "pkg", "docs", "packaging"} {
		err := fs.WalkDir(root, name, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.Contains(path, "/testdata/") {
				return err
			}
			data, err := fs.ReadFile(root, path)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(filepath.Join(to, filepath.Dir(path)), 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(to, path), data, 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// eachMade visits the files of a release.
func eachMade(t *testing.T, folder string, visit func(name string, data []byte)) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		visit(e.Name(), data)
	}
}

func compareFolders(t *testing.T, first, second string) {
	made := map[string][]byte{}
	eachMade(t, first, func(name string, data []byte) { made[name] = data })
	n := 0
	eachMade(t, second, func(name string, data []byte) {
		n++
		if !bytes.Equal(made[name], data) {
			t.Errorf("%s differs: %d bytes, and %d", name, len(made[name]), len(data))
		}
	})
	if n != len(made) || n < 7 {
		t.Errorf("%d files, and %d", len(made), n)
	}
}

func checkSums(t *testing.T, folder string) {
	sums, err := os.ReadFile(filepath.Join(folder, sumsFile))
	if err != nil {
		t.Fatal(err)
	}
	eachMade(t, folder, func(name string, data []byte) {
		sum := sha256.Sum256(data)
		if line := hex.EncodeToString(sum[:]) + "  " + name + "\n"; name != sumsFile && !strings.Contains(string(sums), line) {
			t.Errorf("%s has no such line: %s", sumsFile, line)
		}
	})
}

// checkForTraces looks in all files, and in what is packed in them, for names that are of this
// machine only.
func checkForTraces(t *testing.T, folder string) {
	var settings map[string]string
	out, err := exec.CommandContext(t.Context(), "go", "env", "-json", "GOROOT", "GOMODCACHE", "GOCACHE", "GOPATH", "GOPROXY").Output()
	if err != nil || json.Unmarshal(out, &settings) != nil {
		t.Fatal(err)
	}
	traces := map[string]string{"the folder of the source": filepath.Dir(folder), "a temporary folder": filepath.Join(os.TempDir(), "delink-dist-")}
	for name, value := range settings {
		traces[name] = value
	}
	for proxy := range strings.FieldsFuncSeq(settings["GOPROXY"], func(r rune) bool { return strings.ContainsRune(",|", r) }) {
		if _, host, ok := strings.Cut(proxy, "://"); ok {
			traces["the module proxy"] = strings.TrimRight(host, "/")
		}
	}
	delete(traces, "GOPROXY")
	if host, err := os.Hostname(); err == nil && len(host) >= 8 && host != "localhost" {
		traces["the name of this machine"] = host
	}
	eachMade(t, folder, func(name string, data []byte) {
		for _, part := range unpacked(data) {
			for what, trace := range traces {
				if trace != "" && bytes.Contains(part, []byte(trace)) {
					t.Errorf("%s holds %s: %s", name, what, trace)
				}
			}
		}
	})
}

// unpacked is data itself, all that is compressed in it with gzip, and the files of a zip.
func unpacked(data []byte) [][]byte {
	parts := [][]byte{data}
	if z, err := zip.NewReader(bytes.NewReader(data), int64(len(data))); err == nil {
		for _, f := range z.File {
			if r, err := f.Open(); err == nil {
				part, _ := io.ReadAll(r)
				parts = append(parts, part)
			}
		}
		return parts
	}
	for at := 0; ; at++ {
		i := bytes.Index(data[at:], []byte{0x1f, 0x8b, 8})
		if i < 0 {
			return parts
		}
		at += i
		r, err := gzip.NewReader(bytes.NewReader(data[at:]))
		if err != nil {
			continue
		}
		r.Multistream(false)
		if part, _ := io.ReadAll(r); len(part) > 0 {
			parts = append(parts, part)
			if len(part) > 1<<20 { // manual pages are compressed inside
				parts = append(parts, unpacked(part)[1:]...)
			}
		}
	}
}

// checkArchives looks into the archives, and runs the program of the one for this machine.
func checkArchives(t *testing.T, folder string) {
	eachMade(t, folder, func(name string, data []byte) {
		inside, ok := strings.CutSuffix(name, ".tar.gz")
		if !ok {
			return
		}
		files := untar(t, gunzip(t, data))
		for _, want := range []string{"delink", "LICENSE", "README.md", "docs/scheduling.md", "completions/_delink", "completions/delink.bash", "completions/delink.fish", "completions/delink.ps1", "man/man1/delink.1", "man/man1/delink-run.1"} {
			if len(files[inside+"/"+want]) == 0 {
				t.Errorf("%s has no %s", name, want)
			}
		}
		if strings.HasSuffix(inside, "_"+runtime.GOOS+"_"+runtime.GOARCH) {
			checkVersion(t, files[inside+"/delink"])
		}
	})
}

// checkVersion runs a program.
func checkVersion(t *testing.T, program []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "delink")
	if err := os.WriteFile(path, program, 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), path, "version").Output()
	if want := fmt.Sprintf("(commit %s of 2026-11-29, %s, %s/%s)\n", aCommit[:12], runtime.Version(), runtime.GOOS, runtime.GOARCH); err != nil || !strings.HasSuffix(string(out), want) {
		t.Errorf("delink version: %v, %q, which does not end with %q", err, out, want)
	}
}

// checkPackages looks for the names of files in the packages, whatever their form.
func checkPackages(t *testing.T, folder string) {
	n := 0
	eachMade(t, folder, func(name string, data []byte) {
		zsh := map[string]string{".deb": "vendor-completions", ".rpm": "site-functions", ".apk": "site-functions"}[filepath.Ext(name)]
		if zsh == "" {
			return
		}
		n++
		inside := bytes.Join(unpacked(data), nil)
		for _, want := range []string{
			"/usr/bin/delink", "/usr/lib/systemd/system/delink.service", "/usr/lib/systemd/system/delink.timer", "/usr/lib/sysusers.d/delink.conf",
			"/usr/share/man/man1/delink-run.1.gz", "/usr/share/bash-completion/completions/delink", "/usr/share/zsh/" + zsh + "/_delink",
			"/usr/share/fish/vendor_completions.d/delink.fish", "/usr/share/doc/delink/docs/scheduling.md",
		} {
			if !bytes.Contains(inside, []byte(want[1:])) {
				t.Errorf("%s has no %s", name, want)
			}
		}
	})
	if n < 3 && strings.Contains(*targets, "linux") {
		t.Errorf("%d packages", n)
	}
}

// checkImage follows an image from its index to the program.
func checkImage(t *testing.T, folder string) {
	eachMade(t, folder, func(name string, data []byte) {
		if !strings.HasSuffix(name, ".oci.tar") {
			return
		}
		files := untar(t, data)
		for path, blob := range files {
			if sum, ok := strings.CutPrefix(path, "blobs/sha256/"); ok && sum != "" && digest(blob) != "sha256:"+sum {
				t.Errorf("%s: %s has another digest", name, path)
			}
		}
		var index, manifest struct {
			Manifests, Layers []descriptor
			Config            descriptor
		}
		var config imageConfig
		read(t, files["index.json"], &index)
		read(t, files[pathOf(index.Manifests[0])], &manifest)
		read(t, files[pathOf(manifest.Config)], &config)
		if config.Config.User != "65532:65532" || config.Config.Entrypoint[0] != "/usr/bin/delink" || config.Config.Labels["org.opencontainers.image.revision"] != aCommit {
			t.Errorf("%s: %+v", name, config.Config)
		}
		layer := gunzip(t, files[pathOf(manifest.Layers[0])])
		if digest(layer) != config.RootFS.DiffIDs[0] || manifest.Layers[0].Size != len(files[pathOf(manifest.Layers[0])]) {
			t.Errorf("%s: the layer is another one", name)
		}
		system := untar(t, layer)
		if _, ok := system["data/"]; !ok || len(system["usr/bin/delink"]) == 0 {
			t.Errorf("%s: the file system lacks data or usr/bin/delink", name)
		}
	})
}

func checkBills(t *testing.T, folder string) {
	eachMade(t, folder, func(name string, data []byte) {
		if !strings.HasSuffix(name, ".cdx.json") {
			return
		}
		var bill struct {
			BOMFormat  string
			Components []struct{ Name string }
		}
		read(t, data, &bill)
		names := fmt.Sprint(bill.Components)
		for _, want := range []string{"github.com/spf13/cobra", "golang.org/x/crypto/x509roots/fallback", "std"} {
			if !strings.Contains(names, "{"+want+"}") {
				t.Errorf("%s: %s is not among the components: %s", name, want, names)
			}
		}
	})
}

// checkRecipes looks for the archives that the recipes name.
func checkRecipes(t *testing.T, folder string) {
	if *targets != "all" {
		t.Skip("recipes need all targets")
	}
	for _, name := range []string{"delink.rb", "delink.json"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		eachMade(t, folder, func(archive string, data []byte) {
			sum := sha256.Sum256(data)
			if strings.Contains(string(text), "/"+archive+`"`) {
				n++
				if !strings.Contains(string(text), hex.EncodeToString(sum[:])) {
					t.Errorf("%s has another sum of %s", name, archive)
				}
			}
		})
		if n < 2 || strings.Contains(string(text), "{{") {
			t.Errorf("%s names %d archives:\n%s", name, n, text)
		}
		if name == "delink.json" {
			read(t, text, new(map[string]any))
		}
	}
}

func read(t *testing.T, data []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
}

func gunzip(t *testing.T, data []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func untar(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	r := tar.NewReader(bytes.NewReader(data))
	for {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}
