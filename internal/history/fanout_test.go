package history_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
)

// fanOut is a request with a delivery to each target.
func fanOut(first history.Record, targets ...string) []history.Record {
	var records []history.Record
	for i, target := range targets {
		r := first
		r.Delivery, r.Target, r.Further = event.NewDeliveryID(time.Now()), target, i > 0
		records = append(records, r)
	}
	return records
}

// TestSeveralTargets: each of a request's deliveries is made once for each agent, and Again
// makes those that are missing.
func TestSeveralTargets(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	first := batchOf(1, 0).Records[0]
	for _, c := range []struct {
		agent   string
		again   bool
		targets []string
		known   []bool
		total   int // deliveries there are afterwards
	}{
		{"a", false, []string{"x", "y"}, []bool{false, false}, 2},
		{"a", false, []string{"x", "y", "z"}, []bool{true, true, true}, 2},
		{"b", false, []string{"y", "x"}, []bool{false, false}, 4},
		{"a", true, []string{"x", "z"}, []bool{true, false}, 5},
		{"a", true, []string{"w", "y"}, []bool{false, true}, 6},
		{"a", true, []string{"w", "x", "y", "z"}, []bool{true, true, true, true}, 6},
		{"c", true, []string{"x", "y"}, []bool{false, false}, 8},
	} {
		records := fanOut(first, c.targets...)
		found, err := h.Record(t.Context(), history.Batch{Agent: c.agent, Records: records, Again: c.again})
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		var known []bool
		for _, f := range found {
			known = append(known, f.Known)
		}
		made := deliveriesOf(t, h, first.Request.ID)
		if fmt.Sprint(known) != fmt.Sprint(c.known) || len(made) != c.total {
			t.Errorf("%+v: found %v, and %d deliveries are there", c, known, len(made))
		}
	}
	if list, err := h.List(t.Context(), 10); err != nil || len(list) != 1 {
		t.Errorf("%d requests are there, %v", len(list), err)
	}
}

// TestTwoDeliveriesToOneTarget can't be: nothing of the batch is written then.
func TestTwoDeliveriesToOneTarget(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	records := fanOut(batchOf(1, 0).Records[0], "x", "x")
	if _, err := h.Record(t.Context(), history.Batch{Agent: "a", Records: records}); err == nil {
		t.Error("it was recorded")
	}
	if list, err := h.List(t.Context(), 10); err != nil || len(list) != 0 {
		t.Errorf("%d requests are there, %v", len(list), err)
	}
}
