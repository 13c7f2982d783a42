package listen_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/wire"
)

// TestWhatIsPendingBelongsToItsTarget: a session takes up what is left for each of its own
// targets, and leaves what is for others.
func TestWhatIsPendingBelongsToItsTarget(t *testing.T) {
	w := newWorld(t)
	a, cameA, releaseA := waiting(t)
	b, cameB, releaseB := waiting(t)
	c := newApp(t, nil)
	r := w.start(func(c *listen.Config) {
		c.Forward, c.Routes, c.Respond, c.Concurrency = targets(t, a.URL), []listen.Route{route(t, "task.*="+b.URL)}, wire.ModeRelay, 1
	})
	for i, typ := range []string{"document.shared", "task.created", "document.deleted", "task.deleted"} {
		post(t, r.url, nil, typed(fmt.Sprintf("evt_%d", i), typ))
		await(t, r, func(activity.Received) bool { return true })
	}
	<-cameA
	<-cameB
	r.stop()
	releaseA()
	releaseB()

	// Only one of both, and a third that has nothing to do with them.
	r = w.start(func(cfg *listen.Config) { cfg.Forward, cfg.Concurrency = targets(t, c.URL, b.URL), 1 })
	if u := await(t, r, func(activity.Resumed) bool { return true }); u.Pending != 2 || u.Cancelled {
		t.Errorf("got %+v", u)
	}
	for range 2 {
		await(t, r, func(u activity.Attempted) bool { return strings.HasPrefix(u.Target, b.URL) })
	}
	r.stop()
	wantIDs(t, "the second target", b, "evt_1", "evt_1", "evt_3")
	wantIDs(t, "the third target", c)
	if a.ids(t)[0] != "evt_0" || len(a.ids(t)) != 1 {
		t.Errorf("the first target got %q", a.ids(t))
	}

	r = w.start(func(cfg *listen.Config) { cfg.Forward, cfg.SkipBacklog = targets(t, b.URL, c.URL), true })
	r.stop()
	r = w.start(func(cfg *listen.Config) {
		cfg.Routes, cfg.Forward, cfg.Concurrency = []listen.Route{route(t, "meeting.*="+a.URL)}, targets(t, b.URL), 1
	})
	if u := await(t, r, func(activity.Resumed) bool { return true }); u.Pending != 2 {
		t.Errorf("got %+v", u)
	}
	for range 2 {
		await(t, r, func(activity.Attempted) bool { return true })
	}
	wantIDs(t, "the first target", a, "evt_0", "evt_0", "evt_2")
}

func TestSkipBacklogOfEachTarget(t *testing.T) {
	w := newWorld(t)
	a, cameA, releaseA := waiting(t)
	b, cameB, releaseB := waiting(t)
	r := w.start(func(c *listen.Config) { c.Forward, c.Respond = targets(t, a.URL, b.URL), wire.ModeRelay })
	post(t, r.url, nil, typed("evt_1", "task.created"))
	u := await(t, r, func(activity.Received) bool { return true })
	<-cameA
	<-cameB
	r.stop()
	releaseA()
	releaseB()
	r = w.start(func(c *listen.Config) { c.Forward, c.SkipBacklog = targets(t, a.URL, b.URL), true })
	if u := await(t, r, func(activity.Resumed) bool { return true }); u.Pending != 2 || !u.Cancelled {
		t.Errorf("got %+v", u)
	}
	d, err := w.history.Show(t.Context(), u.Request)
	if err != nil || d.Deliveries[0].State != "cancelled" || d.Deliveries[1].State != "cancelled" {
		t.Errorf("got %+v, %v", d.Deliveries, err)
	}
}
