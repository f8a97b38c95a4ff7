package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"testing"

	"delink/pkg/disk"
	"delink/pkg/zoho/emulator/wire"
)

// hasty is a disk that syncs nothing: no power is lost here, and a thousand runs would wait for it.
type hasty struct{ disk.OS }

func (hasty) Append(name string, size int64) (disk.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return hastyFile{f}, f.Truncate(size)
}

func (hasty) Replace(name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o600)
}

type hastyFile struct{ *os.File }

func (hastyFile) Sync() error { return nil }

// serveInMemory has the program's connections lead to h, whatever their address and without
// encryption, until the test ends.
func serveInMemory(t *testing.T, h http.Handler) {
	crm := wire.Serve(t, h)
	standard := http.DefaultTransport
	http.DefaultTransport = &http.Transport{DialContext: crm.Dial, DialTLSContext: crm.Dial}
	t.Cleanup(func() {
		http.DefaultTransport = standard
	})
}
