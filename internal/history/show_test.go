package history_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
)

func attempt(number int, o delivery.Outcome) delivery.Attempt {
	return delivery.Attempt{Number: number, Started: start.Add(time.Duration(number)), Outcome: o}
}

func try(t testing.TB, h *history.History, id string, number int, o delivery.Outcome) {
	t.Helper()
	if err := h.AddAttempt(t.Context(), id, attempt(number, o), o.Next()); err != nil {
		t.Fatal(err)
	}
}

var interrupted = delivery.Outcome{Kind: delivery.Interrupted, Error: "solatis was stopped", Duration: time.Second}

func pending(t testing.TB, h *history.History, agent, target string) []history.Pending {
	t.Helper()
	p, err := h.Pending(t.Context(), agent, target)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPending(t *testing.T) {
	h := fresh(t)
	elsewhere, unsent := record(3, "c", "", ""), record(4, "d", "", "")
	elsewhere.Target = "other"
	unsent.Delivery, unsent.Disposition = "", "filtered"
	add(t, h, record(1, "a", "evt_1", ""), record(2, "b", "", ""), elsewhere, unsent, record(5, "e", "", ""), record(6, "f", "", ""))
	replay := history.Delivery{ID: "dlv_replay", Request: "req_a", Agent: "agent", Target: "app", Origin: delivery.Replay, Created: start}
	if err := h.AddDelivery(t.Context(), replay); err != nil {
		t.Fatal(err)
	}
	try(t, h, "dlv_a", 1, interrupted)
	try(t, h, "dlv_a", 2, interrupted)
	try(t, h, "dlv_e", 1, delivery.Outcome{Kind: delivery.Answered, Status: 200})
	try(t, h, "dlv_f", 1, delivery.Outcome{Kind: delivery.NoConnect})

	want := []history.Pending{
		{Delivery: "dlv_a", Request: "req_a", EventID: "evt_1", EventType: "document.analyzed", Attempts: 2, At: event.Position{Epoch: 1<<63 - 1, Seq: 1}, Standing: delivery.New()},
		{Delivery: "dlv_b", Request: "req_b", EventType: "document.analyzed", At: event.Position{Epoch: 1<<63 - 1, Seq: 2}, Standing: delivery.New()},
	}
	if got := pending(t, h, "agent", "app"); !reflect.DeepEqual(got, want) {
		t.Errorf("pending %+v", got)
	}
	equal(t, "to another target", len(pending(t, h, "agent", "other")), 1)
	equal(t, "of another agent", len(pending(t, h, "other", "app")), 0)

	for _, want := range []int{2, 0} {
		n, err := h.CancelPending(t.Context(), "agent", "app")
		equal(t, "cancelled", n, want)
		equal(t, "error", err, nil)
	}
	equal(t, "after that", len(pending(t, h, "agent", "app")), 0)
	equal(t, "to another target, after that", len(pending(t, h, "agent", "other")), 1)
	for id, want := range map[string]delivery.State{
		"a": delivery.Pending, // its last delivery is the replay
		"b": delivery.Cancelled, "c": delivery.Pending, "d": "", "e": delivery.Succeeded, "f": delivery.Failed,
	} {
		d, err := h.Show(t.Context(), "req_"+id)
		equal(t, "error", err, nil)
		equal(t, id, d.Summary.Last.State, want)
	}
}

func TestAttempts(t *testing.T) {
	h := fresh(t)
	add(t, h, record(1, "a", "evt_1", "body"))
	outcomes := []delivery.Outcome{
		interrupted,
		{Kind: delivery.NoConnect, Error: "could not connect: \x00\xff", Duration: 1},
		{
			Kind: delivery.Answered, Status: 500, Truncated: true, Duration: 90 * time.Minute,
			Header: map[string][]string{"X-Raw": {"\xff\x00", ""}, "Set-Cookie": {"a=1", "b=2"}}, Body: []byte("\x00\xff\r\n"),
		},
		{Kind: delivery.Answered, Status: 204, Header: map[string][]string{}},
	}
	for i, o := range outcomes {
		try(t, h, "dlv_a", i+1, o)
	}
	d, err := h.Show(t.Context(), "req_a")
	if err != nil || len(d.Deliveries) != 1 || len(d.Deliveries[0].Attempts) != len(outcomes) {
		t.Fatalf("%+v, %v", d, err)
	}
	for i, got := range d.Deliveries[0].Attempts {
		want := attempt(i+1, outcomes[i])
		equal(t, "started", got.Started.Equal(want.Started), true)
		got.Started = want.Started
		if len(got.Outcome.Body) == 0 {
			got.Outcome.Body = want.Outcome.Body // empty or none is the same
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("attempt %+v, want %+v", got, want)
		}
	}
	equal(t, "state", d.Deliveries[0].State, delivery.Succeeded)
}

func TestAnAttemptThatCantBeRecorded(t *testing.T) {
	h := fresh(t)
	add(t, h, record(1, "a", "", ""))
	try(t, h, "dlv_a", 1, interrupted)
	good := delivery.Outcome{Kind: delivery.Answered, Status: 200}
	if err := h.AddAttempt(t.Context(), "dlv_a", attempt(1, good), good.Next()); err == nil {
		t.Error("two attempts have one number")
	}
	if err := h.AddAttempt(t.Context(), "dlv_none", attempt(1, good), good.Next()); err == nil {
		t.Error("an attempt of no delivery was recorded")
	}
	equal(t, "still pending", len(pending(t, h, "agent", "app")), 1)
}

func TestList(t *testing.T) {
	h := fresh(t)
	equal(t, "empty", listed(t, h, 10), "[]")
	for n, id := range []string{"z", "a", "m"} { // by when they were recorded, not by id
		add(t, h, record(n+1, id, "evt_"+id, "12345"))
	}
	equal(t, "all", listed(t, h, 10), "[m a z]")
	equal(t, "two", listed(t, h, 2), "[m a]")
	equal(t, "none", listed(t, h, 0), "[]")

	o := delivery.Outcome{Kind: delivery.Timeout, Error: "no answer", Duration: 30 * time.Second}
	try(t, h, "dlv_m", 1, interrupted)
	try(t, h, "dlv_m", 2, o)
	list, err := h.List(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	want := history.Summary{
		Request: "req_m", EventID: "evt_m", EventType: "document.analyzed", Method: "POST", Path: "/hooks", Bytes: 5,
		Received: list[0].Received, Verdict: "valid", Disposition: "forward",
		Last: history.Last{Delivery: "dlv_m", State: delivery.Failed, Origin: delivery.Received, Target: "app", Attempts: 2, Outcome: o},
	}
	if !reflect.DeepEqual(list[0], want) {
		t.Errorf("got %+v, want %+v", list[0], want)
	}
	equal(t, "received", list[0].Received.Equal(start.Add(3)), true)
	d, err := h.Show(t.Context(), "req_m")
	if err != nil || !reflect.DeepEqual(d.Summary, list[0]) {
		t.Errorf("Show has the summary %+v, %v", d.Summary, err)
	}
}

func TestShowOfNothing(t *testing.T) {
	h := fresh(t)
	var missing *history.NotFoundError
	if _, err := h.Show(t.Context(), "req_none"); !errors.As(err, &missing) || missing.ID != "req_none" {
		t.Errorf("error %v", err)
	}
	if _, err := h.Request(t.Context(), "req_none"); !errors.As(err, &missing) {
		t.Errorf("error %v", err)
	}
	equal(t, "said", fmt.Sprint(missing), `there is no "req_none" in the history; solatis events list shows what there is`)
}
