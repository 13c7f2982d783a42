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
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// Config says where to connect and as whom.
type Config struct {
	URL      string      // of the relay's agent path, ws:// or wss://
	TLS      *tls.Config // of a wss:// URL; nil means the system's certificates
	Net      wsconn.Net  // makes the connection below; nil dials the network
	Token    string      // sent in the Authorization header of the handshake only
	Software string      // such as "solatis/1.2.0"
	Agent    string      // the name that the relay knows this agent's position by
	Endpoint string      // its name at the relay
	Mode     wire.Mode
	Methods  []string      // HTTP methods to take; empty means POST
	AnswerIn time.Duration // in wire.ModeApp, how long senders have to wait for the app at most
	MaxBody  uint64        // of one request, in bytes

	Ephemeral bool          // the relay forgets the agent when it disconnects
	Since     time.Time     // where the first connection begins, whatever the position is; zero for the position
	GiveUp    time.Duration // ends Run after so long without a connection; 0 never does

	// Position returns the agent's durable position.
	Position func(context.Context) (event.Position, error)
	Handler  Handler
}

// Handler is told what happens. All its methods are called by one goroutine, one at a
// time; none may wait for the network.
type Handler interface {
	// Connecting says that a connection is being made.
	Connecting()
	// Connected says what the relay said in its welcome.
	Connected(Welcome)
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

// Welcome is what a relay says of a new connection.
type Welcome struct {
	At      event.Position // requests after it will come
	Backlog uint64         // how many of them wait already
	URL     string         // where webhooks are to be sent
	Notice  string         // from the relay's operator, untrusted text; empty for none
}

// Tunnel is a connection that is made again whenever it is lost.
type Tunnel struct {
	Config

	since time.Time // Config.Since until the first Welcome; of Run's goroutine

	mu    sync.Mutex // guards what follows
	conn  *wsconn.Conn
	epoch uint64 // of conn
}

// New returns a tunnel that isn't connected yet; see Run.
func New(c Config) *Tunnel { return &Tunnel{Config: c, since: c.Since} }

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

// LostError says that there was no connection for Config.GiveUp.
type LostError struct {
	For   time.Duration
	Cause error // of the last try
}

func (e *LostError) Error() string {
	return fmt.Sprintf("no connection to the relay for %v: %v", e.For, e.Cause)
}

func (e *LostError) Unwrap() error { return e.Cause }

// Run keeps the tunnel connected until ctx ends, and returns nil then. It returns a
// *RefusedError when the relay sends the agent away for good, a *LostError after
// Config.GiveUp, and an error of Position as it is.
func (t *Tunnel) Run(ctx context.Context) error {
	wait := newBackoff()
	lost := time.Now() // since when there is no connection
	for {
		connected, brought, err := t.connect(ctx, t.deadline(lost))
		if ctx.Err() != nil {
			return nil
		}
		var positionErr *positionError
		if errors.As(err, &positionErr) {
			return positionErr.error
		}
		if connected {
			lost = time.Now()
		}
		if brought {
			wait.Reset()
		}
		if final := refusal(err); final != nil {
			return t.giveUp(final)
		}
		pause := min(pauseAfter(err, wait), time.Until(t.deadline(lost)))
		if pause > 0 {
			t.Handler.Disconnected(err, pause, false)
		}
		if !sleep(ctx, pause) {
			return nil
		}
		if !time.Now().Before(t.deadline(lost)) {
			return t.giveUp(&LostError{t.GiveUp, err})
		}
	}
}

func (t *Tunnel) giveUp(why error) error {
	t.Handler.Disconnected(why, 0, true)
	return why
}

func newBackoff() *backoff.ExponentialBackOff {
	b := &backoff.ExponentialBackOff{
		InitialInterval:     100 * time.Millisecond,
		RandomizationFactor: 1, // full jitter, so that agents don't come back all at once
		Multiplier:          2,
		MaxInterval:         5 * time.Second, // which full jitter stretches to 10 s
	}
	b.Reset()
	return b
}

// forEver is when a tunnel gives up that never does.
const forEver = 100 * 365 * 24 * time.Hour

// deadline is when the tunnel gives up that lost its connection at the given time.
func (t *Tunnel) deadline(lost time.Time) time.Time {
	if t.GiveUp <= 0 {
		return lost.Add(forEver)
	}
	return lost.Add(t.GiveUp)
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

// maxPause bounds how long a relay can send an agent away.
const maxPause = time.Minute

// pauseAfter is how long to wait after err: as long as the relay asked for, or else a
// little longer each time.
func pauseAfter(err error, wait backoff.BackOff) time.Duration {
	var bye *goodbyeError
	var status *wsconn.StatusError
	pause := wait.NextBackOff()
	switch {
	case errors.As(err, &bye) && bye.RetryMS > 0:
		asked := time.Duration(min(bye.RetryMS, 1<<30)) * time.Millisecond
		return min(asked+rand.N(asked), maxPause) // or all agents of a relay would come back at once
	case errors.As(err, &status):
		return min(max(pause, status.RetryAfter), maxPause)
	}
	return pause
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

// wellFor is how long a connection stands that was worth having even if it brought nothing.
const wellFor = 5 * time.Second

// connect makes one connection and serves it to its end. The connection has to stand by
// the deadline. It says whether the relay welcomed the agent, and whether any good came of
// it: one that breaks again and again without is not to be made again at once.
func (t *Tunnel) connect(ctx context.Context, deadline time.Time) (connected, brought bool, err error) {
	at, err := t.Position(ctx)
	if err != nil {
		return false, false, &positionError{err}
	}
	t.Handler.Connecting()
	conn, err := t.dial(ctx, deadline)
	if err != nil {
		return false, false, err
	}
	began := time.Now()
	stop := context.AfterFunc(ctx, conn.Abort)
	defer stop()
	defer conn.Abort()
	defer t.detach()
	defer watchClock(conn.Abort)()
	if err := write(conn, t.hello(at)); err != nil {
		return false, false, err
	}
	in := &incoming{tunnel: t, conn: conn, partial: make(map[uint64]*partialRequest)}
	err = in.readAll()
	connected = in.epoch != 0
	return connected, connected && (in.brought || time.Since(began) >= wellFor), err
}

func (t *Tunnel) dial(ctx context.Context, deadline time.Time) (*wsconn.Conn, error) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	header := make(http.Header)
	if t.Token != "" { // a relay may take anybody
		header.Set("Authorization", "Bearer "+t.Token)
	}
	return wsconn.Dial(ctx, t.URL, wsconn.DialOptions{Header: header, TLS: t.TLS, Net: t.Net})
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

		Ephemeral: t.Ephemeral,
		Since:     nanoseconds(t.since),
	}
}

// nanoseconds is a time as Hello has it. Times before 1970 are as good as its beginning.
func nanoseconds(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return max(at.UnixNano(), 1)
}

// endpointURL is where webhooks for the endpoint id are to be sent. The relay says the id
// alone, so that it can't make anybody send to another host.
func (t *Tunnel) endpointURL(id string) (string, error) {
	u, err := url.Parse(t.URL)
	if err != nil {
		return "", err
	}
	if id == "" || len(id) > maxEndpointID || strings.Trim(id, endpointIDChars) != "" {
		return "", fmt.Errorf("the relay's Welcome names the endpoint %.80q, which can't be one", id)
	}
	u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	return u.Scheme + "://" + u.Host + wire.EndpointPath + id, nil
}

// What an endpoint's id is made of.
const (
	maxEndpointID   = 128
	endpointIDChars = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-"
)

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
