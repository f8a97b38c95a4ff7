package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// gate is a standard error whose writes wait until it is opened.
type gate struct {
	open chan struct{}
	mu   sync.Mutex
	got  bytes.Buffer
}

func (g *gate) Write(b []byte) (int, error) {
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.got.Write(b)
}

func newMessages(w io.Writer) *messages {
	return &messages{w: w, lost: func(n int) string { return fmt.Sprintf("%d lost\n", n) }}
}

// While nobody reads, put returns at once; what does not fit is dropped and counted; errors are
// kept.
func TestMessagesNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		m := newMessages(g)
		line := strings.Repeat("x", mostWaiting/8-1) + "\n"
		for range 20 { // one is being written, eight wait, eleven are lost
			m.put(line, ordinary)
			synctest.Wait()
		}
		m.put("an error\n", needed)
		m.put("lost again\n", ordinary)
		close(g.open)
		m.flush(t.Context())
		m.put("heard again\n", ordinary)
		m.flush(t.Context())
		got := strings.ReplaceAll(g.got.String(), line, "L")
		if want := "LLLLLLLLL11 lost\nan error\n1 lost\nheard again\n"; got != want {
			t.Errorf("written was %q, want %q", got, want)
		}
	})
}

// The queue is bounded for errors, too.
func TestMessagesBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		m := newMessages(g)
		line := strings.Repeat("x", mostWaiting/8-1) + "\n"
		for range 100 {
			m.put(line, needed)
		}
		if m.size > 2*mostWaiting+100 {
			t.Errorf("%d bytes wait", m.size)
		}
		close(g.open)
		m.flush(t.Context())
	})
}

// At its end the program waits a second for a reader who is not there, and longer for one who is
// slow.
func TestMessagesAtTheEnd(t *testing.T) {
	t.Run("nobody reads", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g := &gate{open: make(chan struct{})}
			m := newMessages(g)
			m.put("an error\n", needed)
			begun := time.Now()
			m.finish()
			if took := time.Since(begun); took != lastWait {
				t.Errorf("it waited %v, want %v", took, lastWait)
			}
			close(g.open)
		})
	})
	t.Run("a slow reader", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &slow{every: 900 * time.Millisecond}
			m := newMessages(s)
			for range 5 {
				m.put("line\n", ordinary)
			}
			m.finish()
			if s.lines != 5 {
				t.Errorf("%d lines were written", s.lines)
			}
		})
	})
	t.Run("a reader without end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := newMessages(&slow{every: 900 * time.Millisecond})
			for range 100 {
				m.put("line\n", ordinary)
			}
			begun := time.Now()
			m.finish()
			if took := time.Since(begun); took != longestWait {
				t.Errorf("it waited %v, want %v", took, longestWait)
			}
			m.flush(t.Context())
		})
	})
}

type slow struct {
	every time.Duration
	lines int
}

func (s *slow) Write(b []byte) (int, error) {
	time.Sleep(s.every) // in the bubble of its test, whose clock does not wait
	s.lines++
	return len(b), nil
}

// What could not be written counts as dropped, and is told once writing works again.
func TestMessagesUnwritable(t *testing.T) {
	f := &failing{fail: true}
	m := newMessages(f)
	m.put("first\n", ordinary)
	m.flush(t.Context())
	m.put("second\n", ordinary)
	m.flush(t.Context())
	f.fail = false
	m.put("third\n", ordinary)
	m.flush(t.Context())
	if got, want := f.got.String(), "third\n2 lost\n"; got != want {
		t.Errorf("written was %q, want %q", got, want)
	}
}

type failing struct {
	fail bool
	got  bytes.Buffer
}

func (f *failing) Write(b []byte) (int, error) {
	if f.fail {
		return 0, errors.New("gone")
	}
	return f.got.Write(b)
}

// Messages stand above the bar, the bar is drawn again below them, and its line is empty in the
// end.
func TestMessagesAboveTheBar(t *testing.T) {
	var got bytes.Buffer
	m := newMessages(&got)
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() { m.replace("bar 1") }, "\rbar 1\r"},
		{func() { m.replace("b 2") }, "\rb 2  \r"},
		{func() { m.replace("b 2") }, ""},
		{func() { m.put("note\n", ordinary) }, "\r   \rnote\n\rb 2\r"},
		{func() { m.replace("") }, "\r   \r"},
		{func() { m.put("ending\n", needed) }, "ending\n"},
	} {
		got.Reset()
		step.do()
		m.flush(t.Context())
		if got.String() != step.want {
			t.Errorf("written was %q, want %q", got.String(), step.want)
		}
	}
}

// Of the frames that came while the terminal was busy only the newest one is drawn.
func TestMessagesOnlyTheNewestFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		m := newMessages(g)
		m.put("note\n", ordinary)
		synctest.Wait()
		for i := range 100 {
			m.replace(fmt.Sprint("bar ", i))
		}
		close(g.open)
		m.flush(t.Context())
		if got, want := g.got.String(), "note\n\rbar 99\r"; got != want {
			t.Errorf("written was %q, want %q", got, want)
		}
	})
}
