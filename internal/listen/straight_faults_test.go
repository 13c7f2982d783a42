package listen_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
	"golang.org/x/sync/semaphore"
)

// TestFaultsAndRetriesOfWhatIsSentStraight: a fault has its part in the first attempt only,
// a dropped one counts as failed, and a duplicate has one attempt.
func TestFaultsAndRetriesOfWhatIsSentStraight(t *testing.T) {
	var mu sync.Mutex
	var came []string
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		came = append(came, r.Header.Get("X-Solatis-Signature"))
		if len(came) < 3 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer app.Close()
	sender := send.New(send.Options{})
	defer sender.Close()
	by := listen.Straight{
		Sender: sender, Origin: delivery.Trigger, Slots: semaphore.NewWeighted(1), Now: time.Now,
		Retry: delivery.Policy{Schedule: delivery.GuideSchedule(), Speed: delivery.MaxSpeed},
	}
	for kind, c := range map[string]struct {
		attempts string // of the delivery
		signed   []bool // whether each request that came has the right signature
	}{
		"delay:by=1ms":    {"500 pending delay; 500 pending ; 200 succeeded ; ", []bool{true, true, true}},
		"bad-signature":   {"500 pending bad-signature; 500 pending ; 200 succeeded ; ", []bool{false, true, true}},
		"drop-then-retry": {"broken-off pending drop-then-retry; 500 pending ; 500 pending ; 200 succeeded ; ", []bool{true, true, true}},
	} {
		came = nil
		told := 0
		turn := fault.NewTurn(faults(t, 1, kind).Of(1, ""))
		r := &event.Request{ID: "req_1", Method: http.MethodPost, Header: event.Header{"X-Solatis-Signature": {"right"}}}
		done, err := by.Deliver(t.Context(), targets(t, app.URL)[0], r, turn, func(activity.Attempted) { told++ })
		if err != nil || done.Last().State != delivery.Succeeded || told != len(done.Attempts)+len(done.Copies) {
			t.Errorf("%s: %+v, %v, and %d were told", kind, done, err, told)
		}
		got := ""
		for _, u := range done.Attempts {
			got += fmt.Sprintf("%s %s %s; ", delivery.Outcome{Kind: u.Outcome, Status: u.Status}.Label(), u.State, u.Fault)
		}
		signed := make([]bool, len(came))
		for i, sign := range came {
			signed[i] = sign == "right"
		}
		if got != c.attempts || len(done.Copies) != 0 || !slices.Equal(signed, c.signed) {
			t.Errorf("%s: %q, %d copies, signed %v", kind, got, len(done.Copies), signed)
		}
	}

	came = nil
	turn := fault.NewTurn(faults(t, 1, "duplicate").Of(1, ""))
	done, err := by.Deliver(t.Context(), targets(t, app.URL)[0], &event.Request{Method: http.MethodPost}, turn, func(activity.Attempted) {})
	if err != nil || len(done.Copies) != 1 || len(came) != len(done.Attempts)+1 || done.Last().State != delivery.Succeeded {
		t.Errorf("duplicate: %+v, %v, and %d requests", done, err, len(came))
	}
}
