package relay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
	"github.com/solatis/solatis-cli/internal/tunnel"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// keys is an Authority: tokens, and who bears them. The endpoint "hooks" of owner "ann" has
// the id "ann-hooks".
type keys struct {
	mu   sync.Mutex
	gone map[string]bool
}

func (k *keys) Endpoint(_ context.Context, id string) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.gone[id], nil
}

func (k *keys) Bearer(_ context.Context, token string) (relay.Bearer, error) {
	owner, _, ok := strings.Cut(token, "-")
	if !ok {
		return relay.Bearer{}, &relay.RefusedError{Reason: "no such token"}
	}
	b := relay.Bearer{TokenID: "tok_" + token, Owner: owner}
	if strings.HasSuffix(token, "expiring") {
		b.Expires = time.Now().Add(50 * time.Millisecond)
	}
	return b, nil
}

func (k *keys) Open(_ context.Context, b relay.Bearer, name string) (string, error) {
	if name == "" {
		return "", &relay.RefusedError{Reason: "no name"}
	}
	return b.Owner + "-" + name, nil
}

// public is a relay for several owners.
type public struct {
	*relay.Relay
	t     *testing.T
	keys  *keys
	store relay.Store
	meter *counts
	srv   *httptest.Server
}

// counts is a Meter.
type counts struct {
	again, sent, acked atomic.Int64
	mu                 sync.Mutex
	refused            map[relay.Refusal]int
}

func (c *counts) Accepted(int64, time.Duration) {}
func (c *counts) Acked(n uint64)                { c.acked.Add(int64(n)) }
func (c *counts) Sent(again bool) {
	c.sent.Add(1)
	if again {
		c.again.Add(1)
	}
}
func (c *counts) Refused(r relay.Refusal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused[r]++
}

func startPublic(t *testing.T, change func(*relay.Config)) *public {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "relay.db"))
	if err != nil {
		t.Fatal(err)
	}
	p := &public{t: t, keys: &keys{gone: make(map[string]bool)}, store: store, meter: &counts{refused: make(map[relay.Refusal]int)}}
	c := relay.Config{Store: store, Authority: p.keys, Limits: relay.DefaultLimits, Meter: p.meter}
	if change != nil {
		change(&c)
	}
	p.Relay = relay.New(c)
	p.srv = httptest.NewServer(p.Relay)
	t.Cleanup(func() {
		p.Shutdown("the test ends", 0)
		p.srv.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// post sends a body to an endpoint and returns the status.
func (p *public) post(id, body string, header ...string) (status int, retryAfter string) {
	p.t.Helper()
	req, err := http.NewRequest("POST", p.srv.URL+wire.EndpointPath+id, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	resp, err := p.srv.Client().Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Retry-After")
}

// heard is what an agent is told.
type heard struct {
	*tunnel.Tunnel
	lines    chan string
	requests chan *event.Request
	stop     func()
	mu       sync.Mutex
	at       event.Position
}

func (h *heard) Connecting() {}
func (h *heard) Connected(w tunnel.Welcome) {
	h.mu.Lock()
	h.at = w.At
	h.mu.Unlock()
	h.lines <- fmt.Sprintf("connected, %d wait", w.Backlog)
}

// Request acknowledges at once.
func (h *heard) Request(at event.Position, r *event.Request) {
	h.mu.Lock()
	h.at = at
	h.mu.Unlock()
	h.Ack(at)
	h.lines <- string(r.Body)
	h.requests <- r
}
func (h *heard) Gap(from uint64, to event.Position, reason string) {
	h.lines <- fmt.Sprintf("gap %d-%d", from, to.Seq)
}
func (h *heard) Disconnected(why error, _ time.Duration, final bool) {
	h.lines <- fmt.Sprintf("disconnected: %v, final %v", why, final)
}

// listen connects an agent of an owner's endpoint "hooks", until stop or the test's end.
func (p *public) listen(owner, agent string, change func(*tunnel.Config)) *heard {
	p.t.Helper()
	h := &heard{lines: make(chan string, 1000), requests: make(chan *event.Request, 1000)}
	c := tunnel.Config{
		URL: "ws" + strings.TrimPrefix(p.srv.URL, "http") + wire.AgentPath, Token: owner + "-1", Agent: agent, Endpoint: "hooks",
		Mode: wire.ModeRelay, MaxBody: 1 << 20, Handler: h,
		Position: func(context.Context) (event.Position, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			return h.at, nil
		},
	}
	if change != nil {
		change(&c)
	}
	h.Tunnel = tunnel.New(c)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan bool)
	go func() { _ = h.Run(ctx); close(ended) }()
	h.stop = sync.OnceFunc(func() { cancel(); <-ended })
	p.t.Cleanup(h.stop)
	return h
}

func (h *heard) expect(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case got := <-h.lines:
			if got != w {
				t.Fatalf("heard %q, want %q", got, w)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("heard nothing, want %q", w)
		}
	}
}

func TestEachAgentGetsEachRequestOfItsOwner(t *testing.T) {
	p := startPublic(t, nil)
	ann, ann2, bob := p.listen("ann", "laptop", nil), p.listen("ann", "desk", nil), p.listen("bob", "laptop", nil)
	for _, h := range []*heard{ann, ann2, bob} {
		h.expect(t, "connected, 0 wait")
	}
	p.post("ann-hooks", "for ann")
	p.post("bob-hooks", "for bob")
	ann.expect(t, "for ann")
	ann2.expect(t, "for ann")
	bob.expect(t, "for bob")
	if n := p.Agents(); n != 3 {
		t.Errorf("%d agents", n)
	}
}

func TestAnEphemeralAgentHoldsNothingAndStartsNow(t *testing.T) {
	p := startPublic(t, nil)
	p.post("ann-hooks", "before")
	ci := p.listen("ann", "ci", func(c *tunnel.Config) { c.Ephemeral = true })
	ci.expect(t, "connected, 0 wait")
	p.post("ann-hooks", "one")
	ci.expect(t, "one")
	ci.stop()
	for deadline := time.Now().Add(20 * time.Second); ; {
		all, err := p.store.Agents(t.Context(), "ann-hooks")
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("still there: %+v, %v", all, err)
		}
		if len(all) == 0 {
			break
		}
	}
}

func TestSinceBeginsWithWhatWasReceivedThen(t *testing.T) {
	var now atomic.Int64
	now.Store(time.Now().Add(-10 * time.Hour).UnixNano())
	p := startPublic(t, func(c *relay.Config) { c.Now = func() time.Time { return time.Unix(0, now.Load()) } })
	for i := range 10 {
		p.post("ann-hooks", fmt.Sprint(i))
		now.Add(int64(time.Hour))
	}
	since := time.Unix(0, now.Load()).Add(-150 * time.Minute)
	h := p.listen("ann", "a", func(c *tunnel.Config) { c.Since = since })
	h.expect(t, "connected, 2 wait", "8", "9")
	p.listen("ann", "b", func(c *tunnel.Config) { c.Since, c.Ephemeral = time.Unix(0, 1), true }).expect(t, "connected, 10 wait", "0", "1")
	// Since is of the first connection only: the next one goes on from the position.
	p.listen("ann", "a", func(c *tunnel.Config) {}).expect(t, "connected, 10 wait")
	h.expect(t, "disconnected: the relay refused the connection: another session took this agent's place, final true")
}

func TestAnIdleAgentIsNotTakenForAbsent(t *testing.T) {
	var ahead atomic.Int64
	p := startPublic(t, func(c *relay.Config) { c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) } })
	p.listen("ann", "idle", nil).expect(t, "connected, 0 wait")
	for _, hours := range []time.Duration{17, 18} { // a quarter of the retention is 18
		ahead.Store(int64(hours * time.Hour))
		if err := p.MaintainNow(t.Context(), "ann-hooks"); err != nil {
			t.Fatal(err)
		}
		all, err := p.store.Agents(t.Context(), "ann-hooks")
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		if fresh := time.Until(all[0].Seen) > 17*time.Hour; fresh != (hours == 18) {
			t.Errorf("after %d hours it was seen %v", hours, all[0].Seen)
		}
	}
}

func TestARevokedTokensSocketsAreClosedAndStayClosed(t *testing.T) {
	p := startPublic(t, nil)
	h := p.listen("ann", "a", nil)
	other := p.listen("ann", "b", func(c *tunnel.Config) { c.Token = "ann-2" })
	h.expect(t, "connected, 0 wait")
	other.expect(t, "connected, 0 wait")
	p.Disconnect("tok_ann-1", "the token was revoked")
	h.expect(t, "disconnected: the relay refused the connection: the token was revoked, final true")
	p.listen("ann", "a", nil).expect(t, "disconnected: the relay refused the connection: the token was revoked, final true")
	p.post("ann-hooks", "x")
	other.expect(t, "x")
}

func TestAnExpiringTokensSocketIsClosed(t *testing.T) {
	p := startPublic(t, nil)
	p.listen("ann", "a", func(c *tunnel.Config) { c.Token = "ann-expiring" }).expect(t, "connected, 0 wait",
		"disconnected: the relay refused the connection: the token has expired, final true")
}

func TestADroppedEndpointIsGone(t *testing.T) {
	p := startPublic(t, nil)
	h := p.listen("ann", "a", nil)
	h.expect(t, "connected, 0 wait")
	p.keys.mu.Lock()
	p.keys.gone["ann-hooks"] = true
	p.keys.mu.Unlock()
	p.Drop("ann-hooks")
	h.expect(t, "disconnected: the relay refused the connection: the endpoint was deleted, final true")
	if status, _ := p.post("ann-hooks", "x"); status != 404 {
		t.Errorf("got %d", status)
	}
}

func TestARestartIsSaidAndNothingIsTakenMeanwhile(t *testing.T) {
	p := startPublic(t, nil)
	h := p.listen("ann", "a", nil)
	h.expect(t, "connected, 0 wait")
	p.Shutdown("an upgrade", time.Hour)
	h.expect(t, "disconnected: the relay said: an upgrade, final false")
	if status, retry := p.post("ann-hooks", "x"); status != 503 || retry == "" {
		t.Errorf("got %d, Retry-After %q", status, retry)
	}
}

func TestARestartEndsTheWaitForAnApp(t *testing.T) {
	p := startPublic(t, nil)
	h := p.listen("ann", "a", func(c *tunnel.Config) { c.Mode, c.AnswerIn = wire.ModeApp, time.Hour })
	h.expect(t, "connected, 0 wait")
	status := make(chan int)
	go func() {
		s, _ := p.post("ann-hooks", "x")
		status <- s
	}()
	h.expect(t, "x")
	p.Shutdown("an upgrade", 0)
	if s := <-status; s != 504 {
		t.Errorf("got %d", s)
	}
}

func TestWhatIsSentAgainIsCounted(t *testing.T) {
	p := startPublic(t, nil)
	h := p.listen("ann", "a", nil)
	h.expect(t, "connected, 0 wait")
	p.post("ann-hooks", "1")
	p.post("ann-hooks", "2")
	h.expect(t, "1", "2")
	h.stop()
	p.listen("ann", "a", nil).expect(t, "connected, 2 wait", "1", "2") // it has forgotten its position
	if n := p.meter.again.Load(); n != 2 {
		t.Errorf("%d of 2 counted", n)
	}
}

func TestRates(t *testing.T) {
	for name, c := range map[string]struct {
		rates  relay.Rates
		reason relay.Refusal
	}{
		"ip":       {relay.Rates{IP: relay.Rate{PerSecond: 0.1, Burst: 3}}, relay.RefusedIPRate},
		"endpoint": {relay.Rates{Endpoint: relay.Rate{PerSecond: 0.1, Burst: 3}}, relay.RefusedOwnRate},
	} {
		p := startPublic(t, func(rc *relay.Config) { rc.Rates = c.rates })
		for range 3 {
			if status, _ := p.post("ann-hooks", "x"); status != 200 {
				t.Errorf("%s: got %d within the burst", name, status)
			}
		}
		for n := range 3 { // to be refused makes nobody wait longer
			status, retry := p.post("ann-hooks", "x")
			if status != 429 || retry != "10" || p.meter.refused[c.reason] != n+1 {
				t.Errorf("%s: got %d, Retry-After %q, counted %v", name, status, retry, p.meter.refused)
			}
		}
		if status, _ := p.post("bob-hooks", "x"); name == "endpoint" && status != 200 {
			t.Errorf("another endpoint: %d", status)
		}
	}
}

func TestATokenCantConnectTooOften(t *testing.T) {
	p := startPublic(t, func(c *relay.Config) { c.Rates.Token = relay.Rate{PerSecond: 0.01, Burst: 1} })
	p.listen("ann", "a", nil).expect(t, "connected, 0 wait")
	h := p.listen("ann", "b", nil)
	if got := <-h.lines; !strings.Contains(got, "429") || !strings.Contains(got, "final false") {
		t.Errorf("got %q", got)
	}
}

func TestThereIsRoomForSoManyAgents(t *testing.T) {
	p := startPublic(t, func(c *relay.Config) { c.MaxAgents = 1 })
	first := p.listen("ann", "a", nil)
	first.expect(t, "connected, 0 wait")
	second := p.listen("ann", "b", nil)
	if got := <-second.lines; !strings.Contains(got, "503") {
		t.Errorf("got %q", got)
	}
	first.stop()
	for got := range second.lines { // it comes in as soon as there is room
		if got == "connected, 0 wait" {
			break
		}
	}
}

func TestAnOwnerHasSoManyAgents(t *testing.T) {
	p := startPublic(t, func(c *relay.Config) { c.PerOwner = 1 })
	first := p.listen("ann", "a", nil)
	first.expect(t, "connected, 0 wait")
	p.listen("bob", "a", nil).expect(t, "connected, 0 wait")
	second := p.listen("ann", "b", nil)
	if got := <-second.lines; !strings.Contains(got, "503") || !strings.Contains(got, "ann has 1") {
		t.Errorf("got %q", got)
	}
	first.stop()
	for got := range second.lines { // it comes in as soon as there is room
		if got == "connected, 0 wait" {
			break
		}
	}
}

func TestOnlyTrustedProxiesAreBelieved(t *testing.T) {
	for name, c := range map[string]struct {
		trusted       []string
		forwarded     []string
		proto         string
		remote, rest  string
		originalProto string
	}{
		"nobody is trusted":      {nil, []string{"9.9.9.9"}, "https", "127.0.0.1", "9.9.9.9", "http"},
		"the peer is trusted":    {[]string{"127.0.0.0/8"}, []string{"9.9.9.9"}, "https", "9.9.9.9", "", "https"},
		"what a sender claims":   {[]string{"127.0.0.0/8"}, []string{"6.6.6.6, 9.9.9.9"}, "", "9.9.9.9", "6.6.6.6", "http"},
		"in lines of their own":  {[]string{"127.0.0.0/8"}, []string{"6.6.6.6", "9.9.9.9"}, "", "9.9.9.9", "6.6.6.6", "http"},
		"two proxies":            {[]string{"127.0.0.0/8", "10.0.0.0/8"}, []string{"9.9.9.9, 10.1.1.1"}, "https", "9.9.9.9", "", "https"},
		"what is no address":     {[]string{"127.0.0.0/8"}, []string{"localhost; drop"}, "gopher", "127.0.0.1", "localhost; drop", "http"},
		"mapped":                 {[]string{"127.0.0.0/8"}, []string{"::ffff:9.9.9.9"}, "http", "9.9.9.9", "", "http"},
		"trusted all the way":    {[]string{"127.0.0.0/8", "10.0.0.0/8"}, []string{"10.2.2.2, 10.1.1.1"}, "", "10.2.2.2", "", "http"},
		"a header that is empty": {[]string{"127.0.0.0/8"}, []string{""}, "", "127.0.0.1", "", "http"},
	} {
		p := startPublic(t, func(rc *relay.Config) {
			for _, prefix := range c.trusted {
				rc.TrustedProxies = append(rc.TrustedProxies, netip.MustParsePrefix(prefix))
			}
		})
		h := p.listen("ann", "a", nil)
		h.expect(t, "connected, 0 wait")
		header := []string{"X-Forwarded-Proto", c.proto}
		for _, value := range c.forwarded {
			header = append(header, "X-Forwarded-For", value)
		}
		p.post("ann-hooks", "x", header...)
		r := <-h.requests
		if got := strings.Join(r.Header["X-Forwarded-For"], ", "); r.Remote != c.remote || r.Proto != c.originalProto || got != c.rest {
			t.Errorf("%s: remote %q, proto %q, X-Forwarded-For %q", name, r.Remote, r.Proto, got)
		}
		h.stop()
	}
}

// TestAnAgentOfAnotherVersionIsToldSo speaks of versions that are not there yet.
func TestAnAgentOfAnotherVersionIsToldSo(t *testing.T) {
	p := startPublic(t, nil)
	for _, version := range []uint{0, wire.Version + 1} {
		conn, err := wsconn.Dial(t.Context(), "ws"+strings.TrimPrefix(p.srv.URL, "http")+wire.AgentPath,
			wsconn.DialOptions{Header: http.Header{"Authorization": {"Bearer ann-1"}}})
		if err != nil {
			t.Fatal(err)
		}
		var hello bytes.Buffer
		if err := wire.Encode(&hello, &wire.Hello{Version: version, Agent: "a", Endpoint: "hooks", Mode: wire.ModeRelay}); err != nil {
			t.Fatal(err)
		}
		if err := conn.Write(hello.Bytes()); err != nil {
			t.Fatal(err)
		}
		message, err := conn.Read()
		if err != nil {
			t.Fatal(err)
		}
		err = wire.Decode(message, func(f wire.Frame) error {
			if bye, ok := f.(*wire.Goodbye); !ok || bye.Code != wire.CodeVersion || !bye.Code.Final() || !strings.Contains(bye.Reason, "update") {
				t.Errorf("version %d: got %+v", version, f)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		conn.Abort()
	}
}

// goneMeanwhile is an Authority for whom an endpoint is there only the first time it is asked.
type goneMeanwhile struct {
	*keys
	asked atomic.Int64
}

func (g *goneMeanwhile) Endpoint(context.Context, string) (bool, error) {
	return g.asked.Add(1) == 1, nil
}

// TestADeletionBetweenLookUpAndAppend plays a deletion that finds no hub to close.
func TestADeletionBetweenLookUpAndAppend(t *testing.T) {
	p := startPublic(t, nil)
	p.Authority = &goneMeanwhile{keys: p.keys}
	if status, _ := p.post("ann-hooks", "x"); status != 404 {
		t.Errorf("got %d", status)
	}
	if stat, err := p.store.Stat(t.Context(), "ann-hooks", ""); err != nil || stat.Head != 0 {
		t.Errorf("the log begins again: %+v, %v", stat, err)
	}
}

// forgetful is a Store that says of one body that it failed, though it is in the log.
type forgetful struct{ relay.Store }

func (f forgetful) Append(ctx context.Context, id string, r *event.Request, limits relay.Limits) (uint64, error) {
	seq, err := f.Store.Append(ctx, id, r, limits)
	if string(r.Body) == "forgotten" {
		return 0, errors.New("something broke behind the commit")
	}
	return seq, err
}

// TestARequestThatNeverReachesMemoryHoldsNothingUp is for the pusher, which waits for what is on
// its way from the store's commit to the endpoint's memory.
func TestARequestThatNeverReachesMemoryHoldsNothingUp(t *testing.T) {
	p := startPublic(t, func(c *relay.Config) { c.Store = forgetful{c.Store} })
	h := p.listen("ann", "a", nil)
	h.expect(t, "connected, 0 wait")
	p.post("ann-hooks", "first")
	h.expect(t, "first")
	if status, _ := p.post("ann-hooks", "forgotten"); status != 503 {
		t.Errorf("got %d", status)
	}
	p.post("ann-hooks", "next")
	h.expect(t, "forgotten", "next")
}
