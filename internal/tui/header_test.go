package tui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
)

func (d *driver) happens(updates ...activity.Update) {
	d.send(updatesMsg{updates: updates})
}

func TestTheRelaysState(t *testing.T) {
	remote := ready
	remote.Relay, remote.URL = "https://relay.example", ""
	d := open(t, newShelf(t), nil, 100, 24)
	d.header.history = ""
	d.text()
	d.shows("◌ starting")
	d.happens(activity.Connecting{Relay: remote.Relay})
	d.shows("◌ connecting")
	remote.URL = "https://relay.example/e/1f3a"
	d.happens(remote, activity.Connected{Backlog: 3})
	d.shows("● connected", "https://relay.example/e/1f3a", "3 requests came while offline")
	lost := activity.Disconnected{Reason: "connection reset", RetryIn: 2500 * time.Millisecond, At: noon}
	d.happens(lost)
	d.shows("✗ offline, again in 3s: connection reset")
	d.now = noon.Add(1600 * time.Millisecond)
	d.send(tickMsg{d.tick.gen})
	d.shows("✗ offline, again in 1s")
	d.now = noon.Add(3 * time.Second)
	d.send(tickMsg{d.tick.gen})
	d.shows("✗ offline, again in now")
	d.happens(activity.Connected{})
	d.shows("● connected")
	lost.Final = true
	d.happens(lost)
	d.shows("✗ given up: connection reset")
}

func TestTheHealthOfTargets(t *testing.T) {
	r := ready
	r.Targets, r.Routes = []string{appURL, "http://localhost:4000"}, []string{"task.*=http://localhost:3000/tasks", "meeting.*=unix:/run/app.sock"}
	d := open(t, newShelf(t), &r, 200, 50)
	d.shows("→ localhost:3000 not called yet  → localhost:4000 not called yet  → unix:/run/app.sock not called yet")
	d.happens(activity.TargetDown{Target: "http://localhost:4000", Error: "could not connect", At: noon})
	d.now = noon.Add(90 * time.Second)
	d.happens(
		activity.Attempted{Target: appURL, Outcome: delivery.Answered, Status: 500, State: delivery.Failed},
		activity.Attempted{Target: "http://localhost:4000", Outcome: delivery.NoConnect, State: delivery.Failed},
		activity.TargetDown{Target: "http://localhost:4000", Error: "could not connect", At: d.now},
	)
	d.shows("→ localhost:3000 ✓ up", "→ localhost:4000 ✗ down for 1m30s")
	d.happens(activity.TargetUp{Target: "http://localhost:4000"})
	d.shows("→ localhost:4000 ✓ up")
	r.Targets, r.Routes, r.Target = nil, nil, ""
	open(t, newShelf(t), &r, 100, 24).shows("→ no target: recording only")
}

func TestCounters(t *testing.T) {
	d := open(t, newShelf(t), &ready, 120, 24)
	attempt := func(id string, status int, state delivery.State) activity.Update {
		return activity.Attempted{Delivery: id, Request: id, Outcome: delivery.Answered, Status: status, State: state, Target: appURL}
	}
	d.happens(activity.Received{Request: "1"}, activity.Received{Request: "2"}, activity.Received{Request: "3"})
	d.happens(attempt("1", 200, delivery.Succeeded), attempt("2", 500, delivery.Pending), attempt("3", 500, delivery.Failed))
	d.shows("received 3  ok 1  failed 1  retrying 1  held 0")
	d.happens(attempt("2", 500, delivery.Pending))
	d.shows("received 3  ok 1  failed 1  retrying 1  held 0")
	d.happens(attempt("2", 500, delivery.Exhausted),
		activity.Attempted{Delivery: "5", Outcome: delivery.Interrupted, State: delivery.Pending}, activity.Missed{Count: 1234})
	d.shows("received 3  ok 1  failed 2  retrying 0  held 0  not shown 1,234")
}

// TestRetriesAndWebhooks follows a delivery to its last retry and what comes after.
func TestRetriesAndWebhooks(t *testing.T) {
	s := newShelf(t)
	s.add(entry{eventType: "task.created", ago: time.Minute, state: delivery.Pending, outcomes: []delivery.Outcome{failed(500, 4), failed(503, 5)}})
	d := open(t, s, &ready, 130, 24)
	failure := activity.Attempted{
		Delivery: "dlv_0001", Request: "req_0001", Target: appURL, Attempt: 2, Outcome: delivery.Answered, Status: 503, State: delivery.Pending,
		Retry: 2, Of: 5, Wait: 12 * time.Second, Due: noon.Add(12 * time.Second), Production: 5 * time.Minute,
	}
	d.happens(failure)
	d.shows("retrying 1", "↻ 503", "2/6 · next in 12s")
	d.now = noon.Add(1500 * time.Millisecond)
	d.send(tickMsg{d.tick.gen})
	d.shows("2/6 · next in 11s")
	if d.tick.due.IsZero() {
		t.Error("it doesn't wake to count down")
	}
	d.press("enter", "4")
	d.shows("○ 3  due 12:00:12, retry 2 of 5; in production after 5m")
	d.press("esc", "esc")
	d.happens(activity.Disabled{Target: appURL, Delivery: "dlv_0001", Held: 3, Since: noon})
	d.shows("retrying 0", "held 3", "→ localhost:3000 ‖ disabled, what comes is held", "what comes is held, and E delivers it: 3 deliveries so far")
	d.happens(activity.Held{Delivery: "dlv_9", Request: "req_9", Target: appURL, Held: 4})
	d.shows("held 4")
	d.press("E")
	if want := "enable " + appURL; len(d.acts) != 1 || d.acts[0] != want {
		t.Errorf("it did %q, want %q", d.acts, want)
	}
	d.happens(activity.Enabled{Target: appURL, Released: 4})
	d.shows("held 0", "localhost:3000/webhooks is enabled; 4 held deliveries to deliver")
	if strings.Contains(d.text(), "disabled,") {
		t.Errorf("the target is still called disabled:\n%s", d.text())
	}
}

// TestThePauseIsSeen, whoever made it: how many wait is counted, and they are not called
// under way.
func TestThePauseIsSeen(t *testing.T) {
	d := open(t, newShelf(t), &ready, 100, 24)
	d.happens(activity.Forwarding{Paused: true, Changed: true, At: noon})
	d.shows("‖ paused, recording only", "and p forwards them")
	for i, id := range []string{"req_a", "req_b"} {
		d.happens(activity.Received{Request: id, Disposition: activity.Forward, At: noon}, activity.Forwarding{Paused: true, Waiting: i + 1, At: noon})
	}
	d.happens(activity.Attempted{Request: "req_a", Origin: delivery.Replay, State: delivery.Succeeded, At: noon}) // it still waits
	d.shows("‖ paused, 2 waiting")
	if n := d.header.inFlight(noon); n != 0 {
		t.Errorf("%d are under way", n)
	}
	if got := d.header.summary(time.Second, time.UTC); !strings.Contains(got, "0 held, 2 waiting for the next session") {
		t.Error(got)
	}
	d.happens(activity.Disconnected{Reason: "gone", RetryIn: time.Second, At: noon})
	d.shows("‖ paused, 2 waiting  ✗ offline")
	d.happens(activity.Connected{At: noon}, activity.Forwarding{Changed: true, Waiting: 2, At: noon})
	d.shows("● listening", "forwarding again; 2 deliveries waited")
	if n := d.header.inFlight(noon); n != 2 {
		t.Errorf("%d are under way", n)
	}
	d.press("p")
	d.happens(activity.Forwarding{Paused: true, Changed: true, At: noon})
	d.press("p")
	d.happens(activity.Forwarding{Changed: true, At: noon})
	d.shows("nothing was waiting")
	if !slices.Equal(d.acts, []string{"pause true", "pause false"}) {
		t.Errorf("it did %q", d.acts)
	}
}

// TestASecondKeyDuringAPauseDoesNothing until the first one has had its way.
func TestASecondKeyDuringAPauseDoesNothing(t *testing.T) {
	d := open(t, newShelf(t), &ready, 100, 24)
	if first, second := d.root.pause(), d.root.pause(); first == nil || second != nil {
		t.Error("the second key acts too")
	}
}

// TestMemoryIsFlat has a session of many deliveries, of which none stays open.
func TestMemoryIsFlat(t *testing.T) {
	s := newStats()
	for i := range 20_000 {
		id := string(rune(i))
		s.take(activity.Received{Request: id, Disposition: activity.Forward})
		s.take(activity.Attempted{Request: id, Delivery: id, Outcome: delivery.Answered, Status: 500, State: delivery.Pending, Duration: time.Duration(i)})
		s.take(activity.Attempted{Request: id, Delivery: id, Outcome: delivery.Answered, Status: 200, State: delivery.Succeeded})
		s.batched()
	}
	if len(s.waiting)+len(s.retrying)+len(s.held) > 0 || len(s.latency.newest) > keptDurations || len(s.latency.picture) > keptCells || cap(s.durations) > 10 {
		t.Errorf("it keeps %d, %d, %d, %d and %d", len(s.waiting), len(s.retrying), len(s.held), len(s.latency.newest), len(s.latency.picture))
	}
	for i := range 2 * maxWaiting {
		s.take(activity.Received{Request: string(rune(i)) + "x", Disposition: activity.Forward})
	}
	if len(s.waiting) > maxWaiting {
		t.Errorf("it keeps %d requests whose end never came", len(s.waiting))
	}
}

func TestLatency(t *testing.T) {
	var l latency
	if l.words() != "" || l.sparkline(10) != "" {
		t.Error("it says something of nothing")
	}
	for i := range 100 {
		l.add([]time.Duration{time.Duration(i+1) * time.Millisecond})
	}
	if got := l.words(); got != "p50 50ms  p95 95ms" {
		t.Error(got)
	}
	l.add([]time.Duration{0, 0, 0})
	if got := []rune(l.sparkline(5)); len(got) != 5 || got[4] != '▁' || got[3] != '█' {
		t.Errorf("%q", string(got))
	}
	for range keptDurations {
		l.add([]time.Duration{time.Second})
	}
	if got := l.words(); got != "p50 1.0s  p95 1.0s" {
		t.Error(got)
	}
}

func TestWhatHasNoPlaceIsToldByAToast(t *testing.T) {
	for _, c := range []struct {
		update activity.Update
		want   string
	}{
		{activity.Warning{Message: "the URL has changed"}, "! the URL has changed"},
		{activity.Gap{From: 3, To: 9, Reason: "too old"}, "! requests 3 to 9 of the relay's log are gone: too old"},
		{activity.Resumed{Pending: 2}, "2 deliveries of an earlier session resumed"},
		{activity.Resumed{Pending: 1, Cancelled: true}, "1 delivery of an earlier session cancelled"},
		{activity.TargetDown{Target: appURL, Error: "is your app running?"}, "✗ is your app running?"},
	} {
		d := open(t, newShelf(t), &ready, 100, 24)
		d.happens(c.update)
		d.shows(c.want)
		d.send(toastOverMsg{d.toast.gen})
		if strings.Contains(d.text(), c.want) {
			t.Errorf("%q stays", c.want)
		}
		// The session warns once of what every answer like it has for a hint.
		d.happens(activity.Attempted{Target: appURL, Outcome: delivery.Answered, Status: 404, Hint: "try /webhooks"})
		if strings.Contains(d.text(), "try /webhooks") {
			t.Error("the hint of each answer is told")
		}
	}
}
