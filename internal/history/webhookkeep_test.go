package history_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

var refused = delivery.Outcome{Kind: delivery.Answered, Status: 503}

// step is an attempt after which its delivery stands at s.
func step(id string, number int, s delivery.Standing, e delivery.Effects) history.Step {
	return history.Step{Delivery: id, Attempt: attempt(number, refused), Standing: s, Effects: e}
}

// standings returns where an agent's open deliveries stand.
func standings(t *testing.T, h *history.History) map[string]delivery.Standing {
	t.Helper()
	all := make(map[string]delivery.Standing)
	for _, p := range pending(t, h, "agent", "app") {
		all[p.Delivery] = p.Standing
	}
	return all
}

func TestKeep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	h := opened(t, path)
	add(t, h, record(1, "a", "", ""), record(2, "b", "", ""), record(3, "c", "", ""))
	due := start.Add(time.Hour)
	waits := delivery.Standing{State: delivery.Pending, Failed: 1, Due: due, Wait: time.Minute}
	held := delivery.Standing{State: delivery.Held, Failed: 1}
	off := delivery.Webhook{State: delivery.Disabled, Since: start, Cause: "dlv_b"}
	ctx := t.Context()
	if err := h.Keep(ctx, "agent", "app", step("dlv_a", 1, waits, delivery.Effects{})); err != nil {
		t.Fatal(err)
	}
	if got := standings(t, h); !reflect.DeepEqual(got, map[string]delivery.Standing{"dlv_a": waits, "dlv_b": delivery.New(), "dlv_c": delivery.New()}) {
		t.Errorf("%+v", got)
	}
	// The last failure of b disables the webhook: a and c are held, and so it stays.
	err := h.Keep(ctx, "agent", "app",
		step("dlv_b", 1, delivery.Standing{State: delivery.Exhausted, Failed: 1}, delivery.Effects{
			Webhook: &off,
			Keep:    []delivery.Open{{ID: "dlv_a", Standing: held}, {ID: "dlv_gone", Standing: held}},
		}),
		history.Step{Effects: delivery.Effects{Keep: []delivery.Open{{ID: "dlv_c", Standing: delivery.Standing{State: delivery.Held}}}}})
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
	h = opened(t, path)
	if got := standings(t, h); !reflect.DeepEqual(got, map[string]delivery.Standing{"dlv_a": held, "dlv_c": {State: delivery.Held}}) {
		t.Errorf("%+v", got)
	}
	w, err := h.Webhook(ctx, "agent", "app")
	if err != nil || w.State != off.State || !w.Since.Equal(off.Since) || w.Cause != off.Cause || w.Policy.Retries() {
		t.Errorf("%+v, %v", w, err)
	}
	for _, other := range [][2]string{{"other", "app"}, {"agent", "other"}} {
		if w, err := h.Webhook(ctx, other[0], other[1]); err != nil || w.Disabled() {
			t.Errorf("of %q: %+v, %v", other, w, err)
		}
	}
	n, err := h.CancelPending(ctx, "agent", "app")
	equal(t, "cancelled", fmt.Sprint(n, " ", err), "2 <nil>")
}

// TestKeepPassesOverWhatIsGone, and keeps the rest: steps before it and behind it.
func TestKeepPassesOverWhatIsGone(t *testing.T) {
	h := fresh(t)
	add(t, h, record(1, "a", "", ""), record(2, "b", "", ""))
	failed := delivery.Standing{State: delivery.Failed, Failed: 1}
	err := h.Keep(t.Context(), "agent", "app",
		step("dlv_a", 1, failed, delivery.Effects{}), step("dlv_gone", 1, failed, delivery.Effects{}), step("dlv_b", 1, failed, delivery.Effects{}))
	var gone *history.NotFoundError
	if !errors.As(err, &gone) || gone.ID != "dlv_gone" {
		t.Errorf("error %v", err)
	}
	equal(t, "open", len(standings(t, h)), 0)
}

// TestKeepIsAllOrNothing: an attempt's number that was used spoils the whole of it.
func TestKeepIsAllOrNothing(t *testing.T) {
	h := fresh(t)
	add(t, h, record(1, "a", "", ""), record(2, "b", "", ""))
	try(t, h, "dlv_b", 1, interrupted)
	failed := delivery.Standing{State: delivery.Failed, Failed: 1}
	off := delivery.Webhook{State: delivery.Disabled, Since: start}
	err := h.Keep(t.Context(), "agent", "app",
		step("dlv_a", 1, failed, delivery.Effects{Webhook: &off}), step("dlv_b", 1, failed, delivery.Effects{}))
	if err == nil || !strings.Contains(err.Error(), "dlv_b") {
		t.Errorf("error %v", err)
	}
	equal(t, "open", len(standings(t, h)), 2)
	if w, err := h.Webhook(t.Context(), "agent", "app"); err != nil || w.Disabled() {
		t.Errorf("%+v, %v", w, err)
	}
}

// TestThePolicyIsKeptBesideTheWebhook: neither changes the other.
func TestThePolicyIsKeptBesideTheWebhook(t *testing.T) {
	h := fresh(t)
	off := delivery.Webhook{State: delivery.Disabled, Since: start, Cause: "dlv_a"}
	if err := h.Keep(t.Context(), "agent", "app", history.Step{Effects: delivery.Effects{Webhook: &off}}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []delivery.Policy{
		{Schedule: delivery.GuideSchedule(), Speed: delivery.MaxSpeed, DisableAfter: 5},
		{Schedule: delivery.Schedule{90 * time.Second}, Speed: 7},
	} {
		if err := h.KeepPolicy(t.Context(), "agent", "app", p); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			w, err := h.Webhook(t.Context(), "agent", "app")
			if err != nil || !reflect.DeepEqual(w.Policy, p) || !w.Disabled() || w.Cause != off.Cause {
				t.Errorf("%+v, %v", w, err)
			}
			if err := h.Keep(t.Context(), "agent", "app", history.Step{Effects: delivery.Effects{Webhook: &off}}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestWaiting(t *testing.T) {
	h := fresh(t)
	add(t, h, record(1, "held", "evt_1", ""), record(2, "late", "", ""), record(3, "new", "", ""), record(4, "soon", "", ""), record(5, "done", "", ""))
	policy := delivery.Policy{Schedule: delivery.Schedule{time.Minute}, Speed: 60}
	if err := h.KeepPolicy(t.Context(), "agent", "app", policy); err != nil {
		t.Fatal(err)
	}
	waits := func(id string, after time.Duration) history.Step {
		return step("dlv_"+id, 1, delivery.Standing{State: delivery.Pending, Failed: 1, Due: start.Add(after), Wait: after}, delivery.Effects{})
	}
	err := h.Keep(t.Context(), "agent", "app", waits("late", time.Hour), waits("soon", time.Minute),
		step("dlv_done", 1, delivery.Standing{State: delivery.Exhausted, Failed: 1}, delivery.Effects{}),
		history.Step{Effects: delivery.Effects{Keep: []delivery.Open{{ID: "dlv_held", Standing: delivery.Standing{State: delivery.Held}}}}})
	if err != nil {
		t.Fatal(err)
	}
	all, err := h.Waiting(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range all {
		got = append(got, fmt.Sprint(r.ID, " ", r.Standing.State, " ", r.Standing.Wait))
		if !reflect.DeepEqual(r.Policy, policy) || r.Target != "app" || r.Agent != "agent" {
			t.Errorf("%+v", r)
		}
	}
	equal(t, "waiting", fmt.Sprint(got), "[dlv_soon pending 1m0s dlv_late pending 1h0m0s dlv_held held 0s]")
	equal(t, "its event", all[2].EventID+" "+all[2].EventType+" "+all[2].Request, "evt_1 document.analyzed req_held")
}

func TestCancelReplays(t *testing.T) {
	h := fresh(t)
	add(t, h, record(1, "a", "", ""))
	for id, agent := range map[string]string{"dlv_mine": "agent", "dlv_other": "other", "dlv_nobody": ""} {
		d := history.Delivery{ID: id, Request: "req_a", Agent: agent, Target: "app", Origin: delivery.Replay, Created: start}
		if err := h.AddDelivery(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	n, err := h.CancelReplays(t.Context(), "agent")
	equal(t, "cancelled", fmt.Sprint(n, " ", err), "1 <nil>")
	all, err := h.Retries(t.Context(), "req_a")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if got := r.Standing.State == delivery.Cancelled; got != (r.ID == "dlv_mine") {
			t.Errorf("%s is %s", r.ID, r.Standing.State)
		}
	}
}

// TestCancelAbandoned takes what a command waited to make again, and nothing of a session, nor
// a first attempt that may be under way.
func TestCancelAbandoned(t *testing.T) {
	h := fresh(t)
	add(t, h, record(1, "a", "", ""))
	waits := delivery.Standing{State: delivery.Pending, Failed: 1, Due: start, Wait: time.Minute}
	for id, c := range map[string]struct {
		agent    string
		origin   delivery.Origin
		standing delivery.Standing
	}{
		"dlv_trigger": {"", delivery.Trigger, waits}, "dlv_replay": {"", delivery.Replay, waits}, "dlv_session": {"agent", delivery.Replay, waits},
		"dlv_received": {"", delivery.Received, waits}, "dlv_new": {"", delivery.Trigger, delivery.New()},
		"dlv_done": {"", delivery.Trigger, delivery.Standing{State: delivery.Exhausted, Failed: 6}},
	} {
		d := history.Delivery{ID: id, Request: "req_a", Agent: c.agent, Target: "app", Origin: c.origin, Created: start}
		err := h.AddDelivery(t.Context(), d)
		if err == nil {
			err = h.Keep(t.Context(), c.agent, "app", history.Step{Effects: delivery.Effects{Keep: []delivery.Open{{ID: id, Origin: c.origin, Standing: c.standing}}}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	n, err := h.CancelAbandoned(t.Context())
	equal(t, "cancelled", fmt.Sprint(n, " ", err), "2 <nil>")
	all, err := h.Retries(t.Context(), "req_a")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if got := r.Standing.State == delivery.Cancelled; got != (r.ID == "dlv_trigger" || r.ID == "dlv_replay") {
			t.Errorf("%s is %s", r.ID, r.Standing.State)
		}
	}
}

// TestOpenDeliveriesAreFoundByTheirIndex: a start doesn't read the whole history.
func TestOpenDeliveriesAreFoundByTheirIndex(t *testing.T) {
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "history.db"), sqlitedb.Options{Name: "history", Migrations: history.Migrations})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		"SELECT id FROM deliveries" + history.OfOpen, "UPDATE deliveries SET state = 'cancelled'" + history.OfOpen,
		"UPDATE deliveries SET state = 'cancelled'" + history.OfAbandoned + " AND ?1 <> ?2",
	} {
		var plan string
		err = db.View(t.Context(), func(tx *sqlitedb.Tx) error {
			var ignored int
			return tx.QueryRow("EXPLAIN QUERY PLAN "+statement, "a", "t").Scan(&ignored, &ignored, &ignored, &plan)
		})
		if err != nil || !strings.Contains(plan, "deliveries_open (agent=?") {
			t.Errorf("%s: %s, %v", statement, plan, err)
		}
	}
}
