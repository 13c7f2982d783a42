package listen_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/listen"
)

// TestFaultsLoseNothing brings events to two apps by a session with faults of all groups, which
// ends in the middle, and by one without that takes up what is left. Each delivery ends well,
// or badly by a fault that isn't retried.
func TestFaultsLoseNothing(t *testing.T) {
	const events = 60
	p := faults(t, 3, "duplicate:p=20%,after=5ms", "drop-then-retry:p=20%,after=5ms",
		"delay:p=20%,by=1ms..10m", "reorder:p=20%,within=10m", "burst:p=20%,size=4,within=10m",
		"bad-signature:p=20%", "connection-reset:p=10%", "truncated-body:p=10%", "slow-body:p=10%,over=5ms")
	for _, slots := range []int{1, 16} {
		for _, policy := range []delivery.Policy{{}, threeRetries} {
			one, two := newApp(t, nil), newApp(t, nil)
			w := newWorld(t)
			change := func(c *listen.Config) {
				c.Forward, c.Concurrency, c.Retry = targets(t, one.URL, two.URL), slots, policy
			}
			r := w.faulty(one, p, change)
			for i := range events {
				post(t, r.url, nil, typed(fmt.Sprint("evt_", i), "task.created"))
			}
			for range events { // of more than twice as many attempts
				await(t, r, func(activity.Attempted) bool { return true })
			}
			r.stop()
			r = w.faulty(one, fault.Plan{}, change)
			for i := range events {
				w.awaitEnd(r, fmt.Sprint("evt_", i))
			}
			r.stop()
		}
	}
}

// awaitEnd waits until the deliveries of an event have ended, and looks at them.
func (w *world) awaitEnd(r *running, id string) {
	w.t.Helper()
	for {
		request, err := w.history.Find(w.t.Context(), id)
		if err != nil {
			w.t.Fatal(err)
		}
		d, err := w.history.Show(w.t.Context(), request)
		if err != nil {
			w.t.Fatal(err)
		}
		received, ended := 0, true
		for _, one := range d.Deliveries {
			if ended = ended && one.State != delivery.Pending; one.Origin == delivery.Received {
				received++
			}
		}
		if received != 2 {
			w.t.Fatalf("%s went to %d targets", id, received)
		}
		if ended {
			for _, one := range d.Deliveries {
				w.wantEndedWell(id, one)
			}
			return
		}
		await(w.t, r, func(activity.Attempted) bool { return true })
	}
}

// wantEndedWell holds that a delivery wasn't attempted after a success, and failed by a fault
// only that spoils an attempt.
func (w *world) wantEndedWell(id string, d history.DeliveryDetails) {
	w.t.Helper()
	last := delivery.Outcome{}
	for i, at := range d.Attempts {
		if last.Success() || at.Number != i+1 {
			w.t.Errorf("%s: attempt %d is number %d of %+v", id, at.Number, i+1, d)
		}
		last = at.Outcome
	}
	spoiled := strings.Contains(last.Fault, string(fault.ConnectionReset)) || strings.Contains(last.Fault, string(fault.TruncatedBody))
	switch d.State {
	case delivery.Succeeded:
	case delivery.Failed:
		if !spoiled {
			w.t.Errorf("%s failed: %+v", id, d)
		}
	case delivery.Cancelled:
		if d.Origin != delivery.Replay || last.Kind != delivery.Interrupted {
			w.t.Errorf("%s was cancelled: %+v", id, d)
		}
	default:
		w.t.Errorf("%s: %+v", id, d)
	}
}
