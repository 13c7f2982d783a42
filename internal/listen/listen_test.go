package listen_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/relaytest"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/wire"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// app is an app that remembers what it got.
type app struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(w http.ResponseWriter, r *http.Request, body []byte)
}

type received struct {
	uri    string
	header http.Header
	body   []byte
}

func newApp(t testing.TB, answer func(http.ResponseWriter, *http.Request, []byte)) *app {
	a := &app{answer: answer}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		a.mu.Lock()
		a.got = append(a.got, received{r.RequestURI, r.Header.Clone(), body})
		a.mu.Unlock()
		if a.answer != nil {
			a.answer(w, r, body)
		}
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *app) requests() []received {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]received(nil), a.got...)
}

// world is a home folder in which sessions run one after another.
type world struct {
	t       testing.TB
	folder  string
	history *history.History
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, folder: t.TempDir()}
	w.open()
	t.Cleanup(func() { w.history.Close() })
	return w
}

func (w *world) open() {
	h, err := history.Open(w.t.Context(), filepath.Join(w.folder, "history.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.history = h
}

// running is a session that runs.
type running struct {
	*listen.Session
	url     string
	updates *activity.Subscription
	stop    func()
}

var secret = signature.GenerateSecret()

// start runs a session until its stop or the test's end.
func (w *world) start(change func(*listen.Config)) *running {
	w.t.Helper()
	relay, stopRelay := relaytest.Start(w.t, w.folder)
	sender := send.New(send.Options{Timeout: time.Minute}) // longer than any test takes
	bus := new(activity.Bus)
	c := listen.Config{
		Relay: relay.Relay("test", "test"), History: w.history, Bus: bus, Sender: sender, Concurrency: 16,
		Respond: wire.ModeApp, Verify: listen.VerifyWarn, Secret: secret, Timeout: time.Minute, MaxBody: 32 << 20,
	}
	if change != nil {
		change(&c)
	}
	r := &running{Session: listen.New(c), url: relay.URL(), updates: bus.Subscribe(1<<16, nil)}
	ready := bus.Subscribe(1, func(u activity.Update) bool { return u.Type() == activity.Ready{}.Type() })
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
		stopRelay()
		sender.Close()
		bus.Close()
	})
	w.t.Cleanup(r.stop)
	<-ready.Updates()
	return r
}

func to(t testing.TB, url string) *send.Target {
	target, err := send.ParseTarget(url)
	if err != nil {
		t.Fatal(err)
	}
	return &target
}

// await returns the next update that fits, within a time that only a hang exceeds.
func await[U activity.Update](t testing.TB, r *running, fits func(U) bool) U {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		select {
		case u, ok := <-r.updates.Updates():
			if !ok {
				t.Fatal("the session has ended")
			}
			if u, ok := u.(U); ok && fits(u) {
				return u
			}
		case <-timeout:
			t.Fatalf("no %T came", *new(U))
		}
	}
}

func post(t testing.TB, url string, header http.Header, body []byte) (int, string) {
	t.Helper()
	req, err := http.NewRequest("POST", url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	tr := &http.Transport{DisableKeepAlives: true}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

func signed(body []byte) http.Header {
	return http.Header{signature.HeaderName: {signature.Sign(secret, body)}}
}

func eventBody(id string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"event":"task.created","created_at":"2026-01-01T00:00:00Z","data":{}}`, id)
}

func TestTheAppsAnswerTravelsBack(t *testing.T) {
	a := newApp(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header()["X-Two"] = []string{"1", "2"}
		w.WriteHeader(418)
		io.WriteString(w, strings.Repeat("teapot", 50_000))
	})
	r := newWorld(t).start(func(c *listen.Config) { c.Forward = targets(t, a.URL) })
	body := eventBody("evt_1")
	status, text := post(t, r.url, signed(body), body)
	if status != 418 || text != strings.Repeat("teapot", 50_000) {
		t.Errorf("got %d and %d bytes", status, len(text))
	}
	u := await(t, r, func(activity.Attempted) bool { return true })
	if u.Event != "evt_1" || u.Status != 418 || u.State != "failed" {
		t.Errorf("got %+v", u)
	}
}

// TestAnythingArrivesUnchanged is the contract about bytes, through the real path and
// again by a replay.
func TestAnythingArrivesUnchanged(t *testing.T) {
	a := newApp(t, nil)
	r := newWorld(t).start(func(c *listen.Config) { c.Forward = targets(t, a.URL) })
	awkward := map[string][]byte{
		"empty": nil, "NULs": []byte("\x00\x00"), "invalid UTF-8": []byte("\xff\xfe\x80"), "BOM": []byte("\ufeff{}"),
		"JSON that a parser would change": []byte("{\"a\":1,\"a\":1e400}\r\n"),
		"spooled, and in many parts":      bytes.Repeat([]byte("0123456789abcdef"), 40_000),
	}
	names := slices.Sorted(maps.Keys(awkward))
	value := rapid.StringMatching(`[!-~]([ -~]{0,20}[!-~])?`)
	rapid.Check(t, func(t *rapid.T) {
		body := awkward[rapid.SampledFrom(names).Draw(t, "kind")]
		if rapid.Bool().Draw(t, "random") {
			body = rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(t, "body")
		}
		header := http.Header{
			"X-Many":  rapid.SliceOfN(value, 1, 4).Draw(t, "many"),
			"Accept":  rapid.SliceOfN(value, 1, 2).Draw(t, "accept"),
			"X-Bytes": {"caf\xc3\xa9 \xe9"},
		}
		before := len(a.requests())
		status, text := post(r.tb(t), r.url+"?q=a%20b&q=%ff", header, body)
		if status != 200 {
			t.Fatalf("got %d %s", status, text)
		}
		u := await(r.tb(t), r, func(u activity.Attempted) bool { return u.Origin == "received" })
		if _, err := r.Replay(context.Background(), u.Request); err != nil {
			t.Fatal(err)
		}
		got := a.requests()[before:]
		if len(got) != 2 {
			t.Fatalf("the app got %d requests", len(got))
		}
		for _, g := range got {
			if !bytes.Equal(g.body, body) || g.uri != "/?q=a%20b&q=%ff" {
				t.Fatalf("%s: got %d bytes, sent %d", g.uri, len(g.body), len(body))
			}
			for name, values := range header {
				if fmt.Sprintf("%q", g.header[name]) != fmt.Sprintf("%q", values) {
					t.Fatalf("%s: got %q, sent %q", name, g.header[name], values)
				}
			}
		}
	})
}

// tb lets rapid's T stand where a testing.TB is wanted for failing.
func (r *running) tb(t *rapid.T) testing.TB { return rapidTB{TB: nil, t: t} }

type rapidTB struct {
	testing.TB
	t *rapid.T
}

func (r rapidTB) Helper()                   {}
func (r rapidTB) Fatal(args ...any)         { r.t.Fatal(args...) }
func (r rapidTB) Fatalf(f string, a ...any) { r.t.Fatalf(f, a...) }

func TestTheLargestBody(t *testing.T) {
	a := newApp(t, nil)
	w := newWorld(t)
	r := w.start(func(c *listen.Config) { c.Forward = targets(t, a.URL) })
	body := make([]byte, relay.DefaultMaxBody)
	for i := range body {
		body[i] = byte(i * 7)
	}
	if status, text := post(t, r.url, signed(body), body); status != 200 {
		t.Fatalf("got %d %s", status, text)
	}
	if got := a.requests(); sha256.Sum256(got[0].body) != sha256.Sum256(body) {
		t.Error("the body was changed")
	}
	// Only the head, since the relay need not read the body to refuse it.
	u, err := url.Parse(r.url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", u.Path, len(body)+1)
	if line, _ := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(line, "413") {
		t.Errorf("a byte more: got %q, want 413", line)
	}
}

func TestVerify(t *testing.T) {
	a := newApp(t, nil)
	for mode, want := range map[listen.Verify]int{listen.VerifyWarn: 200, listen.VerifyStrict: 401, listen.VerifyOff: 200} {
		t.Run(string(mode), func(t *testing.T) {
			r := newWorld(t).start(func(c *listen.Config) { c.Forward, c.Verify = targets(t, a.URL), mode })
			body := eventBody("evt_1")
			before := len(a.requests())
			if status, _ := post(t, r.url, signed([]byte("another")), body); status != want {
				t.Errorf("got %d, want %d", status, want)
			}
			u := await(t, r, func(activity.Received) bool { return true })
			if wantSign := map[bool]signature.Verdict{true: "not checked", false: "mismatch"}[mode == listen.VerifyOff]; u.Signature != wantSign {
				t.Errorf("verdict %q", u.Signature)
			}
			if got := len(a.requests()) - before; (got == 1) != (want == 200) {
				t.Errorf("the app got %d requests", got)
			}
			if status, _ := post(t, r.url, signed(body), body); status != 200 {
				t.Errorf("with a right signature: %d", status)
			}
		})
	}
}

func TestWhatIsFilteredIsRecordedAndAnswered200(t *testing.T) {
	a := newApp(t, nil)
	w := newWorld(t)
	r := w.start(func(c *listen.Config) { c.Forward, c.Events = targets(t, a.URL), []string{"document.analyzed"} })
	body := eventBody("evt_1")
	if status, _ := post(t, r.url, signed(body), body); status != 200 {
		t.Errorf("got %d", status)
	}
	u := await(t, r, func(activity.Received) bool { return true })
	if u.Disposition != activity.Filtered || len(a.requests()) != 0 {
		t.Errorf("got %+v and %d requests", u, len(a.requests()))
	}
	if _, err := w.history.Request(t.Context(), u.Request); err != nil {
		t.Error(err)
	}
}

func TestOrderAtConcurrencyOne(t *testing.T) {
	a := newApp(t, nil)
	r := newWorld(t).start(func(c *listen.Config) {
		c.Forward, c.Concurrency, c.Respond = targets(t, a.URL), 1, wire.ModeRelay
	})
	const n = 60
	for i := range n {
		body := fmt.Appendf(nil, "%d ", i)
		if i%10 == 3 { // large ones take many messages, and small ones pass them on the wire
			body = append(body, make([]byte, 600_000)...)
		}
		if status, _ := post(t, r.url, nil, body); status != 200 {
			t.Fatal(status)
		}
	}
	for range n {
		await(t, r, func(activity.Attempted) bool { return true })
	}
	for i, g := range a.requests() {
		if want := fmt.Sprintf("%d ", i); !strings.HasPrefix(string(g.body), want) {
			t.Fatalf("request %d began with %.5q", i, g.body)
		}
	}
}

func TestASenderRetryIsMarkedDuplicate(t *testing.T) {
	r := newWorld(t).start(nil)
	body := eventBody("evt_1")
	post(t, r.url, signed(body), body)
	first := await(t, r, func(activity.Received) bool { return true })
	post(t, r.url, signed(body), body)
	if u := await(t, r, func(activity.Received) bool { return true }); u.DuplicateOf != first.Request || u.OtherBody {
		t.Errorf("got %+v", u)
	}
	other := append(body, ' ')
	post(t, r.url, signed(other), other)
	if u := await(t, r, func(activity.Received) bool { return true }); u.DuplicateOf != first.Request || !u.OtherBody {
		t.Errorf("got %+v", u)
	}
}

func TestStoppedInTheMiddleOfAnAttempt(t *testing.T) {
	arrived := make(chan bool, 10)
	release := make(chan bool)
	a := newApp(t, func(http.ResponseWriter, *http.Request, []byte) { arrived <- true; <-release })
	w := newWorld(t)
	r := w.start(func(c *listen.Config) { c.Forward, c.Respond = targets(t, a.URL), wire.ModeRelay })
	body := eventBody("evt_1")
	if status, _ := post(t, r.url, signed(body), body); status != 200 {
		t.Fatal(status)
	}
	<-arrived
	u := await(t, r, func(activity.Received) bool { return true })
	r.stop()
	close(release)
	d, err := w.history.Show(t.Context(), u.Request)
	if err != nil {
		t.Fatal(err)
	}
	if at := d.Deliveries[0]; at.State != "pending" || len(at.Attempts) != 1 || at.Attempts[0].Outcome.Kind != "interrupted" {
		t.Fatalf("got %+v", at)
	}
	again := w.start(func(c *listen.Config) { c.Forward = targets(t, a.URL) })
	if u := <-again.updates.Updates(); u.Type() != (activity.Ready{}).Type() {
		t.Errorf("the first update is %+v, want ready", u)
	}
	if got := await(t, again, func(activity.Attempted) bool { return true }); got.Attempt != 2 || got.State != "succeeded" {
		t.Errorf("got %+v", got)
	}
}

func TestSkipBacklog(t *testing.T) {
	arrived := make(chan bool, 10)
	release := make(chan bool)
	a := newApp(t, func(http.ResponseWriter, *http.Request, []byte) { arrived <- true; <-release })
	w := newWorld(t)
	r := w.start(func(c *listen.Config) { c.Forward, c.Respond = targets(t, a.URL), wire.ModeRelay })
	post(t, r.url, nil, eventBody("evt_1"))
	<-arrived
	await(t, r, func(activity.Received) bool { return true })
	r.stop()
	close(release)
	w.start(func(c *listen.Config) { c.Forward, c.SkipBacklog = targets(t, a.URL), true })
	list, err := w.history.List(t.Context(), 1)
	if err != nil || list[0].Last.State != "cancelled" {
		t.Errorf("got %+v, %v", list, err)
	}
}

// TestTheRelayIsRestoredOrDeleted plays what happens when the relay's database is
// replaced by an older copy or goes: no later request may be lost.
func TestTheRelayIsRestoredOrDeleted(t *testing.T) {
	w := newWorld(t)
	send := func(from, to int) {
		r := w.start(func(c *listen.Config) { c.Respond = wire.ModeRelay })
		for i := from; i < to; i++ {
			if status, _ := post(t, r.url, nil, eventBody(fmt.Sprintf("evt_%d", i))); status != 200 {
				t.Fatal(status)
			}
		}
		for range to - from {
			await(t, r, func(activity.Received) bool { return true })
		}
		r.stop()
	}
	send(0, 3)
	copyRelay(t, w.folder, "copy")
	send(3, 8)
	restoreRelay(t, w.folder, "copy")
	send(8, 16) // these get the numbers of 3 to 7 again
	removeRelay(t, w.folder)
	send(16, 20)
	list, err := w.history.List(t.Context(), 100)
	if err != nil || len(list) != 20 {
		t.Errorf("%d of 20 are recorded, %v", len(list), err)
	}
	for _, s := range list {
		if s.DuplicateOf != "" {
			t.Errorf("%s was recorded twice", s.EventID)
		}
	}
}

func TestTargetDownIsSaidOnce(t *testing.T) {
	a := newApp(t, nil)
	url := a.URL
	a.Close()
	r := newWorld(t).start(func(c *listen.Config) { c.Forward = targets(t, url) })
	for i := range 3 {
		body := eventBody(fmt.Sprintf("evt_%d", i))
		if status, text := post(t, r.url, signed(body), body); status != 502 || !strings.Contains(text, "is your app running?") {
			t.Errorf("got %d %s", status, text)
		}
	}
	downs := 0
	for attempts := 0; attempts < 3; {
		switch u := (<-r.updates.Updates()).(type) {
		case activity.TargetDown:
			downs++
		case activity.Attempted:
			attempts++
			if u.Outcome != "no-connect" {
				t.Errorf("got %+v", u)
			}
		}
	}
	if downs != 1 {
		t.Errorf("said %d times", downs)
	}
}

func TestOnlyTheTokensBearerIsServed(t *testing.T) {
	r, _ := relaytest.Start(t, t.TempDir())
	agent := strings.Replace(r.Relay("a", "").URL, "ws://", "http://", 1)
	get := func(url string, change func(*http.Request)) int {
		req, err := http.NewRequest("GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		change(req)
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	for _, url := range []string{agent, r.URL()} {
		for name, c := range map[string]struct {
			change func(*http.Request)
			want   int
		}{
			"another host": {func(q *http.Request) { q.Host = "rebound.example" }, 421},
			"an origin":    {func(q *http.Request) { q.Header.Set("Origin", "http://localhost:3000") }, 403},
			"a page":       {func(q *http.Request) { q.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		} {
			if got := get(url, c.change); got != c.want {
				t.Errorf("%s at %s: got %d, want %d", name, url, got, c.want)
			}
		}
	}
	if got := get(agent, func(*http.Request) {}); got != 401 {
		t.Errorf("no token: got %d", got)
	}
	wrong := r.Relay("a", "")
	wrong.Token = strings.Repeat("0", 64)
	w := newWorld(t)
	s := listen.New(listen.Config{Relay: wrong, History: w.history, Bus: new(activity.Bus), Respond: wire.ModeRelay, MaxBody: 1})
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("a wrong token: %v", err)
	}
}

// TestNothingIsLeftOutUnderLoad is for the pusher, which gets requests partly from memory
// and partly from the store: it once took what it had sent already for a gap.
func TestNothingIsLeftOutUnderLoad(t *testing.T) {
	w := newWorld(t)
	r := w.start(func(c *listen.Config) { c.Respond = wire.ModeRelay })
	const senders, each = 8, 150
	var load sync.WaitGroup
	for s := range senders {
		load.Go(func() {
			for i := range each {
				resp, err := http.Post(r.url, "", bytes.NewReader(eventBody(fmt.Sprintf("evt_%d_%d", s, i))))
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
			}
		})
	}
	load.Wait()
	http.DefaultClient.CloseIdleConnections()
	for range senders * each {
		await(t, r, func(u activity.Received) bool { return true })
	}
	list, err := w.history.List(t.Context(), 2*senders*each)
	if err != nil || len(list) != senders*each {
		t.Errorf("%d of %d are recorded, %v", len(list), senders*each, err)
	}
}

// TestMoreHeadersThanAnybodySends are as many as fit into what the relay takes. If the agent
// refused what the relay has accepted, it would be sent again for ever.
func TestMoreHeadersThanAnybodySends(t *testing.T) {
	a := newApp(t, nil)
	r := newWorld(t).start(func(c *listen.Config) { c.Forward = targets(t, a.URL) })
	header := make(http.Header)
	for i := range 8000 {
		if i%2 == 0 {
			header.Add("X", "v")
		} else {
			header.Set(fmt.Sprintf("H%x", i), "")
		}
	}
	if status, text := post(t, r.url, header, []byte("x")); status != 200 {
		t.Fatalf("got %d %s", status, text)
	}
	got := a.requests()[0].header
	if len(got["X"]) != 4000 || len(got) < 4000 {
		t.Errorf("the app got %d values and %d names", len(got["X"]), len(got))
	}
}
