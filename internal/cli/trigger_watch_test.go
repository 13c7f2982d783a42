package cli

import (
	"fmt"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"pgregory.net/rapid"
)

// TestWatch tells of several events in any order, some with one id and some with several
// targets, among updates that are about something else.
func TestWatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &watch{requests: make(map[string]*expectation)}
		var expected []*expectation
		var told []activity.Update
		targets := make(map[string]int) // by event, of all its requests
		for i := range rapid.IntRange(1, 6).Draw(t, "n") {
			id := rapid.SampledFrom([]string{"evt_a", "evt_b", "evt_c"}).Draw(t, "event")
			request := fmt.Sprint("req_", i)
			expected = append(expected, w.expect(id))
			received := activity.Received{Request: request, Event: id, Disposition: activity.Forward}
			n := rapid.IntRange(0, 3).Draw(t, "targets")
			if n == 0 {
				received.Disposition, received.Reason = activity.Filtered, request
			}
			for j := range n {
				if n > 1 {
					received.Deliveries = append(received.Deliveries, fmt.Sprint("dlv_", i, j))
				}
				attempt := activity.Attempted{Request: request, Event: id, Origin: delivery.Received, Attempt: 1, Target: request}
				replayed, retried := attempt, attempt
				replayed.Origin, retried.Attempt = delivery.Replay, 2
				told = append(told, replayed, retried)
				if rapid.Bool().Draw(t, "held") {
					told = append(told, activity.Held{Request: request, Event: id})
				} else {
					told = append(told, attempt)
				}
			}
			told = append(told, received, activity.Received{Request: "req_x", Event: "evt_x"})
			targets[request] = n
		}
		for _, u := range rapid.Permutation(told).Draw(t, "updates") {
			switch u := u.(type) {
			case activity.Received:
				w.received(u)
			case activity.Attempted:
				w.attempted(u)
			case activity.Held:
				w.held(u)
			}
		}
		seen := make(map[string]bool)
		for _, e := range expected {
			select {
			case <-e.done:
			default:
				t.Fatalf("%s never ended", e.event)
			}
			request := e.request
			for _, a := range e.result.attempts {
				if a.Event != e.event || a.Request != request || a.Origin != delivery.Received || a.Attempt != 1 {
					t.Fatalf("%s got the attempt %+v", e.event, a)
				}
			}
			if seen[request] || len(e.result.attempts)+len(e.result.held) != targets[request] || (e.result.received != nil) != (targets[request] == 0) {
				t.Fatalf("%s, %s: %+v, with %d targets", e.event, request, e.result, targets[request])
			}
			seen[request] = true
		}
		if len(w.waiting) > 0 || len(w.requests) > 0 {
			t.Fatalf("left behind: %v, %v", w.waiting, w.requests)
		}
	})
}

// TestForgotten holds that an event whose waiting ended takes nothing that is another's.
func TestForgotten(t *testing.T) {
	w := &watch{requests: make(map[string]*expectation)}
	one := w.expect("evt_a")
	w.forget(one)
	two := w.expect("evt_a")
	w.received(activity.Received{Request: "req_1", Event: "evt_a", Disposition: activity.RecordOnly})
	select {
	case <-two.done:
	default:
		t.Error("it never ended")
	}
	select {
	case <-one.done:
		t.Error("the forgotten one ended")
	default:
	}
}
