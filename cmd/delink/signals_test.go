package main

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestSignals sends signals at times after the start, to a command that has taken them or has not.
func TestSignals(t *testing.T) {
	const intr, term, hup = syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP
	type at struct {
		after time.Duration
		sig   os.Signal
	}
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		sent []at
		want string // stop, hard, leave: what has ended, if the command has taken the signals
	}{
		{"none", nil, ""},
		{"one", []at{{0, intr}}, "stop"},
		{"one press that came twice", []at{{0, intr}, {49 * ms, intr}}, "stop"},
		{"one press as two signals", []at{{0, intr}, {10 * ms, term}}, "stop"},
		{"two", []at{{0, intr}, {time.Second, intr}}, "stop hard"},
		{"two soon after each other", []at{{0, intr}, {100 * ms, intr}}, "stop hard"},
		{"two kinds soon after each other", []at{{0, intr}, {100 * ms, term}}, "stop hard"},
		{"two kinds", []at{{0, term}, {time.Second, intr}}, "stop hard"},
		{"a key that is held", []at{{0, intr}, {30 * ms, intr}, {60 * ms, intr}, {90 * ms, intr}}, "stop hard"},
		{"a terminal that is closed", []at{{0, hup}, {time.Minute, hup}}, "stop"},
		{"closed behind a signal", []at{{0, term}, {time.Minute, hup}}, "stop"},
		{"closed before a signal", []at{{0, hup}, {time.Minute, term}}, "stop hard"},
		{"three", []at{{0, intr}, {time.Second, intr}, {2 * time.Second, intr}}, "stop hard leave"},
		{"three and a closed terminal", []at{{0, intr}, {time.Second, intr}, {2 * time.Second, hup}}, "stop hard"},
		{"four", []at{{0, intr}, {time.Second, intr}, {2 * time.Second, intr}, {3 * time.Second, intr}}, "stop hard leave"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, taken := range []bool{true, false} {
				synctest.Test(t, func(t *testing.T) {
					s := newSignals(t.Context())
					var told []string
					if taken {
						err := s.take(func(what string) {
							if s.Stop().Err() == nil {
								t.Error("the signal was talked about before it acted")
							}
							told = append(told, what)
						})
						if err != nil {
							t.Fatal(err)
						}
					}
					begun := time.Now()
					for _, a := range c.sent {
						time.Sleep(a.after - time.Since(begun))
						s.receive(a.sig)
					}
					want := c.want
					if !taken && len(c.sent) > 0 {
						want = "stop leave"
					}
					if got := ends(s); got != want {
						t.Errorf("taken %v: ended have %q, want %q", taken, got, want)
					}
					if n := min(1, len(c.sent)); taken && len(told) != n {
						t.Errorf("told was %q", told)
					}
				})
			}
		})
	}
}

func ends(s *signals) string {
	var ended []string
	if s.Stop().Err() != nil {
		ended = append(ended, "stop")
	}
	if s.Hard().Err() != nil {
		ended = append(ended, "hard")
	}
	select {
	case <-s.leave:
		ended = append(ended, "leave")
	default:
	}
	return strings.Join(ended, " ")
}

// A command that comes to its first call only after a signal must not make it.
func TestSignalBeforeTake(t *testing.T) {
	s := newSignals(t.Context())
	s.receive(syscall.SIGTERM)
	if err := s.take(nil); err == nil {
		t.Error("the command may begin although a signal came before")
	}
	if what, code := s.left(); what != "terminated; nothing was sent" || code != 5 {
		t.Errorf("the program ends with %q, %d", what, code)
	}
}

// The end of the surroundings stops a run, but does not cut off its calls.
func TestSignalsOfAContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newSignals(ctx)
	cancel()
	if got := ends(s); got != "stop" {
		t.Errorf("ended have %q", got)
	}
}
