package main

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"delink/pkg/disk"
)

func cmdFIFO(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 1, "fifo NAME")
	ts.Check(syscall.Mkfifo(ts.MkAbs(args[0]), 0o600))
}

func cmdReading(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 1, "reading NAME")
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY, 0) // waits for a reader
	ts.Check(err)
	ts.Defer(func() { f.Close() })
}

func cmdUnread(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 1, "unread NAME")
	path := ts.MkAbs(args[0])
	ts.Check(syscall.Mkfifo(path, 0o600))
	pipe, err := syscall.Open(path, syscall.O_RDWR|syscall.O_NONBLOCK, 0)
	ts.Check(err)
	ts.Defer(func() { _ = syscall.Close(pipe) })
	for size := 1 << 16; size > 0; {
		switch _, err := syscall.Write(pipe, make([]byte, size)); {
		case errors.Is(err, syscall.EAGAIN):
			size /= 2 // a pipe takes less than a page only if the whole fits
		case !errors.Is(err, syscall.EINTR):
			ts.Check(err)
		}
	}
}

// mainThatPanics is the program with a bug: writing a row panics, or starts a goroutine without a
// guard that does.
func mainThatPanics() {
	os.Exit(start(disk.OS{Calls: panicking{in: os.Getenv("PANIC_IN")}}))
}

type panicking struct {
	disk.System
	in string
}

func (p panicking) Append(name string) (disk.Handle, error) {
	f, err := p.System.Append(name)
	if err != nil || !strings.HasSuffix(name, ".results.csv") {
		return f, err
	}
	return panickingFile{f, p.in}, nil
}

func (p panicking) Same(f disk.Handle, name string) (bool, error) {
	if own, ok := f.(panickingFile); ok {
		f = own.Handle
	}
	return p.System.Same(f, name)
}

type panickingFile struct {
	disk.Handle
	in string
}

func (f panickingFile) Write(b []byte) (int, error) {
	switch f.in {
	case "write":
		panic("a bug in a write")
	case "goroutine":
		go func() { panic("a bug in a goroutine") }()
		select {}
	}
	return f.Handle.Write(b)
}
