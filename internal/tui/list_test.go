package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"pgregory.net/rapid"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/filter"
	"github.com/solatis/solatis-cli/internal/history"
)

// long is a shelf of n deliveries, of which every fifth failed.
func long(t *testing.T, n int) *shelf {
	s := newShelf(t)
	for i := range n {
		o := ok(7)
		if i%5 == 4 {
			o = failed(500, 9)
		}
		s.add(entry{eventType: "task.created", ago: time.Hour - time.Duration(i)*time.Second, outcomes: []delivery.Outcome{o}})
	}
	return s
}

// TestAllOfTheHistoryIsReachable walks over it in steps and leaps, while more comes, and
// holds the view to a list of everything in memory.
func TestAllOfTheHistoryIsReachable(t *testing.T) {
	const n = 120
	s := long(t, n)
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("dlv_%04d", i+1)
	}
	rapid.Check(t, func(rt *rapid.T) {
		d := open(t, s, &ready, 80, 24)
		at, following := len(ids)-1, true
		for range rapid.IntRange(1, 10).Draw(rt, "steps") {
			key := rapid.SampledFrom([]string{"j", "k", "pgup", "pgup", "pgdown", "g", "G", "resize", "new"}).Draw(rt, "key")
			switch key {
			case "resize":
				d.send(tea.WindowSizeMsg{Width: 80, Height: rapid.IntRange(15, 60).Draw(rt, "height")})
				continue
			case "new":
				request := s.add(entry{eventType: "task.created", ago: time.Second, outcomes: []delivery.Outcome{ok(7)}})
				ids = append(ids, "dlv_"+request[4:])
				d.send(updatesMsg{updates: []activity.Update{activity.Attempted{Request: request}}})
				d.send(reloadMsg{d.list.gen})
				if following {
					at = len(ids) - 1
				}
			default:
				height := d.list.height
				by := map[string]int{"j": 1, "k": -1, "pgup": -height, "pgdown": height, "g": -len(ids), "G": len(ids)}[key]
				at, following = max(0, min(at+by, len(ids)-1)), key == "G"
				d.press(key)
			}
			if got := selectedID(d); got != ids[at] {
				rt.Fatalf("after %s %s is selected, want %s", key, got, ids[at])
			}
			if l := &d.list; l.selected < l.top || l.selected >= l.top+l.height || len(l.rows) > 5*max(l.height, 20)*screens {
				rt.Fatalf("row %d of %d from %d on, of %d", l.selected, l.height, l.top, len(l.rows))
			}
			d.text()
		}
	})
}

func TestTheListFollowsUntilOneMoves(t *testing.T) {
	s := long(t, 30)
	d := open(t, s, &ready, 80, 24)
	more := func() {
		request := s.add(entry{eventType: "task.updated", ago: time.Second, outcomes: []delivery.Outcome{ok(7)}})
		d.send(updatesMsg{updates: []activity.Update{activity.Received{Request: request}}})
		d.send(reloadMsg{d.list.gen})
	}
	more()
	if got := selectedID(d); got != "dlv_0031" {
		t.Fatalf("%s is selected", got)
	}
	d.press("k")
	top := d.list.rows[d.list.top].ID()
	more()
	if got := selectedID(d); got != "dlv_0030" {
		t.Errorf("after moving, the selection went to %s", got)
	}
	if got := d.list.rows[d.list.top].ID(); got != top {
		t.Errorf("the screen moved from %s to %s", top, got)
	}
	d.press("end")
	more()
	if got := selectedID(d); got != "dlv_0033" {
		t.Errorf("after End %s is selected", got)
	}
}

func TestFilteringAsOneTypes(t *testing.T) {
	d := open(t, long(t, 50), &ready, 80, 24)
	d.press("/")
	d.typed("status:50")
	d.shows("is no value of status")
	if len(d.list.rows) == 0 {
		t.Error("what is wrong took the rows away")
	}
	d.typed("0")
	d.shows("filter: status:500", "10 matches")
	if len(d.list.rows) != 10 {
		t.Errorf("%d rows", len(d.list.rows))
	}
	d.press("enter")
	d.shows("filter: status:500", "10 matches")
	d.press("/")
	d.press("ctrl+u")
	d.typed("id:evt_0007")
	d.shows("1 match")
	d.press("enter", "/", "ctrl+u", "up")
	if got := d.bar.value(); got != "id:evt_0007" {
		t.Errorf("up brings %q", got)
	}
	d.press("up")
	if got := d.bar.value(); got != "status:500" {
		t.Errorf("up twice brings %q", got)
	}
	d.press("up", "down", "down")
	if got := d.bar.value(); got != "" {
		t.Errorf("down brings %q back", got)
	}
	d.press("esc")
	if d.filters.text != "id:evt_0007" || len(d.list.rows) != 1 {
		t.Errorf("esc left the filter %q and %d rows", d.filters.text, len(d.list.rows))
	}
	d.press("esc")
	if d.filters.text != "" || !strings.Contains(d.text(), "50 · following") {
		t.Errorf("a second esc left %q:\n%s", d.filters.text, d.text())
	}
	d.press("/")
	d.send(tea.PasteMsg{Content: "type:task.*\x1b[31m\nstatus:500"})
	d.text()
}

func TestAWrongFilterCannotBeKept(t *testing.T) {
	d := open(t, long(t, 5), &ready, 80, 24)
	d.press("/")
	d.typed("stauts:5")
	d.press("enter")
	if d.bar == nil {
		t.Error("enter closed the bar")
	}
	d.shows("        ^ unknown key")
	d.press("esc")
	if d.bar != nil || len(d.list.rows) != 5 {
		t.Error("esc did not leave it")
	}
}

// TestLateResultsAreDropped sends what belongs to an earlier filter or delivery.
func TestLateResultsAreDropped(t *testing.T) {
	d := open(t, long(t, 20), &ready, 80, 24)
	old := d.list.gen
	d.press("/")
	d.typed("status:500")
	d.press("enter")
	d.send(windowMsg{gen: old, window: window{rows: make([]history.Row, 3)}})
	d.send(countMsg{gen: old, n: 99})
	if len(d.list.rows) != 4 || d.list.total != 4 {
		t.Errorf("%d rows of %d", len(d.list.rows), d.list.total)
	}
	d.press("enter")
	shown := d.detail.request
	d.send(detailMsg{gen: d.detail.gen - 1, err: errors.New("late")})
	if d.detail.err != nil || d.detail.request != shown {
		t.Error("a late delivery was taken")
	}
	d.press("t")
	d.send(samplesMsg{gen: -1, err: errors.New("late")})
	d.send(previewMsg{gen: -1, body: []byte("late")})
	if p := d.overlay.(*picker); p.err != nil || strings.Contains(string(p.body), "late") {
		t.Error("a late sample was taken")
	}
	d.press("esc")
	d.send(samplesMsg{})
	d.send(previewMsg{})
	d.send(toastOverMsg{-1})
	d.send(tickMsg{-1})
	d.send(reloadMsg{-1})
}

// slow is a reader whose search stops halfway, a row at a time, and that can fail.
type slow struct {
	Reader
	calls int
	err   error
}

func (s *slow) Rows(ctx context.Context, q filter.Query, at history.Key, n int) ([]history.Row, error) {
	s.calls++
	if s.err != nil {
		return nil, s.err
	}
	one := min(max(n, -1), 1)
	rows, err := s.Reader.Rows(ctx, q, at, one)
	if err != nil || len(rows) == 0 || n == one {
		return rows, err
	}
	return rows, &history.PartialError{At: rows[0].Key, Searched: noon.Add(-time.Hour)}
}

// TestASearchShowsWhatItFindsAsItFinds holds a search that stops after each row against
// one that doesn't.
func TestASearchShowsWhatItFindsAsItFinds(t *testing.T) {
	s := long(t, 100)
	d := open(t, &slow{Reader: s}, &ready, 80, 24)
	want := open(t, s, &ready, 80, 24)
	for _, key := range []string{"", "k", "pgup", "pgup", "g", "pgdown", "G"} {
		if key != "" {
			d.press(key)
			want.press(key)
		}
		if d.text() != want.text() {
			t.Fatalf("after %q it shows\n%s\nwant\n%s", key, d.text(), want.text())
		}
	}
	d.list.window.searched = noon.Add(-time.Hour)
	d.press("/")
	d.shows("searching before 01-02 11:00 …")
}

func TestAnUnreadableHistoryIsSaidAndTriedAgain(t *testing.T) {
	r := &slow{Reader: long(t, 3), err: errors.New("the disk is gone\x1b[2J")}
	d := open(t, r, &ready, 80, 24)
	d.shows(`The history can't be read: the disk is gone\x1b[2J`)
	r.err = nil
	d.send(updatesMsg{updates: []activity.Update{activity.Received{Request: "req_1"}}})
	d.shows("task.created")
}

// TestABurstIsReadOnceAtATime sends many batches while a window is on its way.
func TestABurstIsReadOnceAtATime(t *testing.T) {
	s := &slow{Reader: long(t, 3)}
	d := open(t, s, &ready, 80, 24)
	d.list.loading = true // as if a read took its time
	before := s.calls
	for range 100 {
		d.send(updatesMsg{updates: []activity.Update{activity.Received{Request: "req_1"}}})
	}
	if s.calls != before || !d.list.dirty {
		t.Errorf("%d further reads while one was under way", s.calls-before)
	}
	d.send(windowMsg{gen: d.list.gen, took: time.Second})
	if s.calls != before {
		t.Error("the next read came without a pause")
	}
	d.send(reloadMsg{d.list.gen})
	if s.calls == before {
		t.Error("no read came after the pause")
	}
}

func TestPendingAppearsAfterAWhile(t *testing.T) {
	s := newShelf(t)
	s.add(entry{eventType: "task.created", ago: 30 * time.Millisecond})
	d := open(t, s, &ready, 80, 24)
	if strings.Contains(d.text(), "pending") {
		t.Errorf("it is called pending at once:\n%s", d.text())
	}
	if want := noon.Add(70 * time.Millisecond); !d.tick.due.Equal(want) {
		t.Errorf("it wakes at %v, want %v", d.tick.due, want)
	}
	d.now = noon.Add(70 * time.Millisecond)
	d.send(tickMsg{d.tick.gen})
	d.shows("… pending")
	if !d.tick.due.IsZero() {
		t.Errorf("it wakes again at %v for nothing", d.tick.due)
	}
}

// TestTheCountIsNeverLessThanWhatIsSeen, since it comes later than the rows.
func TestTheCountIsNeverLessThanWhatIsSeen(t *testing.T) {
	for want, l := range map[string]list{
		"12 · following": {following: true, total: 3, window: window{newest: true}},
		"5 of 12":        {total: 3, selected: 4, window: window{newest: true}},
		"5 of 40":        {total: 40, selected: 4, window: window{oldest: true}},
		"33 of 40":       {total: 40, selected: 4, window: window{newest: true}},
		"":               {total: -1},
	} {
		l.rows = make([]history.Row, 12)
		if got := l.place(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
