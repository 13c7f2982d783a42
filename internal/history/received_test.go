package history_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"pgregory.net/rapid"
)

// put records r as agent and returns what was found.
func put(t testing.TB, h *history.History, agent string, r history.Record) history.Recorded {
	t.Helper()
	found, err := h.Record(t.Context(), history.Batch{Agent: agent, Records: []history.Record{r}})
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, %v", found, err)
	}
	return found[0]
}

// recordOne records a new webhook.
func recordOne(t testing.TB, h *history.History, agent string, seq uint64) history.Record {
	t.Helper()
	r := batchOf(1, seq-1).Records[0]
	if found := put(t, h, agent, r); found != (history.Recorded{}) {
		t.Fatalf("a new request was found as %+v", found)
	}
	return r
}

func deliveriesOf(t testing.TB, h *history.History, request string) []history.DeliveryDetails {
	t.Helper()
	d, err := h.Show(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return d.Deliveries
}

func TestPositionsNeverMoveBackWithinAnEpoch(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		agents := []string{fmt.Sprint("a", runs), fmt.Sprint("b", runs)}
		want := make(map[string]event.Position)
		for range rapid.IntRange(1, 20).Draw(rt, "moves") {
			agent := rapid.SampledFrom(agents).Draw(rt, "agent")
			to := event.Position{
				Epoch: rapid.SampledFrom([]uint64{0, 1, 2, 1<<63 - 1, 1 << 63}).Draw(rt, "epoch"),
				Seq:   rapid.Uint64Range(0, 10).Draw(rt, "seq"),
			}
			if at := want[agent]; to != (event.Position{}) && (to.Epoch != at.Epoch || to.Seq > at.Seq) {
				want[agent] = to
			}
			if _, err := h.Record(t.Context(), history.Batch{Agent: agent, Position: to}); err != nil {
				rt.Fatal(err)
			}
			for _, agent := range agents {
				if at, err := h.Position(t.Context(), agent); err != nil || at != want[agent] {
					rt.Fatalf("%s is at %v (%v), want %v", agent, at, err, want[agent])
				}
			}
		}
	})
}

func TestABatchIsRecordedWithItsPositionOrNotAtAll(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	b := batchOf(3, 0)
	b.Records[2].Delivery = b.Records[0].Delivery // no two can have one id
	if _, err := h.Record(t.Context(), b); err == nil {
		t.Fatal("two deliveries have one id")
	}
	list, err := h.List(t.Context(), 10)
	if at, _ := h.Position(t.Context(), b.Agent); err != nil || len(list) != 0 || at != (event.Position{}) {
		t.Errorf("%d requests are there and the position is %v (%v)", len(list), at, err)
	}
}

func TestARequestThatComesAgain(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	r := recordOne(t, h, "a", 1)
	again := r
	again.Delivery, again.Target = event.NewDeliveryID(time.Now()), "http://localhost:4000"
	if found := put(t, h, "a", again); found != (history.Recorded{Known: true}) {
		t.Errorf("found %+v", found)
	}
	if d := deliveriesOf(t, h, r.Request.ID); len(d) != 1 || d[0].ID != r.Delivery {
		t.Errorf("deliveries %+v", d)
	}
	// Another agent of the endpoint gets each request too, and has a target of its own.
	for _, known := range []bool{false, true} {
		if found := put(t, h, "b", again); found != (history.Recorded{Known: known}) {
			t.Errorf("by another agent, found %+v", found)
		}
	}
	if d := deliveriesOf(t, h, r.Request.ID); len(d) != 2 || d[1].ID != again.Delivery || d[1].Agent != "b" {
		t.Errorf("deliveries %+v", d)
	}
	if list, err := h.List(t.Context(), 10); err != nil || len(list) != 1 {
		t.Errorf("%d requests are there, %v", len(list), err)
	}
}

func TestASendersRetryIsMarked(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	first := recordOne(t, h, "a", 1)
	unnamed := batchOf(2, 1).Records
	for i := range unnamed { // what has no event id is no duplicate of what has none either
		unnamed[i].EventID = ""
		if found := put(t, h, "a", unnamed[i]); found != (history.Recorded{}) {
			t.Errorf("found %+v", found)
		}
	}
	same, other, last := batchOf(1, 3).Records[0], batchOf(1, 4).Records[0], batchOf(1, 5).Records[0]
	other.Request.Body[0]++
	want := []history.Recorded{
		{DuplicateOf: first.Request.ID},
		{DuplicateOf: first.Request.ID, OtherBody: true},
		{DuplicateOf: first.Request.ID}, // it is compared to the first and not to the one before
	}
	for i, r := range []history.Record{same, other, last} {
		r.EventID = first.EventID
		if found := put(t, h, "a", r); found != want[i] {
			t.Errorf("%d: found %+v, want %+v", i, found, want[i])
		}
		d, err := h.Show(t.Context(), r.Request.ID)
		if err != nil || d.Summary.DuplicateOf != want[i].DuplicateOf || d.Summary.OtherBody != want[i].OtherBody {
			t.Errorf("%d: recorded as %+v, %v", i, d.Summary, err)
		}
	}
	both := batchOf(2, 6)
	both.Records[1].EventID = both.Records[0].EventID
	found, err := h.Record(t.Context(), both)
	if err != nil || found[1].DuplicateOf != both.Records[0].Request.ID {
		t.Errorf("in one batch: found %+v, %v", found, err)
	}
}

func TestTheLastDeliveryIsListed(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	r := recordOne(t, h, "a", 1)
	replay := history.Delivery{
		ID: event.NewDeliveryID(time.Now()), Request: r.Request.ID, Target: r.Target, Origin: delivery.Replay, Created: time.Unix(1, 0),
	}
	if err := h.AddDelivery(t.Context(), replay); err != nil {
		t.Fatal(err)
	}
	a := delivery.Attempt{Number: 1, Started: time.Unix(2, 0), Outcome: delivery.Outcome{Kind: delivery.Timeout, Error: "no answer", Duration: 5}}
	if err := h.AddAttempt(t.Context(), replay.ID, a, delivery.Failed); err != nil {
		t.Fatal(err)
	}
	if err := h.AddAttempt(t.Context(), replay.ID, a, delivery.Succeeded); err == nil {
		t.Error("two attempts have one number")
	}
	list, err := h.List(t.Context(), 1)
	want := history.Last{
		Delivery: replay.ID, State: delivery.Failed, Origin: delivery.Replay, Target: r.Target, Attempts: 1,
		Outcome: delivery.Outcome{Kind: delivery.Timeout, Error: "no answer", Duration: 5},
	}
	if err != nil || fmt.Sprint(list[0].Last) != fmt.Sprint(want) {
		t.Errorf("listed as %+v, %v\nwant %+v", list, err, want)
	}
	if d := deliveriesOf(t, h, r.Request.ID); len(d) != 2 || d[0].State != delivery.Pending || d[1].State != delivery.Failed {
		t.Errorf("deliveries %+v", d)
	}
}

func TestWhatBelongsToNothingRecorded(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	_, requestErr := h.Request(t.Context(), "req_none")
	_, showErr := h.Show(t.Context(), "req_none")
	for id, err := range map[string]error{
		"req_none": errors.Join(requestErr, showErr),
		"req_gone": h.AddDelivery(t.Context(), history.Delivery{ID: "dlv_1", Request: "req_gone"}),
		"dlv_gone": h.AddAttempt(t.Context(), "dlv_gone", delivery.Attempt{Number: 1}, delivery.Failed),
	} {
		var missing *history.NotFoundError
		if !errors.As(err, &missing) || missing.ID != id {
			t.Errorf("%s: %v", id, err)
		}
	}
}
