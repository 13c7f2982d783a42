package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strings"
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

// agent is one connected agent. One goroutine reads, in run. The pusher sends what is
// due, and a third brings acknowledgements to the store, each as long as there is
// anything for it to do: a relay may have thousands of agents, and most do nothing.
type agent struct {
	relay     *Relay
	endpoint  *endpoint
	conn      *wsconn.Conn
	bearer    Bearer
	name      string
	ephemeral bool
	terms     terms

	replaced bool           // guarded by endpoint.mu; set while membership is held
	passed   uint64         // guarded by endpoint.mu; it was sent all below
	silent   chan struct{}  // closed when it tells the store nothing more, but for leave
	pusher   pusher         // of the pushing goroutine
	work     sync.WaitGroup // what runs beside the reading goroutine

	mu     sync.Mutex // guards what follows
	ended  bool       // nothing is to be started any more
	pushes bool       // whether the pushing goroutine runs
	again  bool       // whether it has to look once more
	window window
	acked  uint64
	stored uint64    // what of acked is in the store
	acking bool      // whether a goroutine brings it there
	seen   time.Time // when the store was told last
}

// serveAgent upgrades a request of an authorised agent and serves it until either side
// ends the connection.
func (r *Relay) serveAgent(w http.ResponseWriter, req *http.Request) {
	switch in, full := r.enter(); {
	case full:
		r.refuseForNow(w, RefusedAgents, "this relay has all the agents it can serve")
		return
	case !in:
		r.refuseForNow(w, RefusedDraining, "the relay is restarting")
		return
	}
	conn, bearer, ok := r.upgrade(w, req)
	if !ok {
		r.exit()
		return
	}
	// In a goroutine of its own, so that what the server keeps of the request is freed.
	go r.talk(conn, bearer)
}

// upgrade checks the token and makes a websocket, or answers why not.
func (r *Relay) upgrade(w http.ResponseWriter, req *http.Request) (*wsconn.Conn, Bearer, bool) {
	bearer, err := r.Authority.Bearer(req.Context(), token(req))
	if err != nil {
		r.refuseBearer(w, err)
		return nil, bearer, false
	}
	if wait, ok := r.rates.token.take(bearer.TokenID, r.Now()); !ok {
		r.refuseRate(w, RefusedTokenRate, wait, "too many connections with this token")
		return nil, bearer, false
	}
	if !r.enterOwner(bearer.Owner) {
		r.refuseForNow(w, RefusedAgents, fmt.Sprintf("%s has %d agents connected already", bearer.Owner, r.PerOwner))
		return nil, bearer, false
	}
	conn, err := wsconn.Accept(w, req)
	if err != nil { // and Accept has answered
		r.exitOwner(bearer.Owner)
		r.Meter.Refused(RefusedNoWebsocket)
		return nil, bearer, false
	}
	return conn, bearer, true
}

// talk serves an agent that has a websocket to the end of the connection.
func (r *Relay) talk(conn *wsconn.Conn, bearer Bearer) {
	defer r.exit()
	defer r.exitOwner(bearer.Owner)
	hello, err := r.greet(conn)
	if err == nil {
		err = r.admit(context.Background(), conn, bearer, hello)
	}
	switch {
	case errors.Is(err, errLeft): // as one does that only looks whether its token is good
		r.Log.Debug("agent gone", "owner", bearer.Owner, "token", bearer.TokenID, "reason", err)
		conn.Abort()
	case err != nil:
		r.Log.Warn("agent refused", "owner", bearer.Owner, "token", bearer.TokenID, "reason", err)
		r.Meter.Refused(refusalOf(err))
		say(conn, codeOf(err), err.Error(), 0)
	}
}

// refuseBearer answers a handshake whose token isn't valid.
func (r *Relay) refuseBearer(w http.ResponseWriter, err error) {
	var refused *RefusedError
	if errors.As(err, &refused) {
		r.refuse(w, http.StatusUnauthorized, RefusedToken, refused.Reason)
		return
	}
	r.Log.Error("token not checked", "error", err)
	r.refuseForNow(w, RefusedInternal, "the relay can't check the token")
}

// enter counts an agent in, if there is room and the relay isn't closing.
func (r *Relay) enter() (in, full bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	full = r.MaxAgents > 0 && r.connected >= r.MaxAgents
	if r.closing || full {
		return false, full
	}
	r.agents.Add(1)
	r.connected++
	return true, false
}

// enterOwner counts an agent of an owner in, unless he has too many.
func (r *Relay) enterOwner(owner string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.PerOwner > 0 && r.owned[owner] >= r.PerOwner {
		return false
	}
	r.owned[owner]++
	return true
}

func (r *Relay) exitOwner(owner string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.owned[owner]--; r.owned[owner] == 0 {
		delete(r.owned, owner)
	}
}

func (r *Relay) exit() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connected--
	r.agents.Done()
}

// greet waits for an agent's Hello, but not when the relay is closing.
func (r *Relay) greet(conn *wsconn.Conn) (*wire.Hello, error) {
	r.mu.Lock()
	r.strangers[conn] = true
	closing := r.closing
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.strangers, conn)
	}()
	if closing {
		return nil, &goodbyeError{wire.CodeRestart, "the relay is restarting"}
	}
	return readHello(conn)
}

func readHello(conn *wsconn.Conn) (*wire.Hello, error) {
	timeout := time.AfterFunc(helloWithin, conn.Abort)
	defer timeout.Stop()
	message, err := conn.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errLeft, err)
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
		err = errors.New("no Hello came")
	}
	if err != nil {
		return nil, &goodbyeError{wire.CodeProtocol, err.Error()}
	}
	return hello, nil
}

// errLeft says that an agent went, or was silent, before it said Hello.
var errLeft = errors.New("the agent left before it said Hello")

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

// refusalOf is err as the meter counts it.
func refusalOf(err error) Refusal {
	switch codeOf(err) {
	case wire.CodeRefused:
		return RefusedToken
	case wire.CodeInternal:
		return RefusedInternal
	case wire.CodeRestart:
		return RefusedDraining
	default:
		return RefusedProtocol
	}
}

// admit checks a Hello, and runs the agent if it may come in. An error is to be said to it.
func (r *Relay) admit(ctx context.Context, conn *wsconn.Conn, bearer Bearer, hello *wire.Hello) error {
	switch {
	case hello.Version != wire.Version:
		return &goodbyeError{wire.CodeVersion, fmt.Sprintf("this relay speaks version %d of the protocol, the agent version %d: update the older of both",
			wire.Version, hello.Version)}
	case hello.Agent == "" || strings.HasPrefix(hello.Agent, ephemeralMark) || len(hello.Agent) > maxAgentName:
		return &goodbyeError{wire.CodeProtocol, fmt.Sprintf("the agent's name has to have 1 to %d bytes, the first of them not %q", maxAgentName, ephemeralMark)}
	case len(hello.Methods) > maxMethods || slices.ContainsFunc(hello.Methods, func(m string) bool { return len(m) > maxMethod }):
		return &goodbyeError{wire.CodeProtocol, fmt.Sprintf("an agent takes at most %d methods of %d bytes", maxMethods, maxMethod)}
	}
	id, err := r.Authority.Open(ctx, bearer, hello.Endpoint)
	var refused *RefusedError
	if err != nil && !errors.As(err, &refused) {
		r.Log.Error("endpoint not opened", "error", err)
		return errors.New("the relay can't open the endpoint")
	}
	if err != nil {
		return err
	}
	e, err := r.endpoint(ctx, id)
	if err != nil {
		r.Log.Error("endpoint not opened", "endpoint", short(id), "error", err)
		return errors.New("the relay can't open the endpoint")
	}
	a := &agent{
		relay: r, endpoint: e, conn: conn, bearer: bearer, name: hello.Agent, ephemeral: hello.Ephemeral,
		silent: make(chan struct{}), pushes: true, // not before the welcome: see run
	}
	if a.ephemeral {
		a.name = ephemeralMark + a.name
	}
	if err := a.join(ctx, hello); err != nil {
		return err
	}
	defer a.leave(ctx)
	if !bearer.Expires.IsZero() {
		expiry := time.AfterFunc(bearer.Expires.Sub(r.Now()), func() { a.goodbye(wire.CodeRefused, "the token has expired", 0) })
		defer expiry.Stop()
	}
	a.run()
	return nil
}

// Bounds of what an agent says of itself, in bytes but for maxMethods.
const (
	maxAgentName = 128
	maxSoftware  = 128 // of which logs have so much
	maxMethods   = 16
	maxMethod    = 32
)

func (a *agent) sameName(b *agent) bool { return a.name == b.name }

// join makes the agent one of its endpoint's, and welcomes it.
func (a *agent) join(ctx context.Context, hello *wire.Hello) error {
	r, e := a.relay, a.endpoint
	// Leaving forgets an ephemeral agent; it must not forget one that is coming back.
	e.membership.Lock()
	defer e.membership.Unlock()
	old, room := e.room(a)
	if !room {
		return &goodbyeError{wire.CodeRestart, fmt.Sprintf("the endpoint has %d agents connected already", MaxAgentsPerEndpoint)}
	}
	if old != nil { // what it acknowledged must not come behind what Resume says
		e.leave(old)
		old.goodbye(wire.CodeReplaced, "another session took this agent's place", 0)
		<-old.silent
	}
	if err := a.getKnown(ctx); err != nil {
		return err
	}
	at, err := a.resume(ctx, hello)
	if err != nil {
		r.Log.Error("resume failed", "endpoint", short(e.id), "agent", a.name, "error", err)
		return errors.New("the relay can't find the agent's position")
	}
	a.pusher = pusher{agent: a, next: at.Seq + 1}
	a.window = window{limit: r.InFlight, sent: at.Seq}
	a.passed = at.Seq + 1
	a.acked, a.stored, a.seen = at.Seq, at.Seq, r.Now()
	a.terms = termsOf(hello)
	e.join(a)
	// What was decided since this agent was checked didn't find it among the endpoint's.
	switch {
	case r.isClosing():
		err = &goodbyeError{wire.CodeRestart, "the relay is restarting"}
	case r.isBarred(a.bearer.TokenID):
		err = &RefusedError{"the token was revoked"}
	case e.isClosed():
		err = &RefusedError{"the endpoint was deleted"}
	default:
		err = a.welcome(ctx, at)
	}
	if err != nil {
		e.leave(a)
		if a.ephemeral && !e.isClosed() {
			err = errors.Join(err, r.Store.Forget(ctx, e.id, a.name))
		}
		return err
	}
	r.Log.Info("agent connected", "endpoint", short(e.id), "agent", a.name, "owner", a.bearer.Owner, "software", hello.Software[:min(len(hello.Software), maxSoftware)], "seq", at.Seq)
	return nil
}

// maxKnownAgents bounds the names that an endpoint remembers a position for.
const maxKnownAgents = 1000

// getKnown makes sure that the endpoint may remember one name more. Names that have not
// been seen for as long as they hold the log make room.
func (a *agent) getKnown(ctx context.Context) error {
	r, id := a.relay, a.endpoint.id
	all, err := r.Store.Agents(ctx, id)
	if err != nil {
		r.Log.Error("agents not read", "endpoint", short(id), "error", err)
		return errors.New("the relay can't read the endpoint's agents")
	}
	known := len(all)
	if known < maxKnownAgents || slices.ContainsFunc(all, func(s AgentStat) bool { return s.Name == a.name }) {
		return nil
	}
	for _, s := range all {
		absent := r.Limits.AgentRetention > 0 && r.Now().Sub(s.Seen) > r.Limits.AgentRetention
		if absent && !a.endpoint.has(s.Name) && r.Store.Forget(ctx, id, s.Name) == nil {
			a.endpoint.unsent(s.Name)
			known--
		}
	}
	if known >= maxKnownAgents {
		return &RefusedError{fmt.Sprintf("the endpoint has had %d agents, and remembers no more: use one of their names, or --ephemeral", known)}
	}
	return nil
}

// leave takes the agent out of its endpoint.
func (a *agent) leave(ctx context.Context) {
	e, r := a.endpoint, a.relay
	e.membership.Lock()
	defer e.membership.Unlock()
	e.leave(a)
	ctx = context.WithoutCancel(ctx)
	if e.isClosed() || a.replaced {
		return // it is deleted, or came again
	}
	now := r.Now()
	var err error
	if a.ephemeral {
		e.unsent(a.name)
		err = r.Store.Forget(ctx, e.id, a.name)
	} else {
		err = r.Store.Ack(ctx, e.id, a.name, a.stored, now) // it was seen until now
	}
	if err = errors.Join(err, r.Store.Trim(ctx, e.id, r.Limits, now)); err != nil {
		r.Log.Error("the end of an agent not stored", "endpoint", short(e.id), "agent", a.name, "error", err)
	}
}

// resume finds where sending begins.
func (a *agent) resume(ctx context.Context, hello *wire.Hello) (event.Position, error) {
	store, id := a.relay.Store, a.endpoint.id
	at := event.Position{Epoch: hello.Epoch, Seq: hello.Seq}
	if hello.Since != 0 || a.ephemeral && at.Epoch == 0 {
		stat, err := store.Stat(ctx, id, "")
		if err != nil {
			return at, err
		}
		at = event.Position{Epoch: stat.Epoch, Seq: stat.Head}
		if hello.Since != 0 {
			if at.Seq, err = before(ctx, store, id, stat, time.Unix(0, hello.Since)); err != nil {
				return at, err
			}
		}
	}
	return store.Resume(ctx, id, a.name, at, a.relay.Now())
}

// before returns the seq of the last request received before a time. It takes the times
// to be in order, which concurrent senders can change by moments.
func before(ctx context.Context, store Store, id string, stat Stat, since time.Time) (uint64, error) {
	var failed error
	first := stat.LowestPresent
	n := sort.Search(int(stat.Head+1-first), func(i int) bool {
		entries, err := store.Read(ctx, id, first+uint64(i)-1, 1, 0)
		if err != nil {
			failed = err
		}
		return len(entries) == 0 || !entries[0].Request.Received.Before(since)
	})
	return first + uint64(n) - 1, failed
}

func (a *agent) welcome(ctx context.Context, at event.Position) error {
	stat, err := a.relay.Store.Stat(ctx, a.endpoint.id, a.name)
	if err != nil {
		a.relay.Log.Error("no welcome", "endpoint", short(a.endpoint.id), "agent", a.name, "error", err)
		return errors.New("the relay can't say what waits for the agent")
	}
	return a.send(&wire.Welcome{
		Version: wire.Version, Endpoint: a.endpoint.id, Epoch: at.Epoch, Seq: at.Seq, Backlog: stat.Backlog,
		InFlightRequests: uint64(a.relay.InFlight.Requests), InFlightBytes: uint64(a.relay.InFlight.Bytes),
		Notice: a.relay.Notice,
	})
}

// run reads the agent's frames until the connection ends, and then waits for what else
// works for it.
func (a *agent) run() {
	a.mu.Lock()
	a.again = true
	a.mu.Unlock()
	a.work.Go(a.push)
	err := a.readAll()
	a.relay.Log.Info("agent gone", "endpoint", short(a.endpoint.id), "agent", a.name, "reason", err)
	a.conn.Abort()
	a.mu.Lock()
	a.ended = true
	a.mu.Unlock()
	a.work.Wait()
	close(a.silent)
}

func (a *agent) readAll() error {
	answers := &answers{
		awaited: func(id string) bool { return a.endpoint.awaits(a, id) },
		parts:   make(map[string]*partAnswer),
	}
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

func (a *agent) handle(f wire.Frame, answers *answers) error {
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

// acknowledge takes a cumulative ack: it opens the window at once, and another goroutine
// brings it to the store.
func (a *agent) acknowledge(seq uint64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if seq > a.window.sent {
		return fmt.Errorf("an ack of %d, where %d was sent last", seq, a.window.sent)
	}
	if seq <= a.acked {
		return nil
	}
	a.relay.Meter.Acked(seq - a.acked)
	a.acked = seq
	a.window.ack(seq)
	a.signalLocked()
	if !a.acking {
		a.acking = true
		a.work.Go(a.storeAcks)
	}
	return nil
}

// storeAcks brings the newest acknowledged position to the store, and again as long as
// more has come meanwhile: acks that come while one is being written are written as one.
func (a *agent) storeAcks() {
	// It isn't cancelled: what the agent has is worth knowing also when it has gone.
	ctx, r, id := context.Background(), a.relay, a.endpoint.id
	for {
		a.mu.Lock()
		seq := a.acked
		if a.acking = a.stored < seq; !a.acking {
			a.mu.Unlock()
			return
		}
		now := r.Now()
		a.stored, a.seen = seq, now
		a.mu.Unlock()
		err := r.Store.Ack(ctx, id, a.name, seq, now)
		if err == nil && a.endpoint.trimDue(now) {
			err = r.Store.Trim(ctx, id, r.Limits, now)
		}
		if err != nil {
			r.Log.Error("ack not stored", "endpoint", short(id), "agent", a.name, "seq", seq, "error", err)
		}
	}
}

// stillHere tells the store that the agent is connected, if it hasn't heard so for long.
// Without it an idle agent would count as absent.
func (a *agent) stillHere(ctx context.Context, every time.Duration) error {
	a.mu.Lock()
	now, seq := a.relay.Now(), a.stored
	due := every > 0 && now.Sub(a.seen) >= every
	if due {
		a.seen = now
	}
	a.mu.Unlock()
	if !due {
		return nil
	}
	return a.relay.Store.Ack(ctx, a.endpoint.id, a.name, seq, now)
}

// signal tells the pusher to look.
func (a *agent) signal() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.signalLocked()
}

// signalLocked is signal for who holds mu.
func (a *agent) signalLocked() {
	if a.again = true; !a.pushes && !a.ended {
		a.pushes = true
		a.work.Go(a.push)
	}
}

// look reports whether the pusher has to look again; if not, it has to end.
func (a *agent) look() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pushes = a.again && !a.ended
	a.again = false
	return a.pushes
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
	cut := time.AfterFunc(lastWords, conn.Abort) // Write may wait for a peer that reads nothing
	defer cut.Stop()
	var buf bytes.Buffer
	if err := wire.Encode(&buf, &wire.Goodbye{Code: code, Reason: why, RetryMS: uint64(retryIn.Milliseconds())}); err == nil {
		_ = conn.Write(buf.Bytes())
	}
	conn.Close(lastWords)
}
