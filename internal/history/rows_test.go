package history_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/filter"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/signature"
	"pgregory.net/rapid"
)

func query(t testing.TB, text string) filter.Query {
	t.Helper()
	q, err := filter.Parse(text, start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// replay adds a replay of a request, made so long after the start.
func replay(t testing.TB, h *history.History, id, request string, after time.Duration) {
	t.Helper()
	d := history.Delivery{ID: "dlv_" + id, Request: "req_" + request, Target: "elsewhere", Origin: delivery.Replay, Created: start.Add(after)}
	if err := h.AddDelivery(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// bareRecord is a record without a delivery.
func bareRecord(n int, id string) history.Record {
	r := record(n, id, "", "")
	r.Delivery, r.Disposition = "", "filtered"
	return r
}

// shown returns what rows are, as in "[d c* b a]", where * stands for no delivery.
func shown(rows []history.Row) string {
	ids := []string{}
	for _, r := range rows {
		id, isDelivery := strings.CutPrefix(r.ID(), "dlv_")
		if !isDelivery {
			id = strings.TrimPrefix(id, "req_") + "*"
		}
		ids = append(ids, id)
	}
	return fmt.Sprint(ids)
}

// rows returns n rows from a key on.
func rows(t testing.TB, h *history.History, q string, at history.Key, n int) []history.Row {
	t.Helper()
	r, err := h.Rows(t.Context(), query(t, q), at, n)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return r
}

func TestRowsAreInTheOrderOfTheirTimes(t *testing.T) {
	h := fresh(t)
	equal(t, "empty", shown(rows(t, h, "", history.Key{}, 10)), "[]")
	add(t, h, record(1, "a", "evt_a", ""), bareRecord(2, "b"), record(3, "c", "", ""))
	replay(t, h, "a2", "a", 4)
	add(t, h, bareRecord(5, "e"), bareRecord(6, "f"))
	replay(t, h, "c2", "c", 7)
	add(t, h, bareRecord(7, "g"), bareRecord(8, "h")) // one at the same time
	all := rows(t, h, "", history.Key{}, 100)
	equal(t, "all", shown(all), "[h* c2 g* f* e* a2 c b* a]")
	for i, r := range all {
		equal(t, "older than "+r.ID(), shown(rows(t, h, "", r.Key, 100)), shown(all[i+1:]))
		equal(t, "newer than "+r.ID(), shown(rows(t, h, "", r.Key, -100)), shown(all[:i]))
		if i > 0 {
			equal(t, "the neighbour of "+r.ID(), shown(rows(t, h, "", r.Key, -1)), shown(all[i-1:i]))
			equal(t, "compared", r.Key.Compare(all[i-1].Key), -1)
		}
		// Another filter knows the place too.
		with := rows(t, h, "id:"+r.ID(), history.Key{}, -1)[0] // of several with this beginning, the oldest
		equal(t, "older than the filtered "+r.ID(), shown(rows(t, h, "", with.Key, 100)), shown(all[i+1:]))
		equal(t, "newer than the filtered "+r.ID(), shown(rows(t, h, "", with.Key, -100)), shown(all[:i]))
	}
	equal(t, "the oldest", shown(rows(t, h, "", history.Key{}, -3)), "[c b* a]")
	equal(t, "none", shown(rows(t, h, "", history.Key{}, 0)), "[]")
	equal(t, "a row", all[1].Last.Target+" "+all[1].Request+" "+all[1].At.Sub(start).String(), "elsewhere req_c 7ns")

	// What comes later is newer than any key.
	add(t, h, record(9, "i", "", ""))
	equal(t, "what came", shown(rows(t, h, "", all[0].Key, -10)), "[i]")
}

// fading is a context that ends when it was looked at so often.
type fading struct {
	context.Context
	looks atomic.Int64 // that are left; database/sql may look too
}

func newFading(t *testing.T, looks int64) *fading {
	f := &fading{Context: t.Context()}
	f.looks.Store(looks)
	return f
}

func (f *fading) Err() error {
	if f.looks.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestASearchThatNobodyWaitsForEnds has it give its connection to the next one, though
// it found nothing so far.
func TestASearchThatNobodyWaitsForEnds(t *testing.T) {
	history.SmallWindows(t, 2, 2)
	h := fresh(t)
	for n := range 10 {
		add(t, h, record(n+1, fmt.Sprint(n), "", ""))
	}
	q := query(t, "type:task.created")
	for _, n := range []int{5, -5} {
		if _, err := h.Rows(newFading(t, 3), q, history.Key{}, n); !errors.Is(err, context.Canceled) {
			t.Errorf("%d rows: %v", n, err)
		}
	}
	if n, err := h.Count(newFading(t, 3), q); !errors.Is(err, context.Canceled) {
		t.Errorf("a count: %d, %v", n, err)
	}
}

// TestRowsOfABareRequestFarBack has one that stands between deliveries that match, behind many that don't.
func TestRowsOfABareRequestFarBack(t *testing.T) {
	h := fresh(t)
	rare := bareRecord(3, "rare")
	rare.EventID = "evt_rare1"
	add(t, h, record(1, "old", "evt_rare0", ""), record(2, "x", "evt_x", ""), rare)
	for n := 4; n < 1000; n++ {
		add(t, h, record(n, fmt.Sprint(n), "", ""))
	}
	add(t, h, record(1000, "new", "evt_rare2", ""))
	for n, want := range map[int]string{10: "[new rare* old]", -10: "[new rare* old]", 2: "[new rare*]", -2: "[rare* old]"} {
		equal(t, fmt.Sprint(n), shown(rows(t, h, "id:evt_rare", history.Key{}, n)), want)
	}
}

// world is a history, and what its rows should be.
type world struct {
	h       *history.History
	items   map[string]filter.Item // by a row's id
	ordered bool                   // times follow the order of recording
	at      map[string]int64
}

// types, bodies and so on of what the property tests record.
var (
	someTypes   = []string{"document.analyzed", "document.archived", "task.created", "odd[1]", "ünï.code", ""}
	someBodies  = []string{"", `{"name":"Alpha"}`, "beta_100%", "\xff\x00Gamma"}
	someTargets = []string{"http://localhost:3000/Hooks", "http://localhost:4000/a_b%20", "http://localhost/Über"}
	verdicts    = []signature.Verdict{signature.Valid, signature.Missing, signature.Several, signature.Malformed, signature.Mismatch, signature.Unchecked}
	outcomes    = []delivery.Outcome{
		{Kind: delivery.Answered, Status: 200}, {Kind: delivery.Answered, Status: 204}, {Kind: delivery.Answered, Status: 503},
		{Kind: delivery.Answered, Status: 404}, {Kind: delivery.Timeout}, {Kind: delivery.NoConnect}, {Kind: delivery.Interrupted},
	}
)

// grow records something.
func (w *world) grow(t *rapid.T, ctx testing.TB, i int) {
	at := start.Add(time.Duration(i) * time.Minute)
	if !w.ordered {
		at = start.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "minute")) * time.Minute)
	}
	var requests []string
	for id := range w.items {
		requests = append(requests, w.items[id].IDs[0])
	}
	id := fmt.Sprint(i)
	if len(requests) > 0 && rapid.IntRange(0, 3).Draw(t, "replayed") == 0 {
		slices.Sort(requests)
		w.replay(t, ctx, id, rapid.SampledFrom(requests).Draw(t, "request"), at)
		return
	}
	r := record(i+1, id, "", rapid.SampledFrom(someBodies).Draw(t, "body"))
	r.Request.Received = at
	r.EventType = rapid.SampledFrom(someTypes).Draw(t, "type")
	r.EventID = rapid.SampledFrom([]string{"", "evt_1", "evt_2", "evt_" + id}).Draw(t, "event")
	r.Verdict = rapid.SampledFrom(verdicts).Draw(t, "verdict")
	r.Target = rapid.SampledFrom(someTargets).Draw(t, "target")
	if rapid.IntRange(0, 2).Draw(t, "bare") == 0 {
		r.Delivery = ""
	}
	found := add(ctx, w.h, r)[0]
	item := filter.Item{
		Type: r.EventType, IDs: []string{r.Request.ID}, Signature: r.Verdict, Duplicate: found.DuplicateOf != "", At: at, Body: r.Request.Body,
	}
	if r.EventID != "" {
		item.IDs = append(item.IDs, r.EventID)
	}
	if r.Delivery == "" {
		w.put(r.Request.ID, item)
		return
	}
	w.deliver(t, ctx, item, r.Delivery, delivery.Received, r.Target)
}

func (w *world) put(id string, item filter.Item) {
	w.items[id], w.at[id] = item, item.At.UnixNano()
}

func (w *world) replay(t *rapid.T, ctx testing.TB, id, request string, at time.Time) {
	var item filter.Item
	for _, other := range w.items {
		if other.IDs[0] == request { // whichever of its rows it is
			item = other
		}
	}
	item.IDs = slices.DeleteFunc(slices.Clone(item.IDs), func(id string) bool { return strings.HasPrefix(id, "dlv_") })
	item.Outcome, item.Status = "", 0
	delete(w.items, request) // it has a delivery now
	delete(w.at, request)
	item.At = at
	target := rapid.SampledFrom(someTargets).Draw(t, "target")
	d := history.Delivery{ID: "dlv_" + id, Request: request, Target: target, Origin: delivery.Replay, Created: at}
	if err := w.h.AddDelivery(ctx.Context(), d); err != nil {
		t.Fatal(err)
	}
	w.deliver(t, ctx, item, d.ID, d.Origin, target)
}

// deliver makes up to two attempts.
func (w *world) deliver(t *rapid.T, ctx testing.TB, item filter.Item, id string, origin delivery.Origin, target string) {
	item.IDs = append(slices.Clone(item.IDs), id)
	item.Origin, item.Target, item.State = string(origin), target, string(delivery.Pending)
	for n := range rapid.IntRange(0, 2).Draw(t, "attempts") {
		o := rapid.SampledFrom(outcomes).Draw(t, "outcome")
		state := o.Next()
		if state == delivery.Failed && rapid.Bool().Draw(t, "exhausted") {
			state = delivery.Exhausted
		}
		if err := w.h.AddAttempt(ctx.Context(), id, attempt(n+1, o), state); err != nil {
			t.Fatal(err)
		}
		item.Outcome, item.Status, item.State = string(o.Kind), o.Status, string(state)
	}
	w.put(id, item)
}

// matching returns the ids of the rows that match, newest first where times are in order.
func (w *world) matching(q filter.Query) []string {
	ids := []string{}
	for id, item := range w.items {
		if q.Match(item) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return int(w.at[b]/1e9 - w.at[a]/1e9) })
	return ids
}

var someTerms = []string{
	"type:document.*", "type:odd[1]", "type:*", "type:?n?.code", "type:task.created", "status:failed", "status:2xx", "status:204", "status:5xx", "status:404",
	"status:timeout", "status:succeeded", "status:pending", "status:exhausted", "sig:ok", "sig:bad", "sig:missing", "sig:off", "dup:yes", "dup:no",
	"origin:replay", "origin:received", "target:hooks", "target:_b%20", "target:ü", "id:evt_1", "id:dlv_", "id:req_1", "since:50m", "until:50m",
	"since:55m", "alpha", "GAMMA", "100%", "evt_2", "ünï",
}

func someQuery(t *rapid.T) string {
	terms := rapid.SliceOfN(rapid.SampledFrom(someTerms), 0, 3).Draw(t, "terms")
	for i := range terms {
		if rapid.IntRange(0, 2).Draw(t, "not") == 0 {
			terms[i] = "-" + terms[i]
		}
	}
	return strings.Join(terms, " ")
}

func ids(rows []history.Row) []string {
	all := []string{}
	for _, r := range rows {
		all = append(all, r.ID())
	}
	return all
}

// TestRowsAreWhatMatches holds windows in both directions, counts and requests against a
// list that is kept beside the history.
func TestRowsAreWhatMatches(t *testing.T) {
	history.SmallWindows(t, 1, 3)
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{h: empty(t, rt), items: make(map[string]filter.Item), at: make(map[string]int64), ordered: rapid.Bool().Draw(rt, "ordered")}
		for i := range rapid.IntRange(0, 14).Draw(rt, "things") {
			w.grow(rt, t, i)
		}
		for range 4 {
			text := someQuery(rt)
			q := query(t, text)
			want := w.matching(q)
			page := rapid.IntRange(1, 4).Draw(rt, "page")
			down := w.walk(rt, t, q, page)
			up := w.walk(rt, t, q, -page)
			slices.Reverse(up)
			if n, err := w.h.Count(t.Context(), q); err != nil || n != len(want) {
				rt.Fatalf("%q: %d are counted, %v; want %d", text, n, err, len(want))
			}
			if !w.ordered {
				slices.Sort(want)
				slices.Sort(down)
				slices.Sort(up)
			}
			if !slices.Equal(down, want) || !slices.Equal(up, want) {
				rt.Fatalf("%q: down %v, up %v, want %v", text, down, up, want)
			}
			w.splits(rt, t, q, query(t, someQuery(rt)))
		}
	})
}

// walk reads all rows in pages.
func (w *world) walk(rt *rapid.T, t *testing.T, q filter.Query, page int) (all []string) {
	all = []string{}
	var at history.Key
	for {
		rows, err := w.h.Rows(t.Context(), q, at, page)
		if err != nil {
			rt.Fatal(err)
		}
		if len(rows) == 0 {
			return all
		}
		if page < 0 {
			slices.Reverse(rows)
		}
		all = append(all, ids(rows)...)
		if len(all) > 100 {
			rt.Fatalf("there is no end: %v", all)
		}
		at = rows[len(rows)-1].Key
	}
}

// empty is a history for one of a property's trials.
func empty(t *testing.T, rt *rapid.T) *history.History {
	h, err := history.Open(t.Context(), filepath.Join(t.TempDir(), "history.db"))
	if err != nil {
		rt.Fatal(err)
	}
	rt.Cleanup(func() { h.Close() })
	return h
}

// splits checks that a row's key, taken under one filter, splits what another one shows
// into two parts, without loss.
func (w *world) splits(rt *rapid.T, t *testing.T, q, other filter.Query) {
	rows, err := w.h.Rows(t.Context(), q, history.Key{}, 100)
	if err != nil || len(rows) == 0 {
		return
	}
	r := rapid.SampledFrom(rows).Draw(rt, "row")
	older, err := w.h.Rows(t.Context(), other, r.Key, 100)
	if err != nil {
		rt.Fatal(err)
	}
	newer, err := w.h.Rows(t.Context(), other, r.Key, -100)
	if err != nil {
		rt.Fatal(err)
	}
	got, want := ids(newer), w.matching(other)
	if slices.Contains(want, r.ID()) {
		got = append(got, r.ID())
	}
	got = append(got, ids(older)...)
	if !w.ordered {
		slices.Sort(got)
		slices.Sort(want)
	}
	if !slices.Equal(got, want) {
		rt.Fatalf("%q's key of %s shows %v under %q; want %v", q, r.ID(), got, other, want)
	}
}
