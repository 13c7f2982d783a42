package history_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
)

// TestTwoHandles writes retries of few events through two handles on one file: however
// they meet, each event has one first request, and all others name it.
func TestTwoHandles(t *testing.T) {
	const writers, each, events = 4, 25, 5
	path := filepath.Join(t.TempDir(), "history.db")
	handles := []*history.History{opened(t, path), opened(t, path)}
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for n := range each {
				r := record(n+1, fmt.Sprintf("%d-%d", w, n), fmt.Sprint("evt_", n%events), "body")
				if err := recordAndTry(t, handles[w%len(handles)], fmt.Sprint(w), r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	for _, h := range handles {
		list, err := h.List(t.Context(), writers*each+1)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "requests", len(list), writers*each)
		firsts := make(map[string]string) // by event
		for _, s := range list {
			if s.DuplicateOf == "" {
				equal(t, "another first of "+s.EventID, firsts[s.EventID], "")
				firsts[s.EventID] = s.Request
			}
			equal(t, s.Request+" is", s.Last.State, delivery.Succeeded)
		}
		equal(t, "firsts", len(firsts), events)
		for _, s := range list {
			if s.DuplicateOf != "" {
				equal(t, s.Request+" is a duplicate of", s.DuplicateOf, firsts[s.EventID])
			}
		}
	}
}

func recordAndTry(t *testing.T, h *history.History, agent string, r history.Record) error {
	_, err := h.Record(t.Context(), history.Batch{
		Agent: agent, Position: event.Position{Epoch: epoch, Seq: r.Seq}, Records: []history.Record{r},
	})
	if err != nil {
		return err
	}
	return h.AddAttempt(t.Context(), r.Delivery, delivery.Attempt{Number: 1, Started: start}, delivery.Succeeded)
}
