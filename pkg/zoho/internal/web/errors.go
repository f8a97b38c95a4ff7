package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
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

// Because is the error of a request in plain words. If the request was cut off, it is the reason
// for that, and not the transport's "context deadline exceeded".
func Because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return Plain(err)
}

// Plain is a transport's error in plain words, without what differs from call to call: the method,
// the addresses with their ports, and the ids. So equal causes have equal texts.
func Plain(err error) error {
	var (
		u       *url.Error
		op      *net.OpError
		name    *net.DNSError
		syscall *os.SyscallError
	)
	if errors.As(err, &u) {
		return Plain(u.Err)
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
		return worded{"the proxy: " + Plain(op.Err).Error(), err}
	case isProxyRefusal(err):
		return worded{"the proxy refused the connection: " + text, err}
	case errors.As(err, &syscall):
		return syscall.Err
	case errors.As(err, &op):
		return Plain(op.Err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return worded{"the connection was closed in the middle of the answer", err}
	case isClosed(err):
		return worded{"the connection was closed before the answer came", err}
	case strings.HasPrefix(text, "stream error: stream ID "): // HTTP/2: stream error: stream ID 7; INTERNAL_ERROR; received from peer
		if _, code, ok := strings.Cut(text, "; "); ok {
			return worded{"the other side gave the call up: " + code, err}
		}
	}
	return err
}

// isClosed reports whether a connection ended before the answer.
func isClosed(err error) bool {
	text := err.Error()
	return errors.Is(err, io.EOF) || strings.HasSuffix(text, "server closed idle connection") ||
		strings.HasPrefix(text, "http2: server sent GOAWAY") || strings.Contains(text, "client connection lost")
}

// Obstacle is what stands between this machine and a host, where trying again does not help.
type Obstacle int

// The obstacles.
const (
	NoObstacle Obstacle = iota // the error may pass, or its reason is not known
	NoTrust                    // the certificate of the other side is not trusted, or it does not speak TLS as we do
	Proxy                      // the proxy cannot be used
)

// ObstacleOf says why no connection was made.
func ObstacleOf(err error) Obstacle {
	var (
		op          *net.OpError
		certificate *tls.CertificateVerificationError
		unknown     x509.UnknownAuthorityError
		host        x509.HostnameError
		invalid     x509.CertificateInvalidError
		header      tls.RecordHeaderError
		alert       tls.AlertError
	)
	switch {
	case errors.As(err, &op) && op.Op == "proxyconnect", isProxyRefusal(err):
		return Proxy
	case errors.As(err, &certificate), errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid),
		errors.As(err, &header), errors.As(err, &alert), errors.As(err, &op) && op.Op == "remote error":
		return NoTrust
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return NoTrust
	case strings.Contains(err.Error(), "socks connect"), strings.Contains(err.Error(), "unsupported proxy scheme"):
		return Proxy
	}
	return NoObstacle
}

// isProxyRefusal reports whether an error is all that package net/http says of a proxy that refused
// to connect: the text of the proxy's HTTP status. Statuses of a proxy that has trouble itself may
// pass.
func isProxyRefusal(err error) bool {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	text := err.Error()
	for status := http.StatusBadRequest; status < http.StatusInternalServerError; status++ {
		if words := http.StatusText(status); words != "" && text == words {
			return status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
		}
	}
	return false
}
