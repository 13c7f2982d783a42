package send

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// conn is a connection to an app. Two things about apps would otherwise look like
// failures that they are not:
//
// An app may close a connection between two requests, with or without saying so before.
// conn looks for that before it writes the first byte of a request, and fails that
// write. The app has seen nothing then, so another connection may be taken.
//
// An app may refuse a large body by answering early and closing. conn keeps quiet about
// a failed write once a part of the request has been written, so that the answer is
// read. Where there is none, reading fails too.
type conn struct {
	net.Conn
	reused atomic.Bool // whether it carried a request before the current one
	begun  atomic.Bool // whether a part of the current request was written
}

var errStale = errors.New("the app closed the idle connection")

// connOf returns the conn that net/http hands out, below TLS if there is any.
func connOf(info httptrace.GotConnInfo) *conn {
	raw := info.Conn
	if t, ok := raw.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	c, _ := raw.(*conn)
	return c
}

// begin tells c that it is about to carry a request.
func (c *conn) begin(reused bool) {
	c.reused.Store(reused)
	c.begun.Store(false)
}

// untouched reports whether c was idle before the current request and nothing of that
// was written to it.
func (c *conn) untouched() bool { return c.reused.Load() && !c.begun.Load() }

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	if c.untouched() && isStale(c.Conn) {
		return 0, errStale
	}
	n, err := c.Conn.Write(p)
	if n > 0 {
		c.begun.Store(true)
	}
	if err != nil && c.begun.Load() {
		return len(p), nil
	}
	return n, err
}
