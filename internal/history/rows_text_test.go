package history_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/history"
)

// TestFreeTextGivesUpForNow has bodies of 96 MiB, of which one call looks through 32.
func TestFreeTextGivesUpForNow(t *testing.T) {
	h := fresh(t)
	big := strings.Repeat("x", 256<<10)
	for n := 1; n <= 384; n += 32 {
		var batch []history.Record
		for i := range 32 {
			r := record(n+i, fmt.Sprint(n+i), "", big+"not looked at")
			switch n + i {
			case 1, 200, 384:
				r.Request.Body = []byte("here it is")
			case 2, 383:
				r.Delivery = "" // some are bare
			}
			batch = append(batch, r)
		}
		add(t, h, batch...)
	}
	for _, n := range []int{1000, -1000} {
		few, calls := inCalls(t, h, "HERE", n)
		all, _ := inCalls(t, h, "-nowhere", n)
		want := "[384 200 1]"
		if n < 0 {
			want = "[1 200 384]" // in the order of the calls
		}
		equal(t, "found", shown(few), want)
		equal(t, "calls that gave up", calls, 2)
		equal(t, "all of them", len(all), 384)
		seen := make(map[string]bool)
		for _, r := range all {
			seen[r.ID()] = true
		}
		equal(t, "different ones", len(seen), 384)
	}
	n, err := h.Count(t.Context(), query(t, `"not looked at"`))
	equal(t, "behind the first 256 KiB", fmt.Sprint(n, err), "0 <nil>")
	n, err = h.Count(t.Context(), query(t, "here"))
	equal(t, "counted", fmt.Sprint(n, err), "3 <nil>")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Count(ctx, query(t, "here")); !errors.Is(err, context.Canceled) {
		t.Errorf("a count that isn't wanted any more: %v", err)
	}
}

// inCalls returns all rows, and how many calls gave up before the last.
func inCalls(t *testing.T, h *history.History, text string, n int) (found []history.Row, gaveUp int) {
	t.Helper()
	for at := (history.Key{}); ; gaveUp++ {
		rows, err := h.Rows(t.Context(), query(t, text), at, n)
		found = append(found, rows...)
		var more *history.PartialError
		if !errors.As(err, &more) {
			equal(t, "error", err, nil)
			return found, gaveUp
		}
		if more.Searched.IsZero() || more.At == at {
			t.Fatalf("it gave up with %v at %v", more, found)
		}
		at = more.At
	}
}

func TestRequestsMatchByTheirLastDelivery(t *testing.T) {
	h := fresh(t)
	add(t, h, record(1, "a", "evt_a", "Alpha"), bareRecord(2, "b"), record(3, "c", "", ""))
	replay(t, h, "a2", "a", 1e9*60)
	for text, want := range map[string]string{
		"":                                   "[c b a]",
		"origin:replay":                      "[a]",
		"target:app":                         "[c]",
		"-target:app":                        "[b a]",
		"alpha":                              "[a]",
		"id:dlv_a2":                          "[a]",
		"since:1h":                           "[c b a]", // when they were received
		"until:" + start.Add(2).Format(nano): "[a]",
		"until:" + start.Add(2).Format(nano) + " alpha":  "[a]",
		"since:" + start.Add(3).Format(nano) + " -alpha": "[c]",
	} {
		list, err := h.Requests(t.Context(), query(t, text), 0)
		equal(t, "error", err, nil)
		got := []string{}
		for _, s := range list {
			got = append(got, s.Request[len("req_"):])
		}
		equal(t, text, fmt.Sprint(got), want)
	}
	// Rows are of the time of their deliveries.
	equal(t, "rows", shown(rows(t, h, "since:"+start.Add(time.Minute).Format(nano)+" -zzz", history.Key{}, 9)), "[a2]")
	list, err := h.Requests(t.Context(), query(t, ""), 2)
	equal(t, "of two", fmt.Sprint(len(list), " ", list[0].Request, " ", err), "2 req_c <nil>")
	want, _ := h.List(t.Context(), 1)
	equal(t, "the summary", fmt.Sprint(list[0]), fmt.Sprint(want[0]))
}

const nano = "2006-01-02T15:04:05.999999999Z07:00"

func TestDriftIsRecordedAndFound(t *testing.T) {
	h := fresh(t)
	odd := record(2, "odd", "", "")
	odd.Drift = "data.title is missing, expected string\ndata.pages is string, expected integer"
	more := odd
	more.Further, more.Delivery, more.Target = true, "dlv_more", "other"
	bare := record(3, "bare", "", "")
	bare.Delivery, bare.Drift = "", "data is array, expected object"
	add(t, h, record(1, "a", "", ""), odd, more, bare, record(4, "b", "", ""))
	for text, want := range map[string]string{
		"drift:yes": "[bare* more odd]", "drift:no": "[b a]", "-drift:yes": "[b a]", "-drift:no": "[bare* more odd]", "drift:yes drift:no": "[]",
	} {
		equal(t, text, shown(rows(t, h, text, history.Key{}, 9)), want)
		n, err := h.Count(t.Context(), query(t, text))
		equal(t, "count of "+text, fmt.Sprint(n, err), fmt.Sprintf("%d <nil>", len(strings.Fields(strings.Trim(want, "[]")))))
	}
	list, err := h.Requests(t.Context(), query(t, "drift:yes"), 9)
	if err != nil || len(list) != 2 || list[0].Drift != bare.Drift || list[1].Drift != odd.Drift {
		t.Errorf("listed as %+v, %v", list, err)
	}
	warnings, err := h.Drift(t.Context(), "req_odd")
	equal(t, "warnings", fmt.Sprint(len(warnings), err), "2 <nil>")
	warnings, err = h.Drift(t.Context(), "req_a")
	equal(t, "no warnings", fmt.Sprint(len(warnings), err), "0 <nil>")
}
