package relaytest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/access"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
	"github.com/solatis/solatis-cli/internal/tunnel"
	"github.com/solatis/solatis-cli/internal/wire"
	"go.uber.org/goleak"
)

// The day's plan.
const (
	postEvery  = 5 * time.Minute
	grace      = time.Hour     // how long the relay keeps what everybody has
	retention  = 6 * time.Hour // how long it keeps things for somebody who doesn't come
	leavesAt   = time.Hour     // when one agent goes and never comes back
	expiresAt  = 12 * time.Hour
	downFrom   = 8 * time.Hour // for downFor nobody gets through
	downFor    = 20 * time.Minute
	comparedAt = 2 * time.Hour // goroutines and memory, with those of the end
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestADay runs a relay and its agents for 24 hours of a fake clock: with pings, an event
// every five minutes, a connection that breaks or falls silent every hour, an outage, an
// agent that never comes back, and one whose token expires. The store, the registry, the
// HTTP servers and the tunnels are the real ones; the network is in memory.
func TestADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := startDay(t)
		defer d.stop()
		stays, expires, leaves := d.agent("stays", time.Time{}), d.agent("expires", d.began.Add(expiresAt)), d.agent("leaves", time.Time{})
		for now := time.Duration(0); now < 24*time.Hour; now += postEvery {
			if now == leavesAt {
				leaves.leave()
			}
			d.disturb(now)
			d.post()
			time.Sleep(postEvery)
			synctest.Wait()
			if now == comparedAt {
				d.measure()
			}
			d.expectHeld(now)
			d.expectDelivered(stays, now)
			if now < expiresAt-postEvery {
				d.expectDelivered(expires, now)
			} else if refused := new(tunnel.RefusedError); now == expiresAt &&
				(!errors.As(expires.ended(), &refused) || !strings.Contains(refused.Reason, "expired")) {
				t.Errorf("the agent whose token has expired: %v", expires.ended())
			}
		}
		d.compare()
		if n := len(expires.got()); n < 140 || n > 150 { // 144 in twelve hours
			t.Errorf("the agent whose token expired got %d events", n)
		}
	})
}

// day is a relay with its network.
type day struct {
	*testing.T
	net      *memnet
	store    *sqlitestore.Store
	registry *access.Registry
	relay    *relay.Relay
	server   *http.Server
	client   *http.Client
	stopped  context.CancelFunc
	work     sync.WaitGroup

	began  time.Time
	url    string // of the endpoint; its owner is "me"
	id     string
	posted []string
	agents []*dayAgent

	goroutines int
	heap       uint64
}

func startDay(t *testing.T) *day {
	d := &day{T: t, net: newMemnet(), began: time.Now()}
	folder := t.TempDir()
	var err error
	if d.store, err = sqlitestore.Open(t.Context(), filepath.Join(folder, "relay.db")); err != nil {
		t.Fatal(err)
	}
	if d.registry, err = access.Load(t.Context(), filepath.Join(folder, "access.db"), access.Options{}); err != nil {
		t.Fatal(err)
	}
	d.relay = relay.New(relay.Config{Store: d.store, Authority: d.registry, Limits: relay.Limits{
		Backlog: 10_000, Grace: grace, AgentRetention: retention,
	}})
	d.server = &http.Server{Handler: d.relay, IdleTimeout: 2 * time.Minute, ReadHeaderTimeout: 10 * time.Second}
	d.client = &http.Client{Transport: &http.Transport{DialContext: d.net.Dial, IdleConnTimeout: time.Minute}}
	ctx, cancel := context.WithCancel(context.Background())
	d.stopped = cancel
	d.work.Go(func() { _ = d.server.Serve(d.net) })
	d.work.Go(func() { d.relay.Maintain(ctx, func(context.Context) ([]string, error) { return []string{d.id}, nil }) })
	if d.id, err = d.registry.Open(t.Context(), relay.Bearer{Owner: "me"}, "day"); err != nil {
		t.Fatal(err)
	}
	d.url = "http://relay.test" + wire.EndpointPath + d.id
	return d
}

func (d *day) stop() {
	for _, a := range d.agents {
		a.leave()
	}
	d.stopped()
	d.client.CloseIdleConnections()
	d.relay.Shutdown("the day is over", time.Second)
	d.server.Close()
	d.work.Wait()
	d.net.cutAll()
	d.net.pumps.Wait()
	for _, err := range []error{d.store.Close(), d.registry.Close()} {
		if err != nil {
			d.Error(err)
		}
	}
}

// disturb does to the connections what is due.
func (d *day) disturb(now time.Duration) {
	d.net.down.Store(now >= downFrom && now < downFrom+downFor)
	switch now % (2 * time.Hour) {
	case 30 * time.Minute:
		d.net.cutAll()
	case 90 * time.Minute:
		d.net.freezeAll()
	}
	if d.net.down.Load() {
		d.net.cutAll()
	}
}

// post sends an event. During the outage it doesn't arrive, and is no event then.
func (d *day) post() {
	id := fmt.Sprintf("evt_%04d", len(d.posted))
	text := ""
	if len(d.posted)%12 == 5 {
		text = strings.Repeat("large ", 70_000) // comes and goes in parts
	}
	body := fmt.Sprintf(`{"id":%q,"event":"task.created","created_at":"2026-01-01T00:00:00Z","data":{"text":%q}}`, id, text)
	d.client.CloseIdleConnections() // those that were frozen would only be found out slowly
	resp, err := d.client.Post(d.url, "application/json", strings.NewReader(body))
	if err != nil {
		if !d.net.down.Load() {
			d.Errorf("%s: %v", id, err)
		}
		return
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		d.Errorf("%s: %s, %v", id, resp.Status, err)
	}
	d.posted = append(d.posted, id)
}

// expectHeld holds what the store keeps against what it has to.
func (d *day) expectHeld(now time.Duration) {
	s, err := d.store.Stat(d.Context(), d.id, "")
	if err != nil {
		d.Fatal(err)
	}
	kept := int(s.Head + 1 - s.LowestPresent)
	sinceLeft := int((now - leavesAt) / postEvery)
	const (
		graceEvents = int(grace/postEvery) + 4           // and what is trimmed in steps
		freed       = retention + grace + 30*time.Minute // after an agent went
	)
	switch {
	case now < leavesAt:
	case now < leavesAt+retention-postEvery && kept < sinceLeft-4: // the outage's were never there
		d.Errorf("after %v the relay keeps %d requests for the agent that left %v ago", now, kept, now-leavesAt)
	case now > leavesAt+freed && (now < expiresAt || now > expiresAt+freed) && kept > graceEvents:
		d.Errorf("after %v the relay still keeps %d requests", now, kept)
	}
}

func (d *day) expectDelivered(a *dayAgent, now time.Duration) {
	if d.net.down.Load() {
		return
	}
	got := a.got()
	if strings.Join(got, " ") != strings.Join(d.posted, " ") {
		d.Fatalf("after %v the agent %s has %d events of %d: %.200v", now, a.name, len(got), len(d.posted), got)
	}
}

// measure notes what runs and what is used.
func (d *day) measure() {
	d.goroutines, d.heap = runtime.NumGoroutine(), heap()
}

// compare holds it against what was noted. One agent has gone since, and one was sent away.
func (d *day) compare() {
	if now := runtime.NumGoroutine(); now > d.goroutines {
		d.Errorf("%d goroutines, and there were %d after %v", now, d.goroutines, comparedAt)
	}
	if now := heap(); now > d.heap+2<<20 {
		d.Errorf("%d KiB of memory, and there were %d after %v", now>>10, d.heap>>10, comparedAt)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// dayAgent is an agent with its history, which is in memory.
type dayAgent struct {
	name   string
	tunnel *tunnel.Tunnel
	leave  context.CancelFunc
	done   chan struct{}
	err    error // of Run, once done is closed

	mu     sync.Mutex // guards what follows
	at     event.Position
	events []string
}

// agent connects an agent with a token of its own, which expires at a time, or never.
func (d *day) agent(name string, expires time.Time) *dayAgent {
	_, secret, err := d.registry.CreateToken(d.Context(), "me", access.ScopeListen, name, expires)
	if err != nil {
		d.Fatal(err)
	}
	a := &dayAgent{name: name, done: make(chan struct{})}
	a.tunnel = tunnel.New(tunnel.Config{
		URL: "ws://relay.test" + wire.AgentPath, Net: d.net.Dial, Token: secret.Reveal(), Agent: name, Endpoint: "day",
		Mode: wire.ModeRelay, MaxBody: relay.DefaultMaxBody, Handler: a, Position: a.position,
	})
	ctx, cancel := context.WithCancel(context.Background())
	a.leave = cancel
	go func() {
		defer close(a.done)
		a.err = a.tunnel.Run(ctx)
	}()
	d.agents = append(d.agents, a)
	return a
}

// ended returns how Run ended.
func (a *dayAgent) ended() error {
	select {
	case <-a.done:
		return a.err
	default:
		return errors.New("it still runs")
	}
}

func (a *dayAgent) position(context.Context) (event.Position, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.at, nil
}

func (a *dayAgent) got() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.events
}

// Request implements tunnel.Handler: the event is taken note of and acknowledged.
func (a *dayAgent) Request(at event.Position, r *event.Request) {
	envelope, _ := event.Parse(r.Body)
	a.mu.Lock()
	a.at, a.events = at, append(a.events, envelope.ID)
	a.mu.Unlock()
	a.tunnel.Ack(at)
}

func (a *dayAgent) Connecting()                             {}
func (a *dayAgent) Connected(tunnel.Welcome)                {}
func (a *dayAgent) Gap(uint64, event.Position, string)      {}
func (a *dayAgent) Disconnected(error, time.Duration, bool) {}
