package relaycli_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/tunnel"
	"github.com/solatis/solatis-cli/internal/wire"
)

// agent is a real tunnel, which acknowledges all that it gets.
type agent struct {
	tunnel   *tunnel.Tunnel
	welcome  chan tunnel.Welcome
	requests chan *event.Request
	lost     chan error
	stop     func()

	mu sync.Mutex // guards at
	at event.Position
}

// connect runs an agent of an endpoint called shop until the test's end or stop. It
// returns before the relay has said anything.
func connect(relay, token string, cleanup func(func())) *agent {
	a := &agent{welcome: make(chan tunnel.Welcome, 10), requests: make(chan *event.Request, 100), lost: make(chan error, 100)}
	a.tunnel = tunnel.New(tunnel.Config{
		URL: "ws" + strings.TrimPrefix(relay, "http") + wire.AgentPath, Token: token, Software: "test/1",
		Agent: "laptop", Endpoint: "shop", Mode: wire.ModeRelay, MaxBody: 32 << 20, Handler: a,
		Position: func(context.Context) (event.Position, error) {
			a.mu.Lock()
			defer a.mu.Unlock()
			return a.at, nil
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { _ = a.tunnel.Run(ctx) })
	a.stop = func() { cancel(); work.Wait() }
	cleanup(a.stop)
	return a
}

// welcomed waits until the relay has let the agent in, and returns the endpoint's URL.
func (a *agent) welcomed(t testing.TB) string {
	t.Helper()
	select {
	case w := <-a.welcome:
		return w.URL
	case err := <-a.lost:
		t.Fatalf("the agent isn't let in: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("the agent isn't welcomed")
	}
	return ""
}

// Connecting implements tunnel.Handler.
func (a *agent) Connecting() {}

// Connected implements tunnel.Handler.
func (a *agent) Connected(w tunnel.Welcome) { a.welcome <- w }

// Gap implements tunnel.Handler.
func (a *agent) Gap(uint64, event.Position, string) {}

// Request implements tunnel.Handler.
func (a *agent) Request(at event.Position, r *event.Request) {
	a.mu.Lock()
	a.at = at
	a.mu.Unlock()
	a.tunnel.Ack(at)
	a.requests <- r
}

// Disconnected implements tunnel.Handler.
func (a *agent) Disconnected(why error, _ time.Duration, _ bool) { a.lost <- why }

// post sends a webhook and returns the answer's status, or 0.
func post(url, body string) (int, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	resp, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
