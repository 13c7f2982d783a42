package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/wire"
)

const (
	// spoolAbove is the size of body, in bytes, up to which it is kept in memory. Longer
	// ones go to the store in parts of this size while they are read.
	spoolAbove = 256 << 10
	// bodyIdle is how long a sender may pause within a body.
	bodyIdle = 30 * time.Second
)

// ingest takes one webhook: it answers 2xx only after the whole request is durable.
func (r *Relay) ingest(w http.ResponseWriter, req *http.Request, id, extra string) {
	// The handler goes on to the end when the sender has gone, but for reading the body:
	// what is appended has to be announced.
	ctx := context.WithoutCancel(req.Context())
	e, ok := r.known(ctx, w, id)
	if !ok {
		return
	}
	terms, answerable := e.terms()
	switch {
	case !terms.takes(req.Method):
		w.Header().Set("Allow", strings.Join(terms.methods, ", "))
		refuse(w, http.StatusMethodNotAllowed, "the method "+req.Method+" is not taken here")
		return
	case !answerable:
		refuseForNow(w, "no agent is connected to answer; nothing was stored")
		return
	case !req.ProtoAtLeast(1, 1) && len(req.Header["Content-Length"]) == 0:
		// net/http would pass over chunks here, and take such a body for empty.
		refuse(w, http.StatusLengthRequired, "a request of HTTP/1.0 needs a Content-Length")
		return
	case req.ContentLength > r.MaxBody:
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a body may have %d bytes", r.MaxBody))
		return
	}
	in := r.incoming(req, extra)
	var answer <-chan *Answer
	if terms.mode == wire.ModeApp {
		answer = e.await(in.ID)
		defer e.forget(in.ID)
	}
	if err := r.accept(ctx, w, req, e, in); err != nil {
		r.refuseBody(w, err)
		return
	}
	if answer == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	r.pass(w, req, answer, terms.wait)
}

func (r *Relay) known(ctx context.Context, w http.ResponseWriter, id string) (*endpoint, bool) {
	ok, err := r.Authority.Endpoint(ctx, id)
	if err == nil && !ok {
		refuse(w, http.StatusNotFound, "there is no such endpoint")
		return nil, false
	}
	var e *endpoint
	if err == nil {
		e, err = r.endpoint(ctx, id)
	}
	if err != nil {
		r.Log.Error("endpoint unavailable", "error", err)
		refuseForNow(w, "the relay can't look the endpoint up")
		return nil, false
	}
	return e, true
}

// incoming is the request without its body and the time it was complete.
func (r *Relay) incoming(req *http.Request, extra string) *event.Request {
	remote, _, err := net.SplitHostPort(req.RemoteAddr)
	if err != nil {
		remote = req.RemoteAddr
	}
	proto := "http"
	if req.TLS != nil {
		proto = "https"
	}
	return &event.Request{
		ID:       event.NewRequestID(r.Now()),
		Method:   req.Method,
		Path:     extra,
		RawQuery: req.URL.RawQuery,
		Host:     req.Host,
		Proto:    proto,
		Remote:   remote,
		Header:   event.Header(req.Header),
	}
}

// accept reads the body, makes the request durable and announces it.
func (r *Relay) accept(ctx context.Context, w http.ResponseWriter, req *http.Request, e *endpoint, in *event.Request) error {
	body := &idleReader{r: http.MaxBytesReader(w, req.Body, r.MaxBody), conn: http.NewResponseController(w)}
	first, err := body.part(req.ContentLength)
	if err != nil {
		return err
	}
	if len(first) <= spoolAbove {
		body.done()
		in.Body, in.Received = first, r.Now()
		seq, err := r.Store.Append(ctx, e.id, in, r.Limits)
		if err != nil {
			return err
		}
		e.publish(Entry{Seq: seq, Request: in, Length: int64(len(first))})
		return nil
	}
	return r.acceptLarge(ctx, body, first, e, in)
}

// acceptLarge spools a body whose first part is read and is not the last.
func (r *Relay) acceptLarge(ctx context.Context, body *idleReader, part []byte, e *endpoint, in *event.Request) error {
	spool, err := r.Store.Spool(ctx, e.id)
	if err != nil {
		return err
	}
	defer spool.Abort(ctx)
	var length int64
	for len(part) > 0 {
		if err := spool.Write(ctx, part); err != nil {
			return err
		}
		length += int64(len(part))
		if part, err = body.part(-1); err != nil {
			return err
		}
	}
	body.done()
	in.Received = r.Now()
	seq, err := spool.Commit(ctx, in, r.Limits)
	if err != nil {
		return err
	}
	e.publish(Entry{Seq: seq, Request: in, Spooled: true, Length: length})
	return nil
}

// idleReader reads a body in parts. Each read has bodyIdle to bring something.
type idleReader struct {
	r    io.Reader
	conn *http.ResponseController
}

func (b *idleReader) Read(p []byte) (int, error) {
	// Not every server has deadlines; where there are none, its own timeouts hold.
	_ = b.conn.SetReadDeadline(time.Now().Add(bodyIdle))
	return b.r.Read(p)
}

// part reads one byte more than spoolAbove at most, fewer only at the body's end.
// length is the whole body's, where it is known, or -1.
func (b *idleReader) part(length int64) ([]byte, error) {
	var buf bytes.Buffer
	if length >= 0 && length <= spoolAbove {
		buf.Grow(int(length) + bytes.MinRead) // ReadFrom wants room to see the end
	}
	if _, err := buf.ReadFrom(io.LimitReader(b, spoolAbove+1)); err != nil {
		return nil, &bodyError{err}
	}
	return buf.Bytes(), nil
}

// bodyError is a failure of the sender or its connection, not of the store.
type bodyError struct{ error }

func (e *bodyError) Unwrap() error { return e.error }

// done takes the deadline away, so that it doesn't strike while the answer is awaited.
func (b *idleReader) done() { _ = b.conn.SetReadDeadline(time.Time{}) }

// refuseBody answers a request that was not kept.
func (r *Relay) refuseBody(w http.ResponseWriter, err error) {
	var tooLarge *http.MaxBytesError
	var broken *bodyError
	switch {
	case errors.As(err, &tooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a body may have %d bytes", tooLarge.Limit))
	case errors.Is(err, os.ErrDeadlineExceeded):
		refuse(w, http.StatusRequestTimeout, "the body stopped coming")
	case errors.As(err, &broken):
		refuse(w, http.StatusBadRequest, "the body is broken: "+quote(err.Error()))
	case errors.Is(err, ErrBacklogFull), errors.Is(err, ErrDiskFull):
		r.Log.Warn("refused", "error", err)
		refuseForNow(w, err.Error()+"; nothing was stored")
	default:
		r.Log.Error("not stored", "error", err)
		refuseForNow(w, "the relay could not store the request")
	}
}

func refuseForNow(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", "5")
	refuse(w, http.StatusServiceUnavailable, why)
}
