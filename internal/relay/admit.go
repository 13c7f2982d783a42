package relay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// helloWithin is how long an agent may take to say Hello.
const helloWithin = 10 * time.Second

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
