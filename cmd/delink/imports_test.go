package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var order = []string{
	"pkg/crash", "pkg/parallel", "pkg/outcome", "pkg/disk", "pkg/sealed", "pkg/zoho/internal/web", "pkg/zoho", "pkg/nearest", "pkg/zoho/login", "pkg/progress",
	"pkg/reader/value", "pkg/reader/text", "pkg/reader/scan", "pkg/reader", "pkg/chunker", "pkg/suspicion", "pkg/worker/engine", "pkg/worker",
	"pkg/relation", "pkg/journal", "pkg/trace", "pkg/report", "pkg/recap", "pkg/page", "pkg/job", "pkg/export", "pkg/job/simulation", "pkg/doctor", "pkg/probe",
}

// starters are the only places outside of programs that start goroutines: everything else is
// called, and ends when it returns. The functions of package parallel, and the digest of an input,
// end when they return, too.
var starters = []string{"pkg/worker/", "pkg/progress/", "pkg/crash/", "pkg/parallel/", "pkg/trace/log.go", "pkg/job/digest.go", "pkg/zoho/emulator/server.go", "pkg/zoho/emulator/wire/"}

// program reports whether a package is a program, which may import everything and start what it
// likes.
func isProgram(pkg string) bool {
	return strings.HasPrefix(pkg, "cmd/") || pkg == "bench" || pkg == "packaging/dist"
}

func TestImportsPointOneWay(t *testing.T) {
	seen := map[string]bool{}
	eachFile(t, func(path string, file *ast.File, _ *token.FileSet) {
		pkg := filepath.ToSlash(filepath.Dir(path))
		seen[pkg] = true
		rank := slices.Index(order, pkg)
		if rank < 0 && !strings.HasPrefix(pkg, "pkg/zoho/emulator") && !isProgram(pkg) {
			t.Errorf("%s: the package has no place in the order of imports", path)
			return
		}
		for _, i := range file.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			of, ours := strings.CutPrefix(name, "delink/")
			switch {
			case !ours || isProgram(pkg):
			case strings.HasPrefix(pkg, "pkg/zoho/emulator") && strings.HasPrefix(of, "pkg/zoho/emulator/"):
			case slices.Index(order, of) < 0 || slices.Index(order, of) >= rank:
				t.Errorf("%s imports %s", path, of)
			}
		}
	})
	for _, pkg := range order {
		if !seen[pkg] {
			t.Errorf("there is no package %s", pkg)
		}
	}
}

func TestFewStartGoroutines(t *testing.T) {
	eachFile(t, func(path string, file *ast.File, set *token.FileSet) {
		if isProgram(filepath.ToSlash(filepath.Dir(path))) || slices.ContainsFunc(starters, func(s string) bool { return strings.HasPrefix(path, s) }) {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			starts := false
			switch n := n.(type) {
			case *ast.GoStmt:
				starts = true
			case *ast.CallExpr: // of an errgroup.Group, or a sync.WaitGroup
				f, ok := n.Fun.(*ast.SelectorExpr)
				starts = ok && (f.Sel.Name == "Go" || f.Sel.Name == "AfterFunc")
			}
			if starts {
				t.Errorf("%s:%d: starts a goroutine", path, set.Position(n.Pos()).Line)
			}
			return true
		})
	})
}

// eachFile visits every Go file of the module that is not a test.
func eachFile(t *testing.T, visit func(path string, file *ast.File, set *token.FileSet)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		visit(filepath.ToSlash(rel), file, set)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
