package listen_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/wire"
)

// TestAPausedSessionRecordsAndForwardsLater: nothing reaches the app meanwhile, the sender isn't
// kept waiting for its answer, and all of it goes out afterwards, in its order at
// --concurrency 1.
func TestAPausedSessionRecordsAndForwardsLater(t *testing.T) {
	for _, concurrency := range []int{1, 16} {
		t.Run(fmt.Sprint(concurrency), func(t *testing.T) {
			a, w := newApp(t, nil), newWorld(t)
			r := w.start(func(c *listen.Config) { c.Forward, c.Concurrency = targets(t, a.URL), concurrency })
			if r.Paused() || r.Pause(true) != 0 || r.Pause(true) != 0 || !r.Paused() {
				t.Error("it was paused before, or isn't now, or something waits")
			}
			var want []string
			for i := range 5 {
				id := fmt.Sprint("evt_", i)
				want = append(want, id)
				body := eventBody(id)
				if status, text := post(t, r.url, signed(body), body); status != 200 || !strings.Contains(text, "forwarding is paused") {
					t.Errorf("the sender got %d %q", status, text)
				}
				w.wantState(id, "pending failed 0 attempts 0")
			}
			wantIDs(t, "the app", a)
			if n := r.Pause(false); n != 5 || r.Paused() {
				t.Errorf("%d waited", n)
			}
			await(t, r, func(u activity.Forwarding) bool { return u.Paused && u.Waiting == 0 })
			await(t, r, func(u activity.Forwarding) bool { return !u.Paused && u.Waiting == 5 })
			for range want {
				await(t, r, func(u activity.Attempted) bool { return u.State == delivery.Succeeded })
			}
			got := a.ids(t)
			if concurrency > 1 {
				slices.Sort(got)
			}
			if !slices.Equal(got, want) {
				t.Errorf("the app got %q", got)
			}
			body := eventBody("evt_after")
			if status, text := post(t, r.url, signed(body), body); status != 200 || text != "" {
				t.Errorf("afterwards the sender got %d %q", status, text)
			}
		})
	}
}

// TestWhatIsUnderWayWhenASessionIsPaused comes to its end, and its sender gets the app's
// answer. What the session still has when it ends is delivered by the next one.
func TestWhatIsUnderWayWhenASessionIsPaused(t *testing.T) {
	a, came, release := waiting(t)
	w := newWorld(t)
	forward := func(c *listen.Config) { c.Forward, c.Concurrency = targets(t, a.URL), 1 }
	r := w.start(forward)
	answered := make(chan string, 1)
	go func() {
		_, text := post(t, r.url, nil, eventBody("evt_1"))
		answered <- text
	}()
	<-came
	r.Pause(true)
	if _, text := post(t, r.url, nil, eventBody("evt_2")); !strings.Contains(text, "paused") {
		t.Errorf("the second sender got %q", text)
	}
	release()
	if text := <-answered; text != "" {
		t.Errorf("the first sender got %q", text)
	}
	await(t, r, attemptOf("evt_1", delivery.Succeeded))
	r.stop()
	wantIDs(t, "the app", a, "evt_1")
	r = w.start(forward)
	await(t, r, attemptOf("evt_2", delivery.Succeeded))
	wantIDs(t, "the app", a, "evt_1", "evt_2")
}

// TestAPausedSessionMakesNoRetries, but sends what somebody replays.
func TestAPausedSessionMakesNoRetries(t *testing.T) {
	a, down := fickle(t)
	w := newWorld(t)
	r := w.retrying(a, laterRetries, 16)
	r.post(t, "evt_1")
	request := await(t, r, attemptOf("evt_1", delivery.Pending)).Request
	r.stop()
	down.Store(false)

	r = w.retrying(a, threeRetries, 16) // by which it is due at once
	if r.Paused() {
		t.Error("a new session is paused")
	}
	await(t, r, attemptOf("evt_1", delivery.Succeeded))
	down.Store(true)
	r.Pause(true)
	r.post(t, "evt_2")
	if u, err := r.Replay(t.Context(), request); err != nil || u.Status != 503 {
		t.Errorf("the replay: %+v, %v", u, err)
	}
	down.Store(false)
	if n := r.Pause(false); n == 0 {
		t.Error("nothing waited")
	}
	for range 2 { // in any order
		await(t, r, func(u activity.Attempted) bool { return u.State == delivery.Succeeded })
	}
	if got := a.ids(t); len(got) != 5 || got[2] != "evt_1" {
		t.Errorf("the app got %q", got)
	}
}

// TestASenderThatWaitsAlreadyIsAnsweredWhenASessionIsPaused, since its request is recorded.
func TestASenderThatWaitsAlreadyIsAnsweredWhenASessionIsPaused(t *testing.T) {
	a, came, release := waiting(t)
	r := newWorld(t).start(func(c *listen.Config) { c.Forward, c.Concurrency = targets(t, a.URL), 1 })
	answers := map[string]chan string{"evt_1": make(chan string, 1), "evt_2": make(chan string, 1)}
	send := func(id string) {
		go func() {
			_, text := post(t, r.url, nil, eventBody(id))
			answers[id] <- text
		}()
		await(t, r, func(u activity.Received) bool { return u.Event == id })
	}
	send("evt_1")
	<-came
	send("evt_2") // for which there is no slot
	if n := r.Pause(true); n != 1 {
		t.Errorf("%d wait", n)
	}
	if text := <-answers["evt_2"]; !strings.Contains(text, "forwarding is paused") {
		t.Errorf("the second sender got %q", text)
	}
	release()
	if text := <-answers["evt_1"]; text != "" {
		t.Errorf("the first sender got %q", text)
	}
	r.Pause(false)
	await(t, r, attemptOf("evt_2", delivery.Succeeded))
}

// TestPausesAmongTrafficLoseAndReorderNothing, whoever makes them, at --concurrency 1.
func TestPausesAmongTrafficLoseAndReorderNothing(t *testing.T) {
	a := newApp(t, nil)
	r := newWorld(t).start(func(c *listen.Config) {
		c.Forward, c.Concurrency, c.Respond = targets(t, a.URL), 1, wire.ModeRelay
	})
	toggle := make(chan bool)
	var toggling sync.WaitGroup
	for range 2 {
		toggling.Go(func() {
			for paused := range toggle {
				r.Pause(paused)
			}
		})
	}
	var want []string
	for i := range 100 {
		want = append(want, fmt.Sprintf("evt_%03d", i))
		toggle <- true
		toggle <- false
		r.post(t, want[i])
	}
	close(toggle)
	toggling.Wait()
	r.Pause(false)
	for range want {
		await(t, r, func(u activity.Attempted) bool { return u.State == delivery.Succeeded })
	}
	wantIDs(t, "the app", a, want...)
}
