package tunnel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/tunnel"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// told is a tunnel.Handler that passes on what it is told, in words.
type told chan string

func (c told) Connecting() {}
func (c told) Connected(w tunnel.Welcome) {
	c <- fmt.Sprintf("connected after %d, %d wait", w.At.Seq, w.Backlog)
}
func (c told) Request(at event.Position, r *event.Request) {
	c <- fmt.Sprintf("request %d %s %q", at.Seq, r.ID, r.Body)
}
func (c told) Gap(from uint64, to event.Position, reason string) {
	c <- fmt.Sprintf("gap %d-%d", from, to.Seq)
}
func (c told) Disconnected(why error, _ time.Duration, final bool) {
	c <- fmt.Sprintf("disconnected, final %v", final)
}

const endpoint = "e1"

// start runs a tunnel to a relay that says to its n-th connection what script has at n, and
// then waits for the tunnel to go. The tunnel's position is 7 of epoch 5.
func start(t *testing.T, script ...[]wire.Frame) (heard told, hellos chan *wire.Hello, ended chan error) {
	t.Helper()
	heard, hellos, ended = make(told, 100), make(chan *wire.Hello, 100), make(chan error, 1)
	connections := make(chan []wire.Frame, len(script))
	for _, frames := range script {
		connections <- frames
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r)
		if err != nil {
			return
		}
		defer conn.Abort()
		hello, err := conn.Read()
		if err != nil {
			return
		}
		_ = wire.Decode(hello, func(f wire.Frame) error { hellos <- f.(*wire.Hello); return nil })
		var buf bytes.Buffer
		if err := wire.Encode(&buf, <-connections...); err != nil {
			t.Error(err)
		}
		_ = conn.Write(buf.Bytes())
		_, _ = conn.Read()
	}))
	tun := tunnel.New(tunnel.Config{
		URL: "ws" + strings.TrimPrefix(srv.URL, "http"), Agent: "a", Endpoint: endpoint, Mode: wire.ModeRelay, MaxBody: 10,
		Position: func(context.Context) (event.Position, error) { return event.Position{Epoch: 5, Seq: 7}, nil },
		Handler:  heard,
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() { ended <- tun.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		srv.CloseClientConnections()
		srv.Close()
	})
	return heard, hellos, ended
}

func expect(t *testing.T, heard told, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := <-heard; got != w {
			t.Fatalf("heard %q, want %q", got, w)
		}
	}
}

func welcome(seq uint64) wire.Frame {
	return &wire.Welcome{Version: 1, Endpoint: endpoint, Epoch: 5, Seq: seq, Backlog: 2}
}

func whole(seq uint64, body string) *wire.Request {
	return &wire.Request{Seq: seq, ID: fmt.Sprint("req_", seq), Length: uint64(len(body)), Part: []byte(body)}
}

func TestItComesBackFromItsPosition(t *testing.T) {
	heard, hellos, _ := start(t,
		[]wire.Frame{welcome(7), whole(8, "a"), &wire.Goodbye{Code: wire.CodeRestart, RetryMS: 1}},
		[]wire.Frame{welcome(7), whole(8, "a"), &wire.Gap{From: 9, To: 12}, whole(13, "b")},
	)
	expect(t, heard, "connected after 7, 2 wait", `request 8 req_8 "a"`, "disconnected, final false",
		"connected after 7, 2 wait", `request 8 req_8 "a"`, "gap 9-12", `request 13 req_13 "b"`)
	for range 2 {
		if h := <-hellos; h.Epoch != 5 || h.Seq != 7 || h.Endpoint != endpoint {
			t.Errorf("said %+v", h)
		}
	}
}

func TestPartsOfSeveralBodiesArePutTogether(t *testing.T) {
	first, second := whole(8, "ab"), whole(9, "cd")
	first.Length, second.Length = 4, 4
	heard, _, _ := start(t, []wire.Frame{welcome(7), first, second, whole(10, "small"),
		&wire.Body{Seq: 9, Part: []byte("CD")}, &wire.Body{Seq: 8, Part: []byte("AB")}})
	expect(t, heard, "connected after 7, 2 wait", `request 10 req_10 "small"`, `request 9 req_9 "cdCD"`, `request 8 req_8 "abAB"`)
}

func TestARefusalIsFinal(t *testing.T) {
	heard, _, ended := start(t, []wire.Frame{&wire.Goodbye{Code: wire.CodeRefused, Reason: "no"}})
	expect(t, heard, "disconnected, final true")
	var refused *tunnel.RefusedError
	if err := <-ended; !errors.As(err, &refused) || refused.Reason != "no" {
		t.Errorf("ended with %v", err)
	}
}

// TestARelayThatBreaksTheProtocolIsLeft plays relays that can't be trusted: nothing of what
// they forge reaches the handler.
func TestARelayThatBreaksTheProtocolIsLeft(t *testing.T) {
	large := whole(8, "")
	large.Length = 11 // MaxBody is 10
	for name, frames := range map[string][]wire.Frame{
		"a number left out":        {welcome(7), whole(9, "x")},
		"a number twice":           {welcome(7), &wire.Gap{From: 8, To: 9}, whole(9, "x")},
		"a body over the limit":    {welcome(7), large},
		"a part of no request":     {welcome(7), &wire.Body{Seq: 8, Part: []byte("x")}},
		"an agent's frame":         {welcome(7), &wire.Ack{Seq: 1}},
		"a request before Welcome": {whole(8, "x")},
		"Welcome without an epoch": {&wire.Welcome{Endpoint: endpoint, Seq: 7}},
		"Welcome twice":            {welcome(7), welcome(7)},
		"another host":             {&wire.Welcome{Endpoint: "@evil.example/", Epoch: 5, Seq: 7}, whole(8, "x")},
		"a path of its own":        {&wire.Welcome{Endpoint: "../x", Epoch: 5, Seq: 7}, whole(8, "x")},
		"no endpoint":              {&wire.Welcome{Epoch: 5, Seq: 7}, whole(8, "x")},
		"an endless endpoint":      {&wire.Welcome{Endpoint: strings.Repeat("x", 5000), Epoch: 5, Seq: 7}, whole(8, "x")},
		"the end of all numbers":   {welcome(7), &wire.Gap{From: 8, To: 1<<64 - 1}, whole(1, "x")},
		"a start near the end":     {&wire.Welcome{Endpoint: endpoint, Epoch: 5, Seq: 1<<64 - 2}, whole(1<<64-1, "x")},
		"a backlog of all numbers": {&wire.Welcome{Endpoint: endpoint, Epoch: 5, Seq: 7, Backlog: 1<<64 - 1}, whole(8, "x")},
		"an absurd length":         {welcome(7), &wire.Request{Seq: 8, ID: "r", Length: 1 << 63}},
	} {
		t.Run(name, func(t *testing.T) {
			heard, _, _ := start(t, frames, nil)
			for got := range heard {
				if strings.HasPrefix(got, "request") {
					t.Fatalf("heard %q", got)
				}
				if got == "disconnected, final false" {
					return
				}
			}
		})
	}
}

func TestItGivesUpAfterSoLong(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	heard := make(told, 1000)
	tun := tunnel.New(tunnel.Config{
		URL: "ws" + strings.TrimPrefix(gone.URL, "http"), GiveUp: 200 * time.Millisecond, Handler: heard,
		Position: func(context.Context) (event.Position, error) { return event.Position{}, nil },
	})
	var lost *tunnel.LostError
	if err := tun.Run(t.Context()); !errors.As(err, &lost) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("ended with %v", err)
	}
	close(heard)
	last := ""
	for last = range heard {
	}
	if last != "disconnected, final true" {
		t.Errorf("last heard %q", last)
	}
}

// pauses is a tunnel.Handler that passes on when the next try follows.
type pauses struct {
	told
	waits chan time.Duration
}

func (p pauses) Disconnected(_ error, retryIn time.Duration, _ bool) { p.waits <- retryIn }

func TestItComesBackWhenTheRelayAsksItTo(t *testing.T) {
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, "86400": time.Minute, "soon": 0} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusServiceUnavailable)
		}))
		p := pauses{make(told, 10), make(chan time.Duration, 10)}
		tun := tunnel.New(tunnel.Config{
			URL: "ws" + strings.TrimPrefix(srv.URL, "http"), Handler: p,
			Position: func(context.Context) (event.Position, error) { return event.Position{}, nil },
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- tun.Run(ctx) }()
		if got := <-p.waits; want > 0 && got != want || want == 0 && got > time.Second {
			t.Errorf("Retry-After %q: it waits %v", header, got)
		}
		cancel()
		<-ended
		srv.Close()
	}
}

// TestTheTokenFollowsNoRedirect plays a relay that sends agents on to another host.
func TestTheTokenFollowsNoRedirect(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the other host got %s with %v", r.URL, r.Header)
	}))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		srv := httptest.NewServer(http.RedirectHandler(other.URL, status))
		p := pauses{make(told, 10), make(chan time.Duration, 10)}
		tun := tunnel.New(tunnel.Config{
			URL: "ws" + strings.TrimPrefix(srv.URL, "http"), Token: "secret", Handler: p,
			Position: func(context.Context) (event.Position, error) { return event.Position{}, nil },
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- tun.Run(ctx) }()
		<-p.waits
		cancel()
		<-ended
		srv.Close()
	}
}
