package main

import (
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Where the system has no root certificates, as in an image with nothing else in it, the built-in
// ones count. Package crypto/x509 looks once in the life of a process, so the test has one of its
// own.
func TestRootsAreBuiltIn(t *testing.T) {
	if os.Getenv("WITHOUT_ROOTS") == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRootsAreBuiltIn$", "-test.v")
		none := filepath.Join(t.TempDir(), "none")
		cmd.Env = append(os.Environ(), "WITHOUT_ROOTS=1", "SSL_CERT_FILE="+none, "SSL_CERT_DIR="+none)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		t.Fatal(err)
	}
	if roots.Equal(x509.NewCertPool()) {
		t.Error("there are no root certificates")
	}
}
