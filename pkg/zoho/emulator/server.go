package emulator

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// A Server is an emulator that listens on loopback.
type Server struct {
	URL string // http://127.0.0.1:port, for the accounts host and the API host alike

	http *http.Server
	stop context.CancelFunc // ends calls that hang
	done chan struct{}      // closed once the server has stopped serving
}

// Start listens on addr, such as 127.0.0.1:0, and serves until the server is closed. It refuses any
// address that is not on loopback, because the emulator is not made to face strangers.
func (e *Emulator) Start(addr string) (*Server, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("emulator: %s is not on loopback: use 127.0.0.1:%s", addr, port)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{URL: "http://" + listener.Addr().String(), stop: stop, done: make(chan struct{})}
	s.http = &http.Server{
		Handler:           e,
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		// The emulator breaks connections on purpose; the log would be full of that.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() {
		defer close(s.done)
		// Serve returns an error when it is closed, and ends in no other way.
		_ = s.http.Serve(listener)
	}()
	return s, nil
}

// Close ends all calls and stops the server.
func (s *Server) Close() error {
	s.stop()
	err := s.http.Close()
	<-s.done
	return err
}

// Shutdown stops the server once the calls in flight are finished or ctx has ended. Calls that hang
// are ended.
func (s *Server) Shutdown(ctx context.Context) error {
	defer s.stop()
	err := s.http.Shutdown(ctx)
	if err != nil {
		_ = s.http.Close()
	}
	<-s.done
	return err
}
