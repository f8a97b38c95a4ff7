package job

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"testing"
	"testing/iotest"
)

// However the input comes, in blocks that the caller overwrites, the digest is the one of all of it.
func TestDigest(t *testing.T) {
	text := bytes.Repeat([]byte("Campaigns,1,Leads,2\n"), 5000)
	for name, src := range map[string]io.Reader{
		"nothing":   onlyReader{bytes.NewReader(nil)},
		"whole":     onlyReader{bytes.NewReader(text)},
		"by halves": iotest.HalfReader(bytes.NewReader(text)),
		"by bytes":  iotest.OneByteReader(bytes.NewReader(text)),
	} {
		d, read := newDigest(), sha256.New()
		block := make([]byte, 1000) // io.CopyBuffer uses it again for each read
		if _, err := io.CopyBuffer(onlyWriter{io.MultiWriter(d, read)}, src, block); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%x", read.Sum(nil)); d.String() != want {
			t.Errorf("%s: the digest is %s, want %s", name, d, want)
		}
	}
}

// onlyWriter and onlyReader hide all other methods, so that io.CopyBuffer uses its buffer.
type (
	onlyWriter struct{ io.Writer }
	onlyReader struct{ io.Reader }
)
