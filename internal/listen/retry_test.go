package listen_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/wire"
)

// threeRetries are made without waiting.
var threeRetries = delivery.Policy{Schedule: delivery.Schedule{time.Minute, time.Minute, time.Hour}, Speed: delivery.MaxSpeed}

// laterRetries are so far away that no test sees one.
var laterRetries = delivery.Policy{Schedule: delivery.Schedule{time.Hour, time.Hour}, Speed: delivery.RealSpeed}

// fickle is an app that answers 503 while it is down.
func fickle(t testing.TB) (a *app, down *atomic.Bool) {
	down = new(atomic.Bool)
	down.Store(true)
	return newApp(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}), down
}

// retrying starts a session that retries what goes to an app.
func (w *world) retrying(a *app, p delivery.Policy, concurrency int) *running {
	w.t.Helper()
	return w.start(func(c *listen.Config) {
		c.Forward, c.Respond, c.Retry, c.Concurrency = targets(w.t, a.URL), wire.ModeRelay, p, concurrency
	})
}

func (r *running) post(t testing.TB, id string) {
	t.Helper()
	body := eventBody(id)
	if status, text := post(t, r.url, signed(body), body); status != 200 {
		t.Fatalf("%s: %d %s", id, status, text)
	}
}

func attemptOf(id string, state delivery.State) func(activity.Attempted) bool {
	return func(u activity.Attempted) bool { return u.Event == id && u.State == state }
}

// stateOf returns where the only delivery of an event stands in the history.
func (w *world) stateOf(id string) string {
	w.t.Helper()
	request, err := w.history.Find(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	all, err := w.history.Retries(w.t.Context(), request)
	if err != nil || len(all) != 1 {
		w.t.Fatalf("%+v, %v", all, err)
	}
	details, err := w.history.Show(w.t.Context(), request)
	if err != nil {
		w.t.Fatal(err)
	}
	s := all[0].Standing
	return fmt.Sprintf("%s failed %d attempts %d", s.State, s.Failed, len(details.Deliveries[0].Attempts))
}

func (w *world) wantState(id, want string) {
	w.t.Helper()
	if got := w.stateOf(id); got != want {
		w.t.Errorf("%s is %s, want %s", id, got, want)
	}
}

func TestAFailedDeliveryIsRetried(t *testing.T) {
	fails := int32(2)
	a := newApp(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		if atomic.AddInt32(&fails, -1) >= 0 {
			w.WriteHeader(500)
		}
	})
	w := newWorld(t)
	r := w.retrying(a, threeRetries, 16)
	r.post(t, "evt_1")
	for n, want := range []string{"pending 1/3 1m0s", "pending 2/3 1m0s", "succeeded 0/0 0s"} {
		u := await(t, r, func(activity.Attempted) bool { return true })
		if got := fmt.Sprintf("%s %d/%d %s", u.State, u.Retry, u.Of, u.Production); got != want || u.Attempt != n+1 {
			t.Errorf("attempt %d: %s, want %s", u.Attempt, got, want)
		}
	}
	got := a.requests()
	for _, again := range got[1:] {
		if string(again.body) != string(got[0].body) || !slices.Equal(again.header["X-Solatis-Signature"], got[0].header["X-Solatis-Signature"]) {
			t.Errorf("a retry differs: %s, %s", again.header, again.body)
		}
	}
	if len(got) != 3 {
		t.Errorf("the app got %d requests", len(got))
	}
	w.wantState("evt_1", "succeeded failed 2 attempts 3")
}

// TestADisabledWebhookHoldsWhatComes: after the last failure, in order, until it is enabled.
func TestADisabledWebhookHoldsWhatComes(t *testing.T) {
	for _, concurrency := range []int{1, 16} {
		t.Run(fmt.Sprint(concurrency), func(t *testing.T) {
			a, down := fickle(t)
			w := newWorld(t)
			r := w.retrying(a, threeRetries, concurrency)
			r.post(t, "evt_0")
			await(t, r, attemptOf("evt_0", delivery.Exhausted))
			off := await(t, r, func(activity.Disabled) bool { return true })
			w.wantState("evt_0", "exhausted failed 4 attempts 4")
			for i := 1; i <= 5; i++ {
				id := fmt.Sprint("evt_", i)
				r.post(t, id)
				if u := await(t, r, func(activity.Held) bool { return true }); u.Event != id || u.Held != i {
					t.Errorf("held %+v", u)
				}
				w.wantState(id, "held failed 0 attempts 0")
			}
			if kept, err := w.history.Webhook(t.Context(), "test", off.Target); err != nil || !kept.Disabled() || kept.Cause != off.Delivery {
				t.Errorf("the webhook is kept as %+v, %v", kept, err)
			}
			down.Store(false)
			changes, err := r.SetWebhooks(t.Context(), "", delivery.Enabled)
			if want := (listen.Change{Target: off.Target, Changed: true, Held: 5}); err != nil || len(changes) != 1 || changes[0] != want {
				t.Fatalf("changed %+v, %v", changes, err)
			}
			for range 5 {
				await(t, r, func(u activity.Attempted) bool { return u.State == delivery.Succeeded })
			}
			r.post(t, "evt_6")
			await(t, r, attemptOf("evt_6", delivery.Succeeded))
			got := a.ids(t)[4:]
			if want := []string{"evt_1", "evt_2", "evt_3", "evt_4", "evt_5", "evt_6"}; !slices.Equal(got, want) {
				t.Errorf("the app got %q", got)
			}
		})
	}
}

// TestTheNextOfAStrictQueueIsHeld: at --concurrency 1 nothing slips through between the last
// failure and the webhook's end.
func TestTheNextOfAStrictQueueIsHeld(t *testing.T) {
	came, goOn := make(chan bool), make(chan bool)
	a := newApp(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		came <- true
		<-goOn
		w.WriteHeader(500)
	})
	w := newWorld(t)
	p := threeRetries
	p.DisableAfter = 1
	r := w.retrying(a, p, 1)
	r.post(t, "evt_0")
	<-came
	for i := range 5 {
		r.post(t, fmt.Sprint("evt_later", i))
	}
	goOn <- true
	for range 5 {
		await(t, r, func(activity.Held) bool { return true })
	}
	wantIDs(t, "the app", a, "evt_0")
}

func TestRetriesGoOnInTheNextSession(t *testing.T) {
	a, down := fickle(t)
	w := newWorld(t)
	r := w.retrying(a, laterRetries, 16)
	r.post(t, "evt_1")
	u := await(t, r, attemptOf("evt_1", delivery.Pending))
	if left := u.Due.Sub(u.At); u.Retry != 1 || u.Wait != time.Hour || left != time.Hour {
		t.Errorf("retry %d in %v, due %v later", u.Retry, u.Wait, left)
	}
	r.stop()
	w.wantState("evt_1", "pending failed 1 attempts 1")

	r = w.retrying(a, laterRetries, 16) // which isn't due yet
	if u := await(t, r, func(activity.Resumed) bool { return true }); u.Pending != 1 || u.Retries != 1 {
		t.Errorf("%+v", u)
	}
	r.post(t, "evt_2")
	await(t, r, attemptOf("evt_2", delivery.Pending))
	r.stop()
	wantIDs(t, "the app", a, "evt_1", "evt_2")

	down.Store(false) // and a higher speed takes hold at once
	r = w.retrying(a, threeRetries, 1)
	for _, id := range []string{"evt_1", "evt_2"} {
		if u := await(t, r, func(activity.Attempted) bool { return true }); u.Event != id || u.Attempt != 2 || u.State != delivery.Succeeded {
			t.Errorf("got %+v, want %s", u, id)
		}
	}
	w.wantState("evt_1", "succeeded failed 1 attempts 2")
}

// TestADisabledWebhookStaysSo in the next session with retries. One without them delivers what
// is held, before anything else.
func TestADisabledWebhookStaysSo(t *testing.T) {
	a, down := fickle(t)
	w := newWorld(t)
	p := threeRetries
	p.DisableAfter = 1
	r := w.retrying(a, p, 1)
	r.post(t, "evt_0")
	await(t, r, func(activity.Disabled) bool { return true })
	r.post(t, "evt_1")
	await(t, r, func(activity.Held) bool { return true })
	r.stop()

	r = w.retrying(a, p, 1)
	if u := await(t, r, func(activity.Disabled) bool { return true }); u.Held != 1 || u.Delivery == "" {
		t.Errorf("%+v", u)
	}
	r.post(t, "evt_2")
	if u := await(t, r, func(activity.Held) bool { return true }); u.Held != 2 {
		t.Errorf("%+v", u)
	}
	r.stop()
	w.wantState("evt_1", "held failed 0 attempts 0")
	wantIDs(t, "the app", a, "evt_0")

	down.Store(false)
	r = w.start(func(c *listen.Config) { c.Forward, c.Respond, c.Concurrency = targets(t, a.URL), wire.ModeRelay, 1 })
	if u := await(t, r, func(activity.Enabled) bool { return true }); u.Released != 2 || !u.NoRetries {
		t.Errorf("%+v", u)
	}
	r.post(t, "evt_3")
	await(t, r, attemptOf("evt_3", delivery.Succeeded))
	wantIDs(t, "the app", a, "evt_0", "evt_1", "evt_2", "evt_3")
	r.stop()
	w.wantState("evt_2", "succeeded failed 0 attempts 1")
	if kept, err := w.history.Webhook(t.Context(), "test", targets(t, a.URL)[0].String()); err != nil || kept.Disabled() {
		t.Errorf("the webhook is kept as %+v, %v", kept, err)
	}
}

func TestSkipBacklogCancelsWhatIsHeldAndRetried(t *testing.T) {
	a, _ := fickle(t)
	w := newWorld(t)
	r := w.retrying(a, laterRetries, 1)
	r.post(t, "evt_1")
	await(t, r, attemptOf("evt_1", delivery.Pending))
	if _, err := r.SetWebhooks(t.Context(), targets(t, a.URL)[0].String(), delivery.Disabled); err != nil {
		t.Fatal(err)
	}
	w.wantState("evt_1", "held failed 1 attempts 1")
	r.post(t, "evt_2")
	await(t, r, func(activity.Held) bool { return true })
	r.stop()
	r = w.start(func(c *listen.Config) {
		c.Forward, c.Respond, c.SkipBacklog = targets(t, a.URL), wire.ModeRelay, true
	})
	if u := await(t, r, func(activity.Resumed) bool { return true }); u.Pending != 2 || !u.Cancelled {
		t.Errorf("%+v", u)
	}
	r.stop()
	w.wantState("evt_1", "cancelled failed 1 attempts 1")
	w.wantState("evt_2", "cancelled failed 0 attempts 0")
	wantIDs(t, "the app", a, "evt_1")
}

// TestWhatWasHeldGoesBeforeWhatComes, even where that waits for the same slot.
func TestWhatWasHeldGoesBeforeWhatComes(t *testing.T) {
	came, goOn := make(chan bool), make(chan bool)
	a := newApp(t, func(http.ResponseWriter, *http.Request, []byte) { came <- true; <-goOn })
	r := newWorld(t).retrying(a, threeRetries, 1)
	if _, err := r.SetWebhooks(t.Context(), "", delivery.Disabled); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"evt_1", "evt_2", "evt_3"} {
		r.post(t, id)
		await(t, r, func(u activity.Held) bool { return u.Event == id })
	}
	if _, err := r.SetWebhooks(t.Context(), "", delivery.Enabled); err != nil {
		t.Fatal(err)
	}
	<-came
	r.post(t, "evt_4")
	await(t, r, func(u activity.Received) bool { return u.Event == "evt_4" })
	for range 3 {
		goOn <- true
		<-came
	}
	goOn <- true
	await(t, r, attemptOf("evt_4", delivery.Succeeded))
	wantIDs(t, "the app", a, "evt_1", "evt_2", "evt_3", "evt_4")
}

// TestWhatIsKeptIsTheLastWord: attempts that follow at once on each other don't overwrite what
// is known of a later one.
func TestWhatIsKeptIsTheLastWord(t *testing.T) {
	var n atomic.Int64
	a := newApp(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		if n.Add(1)%3 != 0 {
			w.WriteHeader(500)
		}
	})
	w := newWorld(t)
	p := delivery.Policy{Schedule: slices.Repeat(delivery.Schedule{time.Minute}, 20), Speed: delivery.MaxSpeed}
	r := w.retrying(a, p, 16)
	const events = 100
	for i := range events {
		r.post(t, fmt.Sprint("evt_", i))
	}
	attempts := make(map[string]int)
	for len(attempts) < events {
		u := await(t, r, func(u activity.Attempted) bool { return u.State == delivery.Succeeded })
		attempts[u.Event] = u.Attempt
	}
	for id, n := range attempts {
		w.wantState(id, fmt.Sprintf("succeeded failed %d attempts %d", n-1, n))
	}
	if got := len(a.requests()); int64(got) != n.Load() {
		t.Errorf("the app got %d requests, and counted %d", got, n.Load())
	}
}
