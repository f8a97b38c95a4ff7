package main

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"delink/pkg/crash"
)

const (
	// mostWaiting bounds the messages that wait for standard error, in bytes. It is far more than a
	// run says between two looks of a slow reader. Errors and endings may take as much again.
	mostWaiting = 1 << 20

	// lastWait is how long the program waits at its end for a standard error that takes nothing any
	// more.
	lastWait = time.Second

	// longestWait is how long the program waits at its end for a standard error that is slow.
	longestWait = 10 * time.Second
)

// messages is the queue in front of standard error. Putting a message in the queue never waits: a
// terminal that was stopped, or a pipe that nobody reads, must stop neither the run nor its
// signals. One goroutine writes. It exists only while there is something to write. If the queue is
// full, a message is dropped and counted.
//
// The last line of a terminal can show a frame, the progress bar. Messages are written above the
// frame, and only the newest frame is drawn.
type messages struct {
	w    io.Writer
	lost func(n int) string // the message that tells of n dropped ones

	mu      sync.Mutex
	queue   []string
	size    int           // bytes in queue
	full    bool          // a message was dropped, and the queue is still more than half full
	dropped int           // dropped messages of which no message tells yet
	frame   string        // the frame to be shown; empty for none
	shown   string        // the frame on the terminal
	written int           // writes that have ended, which shows whether somebody reads
	idle    chan struct{} // closed when all is written; nil if nothing is being written
}

// urgency says what happens to a message that finds the queue full.
type urgency bool

const (
	ordinary urgency = false // the message is dropped and counted
	needed   urgency = true  // it is kept: an error, an ending or a question
)

// put queues a message.
func (m *messages) put(text string, u urgency) {
	m.mu.Lock()
	defer m.mu.Unlock()
	most := mostWaiting
	if u == needed {
		most *= 2
	}
	if u == ordinary && m.full || m.size+len(text) > most {
		m.full = true
		m.dropped++
		return
	}
	if u == needed {
		m.tellDropped() // the dropped messages stood before this one
	}
	m.push(text)
}

// replace has a line shown below all messages, in place of an older one.
func (m *messages) replace(line string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.frame = line
	m.start()
}

// push queues a message, however full the queue is.
func (m *messages) push(text string) {
	m.queue = append(m.queue, text)
	m.size += len(text)
	m.start()
}

// tellDropped queues the message about dropped messages.
func (m *messages) tellDropped() {
	if m.dropped == 0 {
		return
	}
	if text := m.lost(m.dropped); text != "" {
		m.push(text)
	}
	m.dropped = 0
}

// start has the queue written, unless it is being written.
func (m *messages) start() {
	if m.idle == nil {
		m.idle = make(chan struct{})
		go m.drain()
	}
}

// drain writes until the queue is empty.
func (m *messages) drain() {
	defer crash.Guard()
	for {
		text, ok := m.next()
		if !ok {
			return
		}
		_, err := io.WriteString(m.w, text)
		m.wrote(err)
	}
}

// next takes what is to be written next: a message or, if there is none, a newer frame.
func (m *messages) next() (text string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case len(m.queue) > 0:
		text = erase(m.shown) + m.queue[0]
		m.shown = ""
		m.size -= len(m.queue[0])
		m.queue = m.queue[1:]
		if m.full && m.size <= mostWaiting/2 {
			m.full = false
			m.tellDropped()
		}
		return text, true
	case m.frame != m.shown:
		text = redraw(m.shown, m.frame)
		m.shown = m.frame
		return text, true
	}
	m.queue = nil
	close(m.idle)
	m.idle = nil
	return "", false
}

// wrote notes how a write ended.
func (m *messages) wrote(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.written++
	switch {
	case err != nil:
		m.dropped++
	case !m.full:
		m.tellDropped()
	}
}

// flush waits until all is written, or ctx ends.
func (m *messages) flush(ctx context.Context) {
	if idle, _ := m.state(); idle != nil {
		select {
		case <-idle:
		case <-ctx.Done():
		}
	}
}

// finish waits until all is written. It gives up after longestWait, and if no write ends for
// lastWait.
func (m *messages) finish() {
	idle, before := m.state()
	if idle == nil {
		return
	}
	look := time.NewTicker(lastWait)
	defer look.Stop()
	end := time.NewTimer(longestWait)
	defer end.Stop()
	for {
		select {
		case <-idle:
			return
		case <-end.C:
			return
		case <-look.C:
			_, written := m.state()
			if written == before {
				return
			}
			before = written
		}
	}
}

func (m *messages) state() (idle <-chan struct{}, written int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.idle, m.written
}

// erase empties the line of a frame. Spaces do that on every terminal, control sequences only on
// some.
func erase(frame string) string {
	if frame == "" {
		return ""
	}
	return "\r" + strings.Repeat(" ", utf8.RuneCountInString(frame)) + "\r"
}

// redraw writes a frame over another one. The line is not emptied in between, which would flicker.
// It leaves the cursor at the beginning of the line: what the terminal shows of a Ctrl-C is drawn over
// then, where it could begin another line behind a frame of the full width.
func redraw(old, frame string) string {
	if frame == "" {
		return erase(old)
	}
	rest := max(0, utf8.RuneCountInString(old)-utf8.RuneCountInString(frame))
	return "\r" + frame + strings.Repeat(" ", rest) + "\r"
}
