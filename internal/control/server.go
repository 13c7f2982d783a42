package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
)

const (
	headerTimeout = 5 * time.Second
	// writeTimeout is how long a client may take to accept what is written to it. It
	// costs the session nothing to wait: what a follower misses meanwhile, the Bus drops.
	writeTimeout = 10 * time.Second
	// endGrace is what running requests get to answer when the session ends.
	endGrace = 500 * time.Millisecond
)

// Serve answers requests on ln for s until ctx ends, and then returns nil; an error says
// that ln failed. When it returns, ln is closed and every goroutine and connection of it
// is gone.
func Serve(ctx context.Context, ln net.Listener, s Session) error {
	// Requests end with Serve, not with ctx alone: ln may fail first.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conns := &connections{}
	srv := &http.Server{
		Handler:           guard(routes(s)),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnState:         conns.track,
		ReadHeaderTimeout: headerTimeout,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // libraries don't print; clients see their errors
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()

	var err error
	select {
	case <-ctx.Done():
		end(srv)
		<-failed
	case err = <-failed:
		err = fmt.Errorf("the session's control socket failed: %w", err)
		cancel()
		end(srv)
	}
	conns.open.Wait()
	return err
}

// end lets running requests answer, whose contexts have ended, and cuts off the rest.
func end(srv *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), endGrace)
	defer cancel()
	if srv.Shutdown(ctx) != nil {
		srv.Close()
	}
}

// connections counts what net/http only closes but doesn't wait for: each connection's
// goroutine.
type connections struct{ open sync.WaitGroup }

func (c *connections) track(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		c.open.Done()
	}
}

// guard refuses what can't come from solatis itself, and bounds all bodies.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host != host:
			fail(w, &Error{"this socket is for solatis itself: the request names another host", CodeForbidden})
		case r.Header["Origin"] != nil:
			fail(w, &Error{"this socket is for solatis itself: the request comes from a web page", CodeForbidden})
		default:
			r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
			next.ServeHTTP(w, r)
		}
	})
}

func routes(s Session) http.Handler {
	h := handler{s}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/info", h.info)
	mux.HandleFunc("POST /v1/sign", h.sign)
	mux.HandleFunc("POST /v1/replay", h.replay)
	mux.HandleFunc("POST /v1/faults", h.faults)
	mux.HandleFunc("POST /v1/webhooks", h.webhooks)
	mux.HandleFunc("POST /v1/forwarding", h.forwarding)
	mux.HandleFunc("GET /v1/follow", h.follow)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, &Error{"the session doesn't know " + r.Method + " " + r.URL.Path + ": it may run another version of solatis", CodeUnknown})
	})
	return mux
}

type handler struct{ session Session }

func (h handler) info(w http.ResponseWriter, _ *http.Request) {
	answer(w, h.session.Info())
}

type signed struct {
	Signature string `json:"signature"`
}

func (h handler) sign(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, signed{h.session.Sign(body)})
}

func (h handler) replay(w http.ResponseWriter, r *http.Request) {
	var req ReplayRequest
	if err := decodeBody(r, &req); err != nil {
		fail(w, err)
		return
	}
	attempt, err := h.session.Replay(r.Context(), req)
	if errors.Is(err, context.Canceled) {
		err = errors.New("the session ended before the replay did")
	}
	if err != nil {
		fail(w, err)
		return
	}
	line, err := activity.AppendJSON(nil, attempt)
	if err != nil {
		fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, line)
}

// maxEventID bounds the ids of events that a session keeps for what is to come, in bytes.
const maxEventID = 1024

func (h handler) faults(w http.ResponseWriter, r *http.Request) {
	var req FaultRequest
	err := decodeBody(r, &req)
	switch {
	case err != nil:
	case req.Event == "" || len(req.Event) > maxEventID:
		err = &Error{fmt.Sprintf("an event's id of %d bytes: it takes 1 to %d", len(req.Event), maxEventID), CodeInvalid}
	default:
		err = h.session.PlanFaults(req)
	}
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, struct{}{})
}

func (h handler) webhooks(w http.ResponseWriter, r *http.Request) {
	var req WebhookRequest
	if err := decodeBody(r, &req); err != nil {
		fail(w, err)
		return
	}
	if req.State != delivery.Enabled && req.State != delivery.Disabled {
		fail(w, &Error{fmt.Sprintf("there is no state %q: a webhook is enabled or disabled", req.State), CodeInvalid})
		return
	}
	changes, err := h.session.SetWebhooks(r.Context(), req)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, changes)
}

func (h handler) forwarding(w http.ResponseWriter, r *http.Request) {
	var req struct{ Paused *bool }
	err := decodeBody(r, &req)
	if err == nil && req.Paused == nil {
		err = &Error{`the request's body makes no sense: it takes {"paused": true} or {"paused": false}`, CodeInvalid}
	}
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, Forwarding{*req.Paused, h.session.Pause(*req.Paused)})
}
