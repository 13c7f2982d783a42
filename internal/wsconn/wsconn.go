// Package wsconn carries opaque binary messages over a websocket. It is the only
// importer of gorilla/websocket.
//
// Writes are coalesced: Write only appends to a buffer, and one goroutine sends what
// has gathered as one message. A lone write goes out at once; in a burst many writes
// share one message and one system call. The bytes have to be a self-delimiting
// sequence, since message borders mean nothing (package wire's frames are). The
// goroutine is there only while there is something to send: of the thousands of
// connections that a relay has, most are idle.
//
// Both sides ping every PingEvery and give a peer up that was silent for DeadAfter,
// so a half-open connection is noticed within that time.
package wsconn

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// How often a side pings, when it takes the other for dead, and how long it waits for
// the handshake.
const (
	PingEvery        = 10 * time.Second
	DeadAfter        = 25 * time.Second
	HandshakeTimeout = 10 * time.Second
)

// MaxMessage is the largest message that is read, and MaxWrite the largest piece that
// Write takes, in bytes. maxPending of gathered bytes make Write wait; together they
// stay below MaxMessage.
const (
	MaxMessage = 1 << 20
	MaxWrite   = 512 << 10
	maxPending = 256 << 10
)

// ErrClosed is what all errors of Write are: the connection was closed, or it failed.
var ErrClosed = errors.New("websocket closed")

// Conn is one websocket. Any number of goroutines may Write; one may Read.
type Conn struct {
	ws    *websocket.Conn
	read  bytes.Buffer
	pings *time.Timer

	mu      sync.Mutex    // guards what follows
	changed *sync.Cond    // on mu: pending shrank, err was set, or writing has ended
	pending *bytes.Buffer // nil for nothing
	err     error         // why nothing can be written any more
	writing bool          // whether the writing goroutine runs
}

// StatusError is a refused handshake.
type StatusError struct {
	Code       int           // HTTP status
	Text       string        // the start of the response body
	RetryAfter time.Duration // what the Retry-After header asks for; 0 for none
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("the relay answered %d %s: %s", e.Code, http.StatusText(e.Code), e.Text)
}

// DialOptions say how to connect.
type DialOptions struct {
	Header http.Header // of the handshake
	TLS    *tls.Config // of a wss:// URL; nil means the system's certificates
	Net    Net         // nil dials the network
}

// Net makes the connection that a websocket runs on, as net.Dialer.DialContext does. A
// network in memory can take its place, and then time can be faked.
type Net func(ctx context.Context, network, address string) (net.Conn, error)

// Dial opens a websocket to a ws:// or wss:// URL, through the proxy that the
// environment names (never for loopback addresses). A handshake that the server refuses
// is a *StatusError. Redirects are not followed, so the header, which carries the token,
// only ever goes to url's host.
func Dial(ctx context.Context, url string, o DialOptions) (*Conn, error) {
	dialer := websocket.Dialer{
		Proxy:            http.ProxyFromEnvironment,
		TLSClientConfig:  o.TLS,
		HandshakeTimeout: HandshakeTimeout,
		WriteBufferPool:  &writeBuffers,
		NetDialContext:   o.Net,
	}
	ws, resp, err := dialer.DialContext(ctx, url, o.Header)
	if err != nil && resp != nil {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 512))
		// A relay's refusals begin as all that solatis prints does; here it is a part of that.
		text = bytes.TrimPrefix(text, []byte("solatis: "))
		seconds, _ := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 16)
		return nil, &StatusError{
			Code: resp.StatusCode, Text: string(bytes.TrimSpace(text)), RetryAfter: time.Duration(seconds) * time.Second,
		}
	}
	if err != nil {
		return nil, err
	}
	return newConn(ws), nil
}

// Accept upgrades a request to a websocket and answers it with an error status where it
// can't. A request with an Origin header comes from a web page and is refused.
func Accept(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	upgrader := websocket.Upgrader{
		HandshakeTimeout: HandshakeTimeout,
		ReadBufferSize:   acceptBuffer,
		WriteBufferPool:  &writeBuffers,
		CheckOrigin:      func(r *http.Request) bool { return len(r.Header["Origin"]) == 0 },
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil, err
	}
	return newConn(ws), nil
}

// acceptBuffer is the read buffer of an accepted connection, in bytes. What agents send is
// mostly acknowledgements; longer messages are read past the buffer.
const acceptBuffer = 512

// writeBuffers are shared, so that an idle connection holds none.
var writeBuffers sync.Pool

func newConn(ws *websocket.Conn) *Conn {
	c := &Conn{ws: ws}
	c.changed = sync.NewCond(&c.mu)
	ws.SetReadLimit(MaxMessage)
	alive := func() error { return ws.SetReadDeadline(time.Now().Add(DeadAfter)) }
	_ = alive()
	ws.SetPongHandler(func(string) error { return alive() })
	answer := ws.PingHandler()
	ws.SetPingHandler(func(data string) error {
		_ = alive()
		return answer(data)
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pings = time.AfterFunc(PingEvery, c.ping)
	return c
}

// ping pings, and again after PingEvery, until the connection ends.
func (c *Conn) ping() {
	_ = c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(PingEvery))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.pings.Reset(PingEvery)
	}
}

// keepRead is how large a read buffer may stay, in bytes.
const keepRead = 64 << 10

// Read returns the next message. It is valid until the next Read. After an error the
// connection is of no further use.
func (c *Conn) Read() ([]byte, error) {
	kind, r, err := c.ws.NextReader()
	if err != nil {
		return nil, err
	}
	if kind != websocket.BinaryMessage {
		return nil, errors.New("a text message, where only binary ones are spoken")
	}
	if c.read.Reset(); c.read.Cap() > keepRead {
		c.read = bytes.Buffer{}
	}
	if _, err := c.read.ReadFrom(r); err != nil {
		return nil, err
	}
	_ = c.ws.SetReadDeadline(time.Now().Add(DeadAfter)) // where it fails, the next Read says why
	return c.read.Bytes(), nil
}

// Write queues b, which must be no longer than MaxWrite, and keeps no reference to it.
// It waits while too much is queued, until the peer takes some or the connection ends.
func (c *Conn) Write(b []byte) error {
	if len(b) > MaxWrite {
		return fmt.Errorf("a write of %d bytes, where %d are allowed", len(b), MaxWrite)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.pending != nil && c.pending.Len() > maxPending && c.err == nil {
		c.changed.Wait()
	}
	if c.err != nil {
		return c.err
	}
	if c.pending == nil {
		c.pending = gathered.Get().(*bytes.Buffer)
	}
	c.pending.Write(b)
	if !c.writing {
		c.writing = true
		go c.writeAll()
	}
	return nil
}

// Close sends what is queued and closes the connection. It waits until both is done, or
// for as long as grace.
func (c *Conn) Close(grace time.Duration) {
	deadline := time.Now().Add(grace)
	cut := time.AfterFunc(grace, func() { c.ws.NetConn().Close() })
	defer cut.Stop()
	c.end(ErrClosed)
	normal := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = c.ws.WriteControl(websocket.CloseMessage, normal, deadline)
	c.ws.Close()
}

// Abort closes the connection at once. Reads and writes under way return.
func (c *Conn) Abort() {
	c.ws.Close()
	c.end(ErrClosed)
}

// end lets nothing be written any more, and returns when what was is sent or has failed.
func (c *Conn) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail(err)
	for c.writing {
		c.changed.Wait()
	}
}

// fail notes why nothing can be written any more. The caller holds mu.
func (c *Conn) fail(err error) {
	if c.err == nil {
		c.err = err
		c.pings.Stop()
	}
	c.changed.Broadcast()
}

// gathered are the buffers that pending is made of, so that a connection has one only
// while something is pending.
var gathered = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keepBuffer is the largest buffer that is used again, in bytes.
const keepBuffer = 1 << 20

// writeAll sends what is pending, until nothing is or the connection fails.
func (c *Conn) writeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.pending != nil {
		out := c.pending
		c.pending = nil
		c.changed.Broadcast()
		c.mu.Unlock()
		err := c.send(out)
		c.mu.Lock()
		if err != nil {
			c.fail(fmt.Errorf("%w: %w", ErrClosed, err))
			c.ws.Close() // so that Read returns as well
		}
	}
	c.writing = false
	c.changed.Broadcast()
}

func (c *Conn) send(out *bytes.Buffer) error {
	_ = c.ws.SetWriteDeadline(time.Now().Add(DeadAfter))
	err := c.ws.WriteMessage(websocket.BinaryMessage, out.Bytes())
	if out.Cap() <= keepBuffer {
		out.Reset()
		gathered.Put(out)
	}
	return err
}
