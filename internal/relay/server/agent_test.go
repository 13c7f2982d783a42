package server

import (
	"context"
	"crypto/tls"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay/access"
	"github.com/solatis/solatis-cli/internal/tunnel"
	"github.com/solatis/solatis-cli/internal/wire"
)

// withToken makes a data folder in which an owner has a token.
func withToken(t testing.TB, data, owner string, scope access.Scope) string {
	t.Helper()
	r, err := access.Load(t.Context(), RegistryPath(data), access.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, secret, err := r.CreateToken(t.Context(), owner, scope, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return secret.Reveal()
}

// agent is a real tunnel to a relay. It acknowledges what it gets where ack is set.
type agent struct {
	*tunnel.Tunnel
	ack bool

	welcome  chan tunnel.Welcome
	requests chan *event.Request
	lost     chan error
	stop     func() error

	mu sync.Mutex // guards what follows
	at event.Position
}

// connect connects an agent and waits for the relay's welcome.
func connect(t testing.TB, r *running, token string, ack bool) (*agent, tunnel.Welcome) {
	t.Helper()
	a := newAgent(r, token, ack)
	a.run(t)
	select {
	case w := <-a.welcome:
		return a, w
	case err := <-a.lost:
		t.Fatalf("the agent isn't let in: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("the agent isn't welcomed")
	}
	panic("unreachable")
}

func newAgent(r *running, token string, ack bool) *agent {
	a := &agent{ack: ack, welcome: make(chan tunnel.Welcome, 10), requests: make(chan *event.Request, 100), lost: make(chan error, 100)}
	a.Tunnel = tunnel.New(tunnel.Config{
		URL: "ws" + strings.TrimPrefix(r.base(), "http") + wire.AgentPath, TLS: r.trust, Token: token, Software: "test/1",
		Agent: "laptop", Endpoint: "shop", Mode: wire.ModeRelay, MaxBody: 32 << 20,
		Position: func(context.Context) (event.Position, error) {
			a.mu.Lock()
			defer a.mu.Unlock()
			return a.at, nil
		},
		Handler: a,
	})
	return a
}

func (a *agent) run(t testing.TB) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	a.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { a.stop() })
}

func (a *agent) Connecting()                        {}
func (a *agent) Connected(w tunnel.Welcome)         { a.welcome <- w }
func (a *agent) Gap(uint64, event.Position, string) {}

func (a *agent) Request(at event.Position, r *event.Request) {
	if a.ack {
		a.mu.Lock()
		a.at = at
		a.mu.Unlock()
		a.Ack(at)
	}
	a.requests <- r
}

func (a *agent) Disconnected(why error, _ time.Duration, _ bool) { a.lost <- why }

// next returns the next request that comes to the agent.
func (a *agent) next(t testing.TB) *event.Request {
	t.Helper()
	select {
	case r := <-a.requests:
		return r
	case <-time.After(30 * time.Second):
		t.Fatal("no request comes to the agent")
		return nil
	}
}

// base is the relay's URL on this machine.
func (r *running) base() string {
	if r.trust != nil {
		return "https://" + r.Public
	}
	return "http://" + r.Public
}

// client is a sender's. Its connections are its own.
func (r *running) client(t testing.TB) *http.Client {
	transport := &http.Transport{TLSClientConfig: r.trust, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// post sends a webhook and returns the answer's status.
func (r *running) post(t testing.TB, url, body string) int {
	t.Helper()
	resp, err := r.client(t).Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// serveTLS makes c serve a certificate of a test's own authority, and returns what trusts it.
func serveTLS(t testing.TB, c *Config) *tls.Config {
	ca, files := newAuthority(t), newPairFiles(t)
	files.issue(ca, 7, "relay.test")
	c.TLS = TLS{CertFile: filepath.Clean(files.cert), KeyFile: files.key}
	return &tls.Config{RootCAs: ca.pool(), ServerName: "relay.test"}
}
