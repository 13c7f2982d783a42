// Package wsconn carries opaque binary messages over a websocket. It is the only
// importer of gorilla/websocket.
//
// Writes are coalesced: Write only appends to a buffer, and one goroutine sends what
// has gathered as one message. A lone write goes out at once; in a burst many writes
// share one message and one system call. The bytes have to be a self-delimiting
// sequence, since message borders mean nothing (package wire's frames are).
//
// Both sides ping every PingEvery and give a peer up that was silent for DeadAfter,
// so a half-open connection is noticed within that time.
package wsconn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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
	keepBuffer = 64 << 10
)

// ErrClosed is returned for writes after Close.
var ErrClosed = errors.New("websocket closed")

// Conn is one websocket. Any number of goroutines may Write; one may Read.
type Conn struct {
	ws   *websocket.Conn
	read bytes.Buffer

	mu      sync.Mutex // guards what follows
	room    *sync.Cond // on mu: pending shrank, or err was set
	pending *bytes.Buffer
	err     error // why nothing can be written any more

	wake    chan struct{} // of capacity 1: pending is not empty, or err is set
	written chan struct{} // closed when the writing goroutine has ended
}

// StatusError is a refused handshake.
type StatusError struct {
	Code int    // HTTP status
	Text string // the start of the response body
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("the relay answered %d %s: %s", e.Code, http.StatusText(e.Code), e.Text)
}

// Dial opens a websocket to a ws:// or wss:// URL. A handshake that the server refuses
// is a *StatusError. Redirects are not followed, so header, which carries the token,
// only ever goes to url's host.
func Dial(ctx context.Context, url string, header http.Header) (*Conn, error) {
	dialer := websocket.Dialer{
		Proxy:            http.ProxyFromEnvironment, // never used for loopback addresses
		HandshakeTimeout: HandshakeTimeout,
		WriteBufferPool:  &writeBuffers,
	}
	ws, resp, err := dialer.DialContext(ctx, url, header)
	if err != nil && resp != nil {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 512))
		return nil, &StatusError{Code: resp.StatusCode, Text: string(bytes.TrimSpace(text))}
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
		WriteBufferPool:  &writeBuffers,
		CheckOrigin:      func(r *http.Request) bool { return len(r.Header["Origin"]) == 0 },
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil, err
	}
	return newConn(ws), nil
}

// writeBuffers are shared, so that an idle connection holds none.
var writeBuffers sync.Pool

func newConn(ws *websocket.Conn) *Conn {
	c := &Conn{
		ws:      ws,
		pending: new(bytes.Buffer),
		wake:    make(chan struct{}, 1),
		written: make(chan struct{}),
	}
	c.room = sync.NewCond(&c.mu)
	ws.SetReadLimit(MaxMessage)
	alive := func() error { return ws.SetReadDeadline(time.Now().Add(DeadAfter)) }
	_ = alive()
	ws.SetPongHandler(func(string) error { return alive() })
	answer := ws.PingHandler()
	ws.SetPingHandler(func(data string) error {
		_ = alive()
		return answer(data)
	})
	go c.writeLoop()
	return c
}

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
	c.read.Reset()
	if _, err := c.read.ReadFrom(r); err != nil {
		return nil, err
	}
	return c.read.Bytes(), c.ws.SetReadDeadline(time.Now().Add(DeadAfter))
}

// Write queues b, which must be no longer than MaxWrite, and keeps no reference to it.
// It waits while too much is queued, until the peer takes some or the connection ends.
func (c *Conn) Write(b []byte) error {
	if len(b) > MaxWrite {
		return fmt.Errorf("a write of %d bytes, where %d are allowed", len(b), MaxWrite)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.pending.Len() > maxPending && c.err == nil {
		c.room.Wait()
	}
	if c.err != nil {
		return c.err
	}
	c.pending.Write(b)
	c.signal()
	return nil
}

// Close sends what is queued and closes the connection. It waits until both is done, or
// for as long as grace.
func (c *Conn) Close(grace time.Duration) {
	deadline := time.Now().Add(grace)
	cut := time.AfterFunc(grace, func() { c.ws.NetConn().Close() })
	defer cut.Stop()
	c.fail(ErrClosed)
	<-c.written
	normal := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = c.ws.WriteControl(websocket.CloseMessage, normal, deadline)
	c.ws.Close()
}

// Abort closes the connection at once. Reads and writes under way return.
func (c *Conn) Abort() {
	c.fail(ErrClosed)
	c.ws.Close()
	<-c.written
}

func (c *Conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
	c.room.Broadcast()
	c.signal()
}

func (c *Conn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// writeLoop sends what gathers, and pings, until the connection fails or is closed.
func (c *Conn) writeLoop() {
	defer close(c.written)
	pings := time.NewTicker(PingEvery)
	defer pings.Stop()
	out := new(bytes.Buffer)
	for {
		select {
		case <-pings.C:
			_ = c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(PingEvery))
			continue
		case <-c.wake:
		}
		if out.Reset(); out.Cap() > keepBuffer {
			out = new(bytes.Buffer) // after a burst an idle connection gives its memory back
		}
		var ended bool
		out, ended = c.take(out)
		if err := c.send(out.Bytes()); err != nil {
			c.fail(err)
			c.ws.Close() // so that Read returns as well
			return
		}
		if ended {
			return
		}
	}
}

// take swaps the gathered bytes against an empty buffer.
func (c *Conn) take(empty *bytes.Buffer) (full *bytes.Buffer, ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	full, c.pending = c.pending, empty
	c.room.Broadcast()
	return full, c.err != nil
}

func (c *Conn) send(message []byte) error {
	if len(message) == 0 {
		return nil
	}
	_ = c.ws.SetWriteDeadline(time.Now().Add(DeadAfter))
	return c.ws.WriteMessage(websocket.BinaryMessage, message)
}
