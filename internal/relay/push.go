package relay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// window bounds what is sent and not acknowledged.
type window struct {
	limit InFlight
	sent  uint64 // the seq sent last
	bytes int64
	items []inFlight // in order of seq
}

type inFlight struct {
	seq   uint64
	bytes int64
}

// open reports whether a request of that size may be sent. One may always be under way,
// however large.
func (w *window) open(size int64) bool {
	return len(w.items) == 0 || len(w.items) < w.limit.Requests && w.bytes+size <= w.limit.Bytes
}

func (w *window) add(seq uint64, size int64) {
	w.items = append(w.items, inFlight{seq, size})
	w.bytes += size
	w.sent = seq
}

func (w *window) ack(seq uint64) {
	n := 0
	for n < len(w.items) && w.items[n].seq <= seq {
		w.bytes -= w.items[n].bytes
		n++
	}
	w.items = slices.Delete(w.items, 0, n)
}

// pusher sends a log to one agent, in order.
type pusher struct {
	*agent
	next   uint64  // the seq to send next
	batch  []Entry // read from the store and not yet sent, from next on
	bodies []*bodyRest

	awaited uint64    // the seq that was on its way to memory last
	since   time.Time // when that was seen
}

// bodyRest is what is still to be sent of a body. The rests take turns, with each
// other and with the requests that follow, so that a large body holds up nobody.
type bodyRest struct {
	entry  Entry
	offset int64
	part   []byte // read ahead from the store, from offset on
}

// Bounds of one read of the store, in requests and in bytes.
const (
	readRequests = 64
	readBytes    = 1 << 20
)

// push sends what is due and fits into the window, until there is no more.
func (a *agent) push() {
	for a.look() {
		for {
			sent, err := a.pusher.step(context.Background())
			if err != nil {
				a.pushFailed(err)
				return // and is not started again, since pushes stays set
			}
			if !sent {
				break
			}
		}
		a.endpoint.passed(a, a.pusher.next)
	}
}

func (a *agent) pushFailed(err error) {
	if errors.Is(err, wsconn.ErrClosed) {
		return
	}
	a.relay.Log.Error("push failed", "endpoint", short(a.endpoint.id), "agent", a.name, "error", err)
	a.goodbye(wire.CodeInternal, "the relay can't read its log", 0)
}

// maxTurns is how many large bodies are sent by turns: each is read ahead a little.
const maxTurns = 16

// step sends the next request and one part of a large body, if there are any that may
// be sent.
func (p *pusher) step(ctx context.Context) (sent bool, err error) {
	entry, ok, err := p.due(ctx)
	if err != nil {
		return false, err
	}
	if ok && !(entry.Spooled && len(p.bodies) >= maxTurns) && p.reserve(entry) {
		if err := p.sendHead(ctx, entry); err != nil {
			return false, err
		}
		sent = true
	}
	if len(p.bodies) > 0 {
		if err := p.sendPart(ctx); err != nil {
			return false, err
		}
		sent = true
	}
	return sent, nil
}

// due returns the entry to be sent next, without taking it. Where requests are missing
// from the log it tells the agent so and goes on behind them.
func (p *pusher) due(ctx context.Context) (Entry, bool, error) {
	head, entry, ok, coming := p.endpoint.upTo(p.next)
	if p.next > head || coming && p.awaits() {
		return Entry{}, false, nil
	}
	if ok {
		return entry, true, nil
	}
	// What was read may have been sent meanwhile, out of the endpoint's memory.
	for len(p.batch) > 0 && p.batch[0].Seq < p.next {
		p.batch = p.batch[1:]
	}
	if len(p.batch) == 0 {
		var err error
		p.batch, err = p.relay.Store.Read(ctx, p.endpoint.id, p.next-1, readRequests, readBytes)
		if err != nil {
			return Entry{}, false, err
		}
	}
	first := head + 1 // of what is present
	if len(p.batch) > 0 {
		first = p.batch[0].Seq
	}
	if first > p.next {
		return Entry{}, false, p.gap(first - 1)
	}
	return p.batch[0], true, nil
}

// comingWithin is how long a request may be on its way to the endpoint's memory before it
// is read from the store: none should, but one whose handler broke would hold up the log.
const comingWithin = 10 * time.Millisecond

// awaits reports whether the next request may still be on its way, and sees to it that the
// pusher looks again.
func (p *pusher) awaits() bool {
	now := time.Now()
	if p.awaited != p.next {
		p.awaited, p.since = p.next, now
		time.AfterFunc(comingWithin, p.signal)
	}
	return now.Sub(p.since) < comingWithin
}

func (p *pusher) gap(to uint64) error {
	p.mu.Lock()
	p.window.sent = to // before it can be acknowledged
	p.mu.Unlock()
	err := p.send(&wire.Gap{From: p.next, To: to, Reason: "the relay no longer has them: they were over its backlog or retention limits"})
	p.next = to + 1
	p.signal() // step has sent no request, but there may be one now
	return err
}

// reserve takes room for the entry in the window, if there is any.
func (p *pusher) reserve(e Entry) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	size := int64(e.Request.Size())
	if e.Spooled {
		size += e.Length
	}
	if !p.window.open(size) {
		return false
	}
	p.window.add(e.Seq, size)
	return true
}

func (p *pusher) sendHead(ctx context.Context, e Entry) error {
	p.next = e.Seq + 1
	p.relay.Meter.Sent(p.endpoint.wasSent(p.name, e.Seq))
	rest := &bodyRest{entry: e, part: e.Request.Body}
	part, err := rest.take(ctx, p)
	if err != nil {
		return err
	}
	r := e.Request
	err = p.send(&wire.Request{
		Seq: e.Seq, ID: r.ID, Method: r.Method, Path: r.Path, RawQuery: r.RawQuery,
		Host: r.Host, Proto: r.Proto, Remote: r.Remote, Header: r.Header,
		Received: r.Received.UnixNano(), Length: uint64(e.Length), Part: part,
	})
	if rest.offset < e.Length {
		p.bodies = append(p.bodies, rest)
	}
	return err
}

// sendPart sends one part of the body whose turn it is.
func (p *pusher) sendPart(ctx context.Context) error {
	rest := p.bodies[0]
	p.bodies = p.bodies[1:]
	part, err := rest.take(ctx, p)
	if err != nil {
		return err
	}
	if rest.offset < rest.entry.Length {
		p.bodies = append(p.bodies, rest)
	}
	return p.send(&wire.Body{Seq: rest.entry.Seq, Part: part})
}

// take returns the next part of the body.
func (b *bodyRest) take(ctx context.Context, p *pusher) ([]byte, error) {
	if len(b.part) == 0 && b.offset < b.entry.Length {
		part, err := p.relay.Store.ReadBody(ctx, p.endpoint.id, b.entry.Seq, b.offset, spoolAbove)
		if err != nil {
			return nil, err
		}
		if len(part) == 0 {
			return nil, fmt.Errorf("the body of request %d ends at byte %d of %d", b.entry.Seq, b.offset, b.entry.Length)
		}
		b.part = part
	}
	n := min(len(b.part), wire.MaxPart)
	part := b.part[:n]
	b.part, b.offset = b.part[n:], b.offset+int64(n)
	return part, nil
}
