package zoho

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
)

// worded is a transport's error in plain words.
type worded struct {
	text string
	err  error
}

func (w worded) Error() string { return w.text }
func (w worded) Unwrap() error { return w.err }

// because prefers the reason for which a call was cut off to the transport's "context deadline exceeded".
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return plain(err)
}

// plain is a transport's error without what differs from call to call, so that equal causes have equal texts: the method,
// the addresses with their ports and the hundred ids.
func plain(err error) error {
	var (
		u       *url.Error
		op      *net.OpError
		name    *net.DNSError
		syscall *os.SyscallError
	)
	if errors.As(err, &u) {
		return plain(u.Err)
	}
	if errors.As(err, &name) {
		return worded{"the name " + name.Name + " cannot be looked up: " + name.Err, err}
	}
	text := err.Error()
	switch timeout := net.Error(nil); {
	case errors.As(err, &timeout) && timeout.Timeout() && errors.As(err, &op) && op.Op == "dial":
		return worded{"no connection in time", err}
	case strings.HasSuffix(text, "TLS handshake timeout"):
		return worded{"no secure connection in time", err}
	case errors.As(err, &timeout) && timeout.Timeout():
		return worded{"no answer in time", err}
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return worded{"the proxy: " + plain(op.Err).Error(), err}
	case errors.As(err, &syscall):
		return syscall.Err
	case errors.As(err, &op):
		return plain(op.Err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return worded{"the connection was closed in the middle of the answer", err}
	case errors.Is(err, io.EOF), strings.HasSuffix(text, "server closed idle connection"), strings.HasPrefix(text, "http2: server sent GOAWAY"), strings.Contains(text, "client connection lost"):
		return worded{"the connection was closed before the answer came", err}
	case strings.HasPrefix(text, "stream error: stream ID "): // HTTP/2: stream error: stream ID 7; INTERNAL_ERROR; received from peer
		if _, code, ok := strings.Cut(text, "; "); ok {
			return worded{"the other side gave the call up: " + code, err}
		}
	}
	return err
}

func unsent(err error) *Error {
	return &Error{Kind: Unsent, Code: CodeNotConnected, Cause: err}
}
