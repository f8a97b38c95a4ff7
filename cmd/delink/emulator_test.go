package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"delink/pkg/zoho/emulator"
)

// A large input comes in several parts. No link of it is lost.
func TestLinksComeInParts(t *testing.T) {
	const links = 40_000
	var input bytes.Buffer
	input.WriteString("module;parent_id;relation;related_id;link.Member_Status\n")
	for i := range links {
		fmt.Fprintf(&input, "Campaigns;3652397000000400001;Leads;%d;Sent\n", 3652397000000900001+i)
	}
	if input.Len() < 2*loadedAtOnce {
		t.Fatalf("%d bytes are no large input", input.Len())
	}
	path := filepath.Join(t.TempDir(), "links.csv")
	if err := os.WriteFile(path, input.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	e := emulator.New(emulator.Default())
	p := &program{}
	if err := p.loadLinks(e, &emulatorFlags{links: path}); err != nil {
		t.Fatal(err)
	}
	if n := e.Books().Linked; n != links {
		t.Errorf("%d links are there, not %d", n, links)
	}
}
