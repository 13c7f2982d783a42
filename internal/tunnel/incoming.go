package tunnel

import (
	"errors"
	"fmt"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// incoming reads the frames of one connection. The relay isn't trusted: what breaks the
// protocol ends the connection.
type incoming struct {
	tunnel  *Tunnel
	conn    *wsconn.Conn
	epoch   uint64 // 0 until Welcome
	last    uint64 // the seq that came last
	partial map[uint64]*partialRequest
	held    uint64 // bytes of the partial requests' heads, and that their bodies may grow to
	brought bool   // whether a request or a gap came
}

type partialRequest struct {
	head  *wire.Request
	parts *wire.Parts
}

// valueCost is what a header's value takes of memory beside its bytes, about.
const valueCost = 32

// size is what it may take of memory, in bytes.
func (p *partialRequest) size() uint64 {
	f := p.head
	n := f.Length + uint64(len(f.ID)+len(f.Method)+len(f.Path)+len(f.RawQuery)+len(f.Host)+len(f.Proto)+len(f.Remote))
	for name, values := range f.Header {
		for _, value := range values {
			n += uint64(len(name)+len(value)) + valueCost
		}
	}
	return n
}

// Bounds on what a relay may have under way, in requests and as a multiple of the
// largest body. An honest relay stays far below: see relay.DefaultInFlight.
const (
	maxPartial     = 4096
	maxPartialBody = 32
)

func (in *incoming) readAll() error {
	for {
		message, err := in.conn.Read()
		if err != nil {
			return err
		}
		if err := wire.Decode(message, in.handle); err != nil {
			return err
		}
	}
}

func (in *incoming) handle(f wire.Frame) error {
	switch f := f.(type) {
	case *wire.Goodbye:
		if f.Code.Final() {
			return &RefusedError{Code: f.Code, Reason: f.Reason}
		}
		return &goodbyeError{*f}
	case *wire.Welcome:
		return in.welcome(f)
	}
	if in.epoch == 0 {
		return fmt.Errorf("the relay sent %T before Welcome", f)
	}
	switch f := f.(type) {
	case *wire.Request:
		return in.request(f)
	case *wire.Body:
		return in.body(f)
	case *wire.Gap:
		return in.gap(f)
	default:
		return fmt.Errorf("%T isn't for a relay to send", f)
	}
}

func (in *incoming) welcome(f *wire.Welcome) error {
	if in.epoch != 0 {
		return errors.New("the relay sent Welcome twice")
	}
	if f.Epoch == 0 {
		return errors.New("the relay's Welcome has no epoch")
	}
	where, err := in.tunnel.endpointURL(f.Endpoint)
	if err != nil {
		return err
	}
	in.epoch, in.last = f.Epoch, f.Seq
	in.tunnel.since = time.Time{} // from now on there is a position
	in.tunnel.attach(in.conn, f.Epoch)
	in.tunnel.Handler.Connected(Welcome{
		At: event.Position{Epoch: f.Epoch, Seq: f.Seq}, Backlog: f.Backlog, URL: where, Notice: f.Notice,
	})
	return nil
}

// follows checks that nothing was left out or comes twice.
func (in *incoming) follows(seq, upTo uint64) error {
	if seq != in.last+1 {
		return fmt.Errorf("the relay sent request %d after %d", seq, in.last)
	}
	in.last = upTo
	return nil
}

func (in *incoming) request(f *wire.Request) error {
	if err := in.follows(f.Seq, f.Seq); err != nil {
		return err
	}
	parts, err := wire.NewParts(f.Length, in.tunnel.MaxBody, f.Part)
	if err != nil {
		return fmt.Errorf("request %d: %w", f.Seq, err)
	}
	p := &partialRequest{f, parts}
	if parts.Complete() {
		in.complete(p)
		return nil
	}
	in.held += p.size()
	if len(in.partial) >= maxPartial || in.held > maxPartialBody*in.tunnel.MaxBody {
		return errors.New("the relay has too many requests under way")
	}
	in.partial[f.Seq] = p
	return nil
}

func (in *incoming) body(f *wire.Body) error {
	p, ok := in.partial[f.Seq]
	if !ok {
		return fmt.Errorf("the relay sent a part of request %d, which isn't under way", f.Seq)
	}
	if err := p.parts.Add(f.Part); err != nil {
		return fmt.Errorf("request %d: %w", f.Seq, err)
	}
	if p.parts.Complete() {
		delete(in.partial, f.Seq)
		in.held -= p.size()
		in.complete(p)
	}
	return nil
}

func (in *incoming) complete(p *partialRequest) {
	in.brought = true
	f := p.head
	in.tunnel.Handler.Request(event.Position{Epoch: in.epoch, Seq: f.Seq}, &event.Request{
		ID:       f.ID,
		Method:   f.Method,
		Path:     f.Path,
		RawQuery: f.RawQuery,
		Host:     f.Host,
		Proto:    f.Proto,
		Remote:   f.Remote,
		Header:   f.Header,
		Body:     p.parts.Bytes(),
		Received: time.Unix(0, f.Received),
	})
}

func (in *incoming) gap(f *wire.Gap) error {
	if err := in.follows(f.From, f.To); err != nil {
		return err
	}
	in.brought = true
	in.tunnel.Handler.Gap(f.From, event.Position{Epoch: in.epoch, Seq: f.To}, f.Reason)
	return nil
}
