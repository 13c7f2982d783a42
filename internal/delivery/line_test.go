package delivery_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
)

var (
	noon  = time.Date(2026, 2, 2, 12, 0, 0, 0, time.UTC)
	guide = delivery.Policy{Schedule: delivery.GuideSchedule(), Speed: delivery.RealSpeed}
	down  = delivery.Outcome{Kind: delivery.NoConnect}
	up    = answered(200)
)

// idsOf names the deliveries of a list.
func idsOf(list []delivery.Open) string {
	ids := make([]string, len(list))
	for i, o := range list {
		ids[i] = o.ID
	}
	return fmt.Sprint(ids)
}

func starts(list []delivery.Start) string {
	open := make([]delivery.Open, len(list))
	for i, s := range list {
		open[i] = s.Open
	}
	return idsOf(open)
}

func newLine(t *testing.T, p delivery.Policy) *delivery.Line {
	t.Helper()
	l, effects := delivery.NewLine(p, delivery.Webhook{}, nil, noon)
	if len(effects.Keep) > 0 || effects.Webhook != nil || len(effects.Start) > 0 {
		t.Fatalf("an empty line begins with %+v", effects)
	}
	return l
}

// fail lets a delivery that just arrived fail once.
func fail(t *testing.T, l *delivery.Line, id string, at time.Time) {
	t.Helper()
	if _, ok := l.Arrive(id, delivery.Received); !ok {
		t.Fatalf("%s is held", id)
	}
	l.Ended(id, down, at)
}

func TestAfter(t *testing.T) {
	pending := func(failed int) delivery.Standing { return delivery.Standing{State: delivery.Pending, Failed: failed} }
	waits := func(failed int, d time.Duration) delivery.Standing {
		return delivery.Standing{State: delivery.Pending, Failed: failed, Due: noon.Add(d), Wait: d}
	}
	fast := delivery.Policy{Schedule: guide.Schedule, Speed: delivery.MaxSpeed}
	literal := delivery.Policy{Schedule: guide.Schedule, Speed: 60, DisableAfter: 5}
	for name, c := range map[string]struct {
		policy  delivery.Policy
		before  delivery.Standing
		outcome delivery.Outcome
		want    delivery.Standing
	}{
		"taken":                       {guide, pending(0), up, delivery.Standing{State: delivery.Succeeded}},
		"taken at last":               {guide, waits(5, 0), up, delivery.Standing{State: delivery.Succeeded, Failed: 5}},
		"first failure":               {guide, pending(0), down, waits(1, time.Minute)},
		"a 404 is retried too":        {guide, pending(0), answered(404), waits(1, time.Minute)},
		"a redirect is a failure":     {guide, pending(0), answered(302), waits(1, time.Minute)},
		"fifth failure":               {guide, pending(4), down, waits(5, 24*time.Hour)},
		"last failure":                {guide, pending(5), down, delivery.Standing{State: delivery.Exhausted, Failed: 6}},
		"compressed":                  {literal, pending(3), down, waits(4, 2*time.Minute)},
		"last of the literal reading": {literal, pending(4), down, delivery.Standing{State: delivery.Exhausted, Failed: 5}},
		"without waiting":             {fast, pending(1), down, waits(2, 0)},
		"without retries":             {delivery.Policy{}, pending(0), down, delivery.Standing{State: delivery.Failed, Failed: 1}},
		"interrupted":                 {guide, waits(2, -time.Second), delivery.Outcome{Kind: delivery.Interrupted}, waits(2, -time.Second)},
		"what can't be sent":          {guide, pending(0), delivery.Outcome{Kind: delivery.Refused}, delivery.Standing{State: delivery.Failed, Failed: 1}},
		"cancelled meanwhile":         {guide, delivery.Standing{State: delivery.Cancelled}, down, delivery.Standing{State: delivery.Cancelled, Failed: 1}},
		"cancelled and taken":         {guide, delivery.Standing{State: delivery.Cancelled}, up, delivery.Standing{State: delivery.Succeeded}},
	} {
		if got := c.policy.After(c.before, c.outcome, noon); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestLineRetriesOldestFirst(t *testing.T) {
	l := newLine(t, guide)
	l.Arrive("b", delivery.Received)
	fail(t, l, "a", noon.Add(time.Second))
	l.Ended("b", down, noon.Add(2*time.Second))
	fail(t, l, "c", noon.Add(2*time.Second))
	if e := l.Due(noon.Add(time.Minute)); len(e.Start) > 0 {
		t.Fatalf("%s starts early", starts(e.Start))
	}
	if wait, ok := l.Wake(noon.Add(time.Minute)); !ok || wait != time.Second {
		t.Errorf("the first is due in %v (%v)", wait, ok)
	}
	e := l.Due(noon.Add(8 * time.Hour)) // one attempt each, however much is overdue
	if got := starts(e.Start); got != "[a b c]" {
		t.Fatalf("%s start", got)
	}
	if e := l.Due(noon.Add(9 * time.Hour)); len(e.Start) > 0 {
		t.Errorf("%s start twice", starts(e.Start))
	}
	for _, o := range e.Start {
		if !l.Begin(o) || l.Begin(o) {
			t.Errorf("%s doesn't begin once", o.ID)
		}
	}
	s, _ := l.Ended("a", down, noon.Add(10*time.Hour))
	if want := noon.Add(10*time.Hour + 5*time.Minute); !s.Due.Equal(want) {
		t.Errorf("the next retry is due at %v, want %v: counted from the late one", s.Due, want)
	}
}

func TestLineDisablesHoldsAndEnables(t *testing.T) {
	p := delivery.Policy{Schedule: delivery.Schedule{time.Minute}, Speed: delivery.MaxSpeed}
	l := newLine(t, p)
	fail(t, l, "a", noon)
	fail(t, l, "b", noon)
	if _, ok := l.Arrive("c", delivery.Received); !ok { // under way while the webhook is disabled
		t.Fatal("c is held")
	}
	due := l.Due(noon).Start
	if starts(due) != "[a b]" || !l.Begin(due[0]) {
		t.Fatalf("%s start", starts(due))
	}
	s, e := l.Ended("a", down, noon)
	if s.State != delivery.Exhausted || e.Webhook == nil || *e.Webhook != (delivery.Webhook{State: delivery.Disabled, Since: noon, Cause: "a"}) {
		t.Fatalf("a stands at %+v, the webhook at %+v", s, e.Webhook)
	}
	if idsOf(e.Keep) != "[b]" || e.Keep[0].State != delivery.Held || l.Begin(due[1]) {
		t.Errorf("kept is %+v", e.Keep)
	}
	if s, ok := l.Arrive("d", delivery.Received); ok || s.State != delivery.Held {
		t.Errorf("d stands at %+v, may start: %v", s, ok)
	}
	if s, e := l.Ended("c", down, noon); s.State != delivery.Held || s.Failed != 1 || e.Webhook != nil {
		t.Errorf("c stands at %+v", s)
	}
	if _, ok := l.Wake(noon); ok || l.Held() != 3 {
		t.Errorf("something waits, %d are held", l.Held())
	}
	e = l.Enable(noon.Add(time.Hour))
	if starts(e.Start) != "[b c d]" || idsOf(e.Keep) != "[b c d]" || e.Webhook == nil || e.Webhook.Disabled() {
		t.Fatalf("enabling starts %s, keeps %s, webhook %+v", starts(e.Start), idsOf(e.Keep), e.Webhook)
	}
	// The next last failure disables it again, and d, which was to start, is held.
	first := e.Start
	if !l.Begin(first[0]) {
		t.Fatal("b doesn't begin")
	}
	if s, e := l.Ended("b", down, noon.Add(time.Hour)); s.State != delivery.Exhausted || idsOf(e.Keep) != "[c d]" || l.Begin(first[2]) {
		t.Errorf("b stands at %+v, kept is %s", s, idsOf(e.Keep))
	}
	// What the first enabling started can't start now, out of its order.
	e = l.Enable(noon.Add(2 * time.Hour))
	if starts(e.Start) != "[c d]" || l.Begin(first[2]) || !l.Begin(e.Start[0]) || !l.Begin(e.Start[1]) || l.Begin(e.Start[1]) {
		t.Errorf("enabling again starts %s", starts(e.Start))
	}
}

// Who disabled a webhook stays known though others exhaust after it.
func TestLineDisabledOnce(t *testing.T) {
	p := delivery.Policy{Schedule: delivery.Schedule{time.Minute}, Speed: delivery.MaxSpeed, DisableAfter: 1}
	l := newLine(t, p)
	l.Arrive("a", delivery.Received)
	l.Arrive("b", delivery.Received)
	l.Ended("a", down, noon)
	if s, e := l.Ended("b", down, noon.Add(time.Hour)); s.State != delivery.Exhausted || e.Webhook != nil || l.Webhook().Cause != "a" {
		t.Errorf("b stands at %+v, the webhook at %+v", s, l.Webhook())
	}
}

func TestLineByHand(t *testing.T) {
	l := newLine(t, guide)
	fail(t, l, "a", noon)
	e := l.Disable(noon)
	if idsOf(e.Keep) != "[a]" || *e.Webhook != (delivery.Webhook{State: delivery.Disabled, Since: noon}) {
		t.Errorf("disabling keeps %s, webhook %+v", idsOf(e.Keep), e.Webhook)
	}
	if e := l.Disable(noon.Add(time.Hour)); e.Webhook != nil || len(e.Keep) > 0 {
		t.Errorf("disabling twice: %+v", e)
	}
	if e := l.Enable(noon); starts(e.Start) != "[a]" || e.Start[0].Failed != 1 {
		t.Errorf("enabling starts %+v", e.Start)
	}
	if e := l.Enable(noon.Add(time.Hour)); e.Webhook != nil || len(e.Start) > 0 {
		t.Errorf("enabling twice: %+v", e)
	}
	once, _ := delivery.NewLine(delivery.Policy{}, delivery.Webhook{}, nil, noon)
	if e := once.Disable(noon); e.Webhook != nil || once.Webhook().Disabled() {
		t.Errorf("without retries, disabling leads to %+v", e)
	}
}

// A replay is the developer's own doing: it is neither held nor does it disable anything.
func TestLineReplays(t *testing.T) {
	p := delivery.Policy{Schedule: delivery.Schedule{time.Minute}, Speed: delivery.MaxSpeed}
	l := newLine(t, p)
	l.Arrive("waits", delivery.Replay)
	l.Ended("waits", down, noon)
	if e := l.Disable(noon); len(e.Keep) > 0 || starts(l.Due(noon).Start) != "[waits]" {
		t.Errorf("a replay that waits is held: %+v", e)
	}
	for range 2 {
		if _, ok := l.Arrive("r", delivery.Replay); !ok {
			t.Fatal("a replay is held")
		}
		l.Ended("r", down, noon)
		if e := l.Due(noon); starts(e.Start) != "[r]" || !l.Begin(e.Start[0]) {
			t.Fatalf("%s start", starts(e.Start))
		}
		if s, e := l.Ended("r", down, noon); s.State != delivery.Exhausted || e.Webhook != nil {
			t.Errorf("the replay stands at %+v, the webhook at %+v", s, e.Webhook)
		}
		l.Enable(noon)
	}
	if l.Webhook().Disabled() {
		t.Error("a replay disabled the webhook")
	}
}

func TestLineCancels(t *testing.T) {
	l := newLine(t, guide)
	fail(t, l, "waits", noon)
	l.Arrive("underway", delivery.Received)
	l.Disable(noon)
	l.Arrive("held", delivery.Received)
	for _, id := range []string{"waits", "underway", "held"} {
		if s, ok := l.Cancel(id); !ok || s.State != delivery.Cancelled {
			t.Errorf("%s stands at %+v", id, s)
		}
	}
	if _, ok := l.Cancel("waits"); ok {
		t.Error("what is cancelled was there to be cancelled")
	}
	if s, _ := l.Ended("underway", down, noon); s.State != delivery.Cancelled || len(l.Open()) > 0 {
		t.Errorf("underway stands at %+v, open is %s", s, idsOf(l.Open()))
	}
	if e := l.Enable(noon); len(e.Start) > 0 {
		t.Errorf("%s start", starts(e.Start))
	}
	fail(t, l, "waits for ever", noon)
	l.Cancel("waits for ever")
	if wait, ok := l.Wake(noon); ok {
		t.Errorf("something is due in %v", wait)
	}
	if s, e := l.Ended("nobody", down, noon); s != (delivery.Standing{}) || e.Webhook != nil {
		t.Errorf("an unknown delivery stands at %+v", s)
	}
}

func TestLineClockSetBack(t *testing.T) {
	l := newLine(t, guide)
	fail(t, l, "a", noon)
	fail(t, l, "b", noon)
	e := l.Due(noon.Add(-25 * time.Hour))
	if idsOf(e.Keep) != "[a b]" || len(e.Start) > 0 {
		t.Errorf("kept is %s, started %s", idsOf(e.Keep), starts(e.Start))
	}
	if wait, _ := l.Wake(noon.Add(-25 * time.Hour)); wait != time.Minute {
		t.Errorf("the retry is due in %v", wait)
	}
	// The clock goes on, and so do they: they don't come nearer a second time.
	if e := l.Due(noon.Add(-25*time.Hour + 59*time.Second)); len(e.Keep)+len(e.Start) > 0 {
		t.Errorf("then: %+v", e)
	}
	if e := l.Due(noon.Add(-25*time.Hour + time.Minute)); starts(e.Start) != "[a b]" {
		t.Errorf("%s start", starts(e.Start))
	}
}

// After a clock was set back, other retries may be nearer than those that were.
func TestLineClockSetBackReorders(t *testing.T) {
	l := newLine(t, delivery.Policy{Schedule: delivery.Schedule{time.Minute, 24 * time.Hour}})
	fail(t, l, "day", noon)
	if e := l.Due(noon.Add(time.Minute)); !l.Begin(e.Start[0]) {
		t.Fatal("it doesn't begin")
	}
	l.Ended("day", down, noon.Add(time.Minute)) // due 24 h later
	fail(t, l, "minute", noon.Add(24*time.Hour+time.Second))
	back := noon.Add(-time.Hour)
	l.Due(back)
	if wait, _ := l.Wake(back); wait != time.Minute {
		t.Errorf("the next is due in %v", wait)
	}
	if e := l.Due(back.Add(time.Minute)); starts(e.Start) != "[minute]" {
		t.Errorf("%s start", starts(e.Start))
	}
	if wait, ok := l.Wake(back.Add(48 * time.Hour)); !ok || wait != 0 {
		t.Errorf("what is overdue is due in %v", wait)
	}
}

// The monotonic reading of a time must not decide: it stands still while a laptop sleeps.
func TestLineKnowsOnlyTheWallClock(t *testing.T) {
	now := time.Now()
	l, _ := delivery.NewLine(guide, delivery.Webhook{}, nil, now)
	l.Arrive("a", delivery.Received)
	if s, _ := l.Ended("a", down, now); s.Due != s.Due.Round(0) {
		t.Errorf("the due time %v has a monotonic reading", s.Due)
	}
	woken := time.Now().Round(0).Add(8 * time.Hour)
	if e := l.Due(woken); starts(e.Start) != "[a]" {
		t.Errorf("%s start after a sleep", starts(e.Start))
	}
}

func TestLineTakesUp(t *testing.T) {
	left := []delivery.Open{
		{ID: "waits", Origin: delivery.Received, Standing: delivery.Standing{State: delivery.Pending, Failed: 2, Due: noon.Add(4 * time.Minute), Wait: 5 * time.Minute}},
		{ID: "new", Origin: delivery.Received, Standing: delivery.New()},
		{ID: "overdue", Origin: delivery.Received, Standing: delivery.Standing{State: delivery.Pending, Failed: 1, Due: noon.Add(-time.Hour), Wait: time.Minute}},
		{ID: "done", Origin: delivery.Received, Standing: delivery.Standing{State: delivery.Succeeded}},
		{ID: "held", Origin: delivery.Received, Standing: delivery.Standing{State: delivery.Held, Failed: 3}},
	}
	disabled := delivery.Webhook{State: delivery.Disabled, Since: noon, Cause: "x"}
	faster := delivery.Policy{Schedule: guide.Schedule, Speed: 60}
	short := delivery.Policy{Schedule: guide.Schedule[:1], Speed: delivery.RealSpeed}
	for name, c := range map[string]struct {
		policy            delivery.Policy
		webhook           delivery.Webhook
		start, due, keeps string
		wake              time.Duration
		held              int
	}{
		"the same policy":     {guide, delivery.Webhook{}, "[held]", "[new overdue]", "[held]", 4 * time.Minute, 0},
		"a faster one":        {faster, delivery.Webhook{}, "[held]", "[new overdue]", "[waits overdue held]", 5 * time.Second, 0},
		"a shorter one":       {short, delivery.Webhook{}, "[held]", "[new overdue waits]", "[waits held]", 0, 0},
		"disabled":            {guide, disabled, "[]", "[]", "[waits new overdue]", 0, 4},
		"one without retries": {delivery.Policy{}, disabled, "[held]", "[new overdue waits]", "[waits overdue held]", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l, e := delivery.NewLine(c.policy, c.webhook, slices.Clone(left), noon)
			keeps := idsOf(e.Keep)
			due := l.Due(noon)
			wake, _ := l.Wake(noon)
			if starts(e.Start) != c.start || starts(due.Start) != c.due || keeps != c.keeps || wake != c.wake || l.Held() != c.held {
				t.Errorf("starts %s, then %s; keeps %s; next in %v; %d held", starts(e.Start), starts(due.Start), keeps, wake, l.Held())
			}
			if kept := e.Webhook; (kept != nil) != (c.webhook.Disabled() && !c.policy.Retries()) || kept != nil && kept.Disabled() {
				t.Errorf("the webhook becomes %+v", kept)
			}
		})
	}
}
