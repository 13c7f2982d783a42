package history_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/history"
	"pgregory.net/rapid"
)

// named records a request of each event id as agent, and returns their ids.
func named(t *testing.T, h *history.History, agent string, eventIDs ...string) (requests []string) {
	t.Helper()
	for _, id := range eventIDs {
		r := batchOf(1, 0).Records[0]
		r.EventID = id
		put(t, h, agent, r)
		requests = append(requests, r.Request.ID)
	}
	return requests
}

func TestFind(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	named(t, h, "a", "evt_abc123xyz")
	r := named(t, h, "a", "evt_abc123xyz", "evt_abd999", "evt_abd999b", "custom-17", "evt_100%_", "evt_100a_", "evt_zzzz\u00e4")
	triggered := history.Record{Request: webhook(time.Now()), EventID: "evt_abd999"}
	if err := h.AddRequest(t.Context(), triggered); err != nil {
		t.Fatal(err)
	}
	d := deliveriesOf(t, h, r[0])[0].ID
	for id, want := range map[string]string{
		"evt_abc123xyz": r[0], // the newest
		"evt_abc1":      r[0],
		"evt_abd999":    r[1], // exact, though another one begins so; and received, though trigger's is newer
		"evt_abd999b":   r[2],
		"custom-17":     r[3], // a sender may name its events as it likes
		"evt_100%":      r[4], // no pattern
		"evt_zzzz":      r[6],
		r[0]:            r[0],
		r[0][:29]:       r[0],
		d:               r[0],
		d[:29]:          r[0],
	} {
		if got, err := h.Find(t.Context(), id); err != nil || got != want {
			t.Errorf("%s: %s, %v: want %s", id, got, err, want)
		}
	}
}

func TestFindSaysWhatMayHaveBeenMeant(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	r := named(t, h, "a", "evt_abc123xyz", "evt_abc123xyy", "evt_abc777xyz", "evt_qqqqqqqqqqq", "evt_qqqqqqqqqqq")
	for id, want := range map[string][]string{
		"evt_abc":                      {"evt_abc123xyy", "evt_abc123xyz", "evt_abc777xyz"}, // too short to decide
		"evt_abc132xyz":                {"evt_abc123xyz", "evt_abc123xyy", "evt_abc777xyz"}, // the nearest first
		"EVT_QQQQQQQQQQQ":              {"evt_qqqqqqqqqqq"},
		r[0][:27] + "~~~":              nil,
		"evt_nothing-like-it-anywhere": nil,
		"":                             nil,
	} {
		var missing *history.NotFoundError
		_, err := h.Find(t.Context(), id)
		if !errors.As(err, &missing) || missing.ID != id {
			t.Errorf("%q: %v", id, err)
			continue
		}
		if strings.HasPrefix(id, "req_") { // ids of one moment differ in their random part alone
			if len(missing.Nearest) == 0 || missing.Nearest[0] != r[0] {
				t.Errorf("%q: nearest %v, want %s first", id, missing.Nearest, r[0])
			}
		} else if !slices.Equal(missing.Nearest, want) {
			t.Errorf("%q: nearest %v, want %v", id, missing.Nearest, want)
		}
		for _, near := range missing.Nearest {
			if !strings.Contains(err.Error(), near) {
				t.Errorf("%q: %q doesn't name %s", id, err, near)
			}
		}
	}
	var ambiguous *history.AmbiguousError
	_, err := h.Find(t.Context(), "evt_abc123")
	if !errors.As(err, &ambiguous) || !slices.Equal(ambiguous.Candidates, []string{"evt_abc123xyy", "evt_abc123xyz"}) {
		t.Errorf("an ambiguous beginning: %v", err)
	}
}

func TestFindNeverReturnsWhatWasNotAskedFor(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	of := make(map[string]string)
	events := []string{"evt_aaaa", "evt_aaaab", "evt_aaab", "evt_Aaaa", "evt_a\u00e4aa", "a", "aaaaa"}
	for i, id := range named(t, h, "a", events...) {
		of[id] = events[i]
	}
	rapid.Check(t, func(rt *rapid.T) {
		id := rapid.StringMatching(`(evt_|req_|dlv_)?[aAb%_\x{e4}*]{0,6}`).Draw(rt, "id")
		request, err := h.Find(t.Context(), id)
		var missing *history.NotFoundError
		var ambiguous *history.AmbiguousError
		if err != nil && !errors.As(err, &missing) && !errors.As(err, &ambiguous) {
			rt.Fatal(err)
		}
		if err == nil && !strings.HasPrefix(of[request], id) {
			rt.Fatalf("%q leads to %s", id, of[request])
		}
		if slices.Contains(events, id) && of[request] != id {
			rt.Fatalf("%q is there, and leads to %q, %v", id, of[request], err)
		}
	})
}
