package history_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
)

func TestPendingDeliveriesAreTakenUpInTheOrderOfTheLog(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	target := batchOf(1, 0).Records[0].Target
	var want []history.Record
	for epoch, seqs := range [][]uint64{{2, 3, 1}, {2, 1}} { // the second log was restored, and counts anew
		start := len(want)
		for _, seq := range seqs {
			b := batchOf(1, seq-1)
			b.Position.Epoch = uint64(9 - epoch)
			if _, err := h.Record(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			want = append(want, b.Records[0])
		}
		slices.SortFunc(want[start:], func(a, b history.Record) int { return int(a.Seq) - int(b.Seq) })
	}
	elsewhere := batchOf(1, 6)
	elsewhere.Records[0].Target = "http://localhost:4000"
	for _, b := range []history.Batch{elsewhere, {Agent: "other", Records: batchOf(1, 7).Records}} {
		if _, err := h.Record(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	replay := history.Delivery{
		ID: event.NewDeliveryID(time.Now()), Request: want[0].Request.ID, Agent: "laptop@local", Target: target, Origin: delivery.Replay,
	}
	if err := h.AddDelivery(t.Context(), replay); err != nil {
		t.Fatal(err)
	}
	made(t, h, want[1].Delivery, delivery.Interrupted, delivery.Pending)
	made(t, h, want[2].Delivery, delivery.Answered, delivery.Succeeded)
	want = slices.Delete(want, 2, 3)

	pending, err := h.Pending(t.Context(), "laptop@local", target)
	if err != nil || len(pending) != len(want) {
		t.Fatalf("%+v, %v: want %d", pending, err, len(want))
	}
	for i, p := range pending {
		w := want[i]
		if p.Delivery != w.Delivery || p.Request != w.Request.ID || p.EventID != w.EventID || p.EventType != w.EventType {
			t.Errorf("%d: %+v, want seq %d", i, p, w.Seq)
		}
		if p.Attempts != map[bool]int{true: 1}[i == 1] {
			t.Errorf("%d: %d attempts", i, p.Attempts)
		}
	}
}

// made records the first attempt of a delivery.
func made(t *testing.T, h *history.History, id string, kind delivery.Kind, state delivery.State) {
	t.Helper()
	a := delivery.Attempt{Number: 1, Outcome: delivery.Outcome{Kind: kind}}
	if err := h.AddAttempt(t.Context(), id, a, state); err != nil {
		t.Fatal(err)
	}
}

func TestCancelPendingLeavesOthersAlone(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	mine, done, foreign := recordOne(t, h, "a", 1), recordOne(t, h, "a", 2), recordOne(t, h, "b", 3)
	elsewhere := batchOf(1, 3).Records[0]
	elsewhere.Target = "http://localhost:4000"
	put(t, h, "a", elsewhere)
	made(t, h, done.Delivery, delivery.Answered, delivery.Succeeded)
	for _, want := range []int{1, 0} {
		if n, err := h.CancelPending(t.Context(), "a", mine.Target); err != nil || n != want {
			t.Errorf("%d were cancelled, %v: want %d", n, err, want)
		}
	}
	for want, r := range map[delivery.State]history.Record{delivery.Cancelled: mine, delivery.Succeeded: done, delivery.Pending: foreign} {
		if d := deliveriesOf(t, h, r.Request.ID); d[0].State != want {
			t.Errorf("seq %d is %s, want %s", r.Seq, d[0].State, want)
		}
	}
	if p, err := h.Pending(t.Context(), "a", elsewhere.Target); err != nil || len(p) != 1 {
		t.Errorf("pending elsewhere: %v, %v", p, err)
	}
}

// TestPendingDeliveriesOfARestartedRelayAreOneLog: a large body came whole only after the relay
// had been restarted, behind a later request of the run before.
func TestPendingDeliveriesOfARestartedRelayAreOneLog(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	target := batchOf(1, 0).Records[0].Target
	for _, at := range []event.Position{{Epoch: 9, Seq: 1}, {Epoch: 9, Seq: 3}, {Epoch: 8, Seq: 2}, {Epoch: 8, Seq: 4}} {
		b := batchOf(1, at.Seq-1)
		b.Position.Epoch = at.Epoch
		if _, err := h.Record(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	pending, err := h.Pending(t.Context(), "laptop@local", target)
	if err != nil || len(pending) != 4 {
		t.Fatal(pending, err)
	}
	for i, p := range pending {
		if p.At.Seq != uint64(i+1) {
			t.Errorf("at %d comes request %d of the log", i, p.At.Seq)
		}
	}
}
