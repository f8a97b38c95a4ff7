// Package wire is a network in memory, for tests whose time is that of a testing/synctest bubble:
// there, real connections would count as waiting for something outside.
package wire

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Wire is a network with one server at its end.
type Wire struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Serve has h answer until the test ends. Whoever dials must have left by then.
func Serve(t testing.TB, h http.Handler) *Wire {
	w := &Wire{accept: make(chan net.Conn), closed: make(chan struct{})}
	// The log would tell of every call that is cut off.
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve((*listener)(w)) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return w
}

// Dial connects with the server, whatever the address. Its error is that of ctx, or net.ErrClosed.
func (w *Wire) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case w.accept <- server:
		return client, nil
	case <-w.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// listener is the server's end.
type listener Wire

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.accept:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *listener) Addr() net.Addr { return &net.IPAddr{} }
