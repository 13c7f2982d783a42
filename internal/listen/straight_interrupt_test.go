package listen_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
)

// TestWhatIsSentStraightAndInterruptedIsCancelled, since no session would ever take it up: during
// an attempt, and in the pause after one that a fault dropped.
func TestWhatIsSentStraightAndInterruptedIsCancelled(t *testing.T) {
	a, came, release := waiting(t)
	defer release()
	w := newWorld(t)
	r := w.start(nil) // without a target
	post(t, r.url, nil, typed("evt_1", "task.created"))
	request := await(t, r, func(activity.Received) bool { return true }).Request
	sender := send.New(send.Options{Timeout: time.Minute})
	defer sender.Close()
	for _, kind := range []string{"delay", "drop-then-retry:after=10s"} {
		ctx, cancel := context.WithCancel(t.Context())
		looks := 0
		now := func() time.Time {
			if looks++; looks == 4 { // when the dropped attempt has ended
				cancel()
			}
			return time.Now()
		}
		if kind == "delay" {
			go func() { <-came; cancel() }()
		}
		turn := fault.NewTurn(faults(t, 1, kind).Of(1, ""))
		by := listen.Straight{History: w.history, Sender: sender, Origin: delivery.Trigger, Now: now}
		recorded, err := w.history.Request(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		done, err := by.Deliver(ctx, targets(t, a.URL)[0], recorded, turn, func(activity.Attempted) {})
		if err != nil && !errors.Is(err, context.Canceled) || done.Last().State != delivery.Cancelled {
			t.Errorf("%s: %+v, %v", kind, done, err)
		}
	}
	all, err := w.history.Retries(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, one := range all {
		got += fmt.Sprintf("%s, %d failed; ", one.Standing.State, one.Standing.Failed)
	}
	if got != "cancelled, 0 failed; cancelled, 0 failed; " {
		t.Error(got)
	}
}
