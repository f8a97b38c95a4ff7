package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"delink/pkg/crash"
	"delink/pkg/outcome"
)

// onePress is the time within which signals count as one. Ctrl-C can reach a program twice: from
// the terminal, and from a parent that passes its own signal on, as timeout(1) and npm do. A parent
// does that at once. The time must stay shorter than a person needs to press a key twice.
const onePress = 50 * time.Millisecond

var (
	errSignalled = errors.New("a signal asked delink to stop")
	errLeft      = errors.New("delink was told to leave at once")
)

// signals turns the signals of the system into requests to stop.
//
// As long as a command has nothing to lose, the first signal ends the program, even if the command
// is blocked in a read. A command that has something to lose calls take first. From then on the
// first signal ends the context Stop, the second one ends Hard, and a third one ends the program.
type signals struct {
	stop, hard       context.Context
	endStop, endHard context.CancelCauseFunc
	leave            chan struct{} // closed when the program is to end before its command does

	mu    sync.Mutex
	taken bool
	tell  func(what string) // may be nil
	count int               // signals that counted
	last  time.Time         // when the last one came
	first string            // the first one, in words
}

func newSignals(ctx context.Context) *signals {
	s := &signals{leave: make(chan struct{})}
	s.stop, s.endStop = context.WithCancelCause(ctx)
	s.hard, s.endHard = context.WithCancelCause(context.WithoutCancel(ctx))
	return s
}

// heed begins to take the system's signals.
func (s *signals) heed() {
	in := make(chan os.Signal, 8)
	signal.Notify(in, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(in, syscall.SIGHUP)
	}
	go func() {
		defer crash.Guard()
		s.follow(in)
	}()
}

func (s *signals) follow(in <-chan os.Signal) {
	for sig := range in {
		s.receive(sig)
	}
}

// Stop ends when nothing new is to be sent.
func (s *signals) Stop() context.Context { return s.stop }

// Hard ends when nothing is to be waited for any more.
func (s *signals) Hard() context.Context { return s.hard }

// take says that the command has something to lose from now on, and ends by itself when Stop ends.
// tell is called with the name of the first signal after Stop has ended. It may be nil. If a signal
// came before, take returns an error, and the command must not begin.
func (s *signals) take(tell func(what string)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count > 0 && !s.taken {
		return errSignalled
	}
	s.taken, s.tell = true, tell
	return nil
}

// isLeaving reports whether the program ends before its command does.
func (s *signals) isLeaving() bool {
	select {
	case <-s.leave:
		return true
	default:
		return false
	}
}

// receive acts on a signal, and afterwards gives people a message about it.
func (s *signals) receive(sig os.Signal) {
	if sig == syscall.SIGQUIT {
		crash.Quit()
	}
	if tell, what := s.act(sig); tell != nil {
		tell(what)
	}
}

// act does what a signal asks for. tell is to be called afterwards, when the lock is free.
func (s *signals) act(sig os.Signal) (tell func(what string), what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	// A terminal that is closed sends SIGHUP through the kernel and through the shell, at any
	// distance, so SIGHUP is never the second signal.
	if s.count > 0 && (sig == syscall.SIGHUP || now.Sub(s.last) < onePress) {
		return nil, ""
	}
	s.count++
	s.last = now
	switch {
	case s.count == 1:
		s.first = signalName(sig)
		if !s.taken { // before Stop ends, so that nothing the command makes of that is told
			close(s.leave)
		}
		s.endStop(errSignalled)
		if s.taken {
			return s.tell, s.first
		}
	case s.count == 2 && s.taken:
		s.endHard(errLeft)
	case s.count == 3 && s.taken:
		close(s.leave)
	}
	return nil, ""
}

// left gives the message and the exit code for a program that signals have ended before its command
// ended.
func (s *signals) left() (what string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken {
		return "told to leave at once", outcome.ExitInterrupted
	}
	return s.first + "; nothing was sent", outcome.ExitStopped
}

func signalName(s os.Signal) string {
	switch s {
	case os.Interrupt:
		return "interrupted"
	case syscall.SIGHUP:
		return "the terminal was closed"
	}
	return "terminated"
}
