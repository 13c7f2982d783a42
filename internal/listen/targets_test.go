package listen_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/wire"
)

func targets(t testing.TB, urls ...string) []send.Target {
	var all []send.Target
	for _, url := range urls {
		all = append(all, *to(t, url))
	}
	return all
}

func typed(id, typ string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"event":%q,"created_at":"2026-01-01T00:00:00Z","data":{}}`, id, typ)
}

// ids are those of the events that an app got, in order.
func (a *app) ids(t testing.TB) (ids []string) {
	t.Helper()
	for _, r := range a.requests() {
		e, err := event.Parse(r.body)
		if err != nil {
			ids = append(ids, string(r.body))
			continue
		}
		ids = append(ids, e.ID)
	}
	return ids
}

func wantIDs(t testing.TB, what string, a *app, want ...string) {
	t.Helper()
	if got := a.ids(t); !slices.Equal(got, want) {
		t.Errorf("%s got %q, want %q", what, got, want)
	}
}

// waiting is an app that says when a request has arrived, and answers when released.
func waiting(t testing.TB) (a *app, arrived <-chan bool, release func()) {
	came, released := make(chan bool, 100), make(chan bool)
	a = newApp(t, func(http.ResponseWriter, *http.Request, []byte) { came <- true; <-released })
	return a, came, func() { close(released) }
}

func TestTheFirstRouteTakesAnEvent(t *testing.T) {
	shared, docs, one, two := newApp(t, nil), newApp(t, nil), newApp(t, nil), newApp(t, nil)
	r := newWorld(t).start(func(c *listen.Config) {
		c.Routes = []listen.Route{route(t, "document.shared="+shared.URL), route(t, "document.*="+docs.URL)}
		c.Forward, c.Concurrency = targets(t, one.URL, two.URL), 1
	})
	for _, body := range [][]byte{
		typed("evt_1", "document.shared"), typed("evt_2", "document.analyzed"), typed("evt_3", "task.created"),
		typed("evt_4", "document"), typed("evt_5", "document.unheard.of"), []byte("none"),
	} {
		if status, text := post(t, r.url, nil, body); status != 200 {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	for range 9 {
		await(t, r, func(activity.Attempted) bool { return true })
	}
	wantIDs(t, "document.shared", shared, "evt_1")
	wantIDs(t, "document.*", docs, "evt_2", "evt_5")
	wantIDs(t, "the first --forward", one, "evt_3", "evt_4", "none")
	wantIDs(t, "the second --forward", two, "evt_3", "evt_4", "none")
}

// TestWhatNoTargetTakes is recorded and answered; nothing that is no event goes by a route
// for events.
func TestWhatNoTargetTakes(t *testing.T) {
	a := newApp(t, nil)
	w := newWorld(t)
	r := w.start(func(c *listen.Config) { c.Routes = []listen.Route{route(t, "*.*="+a.URL)} })
	for _, body := range [][]byte{[]byte("none"), []byte(`{"event":"task.created"}`), typed("evt_1", "nodots")} {
		if status, text := post(t, r.url, nil, body); status != 200 {
			t.Errorf("%s: %d %s", body, status, text)
		}
		u := await(t, r, func(activity.Received) bool { return true })
		if u.Disposition != activity.RecordOnly || u.Reason == "" || u.Deliveries != nil {
			t.Errorf("%s: %+v", body, u)
		}
		if _, err := w.history.Request(t.Context(), u.Request); err != nil {
			t.Error(err)
		}
		if _, err := r.Replay(t.Context(), u.Request); err == nil || !strings.Contains(err.Error(), "no route takes it") {
			t.Errorf("%s: replayed, %v", body, err)
		}
	}
	wantIDs(t, "the route", a)
	all := newApp(t, nil)
	r.stop()
	r = w.start(func(c *listen.Config) {
		c.Routes = []listen.Route{route(t, "*.*="+a.URL), route(t, "*="+all.URL)}
	})
	post(t, r.url, nil, []byte("none"))
	wantIDs(t, "the route for everything", all, "none")
}

func TestTheFirstTargetsAnswerCounts(t *testing.T) {
	first := newApp(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(418) })
	second, arrived, release := waiting(t)
	r := newWorld(t).start(func(c *listen.Config) { c.Forward = targets(t, first.URL, second.URL) })
	if status, _ := post(t, r.url, nil, typed("evt_1", "task.created")); status != 418 {
		t.Errorf("got %d", status)
	}
	<-arrived
	u := await(t, r, func(activity.Received) bool { return true })
	if len(u.Deliveries) != 2 {
		t.Fatalf("got %+v", u)
	}
	if a := await(t, r, func(activity.Attempted) bool { return true }); a.Delivery != u.Deliveries[0] || a.Status != 418 {
		t.Errorf("got %+v, and %+v before", a, u)
	}
	release()
	if a := await(t, r, func(activity.Attempted) bool { return true }); a.Delivery != u.Deliveries[1] || a.Status != 200 {
		t.Errorf("got %+v, and %+v before", a, u)
	}
}

// TestATargetThatHangsHoldsUpNoOther, and each gets its first attempts in order.
func TestATargetThatHangsHoldsUpNoOther(t *testing.T) {
	slow, _, release := waiting(t)
	quick := newApp(t, nil)
	r := newWorld(t).start(func(c *listen.Config) {
		c.Forward, c.Concurrency, c.Respond = targets(t, slow.URL, quick.URL), 1, wire.ModeRelay
	})
	var want []string
	for i := range 40 {
		want = append(want, fmt.Sprintf("evt_%02d", i))
		if status, _ := post(t, r.url, nil, typed(want[i], "task.created")); status != 200 {
			t.Fatal(status)
		}
	}
	for range want {
		if u := await(t, r, func(activity.Attempted) bool { return true }); !strings.HasPrefix(u.Target, quick.URL) {
			t.Fatalf("got %+v", u)
		}
	}
	wantIDs(t, "the quick one", quick, want...)
	release()
	for range want {
		await(t, r, func(u activity.Attempted) bool { return strings.HasPrefix(u.Target, slow.URL) })
	}
	wantIDs(t, "the slow one", slow, want...)
}

// TestABannerForEachAddress: two targets of one app go down and come up together.
func TestABannerForEachAddress(t *testing.T) {
	a, b := newApp(t, nil), newApp(t, nil)
	a.Close()
	b.Close()
	r := newWorld(t).start(func(c *listen.Config) { c.Forward = targets(t, a.URL, a.URL+"/other", b.URL) })
	downs := make(map[string]int)
	for i := range 3 {
		post(t, r.url, nil, typed(fmt.Sprintf("evt_%d", i), "task.created"))
	}
	for attempts := 0; attempts < 9; {
		switch u := (<-r.updates.Updates()).(type) {
		case activity.TargetDown:
			downs[to(t, u.Target).Address()]++
		case activity.Attempted:
			attempts++
		}
	}
	if want := map[string]int{to(t, a.URL).Address(): 1, to(t, b.URL).Address(): 1}; fmt.Sprint(downs) != fmt.Sprint(want) {
		t.Errorf("said %v, want %v", downs, want)
	}
}

func TestAReplayGoesWhereItWouldGoNow(t *testing.T) {
	before, docs, rest, more := newApp(t, nil), newApp(t, nil), newApp(t, nil), newApp(t, nil)
	w := newWorld(t)
	r := w.start(func(c *listen.Config) { c.Forward = targets(t, before.URL) })
	post(t, r.url, nil, typed("evt_1", "document.shared"))
	post(t, r.url, nil, typed("evt_2", "task.created"))
	shared := await(t, r, func(activity.Received) bool { return true }).Request
	task := await(t, r, func(activity.Received) bool { return true }).Request
	r.stop()
	r = w.start(func(c *listen.Config) {
		c.Routes, c.Forward = []listen.Route{route(t, "document.*="+docs.URL)}, targets(t, rest.URL, more.URL)
	})
	for request, to := range map[string]string{shared: docs.URL, task: rest.URL} {
		if u, err := r.Replay(t.Context(), request); err != nil || !strings.HasPrefix(u.Target, to) || u.Origin != "replay" {
			t.Errorf("got %+v, %v; want %s", u, err, to)
		}
	}
	wantIDs(t, "the second --forward", more)
	r.stop()
	r = w.start(nil)
	if _, err := r.Replay(t.Context(), task); err == nil || !strings.Contains(err.Error(), "has no target") {
		t.Errorf("without a target: %v", err)
	}
}

// TestTheHintNamesTheFlag by which the target was given.
func TestTheHintNamesTheFlag(t *testing.T) {
	answer := func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(404) }
	routed, rest, both := newApp(t, answer), newApp(t, answer), newApp(t, answer)
	r := newWorld(t).start(func(c *listen.Config) {
		c.Routes = []listen.Route{route(t, "document.*="+routed.URL), route(t, "meeting.*="+both.URL)}
		c.Forward = targets(t, rest.URL, both.URL)
	})
	post(t, r.url, nil, typed("evt_1", "document.shared"))
	post(t, r.url, nil, typed("evt_2", "task.created"))
	for range 3 {
		u := await(t, r, func(activity.Attempted) bool { return true })
		at := to(t, u.Target).Address() + "/webhooks/solatis"
		want := ": --forward " + at
		if strings.HasPrefix(u.Target, routed.URL) {
			want = ": --route 'document.*=" + at + "'"
		}
		if !strings.HasSuffix(u.Hint, want) {
			t.Errorf("%s: hint %q, want %q", u.Target, u.Hint, want)
		}
	}
}

// TestASignatureThatIsRightAndRefused is explained, once in words and with each attempt.
func TestASignatureThatIsRightAndRefused(t *testing.T) {
	a := newApp(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(401) })
	b := newApp(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(500) })
	body := typed("evt_1", "task.created")
	for name, c := range map[string]struct {
		change func(*listen.Config)
		header http.Header
		hints  bool
	}{
		"right":                {func(*listen.Config) {}, signed(body), true},
		"wrong":                {func(*listen.Config) {}, signed([]byte("x")), false},
		"not looked at":        {func(c *listen.Config) { c.Verify = listen.VerifyOff }, signed(body), false},
		"a failure of another": {func(c *listen.Config) { c.Forward = targets(t, b.URL) }, signed(body), false},
		"replaced by --header": {func(c *listen.Config) { c.Sender.Header = event.Header(signed([]byte("x"))) }, signed(body), false},
	} {
		r := newWorld(t).start(func(cfg *listen.Config) { cfg.Forward = targets(t, a.URL); c.change(cfg) })
		warnings := 0
		for range 2 {
			post(t, r.url, c.header, body)
		}
		for attempts := 0; attempts < 2; {
			switch u := (<-r.updates.Updates()).(type) {
			case activity.Attempted:
				attempts++
				if got := strings.Contains(u.Hint, "the signature is right"); got != c.hints {
					t.Errorf("%s: hint %q", name, u.Hint)
				}
			case activity.Warning:
				warnings++
			}
		}
		r.stop()
		for u := range r.updates.Updates() {
			if _, ok := u.(activity.Warning); ok {
				warnings++
			}
		}
		if want := map[bool]int{true: 1}[c.hints]; warnings != want {
			t.Errorf("%s: %d warnings, want %d", name, warnings, want)
		}
	}
}

// TestEachTargetsOrderIsKeptAcrossConnections cuts the agent's connection time and again
// while events come for several targets, some for one and some for another. None waits for
// what isn't its own.
func TestEachTargetsOrderIsKeptAcrossConnections(t *testing.T) {
	const events = 1000
	var cuts *cutter
	var seen atomic.Int64
	cut := func(http.ResponseWriter, *http.Request, []byte) {
		if n := seen.Add(1); n%40 == 0 {
			go cuts.cut()
		}
	}
	docs, one, two := newApp(t, cut), newApp(t, nil), newApp(t, cut)
	r := newWorld(t).start(func(c *listen.Config) {
		c.Routes, c.Forward = []listen.Route{route(t, "document.*="+docs.URL)}, targets(t, one.URL, two.URL)
		c.Respond, c.Concurrency, c.Verify, c.Events = wire.ModeRelay, 1, listen.VerifyOff, []string{"document.shared", "task.created"}
		host, _, _ := strings.Cut(strings.TrimPrefix(c.Relay.URL, "ws://"), "/")
		cuts = newCutter(t, host)
		c.Relay.URL = strings.Replace(c.Relay.URL, host, cuts.Addr().String(), 1)
	})
	client := &http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	want, attempts := make(map[*app][]string), 0
	for i := range events {
		id := fmt.Sprintf("evt_%06d", i)
		typ := []string{"document.shared", "task.created", "task.deleted"}[i*i%7%3] // the last is filtered out
		for _, a := range map[string][]*app{"document.shared": {docs}, "task.created": {one, two}}[typ] {
			want[a] = append(want[a], id)
			attempts++
		}
		resp, err := client.Post(r.url, "", bytes.NewReader(typed(id, typ)))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	for range attempts {
		await(t, r, func(u activity.Attempted) bool { return u.Attempt == 1 })
	}
	for name, a := range map[string]*app{"the route": docs, "the first --forward": one, "the second": two} {
		if got := a.ids(t); !slices.Equal(got, want[a]) {
			t.Errorf("%s got %d events, want %d in order", name, len(got), len(want[a]))
		}
	}
}

func TestABadSignatureIsDiagnosed(t *testing.T) {
	body := typed("evt_1", "task.created")
	for name, c := range map[string]struct {
		verify listen.Verify
		header http.Header
		want   string
	}{
		"bad":           {listen.VerifyWarn, signed([]byte("x")), fmt.Sprintf("it was %d bytes", len(body))},
		"missing":       {listen.VerifyStrict, nil, fmt.Sprintf("it was %d bytes", len(body))},
		"right":         {listen.VerifyWarn, signed(body), ""},
		"not looked at": {listen.VerifyOff, signed([]byte("x")), ""},
	} {
		r := newWorld(t).start(func(cfg *listen.Config) {
			cfg.Verify = c.verify
			cfg.Diagnose = func(r *event.Request) string { return fmt.Sprintf("it was %d bytes", len(r.Body)) }
		})
		post(t, r.url, c.header, body)
		if u := await(t, r, func(activity.Received) bool { return true }); u.Diagnosis != c.want {
			t.Errorf("%s: diagnosis %q, want %q", name, u.Diagnosis, c.want)
		}
		r.stop()
	}
}
