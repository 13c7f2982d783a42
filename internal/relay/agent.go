package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// helloWithin is how long an agent may take to say Hello, and lastWords how long its
// connection may take to carry a Goodbye.
const (
	helloWithin = 10 * time.Second
	lastWords   = 500 * time.Millisecond
)

// agent is one connected agent. Three goroutines work for it: the reading one, in run;
// the pusher, which sends what is due; and the acker, which brings its position to the
// store.
type agent struct {
	relay    *Relay
	endpoint *endpoint
	conn     *wsconn.Conn
	name     string

	wake chan struct{} // of capacity 1: the pusher may have something to do
	acks chan struct{} // of capacity 1: acked has grown

	mu     sync.Mutex // guards what follows
	window window
	acked  uint64
}

// serveAgent upgrades a request of an authorised agent and serves it until either side
// ends the connection.
func (r *Relay) serveAgent(w http.ResponseWriter, req *http.Request) {
	if !r.enter() {
		refuseForNow(w, "the relay is closing")
		return
	}
	defer r.agents.Done()
	bearer, err := r.Authority.Bearer(req.Context(), token(req))
	if err != nil {
		r.refuseAgent(w, err)
		return
	}
	conn, err := wsconn.Accept(w, req)
	if err != nil {
		return // Accept has answered
	}
	hello, err := readHello(conn)
	if err != nil {
		say(conn, wire.CodeProtocol, err.Error(), 0)
		return
	}
	id, err := r.admit(req.Context(), bearer, hello)
	if err != nil {
		r.Log.Warn("agent refused", "agent", hello.Agent, "owner", bearer.Owner, "reason", err)
		say(conn, codeOf(err), err.Error(), 0)
		return
	}
	r.serve(req.Context(), conn, hello, id)
}

// refuseAgent answers a handshake whose token isn't valid.
func (r *Relay) refuseAgent(w http.ResponseWriter, err error) {
	var refused *RefusedError
	if errors.As(err, &refused) {
		refuse(w, http.StatusUnauthorized, refused.Reason)
		return
	}
	r.Log.Error("token not checked", "error", err)
	refuseForNow(w, "the relay can't check the token")
}

func (r *Relay) enter() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closing {
		r.agents.Add(1)
	}
	return !r.closing
}

func readHello(conn *wsconn.Conn) (*wire.Hello, error) {
	timeout := time.AfterFunc(helloWithin, conn.Abort)
	defer timeout.Stop()
	message, err := conn.Read()
	if err != nil {
		return nil, err
	}
	var hello *wire.Hello
	err = wire.Decode(message, func(f wire.Frame) error {
		h, ok := f.(*wire.Hello)
		if !ok || hello != nil {
			return fmt.Errorf("%T, where one Hello was due", f)
		}
		hello = h
		return nil
	})
	if err == nil && hello == nil {
		err = fmt.Errorf("no Hello came")
	}
	return hello, err
}

// goodbyeError is an error that the agent is told with its own code.
type goodbyeError struct {
	code wire.Code
	why  string
}

func (e *goodbyeError) Error() string { return e.why }

func codeOf(err error) wire.Code {
	var bye *goodbyeError
	var refused *RefusedError
	switch {
	case errors.As(err, &bye):
		return bye.code
	case errors.As(err, &refused):
		return wire.CodeRefused
	default:
		return wire.CodeInternal
	}
}

// admit checks a Hello and returns the id of its endpoint.
func (r *Relay) admit(ctx context.Context, bearer Bearer, hello *wire.Hello) (id string, err error) {
	switch {
	case hello.Version != wire.Version:
		return "", &goodbyeError{wire.CodeVersion, fmt.Sprintf("this relay speaks version %d of the protocol, the agent version %d: update the older of both",
			wire.Version, hello.Version)}
	case hello.Agent == "":
		return "", &goodbyeError{wire.CodeProtocol, "the agent has no name"}
	}
	id, err = r.Authority.Open(ctx, bearer, hello.Endpoint)
	var refused *RefusedError
	if err != nil && !errors.As(err, &refused) {
		r.Log.Error("endpoint not opened", "error", err)
		return "", errors.New("the relay can't open the endpoint")
	}
	return id, err
}

// serve runs an admitted agent.
func (r *Relay) serve(ctx context.Context, conn *wsconn.Conn, hello *wire.Hello, id string) {
	e, err := r.endpoint(ctx, id)
	if err != nil {
		say(conn, wire.CodeInternal, "the relay can't open the endpoint", 0)
		return
	}
	at, err := r.Store.Resume(ctx, e.id, hello.Agent, event.Position{Epoch: hello.Epoch, Seq: hello.Seq}, r.Now())
	if err != nil {
		r.Log.Error("resume failed", "agent", hello.Agent, "error", err)
		say(conn, wire.CodeInternal, "the relay can't find the agent's position", 0)
		return
	}
	a := &agent{
		relay: r, endpoint: e, conn: conn, name: hello.Agent,
		wake: make(chan struct{}, 1), acks: make(chan struct{}, 1),
		window: window{limit: r.InFlight, sent: at.Seq}, acked: at.Seq,
	}
	if err := a.welcome(ctx, at); err != nil {
		conn.Abort()
		return
	}
	if old := e.join(a, termsOf(hello)); old != nil {
		go old.goodbye(wire.CodeReplaced, "another session took this agent's place", 0)
	}
	defer e.leave(a)
	a.run(ctx, at.Seq)
}

func (a *agent) welcome(ctx context.Context, at event.Position) error {
	stat, err := a.relay.Store.Stat(ctx, a.endpoint.id, a.name)
	if err != nil {
		return err
	}
	return a.send(&wire.Welcome{
		Version: wire.Version, Endpoint: a.endpoint.id, Epoch: at.Epoch, Seq: at.Seq, Backlog: stat.Backlog,
		InFlightRequests: uint64(a.relay.InFlight.Requests), InFlightBytes: uint64(a.relay.InFlight.Bytes),
	})
}

// run reads the agent's frames until the connection ends, and then waits for the pusher
// and the acker.
func (a *agent) run(ctx context.Context, after uint64) {
	// The request's own context isn't cancelled by the end of a hijacked connection.
	pushing, stop := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { a.push(pushing, after) })
	work.Go(func() { a.ack(pushing) })
	err := a.readAll()
	a.relay.Log.Info("agent gone", "agent", a.name, "reason", err)
	a.conn.Abort()
	stop()
	work.Wait()
}

func (a *agent) readAll() error {
	answers := make(answers)
	for {
		message, err := a.conn.Read()
		if err != nil {
			return err
		}
		if err := wire.Decode(message, func(f wire.Frame) error { return a.handle(f, answers) }); err != nil {
			a.goodbye(wire.CodeProtocol, err.Error(), 0)
			return err
		}
	}
}

func (a *agent) handle(f wire.Frame, answers answers) error {
	switch f := f.(type) {
	case *wire.Ack:
		return a.acknowledge(f.Seq)
	case *wire.Response:
		answer, err := answers.begin(f)
		if answer != nil {
			a.endpoint.answer(a, f.ID, answer)
		}
		return err
	case *wire.ResponseBody:
		answer, err := answers.add(f)
		if answer != nil {
			a.endpoint.answer(a, f.ID, answer)
		}
		return err
	default:
		return fmt.Errorf("%T isn't for an agent to send", f)
	}
}

// acknowledge takes a cumulative ack: it opens the window at once, and the acker brings
// it to the store.
func (a *agent) acknowledge(seq uint64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if seq > a.window.sent {
		return fmt.Errorf("an ack of %d, where %d was sent last", seq, a.window.sent)
	}
	if seq <= a.acked {
		return nil
	}
	a.acked = seq
	a.window.ack(seq)
	a.signal()
	select {
	case a.acks <- struct{}{}:
	default:
	}
	return nil
}

// ack brings the newest acknowledged position to the store, time and again. Acks that
// come while one is being written are written as one. A last one may be lost with the
// connection; then the agent gets its requests once more and drops them.
func (a *agent) ack(ctx context.Context) {
	for {
		select {
		case <-a.acks:
		case <-ctx.Done():
			return
		}
		a.mu.Lock()
		seq := a.acked
		a.mu.Unlock()
		r, now := a.relay, a.relay.Now()
		err := r.Store.Ack(ctx, a.endpoint.id, a.name, seq, now)
		if err == nil {
			err = r.Store.Trim(ctx, a.endpoint.id, r.Limits, now)
		}
		if err != nil && ctx.Err() == nil {
			r.Log.Error("ack not stored", "agent", a.name, "seq", seq, "error", err)
		}
	}
}

// signal tells the pusher to look again.
func (a *agent) signal() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *agent) send(f wire.Frame) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	if err := wire.Encode(buf, f); err != nil {
		return err
	}
	return a.conn.Write(buf.Bytes())
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// goodbye sends the agent away. Its reading goroutine ends by itself then.
func (a *agent) goodbye(code wire.Code, why string, retryIn time.Duration) {
	say(a.conn, code, why, retryIn)
}

// say sends a Goodbye and closes the connection.
func say(conn *wsconn.Conn, code wire.Code, why string, retryIn time.Duration) {
	var buf bytes.Buffer
	if err := wire.Encode(&buf, &wire.Goodbye{Code: code, Reason: why, RetryMS: uint64(retryIn.Milliseconds())}); err == nil {
		_ = conn.Write(buf.Bytes())
	}
	conn.Close(lastWords)
}
