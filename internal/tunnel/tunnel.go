// Package tunnel is the agent's side of the connection to a relay. It dials, says from
// which position it goes on, hands over each request once it is complete, and carries
// acknowledgements and answers back. When the connection is lost it dials again, for
// ever, and says so each time: see Handler.
//
// It keeps no position of its own. The position is durable with whoever records the
// requests, and is asked for before each dial.
package tunnel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// Config says where to connect and as whom.
type Config struct {
	URL      string // of the relay's agent path, ws:// or wss://
	Token    string // sent in the Authorization header of the handshake only
	Software string // such as "solatis/1.2.0"
	Agent    string // the name that the relay knows this agent's position by
	Endpoint string
	Mode     wire.Mode
	Methods  []string      // HTTP methods to take; empty means POST
	AnswerIn time.Duration // in wire.ModeApp, how long senders have to wait for the app at most
	MaxBody  uint64        // of one request, in bytes

	// Position returns the agent's durable position.
	Position func(context.Context) (event.Position, error)
	Handler  Handler
}

// Handler is told what happens. All its methods are called by one goroutine, one at a
// time; none may wait for the network.
type Handler interface {
	// Connected says that requests after at will come, and how many wait already.
	Connected(at event.Position, backlog uint64)
	// Request hands over a complete request. They come in the order in which they are
	// complete, which is that of at.Seq but for large ones. at is the position that is
	// reached when this request and all before it are durable.
	Request(at event.Position, r *event.Request)
	// Gap says that the requests from to to.Seq, both included, will never come.
	Gap(from uint64, to event.Position, reason string)
	// Disconnected says why the connection was lost, or could not be made, and when the
	// next try follows. A final one ends Run.
	Disconnected(why error, retryIn time.Duration, final bool)
}

// Tunnel is a connection that is made again whenever it is lost.
type Tunnel struct {
	Config

	mu    sync.Mutex // guards what follows
	conn  *wsconn.Conn
	epoch uint64 // of conn
}

// New returns a tunnel that isn't connected yet; see Run.
func New(c Config) *Tunnel { return &Tunnel{Config: c} }

// RefusedError says that the relay doesn't want this agent, and that coming back is of
// no use.
type RefusedError struct {
	Code   wire.Code
	Reason string
}

func (e *RefusedError) Error() string { return "the relay refused the connection: " + e.Reason }

// goodbyeError is a Goodbye after which the agent comes back.
type goodbyeError struct{ wire.Goodbye }

func (e *goodbyeError) Error() string { return "the relay said: " + e.Reason }

// Run keeps the tunnel connected until ctx ends, and returns nil then. It returns a
// *RefusedError when the relay sends the agent away for good, and an error of Position
// as it is.
func (t *Tunnel) Run(ctx context.Context) error {
	wait := &backoff.ExponentialBackOff{
		InitialInterval:     100 * time.Millisecond,
		RandomizationFactor: 1, // full jitter, so that agents don't come back all at once
		Multiplier:          2,
		MaxInterval:         5 * time.Second, // which full jitter stretches to 10 s
	}
	wait.Reset()
	for {
		connected, err := t.connect(ctx)
		if ctx.Err() != nil {
			return nil
		}
		var positionErr *positionError
		if errors.As(err, &positionErr) {
			return positionErr.error
		}
		if final := refusal(err); final != nil {
			t.Handler.Disconnected(final, 0, true)
			return final
		}
		if connected {
			wait.Reset()
		}
		pause := pauseAfter(err, wait)
		t.Handler.Disconnected(err, pause, false)
		if !sleep(ctx, pause) {
			return nil
		}
	}
}

type positionError struct{ error }

// refusal returns err as what ends Run, or nil where another try may help.
func refusal(err error) error {
	var refused *RefusedError
	if errors.As(err, &refused) {
		return refused
	}
	var status *wsconn.StatusError
	if errors.As(err, &status) && (status.Code == http.StatusUnauthorized || status.Code == http.StatusForbidden) {
		return &RefusedError{Code: wire.CodeRefused, Reason: status.Error()}
	}
	return nil
}

func pauseAfter(err error, wait backoff.BackOff) time.Duration {
	var bye *goodbyeError
	if errors.As(err, &bye) && bye.RetryMS > 0 {
		return min(time.Duration(bye.RetryMS)*time.Millisecond, time.Minute)
	}
	return wait.NextBackOff()
}

// sleep waits for d, and reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// connect makes one connection and serves it to its end.
func (t *Tunnel) connect(ctx context.Context) (connected bool, err error) {
	at, err := t.Position(ctx)
	if err != nil {
		return false, &positionError{err}
	}
	conn, err := wsconn.Dial(ctx, t.URL, http.Header{"Authorization": {"Bearer " + t.Token}})
	if err != nil {
		return false, err
	}
	stop := context.AfterFunc(ctx, conn.Abort)
	defer stop()
	defer conn.Abort()
	defer t.detach()
	defer watchClock(conn.Abort)()
	if err := write(conn, t.hello(at)); err != nil {
		return false, err
	}
	in := &incoming{tunnel: t, conn: conn, partial: make(map[uint64]*partialRequest)}
	err = in.readAll()
	return in.epoch != 0, err
}

func (t *Tunnel) hello(at event.Position) *wire.Hello {
	return &wire.Hello{
		Version:  wire.Version,
		Software: t.Software,
		Agent:    t.Agent,
		Endpoint: t.Endpoint,
		Epoch:    at.Epoch,
		Seq:      at.Seq,
		Mode:     t.Mode,
		Methods:  t.Methods,
		AnswerMS: uint64(t.AnswerIn.Milliseconds()),
	}
}

// sleepJump is by how much the wall clock has to run ahead of the monotonic one for the
// machine to have slept.
const sleepJump = 5 * time.Second

// watchClock calls lost when the wall clock jumps ahead of the monotonic one, which
// stands still while a machine sleeps: the connection is then most likely dead, and
// would else be noticed only after wsconn.DeadAfter. It returns a function that ends
// the watch.
func watchClock(lost func()) (stop func()) {
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(sleepJump / 5)
		defer tick.Stop()
		last := time.Now()
		for {
			select {
			case <-done:
				return
			case now := <-tick.C:
				slept := now.Round(0).Sub(last.Round(0)) - now.Sub(last)
				if slept > sleepJump {
					lost()
				}
				last = now
			}
		}
	}()
	return func() { close(done); <-ended }
}

func (t *Tunnel) attach(conn *wsconn.Conn, epoch uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conn, t.epoch = conn, epoch
}

func (t *Tunnel) detach() { t.attach(nil, 0) }

// current returns the connection, and its epoch; nil while there is none.
func (t *Tunnel) current() (*wsconn.Conn, uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conn, t.epoch
}

// Ack tells the relay that everything up to the position is durable. An ack that can't
// be sent now is of no consequence: the next connection starts from the position.
func (t *Tunnel) Ack(at event.Position) {
	conn, epoch := t.current()
	if conn == nil || epoch != at.Epoch {
		return
	}
	_ = write(conn, &wire.Ack{Seq: at.Seq})
}

// Respond sends the app's answer to a request, in wire.ModeApp. If the connection was
// lost meanwhile nobody waits for it any more.
func (t *Tunnel) Respond(request string, status int, header map[string][]string, body []byte) {
	conn, _ := t.current()
	if conn == nil {
		return
	}
	first := body[:min(len(body), wire.MaxPart)]
	err := write(conn, &wire.Response{
		ID: request, Status: uint(status), Header: header, Length: uint64(len(body)), Part: first,
	})
	for rest := body[len(first):]; err == nil && len(rest) > 0; {
		part := rest[:min(len(rest), wire.MaxPart)]
		err = write(conn, &wire.ResponseBody{ID: request, Part: part})
		rest = rest[len(part):]
	}
}

func write(conn *wsconn.Conn, f wire.Frame) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	if err := wire.Encode(buf, f); err != nil {
		return fmt.Errorf("tunnel: %w", err)
	}
	return conn.Write(buf.Bytes())
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
