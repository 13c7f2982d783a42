package listen_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/listen"
)

// TestAReplayIsRetriedAndDisablesNothing: it is not held either, and ends with its session.
func TestAReplayIsRetriedAndDisablesNothing(t *testing.T) {
	a, down := fickle(t)
	w := newWorld(t)
	down.Store(false)
	r := w.retrying(a, threeRetries, 16)
	r.post(t, "evt_1")
	request := await(t, r, attemptOf("evt_1", delivery.Succeeded)).Request
	down.Store(true)
	if _, err := r.SetWebhooks(t.Context(), "", delivery.Disabled); err != nil {
		t.Fatal(err)
	}
	first, err := r.Replay(t.Context(), request)
	if err != nil || first.State != delivery.Pending || first.Retry != 1 || first.Origin != delivery.Replay {
		t.Fatalf("%+v, %v", first, err)
	}
	last := await(t, r, attemptOf("evt_1", delivery.Exhausted))
	if last.Attempt != 4 || last.Origin != delivery.Replay || last.Delivery != first.Delivery {
		t.Errorf("%+v", last)
	}
	if changes, err := r.SetWebhooks(t.Context(), "", delivery.Enabled); err != nil || !changes[0].Changed {
		t.Fatalf("%+v, %v", changes, err)
	}
	if _, err := r.Replay(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	await(t, r, attemptOf("evt_1", delivery.Exhausted))
	if changes, err := r.SetWebhooks(t.Context(), "", delivery.Enabled); err != nil || changes[0].Changed {
		t.Errorf("its failure disabled the webhook: %+v, %v", changes, err)
	}
	r.stop()

	r = w.retrying(a, laterRetries, 16)
	left, err := r.Replay(t.Context(), request)
	if err != nil || left.State != delivery.Pending {
		t.Fatalf("%+v, %v", left, err)
	}
	r.stop()
	all, err := w.history.Retries(t.Context(), request)
	if err != nil || len(all) != 4 || all[3].ID != left.Delivery || all[3].Standing.State != delivery.Cancelled {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestAnInterruptedReplayIsNotMadeAgain, since whoever asked for it has gone.
func TestAnInterruptedReplayIsNotMadeAgain(t *testing.T) {
	a, came, release := waiting(t)
	defer release()
	w := newWorld(t)
	r := w.retrying(a, threeRetries, 16)
	r.post(t, "evt_1")
	<-came
	request := await(t, r, func(activity.Received) bool { return true }).Request
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-came; cancel() }()
	u, err := r.Replay(ctx, request)
	if err != nil || u.Outcome != delivery.Interrupted || u.State != delivery.Cancelled {
		t.Errorf("%+v, %v", u, err)
	}
}

// TestReplaysOfAKilledSessionAreCancelled, by the next one.
func TestReplaysOfAKilledSessionAreCancelled(t *testing.T) {
	a := newApp(t, nil)
	w := newWorld(t)
	r := w.retrying(a, laterRetries, 16)
	r.post(t, "evt_1")
	request := await(t, r, attemptOf("evt_1", delivery.Succeeded)).Request
	r.stop()
	d := history.Delivery{
		ID: "dlv_left", Request: request, Agent: "test", Target: targets(t, a.URL)[0].String(), Origin: delivery.Replay, Created: time.Now(),
	}
	if err := w.history.AddDelivery(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	w.start(nil).stop()
	all, err := w.history.Retries(t.Context(), request)
	if err != nil || all[1].Standing.State != delivery.Cancelled {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestWebhooksOfOtherSessions(t *testing.T) {
	a := newApp(t, nil)
	w := newWorld(t)
	r := w.start(func(c *listen.Config) { c.Forward = targets(t, a.URL) })
	if _, err := r.SetWebhooks(t.Context(), "", delivery.Enabled); !errors.Is(err, listen.ErrNoRetries) {
		t.Errorf("without retries: %v", err)
	}
	r.stop()
	r = w.retrying(a, laterRetries, 1)
	var unknown *listen.UnknownTargetError
	if _, err := r.SetWebhooks(t.Context(), "http://localhost:1", delivery.Enabled); !errors.As(err, &unknown) || len(unknown.Known) != 1 {
		t.Errorf("another target: %v", err)
	}
	for _, changed := range []bool{true, false} {
		if c, err := r.SetWebhooks(t.Context(), "", delivery.Disabled); err != nil || c[0].Changed != changed {
			t.Errorf("%+v, %v", c, err)
		}
	}
}

// TestDriftIsToldAndRecorded: of an event that the guide shows, of one that it only names, and
// of what is forwarded nowhere.
func TestDriftIsToldAndRecorded(t *testing.T) {
	w := newWorld(t)
	r := w.start(nil)
	for typ, mark := range map[string]string{"document.analyzed": "", "task.created": " (inferred: the guide doesn't show this event)"} {
		body := typed("evt_"+typ, typ)
		post(t, r.url, signed(body), body)
		u := await(t, r, func(activity.Received) bool { return true })
		if len(u.Drift) == 0 || u.Drift[0] == "" {
			t.Errorf("%s: no drift is told", typ)
		}
		for _, warning := range u.Drift {
			if hasMark := len(mark) > 0 && len(warning) > len(mark) && warning[len(warning)-len(mark):] == mark; hasMark != (mark != "") {
				t.Errorf("%s: %q", typ, warning)
			}
		}
		kept, err := w.history.Drift(t.Context(), u.Request)
		if err != nil || !slices.Equal(kept, u.Drift) {
			t.Errorf("recorded %q, told %q, %v", kept, u.Drift, err)
		}
	}
	post(t, r.url, nil, []byte("no event"))
	if u := await(t, r, func(activity.Received) bool { return true }); u.Drift != nil {
		t.Errorf("%q", u.Drift)
	}
}
