package history_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/signature"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// epoch is the largest there is: 63 bits.
const epoch = 1<<63 - 1

// start is when the tests' requests come in; its nanoseconds must not be lost.
var start = time.Unix(1_767_323_045, 123_456_789)

// opened opens the history at path until the test's end.
func opened(t testing.TB, path string) *history.History {
	t.Helper()
	h, err := history.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func fresh(t testing.TB) *history.History {
	t.Helper()
	return opened(t, filepath.Join(t.TempDir(), "history.db"))
}

// record is the n-th request of a log, with the delivery "dlv_ID" to the target "app".
func record(n int, id, eventID, body string) history.Record {
	return history.Record{
		Request: &event.Request{
			ID: "req_" + id, Method: "POST", Path: "/hooks", Body: []byte(body),
			Header: event.Header{"A": {"1", "2"}}, Received: start.Add(time.Duration(n)),
		},
		Endpoint: "endpoint", Seq: uint64(n), EventID: eventID, EventType: "document.analyzed",
		Verdict: signature.Valid, Disposition: "forward", Delivery: "dlv_" + id, Target: "app",
	}
}

// add records for the agent "agent", whose position becomes the last record's.
func add(t testing.TB, h *history.History, records ...history.Record) []history.Recorded {
	t.Helper()
	found, err := h.Record(t.Context(), history.Batch{
		Agent: "agent", Position: event.Position{Epoch: epoch, Seq: records[len(records)-1].Seq}, Records: records,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != len(records) {
		t.Fatalf("%d results for %d records", len(found), len(records))
	}
	return found
}

// listed returns the ids of the newest requests, as in "[b a]".
func listed(t testing.TB, h *history.History, limit int) string {
	t.Helper()
	list, err := h.List(t.Context(), limit)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, s := range list {
		ids = append(ids, s.Request[len("req_"):])
	}
	return fmt.Sprint(ids)
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
