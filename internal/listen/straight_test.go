package listen

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/send"
)

// TestStraightRetriesInTheForeground, with a history and without one, on a fake clock.
func TestStraightRetriesInTheForeground(t *testing.T) {
	target, err := send.ParseTarget("localhost:3000")
	if err != nil {
		t.Fatal(err)
	}
	two := delivery.Policy{Schedule: delivery.Schedule{time.Minute, time.Hour}, Speed: delivery.RealSpeed}
	bad, good := delivery.Outcome{Kind: delivery.Answered, Status: 503}, delivery.Outcome{Kind: delivery.Answered, Status: 200}
	for name, c := range map[string]struct {
		policy   delivery.Policy
		outcomes []delivery.Outcome
		within   time.Duration // after which it is interrupted
		want     []string
		state    delivery.State
	}{
		"accepted at once":            {two, []delivery.Outcome{good}, 0, []string{"0s succeeded"}, delivery.Succeeded},
		"without retries":             {delivery.Policy{}, []delivery.Outcome{bad}, 0, []string{"0s failed"}, delivery.Failed},
		"accepted by the last":        {two, []delivery.Outcome{bad, bad, good}, 0, []string{"0s pending", "1m0s pending", "1h1m0s succeeded"}, delivery.Succeeded},
		"never accepted":              {two, []delivery.Outcome{bad, bad, bad}, 0, []string{"0s pending", "1m0s pending", "1h1m0s exhausted"}, delivery.Exhausted},
		"interrupted while it waits":  {two, []delivery.Outcome{bad, bad}, 2 * time.Minute, []string{"0s pending", "1m0s pending"}, delivery.Cancelled},
		"interrupted during the last": {two, []delivery.Outcome{bad, {Kind: delivery.Interrupted}}, 0, []string{"0s pending", "1m0s cancelled"}, delivery.Cancelled},
	} {
		for _, recorded := range []bool{true, false} {
			t.Run(fmt.Sprint(name, recorded), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "history.db")
				synctest.Test(t, func(t *testing.T) {
					ctx, outcomes, began := t.Context(), c.outcomes, time.Now()
					if c.within > 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, c.within)
						defer cancel()
					}
					r := &event.Request{ID: "req_1", Received: began}
					w := Straight{Origin: delivery.Trigger, Retry: c.policy, Now: time.Now}
					w.send = func(send.Target, *event.Request) delivery.Outcome {
						next := outcomes[0]
						outcomes = outcomes[1:]
						return next
					}
					if recorded {
						h, err := history.Open(ctx, path)
						if err == nil {
							defer h.Close()
							w.History, err = h, h.AddRequest(ctx, history.Record{Request: r})
						}
						if err != nil {
							t.Fatal(err)
						}
					}
					var got []string
					done, err := w.Deliver(ctx, target, r, nil, func(u activity.Attempted) {
						got = append(got, fmt.Sprint(time.Since(began).Truncate(time.Second), " ", u.State))
					})
					last := done.Last()
					if !errors.Is(err, ctx.Err()) || !slices.Equal(got, c.want) || last.State != c.state || last.Attempt != len(c.outcomes) || last.Retry != 0 {
						t.Errorf("%q, then %+v, %v", got, last, err)
					}
					if recorded {
						all, err := w.History.Retries(t.Context(), "req_1")
						if err != nil || len(all) != 1 || all[0].Standing.State != c.state || all[0].Policy.Retries() != c.policy.Retries() {
							t.Errorf("kept as %+v, %v", all, err)
						}
					}
				})
			})
		}
	}
}
