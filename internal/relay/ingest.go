package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
	// bodyIdle is how long a sender may pause within a body, and bodyWithin how long the
	// whole of it may take.
	bodyIdle   = 30 * time.Second
	bodyWithin = 10 * time.Minute
	// maxSpools is how many large bodies may come in at once to one endpoint.
	maxSpools = 64
)

// ingest takes one webhook: it answers 2xx only after the whole request is durable.
func (r *Relay) ingest(w http.ResponseWriter, req *http.Request, from origin, id, extra string) {
	// The handler goes on to the end when the sender has gone, but for reading the body:
	// what is appended has to be announced.
	ctx := context.WithoutCancel(req.Context())
	e, ok := r.known(ctx, w, id)
	if !ok {
		return
	}
	terms, answerable := e.terms()
	wait, inRate := r.rates.endpoint.take(id, r.Now())
	switch {
	case !inRate:
		r.refuseRate(w, RefusedOwnRate, wait, "too many requests to this endpoint")
		return
	case !terms.takes(req.Method):
		w.Header().Set("Allow", strings.Join(terms.methods, ", "))
		r.refuse(w, http.StatusMethodNotAllowed, RefusedMethod, "the method "+req.Method+" is not taken here")
		return
	case !answerable:
		r.refuseForNow(w, RefusedNoAgent, "no agent is connected to answer; nothing was stored")
		return
	case !req.ProtoAtLeast(1, 1) && len(req.Header["Content-Length"]) == 0:
		// net/http would pass over chunks here, and take such a body for empty.
		r.refuse(w, http.StatusLengthRequired, RefusedLength, "a request of HTTP/1.0 needs a Content-Length")
		return
	case req.ContentLength > r.MaxBody:
		r.refuseTooLarge(w)
		return
	}
	in := r.incoming(req, from, extra)
	var answer <-chan *Answer
	if terms.mode == wire.ModeApp {
		answer = e.await(in.ID)
		defer e.forget(in.ID)
	}
	entry, err := r.accept(ctx, w, req, e, in)
	if err != nil {
		r.refuseBody(w, e, in, err)
		return
	}
	r.Log.Debug("accepted", "request", in.ID, "endpoint", short(e.id), "seq", entry.Seq, "bytes", entry.Length)
	if answer == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	r.pass(w, req, answer, terms.wait)
}

func (r *Relay) known(ctx context.Context, w http.ResponseWriter, id string) (*endpoint, bool) {
	ok, err := r.Authority.Endpoint(ctx, id)
	if err == nil && !ok {
		r.refuse(w, http.StatusNotFound, RefusedEndpoint, "there is no such endpoint")
		return nil, false
	}
	var e *endpoint
	if err == nil {
		e, err = r.endpoint(ctx, id)
	}
	if errors.Is(err, errDropped) {
		r.refuse(w, http.StatusNotFound, RefusedEndpoint, "there is no such endpoint")
		return nil, false
	}
	if err != nil {
		r.Log.Error("endpoint unavailable", "endpoint", short(id), "error", err)
		r.refuseForNow(w, RefusedInternal, "the relay can't look the endpoint up")
		return nil, false
	}
	return e, true
}

// incoming is the request without its body and the time it was complete.
func (r *Relay) incoming(req *http.Request, from origin, extra string) *event.Request {
	return &event.Request{
		ID:       event.NewRequestID(r.Now()),
		Method:   req.Method,
		Path:     extra,
		RawQuery: req.URL.RawQuery,
		Host:     req.Host,
		Proto:    from.proto,
		Remote:   from.remote,
		Header:   event.Header(r.headerOf(req)),
	}
}

// accept reads the body, makes the request durable and announces it.
func (r *Relay) accept(ctx context.Context, w http.ResponseWriter, req *http.Request, e *endpoint, in *event.Request) (Entry, error) {
	body := &idleReader{
		r: http.MaxBytesReader(w, req.Body, r.MaxBody), conn: http.NewResponseController(w), until: time.Now().Add(bodyWithin),
	}
	first, err := body.part(req.ContentLength)
	if err != nil {
		return Entry{}, err
	}
	entry := Entry{Request: in, Length: int64(len(first))}
	if len(first) > spoolAbove {
		return r.acceptLarge(ctx, body, first, e, entry)
	}
	body.done()
	in.Body = first
	return r.publish(e, entry, func() (uint64, error) { return r.Store.Append(ctx, e.id, in, r.Limits) })
}

// acceptLarge spools a body whose first part is read and is not the last.
func (r *Relay) acceptLarge(ctx context.Context, body *idleReader, part []byte, e *endpoint, entry Entry) (Entry, error) {
	// Commit would say so too, but only when all of the body is on the disk.
	if err := r.roomIn(ctx, e); err != nil {
		return entry, err
	}
	if !e.beginSpool() {
		return entry, fmt.Errorf("%w: %d large bodies are coming in already", ErrBacklogFull, maxSpools)
	}
	defer e.endSpool()
	spool, err := r.Store.Spool(ctx, e.id)
	if err != nil {
		return entry, err
	}
	defer spool.Abort(ctx)
	entry.Spooled, entry.Length = true, 0
	for len(part) > 0 {
		if err := spool.Write(ctx, part); err != nil {
			return entry, err
		}
		entry.Length += int64(len(part))
		if part, err = body.part(-1); err != nil {
			return entry, err
		}
	}
	body.done()
	return r.publish(e, entry, func() (uint64, error) { return spool.Commit(ctx, entry.Request, r.Limits) })
}

// roomIn refuses what comes to a backlog that is full already.
func (r *Relay) roomIn(ctx context.Context, e *endpoint) error {
	stat, err := r.Store.Stat(ctx, e.id, "")
	l := r.Limits
	if err == nil && (l.Backlog > 0 && stat.Backlog >= l.Backlog || l.BacklogBytes > 0 && stat.BacklogBytes >= l.BacklogBytes) {
		err = fmt.Errorf("%w: %d requests with %d bytes wait for an agent", ErrBacklogFull, stat.Backlog, stat.BacklogBytes)
	}
	return err
}

// publish makes a request durable, by commit, and announces it.
func (r *Relay) publish(e *endpoint, entry Entry, commit func() (uint64, error)) (Entry, error) {
	entry.Request.Received = r.Now()
	began := time.Now()
	err := e.appending(func() (err error) {
		entry.Seq, err = commit()
		return err
	})
	if err != nil {
		return entry, err
	}
	r.Meter.Accepted(entry.Length, time.Since(began))
	e.publish(entry)
	return entry, nil
}

// idleReader reads a body in parts. Each read has bodyIdle to bring something.
type idleReader struct {
	r     io.Reader
	conn  *http.ResponseController
	until time.Time // when the whole has to be there
}

func (b *idleReader) Read(p []byte) (int, error) {
	// Not every server has deadlines; where there are none, its own timeouts hold.
	deadline := time.Now().Add(bodyIdle)
	if deadline.After(b.until) {
		deadline = b.until
	}
	_ = b.conn.SetReadDeadline(deadline)
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
func (r *Relay) refuseBody(w http.ResponseWriter, e *endpoint, in *event.Request, err error) {
	var tooLarge *http.MaxBytesError
	var broken *bodyError
	log := r.Log.With("request", in.ID, "endpoint", short(e.id))
	switch {
	case errors.As(err, &tooLarge):
		r.refuseTooLarge(w)
	case errors.Is(err, os.ErrDeadlineExceeded):
		r.refuse(w, http.StatusRequestTimeout, RefusedSlow, "the body stopped coming")
	case errors.As(err, &broken):
		r.refuse(w, http.StatusBadRequest, RefusedBroken, "the body is broken: "+quote(err.Error()))
	case errors.Is(err, errDropped):
		r.refuse(w, http.StatusNotFound, RefusedEndpoint, "there is no such endpoint")
	case errors.Is(err, ErrBacklogFull):
		log.Warn("refused", "error", err)
		r.refuseForNow(w, RefusedBacklog, err.Error()+"; nothing was stored")
	case errors.Is(err, ErrDiskFull):
		log.Error("refused", "error", err)
		r.refuseForNow(w, RefusedDisk, ErrDiskFull.Error()+"; nothing was stored") // err names a path
	default:
		log.Error("not stored", "error", err)
		r.refuseForNow(w, RefusedInternal, "the relay could not store the request")
	}
}

func (r *Relay) refuseTooLarge(w http.ResponseWriter) {
	r.refuse(w, http.StatusRequestEntityTooLarge, RefusedTooLarge, fmt.Sprintf("a body may have %d bytes", r.MaxBody))
}
