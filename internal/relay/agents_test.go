package relay_test

import (
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/wire"
)

// TestShutdownWaitsForNobodyWhoReadsNothing fills all that a connection can hold, so that
// not even a goodbye finds room.
func TestShutdownWaitsForNobodyWhoReadsNothing(t *testing.T) {
	meter := &sends{sent: make(chan bool, 100)}
	p := startPublic(t, func(c *relay.Config) { meter.Meter, c.Meter = c.Meter, meter })
	srv := httptest.NewUnstartedServer(p.Relay)
	conn := &deaf{full: make(chan struct{}), ended: make(chan struct{})}
	conn.takes.Store(4 << 10) // the handshake and the welcome
	srv.Listener = &deafListener{Listener: srv.Listener, conn: conn}
	srv.Start()
	defer srv.Close()
	hears[*wire.Welcome](agentByHand(t, srv.URL, wire.Hello{Agent: "deaf"}))

	body := strings.Repeat("x", 32<<10)
	p.post("ann-hooks", body)
	<-conn.full // by the first; the next eight are gathered, and the last has to wait
	for range 9 {
		p.post("ann-hooks", body)
	}
	for range 10 {
		<-meter.sent
	}
	down := make(chan bool)
	go func() { p.Shutdown("an upgrade", 0); close(down) }()
	select {
	case <-down:
	case <-time.After(stuck):
		t.Error("Shutdown waits")
		conn.Close()
		<-down
	}
}

// TestAnAckOfAReplacedConnectionComesFirst: an agent that lost its record comes back at the
// beginning while the relay still stores what the old connection acknowledged.
func TestAnAckOfAReplacedConnectionComesFirst(t *testing.T) {
	under, let, stored := make(chan bool), make(chan bool), make(chan bool)
	release := sync.OnceFunc(func() { close(let) })
	var acks atomic.Int64
	p := startWatched(t, &watched{ack: func(seq uint64, store func()) {
		if seq == 0 || acks.Add(1) > 1 {
			store()
			return
		}
		close(under)
		<-let
		store()
		close(stored)
	}}, nil)
	t.Cleanup(release)
	h := p.listen("ann", "a", nil)
	h.expect(t, "connected, 0 wait")
	p.post("ann-hooks", "1")
	h.expect(t, "1")
	<-under
	again := agentByHand(t, p.srv.URL, wire.Hello{Agent: "a"})
	h.expect(t, "disconnected: the relay refused the connection: another session took this agent's place, final true")
	release()
	if w := hears[*wire.Welcome](again); w.Seq != 0 || w.Backlog != 1 {
		t.Errorf("welcomed after %d, %d wait", w.Seq, w.Backlog)
	}
	<-stored
	if stat, err := p.store.Stat(t.Context(), "ann-hooks", "a"); err != nil || stat.Backlog != 1 {
		t.Errorf("the store takes request 1 for acknowledged: %+v, %v", stat, err)
	}
}

// TestAnEndpointRemembersSoManyAgents is about names, of which each costs the store something
// as long as it is known.
func TestAnEndpointRemembersSoManyAgents(t *testing.T) {
	const most = 1000
	var ahead atomic.Int64
	p := startPublic(t, func(c *relay.Config) { c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) } })
	hears[*wire.Welcome](agentByHand(t, p.srv.URL, wire.Hello{Agent: "here"}))
	var wg sync.WaitGroup
	for i := range most - 1 {
		wg.Go(func() {
			if _, err := p.store.Resume(t.Context(), "ann-hooks", fmt.Sprint("a", i), event.Position{}, time.Now()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	late := wire.Hello{Agent: "late"}
	if bye := hears[*wire.Goodbye](agentByHand(t, p.srv.URL, late)); bye.Code != wire.CodeRefused || !strings.Contains(bye.Reason, "1000 agents") {
		t.Errorf("got %+v", bye)
	}
	hears[*wire.Welcome](agentByHand(t, p.srv.URL, wire.Hello{Agent: "a7"})) // is known
	ahead.Store(int64(relay.DefaultLimits.AgentRetention + time.Hour))
	hears[*wire.Welcome](agentByHand(t, p.srv.URL, late)) // in the place of those that are absent
	if got := p.known(); !slices.Equal(got, []string{"a7", "here", "late"}) {
		t.Errorf("%d are known, the first of them %q", len(got), got[:min(len(got), 5)])
	}
}

func TestAFullBacklogTakesNoLargeBody(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	for _, full := range []func(*relay.Limits){
		func(l *relay.Limits) { l.Backlog = 1 },
		func(l *relay.Limits) { l.BacklogBytes = 1 << 20 },
	} {
		spools := 0
		p := startWatched(t, &watched{spool: func() { spools++ }}, func(c *relay.Config) { full(&c.Limits) })
		first, _ := p.post("ann-hooks", large)
		second, retry := p.post("ann-hooks", large)
		if first != 200 || second != 503 || retry == "" || spools != 1 || p.meter.refused[relay.RefusedBacklog] != 1 {
			t.Errorf("got %d, then %d; %d were spooled, refused %v", first, second, spools, p.meter.refused)
		}
	}
}

func TestSoManyLargeBodiesComeAtOnce(t *testing.T) {
	const most = 64
	spooling, let := make(chan bool), make(chan bool)
	p := startWatched(t, &watched{spool: func() { spooling <- true; <-let }}, nil)
	large := strings.Repeat("x", 300<<10)
	var senders sync.WaitGroup
	for range most {
		senders.Go(func() {
			if status, _ := p.post("ann-hooks", large); status != 200 {
				t.Errorf("got %d", status)
			}
		})
	}
	for range most {
		<-spooling
	}
	if small, _ := p.post("ann-hooks", "small"); small != 200 {
		t.Errorf("a small one got %d", small)
	}
	status := p.posting("ann-hooks", large)
	select {
	case s := <-status:
		if s != 503 {
			t.Errorf("one more got %d", s)
		}
	case <-spooling:
		t.Error("one more is taken")
	}
	close(let)
	senders.Wait()
	go func() { <-spooling }()
	if status, _ := p.post("ann-hooks", large); status != 200 {
		t.Errorf("afterwards one got %d", status)
	}
}

func TestAnAgentCantTakeEndlessMethods(t *testing.T) {
	p := startPublic(t, nil)
	several := func(n, length int) (methods []string) {
		for i := range n {
			methods = append(methods, fmt.Sprintf("%0*d", length, i))
		}
		return methods
	}
	hears[*wire.Welcome](agentByHand(t, p.srv.URL, wire.Hello{Agent: "a", Methods: several(16, 32)}))
	for _, methods := range [][]string{several(17, 1), several(1, 33), several(20_000, 20)} {
		a := agentByHand(t, p.srv.URL, wire.Hello{Agent: "b", Methods: methods})
		if bye := hears[*wire.Goodbye](a); bye.Code != wire.CodeProtocol {
			t.Errorf("%d methods: got %+v", len(methods), bye)
		}
	}
}

func TestAFullDiskIsNotLocated(t *testing.T) {
	p := startWatched(t, &watched{fails: fmt.Errorf("%w: %w", relay.ErrDiskFull, errors.New("/srv/data/relay.db has 7 bytes left"))}, nil)
	for _, size := range []int{1, 1 << 20} {
		resp, err := p.srv.Client().Post(p.srv.URL+"/e/ann-hooks", "", strings.NewReader(strings.Repeat("x", size)))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 503 || strings.Contains(string(text), "/srv") || !strings.Contains(string(text), "disk is full") {
			t.Errorf("%d bytes: got %d %s", size, resp.StatusCode, text)
		}
	}
}

// TestHopsAreReadAsProxiesWriteThem: some add the port, and brackets to an address of IPv6.
func TestHopsAreReadAsProxiesWriteThem(t *testing.T) {
	p := startPublic(t, func(c *relay.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	})
	h := p.listen("ann", "a", nil)
	h.expect(t, "connected, 0 wait")
	for _, c := range []struct{ forwarded, remote, rest string }{
		{"9.9.9.9:1234", "9.9.9.9", ""},
		{"2001:db8::1", "2001:db8::1", ""},
		{"[2001:db8::1]", "2001:db8::1", ""},
		{"[2001:db8::1]:443", "2001:db8::1", ""},
		{"[::ffff:9.9.9.9]:443", "9.9.9.9", ""},
		{"9.9.9.9:1234, 10.1.1.1:80, [fd00::1]:80", "9.9.9.9", ""},
		{"6.6.6.6:1, 9.9.9.9:1234, 10.1.1.1", "9.9.9.9", "6.6.6.6:1"},
		{"9.9.9.9:port", "127.0.0.1", "9.9.9.9:port"},
		{"9.9.9.9:1234, unknown", "127.0.0.1", "9.9.9.9:1234, unknown"},
	} {
		p.post("ann-hooks", "x", "X-Forwarded-For", c.forwarded)
		r := <-h.requests
		if rest := strings.Join(r.Header["X-Forwarded-For"], ", "); r.Remote != c.remote || rest != c.rest {
			t.Errorf("%q: remote %q, X-Forwarded-For %q", c.forwarded, r.Remote, rest)
		}
	}
}
