package listen_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/wire"
)

// faults returns a plan.
func faults(t testing.TB, seed uint64, texts ...string) fault.Plan {
	t.Helper()
	specs := make([]fault.Spec, len(texts))
	for i, text := range texts {
		var err error
		if specs[i], err = fault.Parse(text); err != nil {
			t.Fatal(err)
		}
	}
	return fault.NewPlan(seed, specs...)
}

// faulty starts a session with one app, whose answers nobody waits for.
func (w *world) faulty(a *app, p fault.Plan, change func(*listen.Config)) *running {
	return w.start(func(c *listen.Config) {
		c.Forward, c.Faults, c.Respond = targets(w.t, a.URL), fault.NewGate(p, 0), wire.ModeRelay
		if change != nil {
			change(c)
		}
	})
}

// attempts waits for the next attempts and returns what each says of itself.
func attempts(t testing.TB, r *running, n int) (all []string) {
	t.Helper()
	for range n {
		u := await(t, r, func(activity.Attempted) bool { return true })
		all = append(all, fmt.Sprintf("%s #%d %s %s (%s)", u.Event, u.Attempt, u.Origin, u.State, u.Fault))
	}
	slices.Sort(all)
	return all
}

// TestFaultReorder swaps at a session that keeps the order strictly, and at one that doesn't.
func TestFaultReorder(t *testing.T) {
	for _, slots := range []int{1, 16} {
		a := newApp(t, nil)
		r := newWorld(t).faulty(a, faults(t, 1, "reorder:within=1m,events=task.*"), func(c *listen.Config) { c.Concurrency = slots })
		post(t, r.url, nil, typed("evt_1", "task.created"))
		await(t, r, func(activity.Received) bool { return true })
		post(t, r.url, nil, typed("evt_2", "document.shared"))
		got := attempts(t, r, 2)
		want := []string{"evt_1 #1 received succeeded (reorder)", "evt_2 #1 received succeeded ()"}
		if !slices.Equal(got, want) {
			t.Errorf("%d slots: %q", slots, got)
		}
		wantIDs(t, fmt.Sprintf("%d slots", slots), a, "evt_2", "evt_1")
	}
}

// TestFaultBurst holds that what is kept back takes no slot: a burst of more than those
// comes together.
func TestFaultBurst(t *testing.T) {
	a := newApp(t, nil)
	r := newWorld(t).faulty(a, faults(t, 1, "burst:size=5,within=5m"), func(c *listen.Config) { c.Concurrency = 1 })
	for i := range 5 {
		post(t, r.url, nil, typed(fmt.Sprint("evt_", i), "task.created"))
	}
	for _, line := range attempts(t, r, 5) {
		if line[5:] != " #1 received succeeded (burst)" {
			t.Error(line)
		}
	}
}

// TestFaultDrop drops first attempts, without retries and with the session's own.
func TestFaultDrop(t *testing.T) {
	for name, p := range map[string]delivery.Policy{
		"without retries": {},
		"with retries":    {Schedule: delivery.Schedule{time.Minute}, Speed: delivery.MaxSpeed},
	} {
		a := newApp(t, nil)
		w := newWorld(t)
		r := w.faulty(a, faults(t, 1, "drop-then-retry:after=1ms", "bad-signature"), func(c *listen.Config) { c.Retry = p })
		post(t, r.url, nil, typed("evt_1", "task.created"))
		want := []string{"evt_1 #1 received pending (drop-then-retry)", "evt_1 #2 received succeeded ()"}
		if got := attempts(t, r, 2); !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
		wantIDs(t, name, a, "evt_1")
		w.wantState("evt_1", map[string]string{
			"without retries": "succeeded failed 0 attempts 2", "with retries": "succeeded failed 1 attempts 2",
		}[name])
	}
}

// TestFaultDuplicate holds that a copy is a delivery of its own, in the views and in the
// history, with retries as without.
func TestFaultDuplicate(t *testing.T) {
	for _, p := range []delivery.Policy{{}, {Schedule: delivery.GuideSchedule(), Speed: 60}} {
		a := newApp(t, nil)
		w := newWorld(t)
		r := w.faulty(a, faults(t, 1, "duplicate:copies=2"), func(c *listen.Config) { c.Retry = p })
		post(t, r.url, nil, typed("evt_1", "task.created"))
		want := []string{"evt_1 #1 received succeeded ()", "evt_1 #1 replay succeeded (duplicate)", "evt_1 #1 replay succeeded (duplicate)"}
		if got := attempts(t, r, 3); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
		wantIDs(t, "the app", a, "evt_1", "evt_1", "evt_1")
		request, err := w.history.Find(t.Context(), "evt_1")
		if err != nil {
			t.Fatal(err)
		}
		d, err := w.history.Show(t.Context(), request)
		if err != nil || len(d.Deliveries) != 3 {
			t.Fatalf("%+v, %v", d, err)
		}
		for i, one := range d.Deliveries {
			if got := one.Attempts[0].Outcome.Fault; len(one.Attempts) != 1 || got != []string{"", "duplicate", "duplicate"}[i] {
				t.Errorf("delivery %d: %+v", i, one)
			}
		}
	}
}

// TestFaultRunsRepeat holds that two sessions with the same seed make the same decisions,
// whatever came before the second one.
func TestFaultRunsRepeat(t *testing.T) {
	w := newWorld(t)
	run := func(from int, seed uint64) (all []string) {
		r := w.faulty(newApp(t, nil), faults(t, seed, "bad-signature:p=40%", "wrong-content-type:p=40%"), nil)
		for i := range 20 {
			post(t, r.url, nil, typed(fmt.Sprint("evt_", from+i), "task.created"))
		}
		faults := make(map[string]string)
		for range 20 {
			u := await(t, r, func(activity.Attempted) bool { return true })
			faults[u.Event] = u.Fault
		}
		for i := range 20 {
			all = append(all, faults[fmt.Sprint("evt_", from+i)])
		}
		r.stop()
		return all
	}
	first, again, other := run(0, 7), run(20, 7), run(40, 8)
	if !slices.Equal(first, again) || slices.Equal(first, other) {
		t.Errorf("with the same seed\n%q\n%q\nwith another\n%q", first, again, other)
	}
}

// TestFaultsPlannedForAnEvent happen to the next request with its id, and to that only.
func TestFaultsPlannedForAnEvent(t *testing.T) {
	a := newApp(t, nil)
	r := newWorld(t).faulty(a, fault.Plan{}, nil)
	if err := r.PlanFaults("evt_1", faults(t, 0, "missing-signature", "delay").Of(1, "")); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"evt_2", "evt_1", "evt_1"} {
		post(t, r.url, nil, typed(id, "task.created"))
	}
	want := []string{"evt_1 #1 received succeeded ()", "evt_1 #1 received succeeded (missing-signature, delay)", "evt_2 #1 received succeeded ()"}
	if got := attempts(t, r, 3); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestFaultsPlannedForAnEventThatDoesNotCome are forgotten: a later one with its id goes as it
// should, and they don't keep others out for ever.
func TestFaultsPlannedForAnEventThatDoesNotCome(t *testing.T) {
	var later atomic.Int64
	a := newApp(t, nil)
	r := newWorld(t).faulty(a, fault.Plan{}, func(c *listen.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	})
	f := faults(t, 0, "missing-signature").Of(1, "")
	var err error
	n := 0
	for ; err == nil; n++ {
		err = r.PlanFaults(fmt.Sprint("evt_", n%5000), f)
	}
	if n != 10_001 || !strings.Contains(err.Error(), "10000 events with faults") {
		t.Errorf("number %d: %v", n, err)
	}
	for i, id := range []string{"evt_1", "evt_2"} {
		later.Store(int64(10*time.Minute) * int64(i+1))
		if err := r.PlanFaults(id, f); err != nil {
			t.Error(err)
		}
	}
	for _, id := range []string{"evt_1", "evt_2"} {
		post(t, r.url, nil, typed(id, "task.created"))
	}
	want := []string{"evt_1 #1 received succeeded ()", "evt_2 #1 received succeeded (missing-signature)"}
	if got := attempts(t, r, 2); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestFaultOutlivesTheSession holds that what is kept back when a session ends is
// delivered by the next one, as it should be.
func TestFaultOutlivesTheSession(t *testing.T) {
	for _, kind := range []string{"delay:by=10m", "burst:within=10m", "drop-then-retry:after=10m"} {
		a := newApp(t, nil)
		w := newWorld(t)
		r := w.faulty(a, faults(t, 1, kind), nil)
		post(t, r.url, nil, typed("evt_1", "task.created"))
		if kind[0] == 'd' && kind[1] == 'r' {
			attempts(t, r, 1)
		} else {
			await(t, r, func(activity.Received) bool { return true })
		}
		r.stop()
		wantIDs(t, kind, a)
		r = w.faulty(a, fault.Plan{}, nil)
		if got := attempts(t, r, 1); got[0][len("evt_1 #1 "):] != "received succeeded ()" {
			t.Errorf("%s: %q", kind, got)
		}
		wantIDs(t, kind, a, "evt_1")
		r.stop()
	}
}

// TestFaultReplay holds what a session does with faults that somebody asked it for.
func TestFaultReplay(t *testing.T) {
	for _, p := range []delivery.Policy{{}, {Schedule: delivery.Schedule{time.Minute}, Speed: delivery.MaxSpeed}} {
		a := newApp(t, nil)
		r := newWorld(t).faulty(a, fault.Plan{}, func(c *listen.Config) { c.Retry = p })
		post(t, r.url, nil, typed("evt_1", "task.created"))
		request := await(t, r, func(activity.Attempted) bool { return true }).Request
		u, err := r.ReplayWith(t.Context(), request, faults(t, 0, "duplicate", "two-signatures").Of(1, ""))
		if err != nil || u.Fault != "two-signatures" || u.State != delivery.Succeeded {
			t.Errorf("%+v, %v", u, err)
		}
		want := []string{"evt_1 #1 replay succeeded (two-signatures)", "evt_1 #1 replay succeeded (two-signatures, duplicate)"}
		if got := attempts(t, r, 2); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
		if _, err := r.ReplayWith(t.Context(), request, faults(t, 0, "drop-then-retry:after=1ms").Of(1, "")); err != nil {
			t.Error(err)
		}
		want = []string{"evt_1 #1 replay pending (drop-then-retry)", "evt_1 #2 replay succeeded ()"}
		if got := attempts(t, r, 2); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	}
}

// TestFaultDropSaysNothingOfTheTarget holds that neither a sender that waits for the app's
// answer nor the word on an app that is down takes a dropped attempt for one.
func TestFaultDropSaysNothingOfTheTarget(t *testing.T) {
	a := newApp(t, nil)
	p := faults(t, 1, "drop-then-retry:after=1ms,events=task.*")
	r := newWorld(t).faulty(a, p, func(c *listen.Config) { c.Respond = wire.ModeApp })
	if status, text := post(t, r.url, nil, typed("evt_1", "task.created")); status != 200 {
		t.Errorf("the sender got %d %s", status, text)
	}
	a.Close()
	post(t, r.url, nil, typed("evt_2", "document.shared"))
	await(t, r, func(activity.TargetDown) bool { return true })
	post(t, r.url, nil, typed("evt_3", "task.created"))
	await(t, r, func(u activity.Update) bool {
		if up, ok := u.(activity.TargetUp); ok {
			t.Errorf("%+v", up)
		}
		second, ok := u.(activity.Attempted)
		return ok && second.Event == "evt_3" && second.Attempt == 2
	})
}

// TestFaultDuplicateInterrupted holds that a copy that was under way when the session
// ended is recorded, and isn't left for the next one, with retries as without.
func TestFaultDuplicateInterrupted(t *testing.T) {
	for _, p := range []delivery.Policy{{}, laterRetries} {
		a, came, release := waiting(t)
		w := newWorld(t)
		r := w.faulty(a, faults(t, 1, "duplicate"), func(c *listen.Config) { c.Retry = p })
		post(t, r.url, nil, typed("evt_1", "task.created"))
		<-came
		<-came
		r.stop()
		release()
		request, err := w.history.Find(t.Context(), "evt_1")
		if err != nil {
			t.Fatal(err)
		}
		d, err := w.history.Show(t.Context(), request)
		if err != nil || len(d.Deliveries) != 2 {
			t.Fatalf("%+v, %v", d.Deliveries, err)
		}
		for i, want := range []string{"received pending interrupted", "replay cancelled interrupted"} {
			one := d.Deliveries[i]
			if got := fmt.Sprint(one.Origin, " ", one.State, " ", one.Attempts[0].Outcome.Kind); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	}
}

// TestFaultReorderOfWhatIsHeld holds that an event goes on when the one that overtakes it is
// held, since its webhook is disabled.
func TestFaultReorderOfWhatIsHeld(t *testing.T) {
	r := newWorld(t).faulty(newApp(t, nil), faults(t, 1, "reorder:within=10m"), func(c *listen.Config) { c.Retry, c.Concurrency = laterRetries, 1 })
	if _, err := r.SetWebhooks(t.Context(), "", delivery.Disabled); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"evt_1", "evt_2"} {
		post(t, r.url, nil, typed(id, "task.created"))
		await(t, r, func(activity.Received) bool { return true })
	}
	for _, id := range []string{"evt_2", "evt_1"} {
		await(t, r, func(u activity.Held) bool { return u.Event == id })
	}
}

// TestFaultDropThatIsNotRecorded is followed by another attempt all the same.
func TestFaultDropThatIsNotRecorded(t *testing.T) {
	w := newWorld(t)
	came := make(chan string, 2)
	a := newApp(t, func(_ http.ResponseWriter, _ *http.Request, body []byte) { came <- string(body) })
	r := w.faulty(a, faults(t, 1, "reorder:within=10m,events=task.*", "drop-then-retry:after=1ms,events=task.*"), func(c *listen.Config) { c.Concurrency = 1 })
	post(t, r.url, nil, typed("evt_1", "task.created"))
	await(t, r, func(activity.Received) bool { return true })
	w.history.Close()
	post(t, r.url, nil, typed("evt_2", "document.shared"))
	<-came
	await(t, r, func(u activity.Warning) bool { return strings.Contains(u.Message, "is not recorded") })
	select {
	case body := <-came:
		if !strings.Contains(body, "evt_1") {
			t.Error(body)
		}
	case <-time.After(30 * time.Second):
		t.Error("it was dropped for good")
	}
}

// TestFaultIsNotExplainedAway holds that an app which refuses what a fault spoiled isn't told
// that the signature is right. Where it only came late, it is.
func TestFaultIsNotExplainedAway(t *testing.T) {
	for kind, hints := range map[string]bool{
		"delay:by=1ms": true, "duplicate": true,
		"bad-signature": false, "missing-signature": false, "two-signatures": false,
		"wrong-content-type": false, "truncated-body": false,
	} {
		a := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }))
		defer a.Close()
		r := newWorld(t).faulty(&app{Server: a}, faults(t, 1, kind), nil)
		body := typed("evt_1", "task.created")
		post(t, r.url, signed(body), body)
		u := await(t, r, func(activity.Attempted) bool { return true })
		if got := strings.Contains(u.Hint, "the signature is right"); got != hints {
			t.Errorf("%s: hint %q", kind, u.Hint)
		}
	}
}
