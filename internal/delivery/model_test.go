package delivery_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"pgregory.net/rapid"
)

// ledger is what a history keeps: all of it survives a kill, and it goes through JSON on
// the way.
type ledger struct {
	Webhook    delivery.Webhook
	Order      []string // of arrival
	Deliveries map[string]delivery.Open
	Attempts   map[string]int // that ended and count
}

func newLedger() *ledger {
	return &ledger{Deliveries: make(map[string]delivery.Open), Attempts: make(map[string]int)}
}

func (g *ledger) keep(e delivery.Effects) {
	for _, o := range e.Keep {
		g.Deliveries[o.ID] = o
	}
	if e.Webhook != nil {
		g.Webhook = *e.Webhook
	}
}

func (g *ledger) arrive(id string, s delivery.Standing) {
	g.Order = append(g.Order, id)
	g.Deliveries[id] = delivery.Open{ID: id, Origin: delivery.Received, Standing: s}
}

// attempted records an attempt and the standing after it.
func (g *ledger) attempted(id string, s delivery.Standing) {
	g.Attempts[id]++
	g.Deliveries[id] = delivery.Open{ID: id, Origin: delivery.Received, Standing: s}
}

// open is what a new process reads.
func (g *ledger) open() []delivery.Open {
	var open []delivery.Open
	for _, id := range g.Order {
		if o := g.Deliveries[id]; !o.State.Final() {
			open = append(open, o)
		}
	}
	return open
}

func (g *ledger) reopen() *ledger {
	data, err := json.Marshal(g)
	again := newLedger()
	if err == nil {
		err = json.Unmarshal(data, again)
	}
	if err != nil {
		panic(err)
	}
	return again
}

// machine drives a Line as a session does, and holds it against rules that are written
// down a second time, in the plainest way.
type machine struct {
	policy delivery.Policy
	line   *delivery.Line
	store  *ledger
	now    time.Time

	due      map[string]time.Time // of what waits for a retry
	queue    []delivery.Start     // to start, and not begun
	underWay []string
	released []string // by the last Enable, in order, and not begun yet
}

func (m *machine) apply(t *rapid.T, e delivery.Effects) {
	m.store.keep(e)
	for _, o := range e.Start {
		if slices.Contains(m.underWay, o.ID) {
			t.Fatalf("%s is to start while it is under way", o.ID)
		}
		m.queue = append(m.queue, o)
	}
	for id, o := range m.store.Deliveries {
		if o.State == delivery.Held || o.State.Final() {
			delete(m.due, id)
		}
	}
}

func (m *machine) Arrive(t *rapid.T) {
	id := fmt.Sprintf("dlv_%d", len(m.store.Order))
	s, ok := m.line.Arrive(id, delivery.Received)
	if ok == m.store.Webhook.Disabled() {
		t.Fatalf("a new delivery may start: %v; the webhook is %q", ok, m.store.Webhook.State)
	}
	m.store.arrive(id, s)
	if ok {
		m.underWay = append(m.underWay, id)
	}
}

func (m *machine) queued(id string) bool {
	return slices.ContainsFunc(m.queue, func(s delivery.Start) bool { return s.ID == id })
}

// Begin starts the next one that is to start.
func (m *machine) Begin(t *rapid.T) {
	if len(m.queue) == 0 {
		t.Skip()
	}
	start := m.queue[0]
	m.queue = m.queue[1:]
	id := start.ID
	before := m.store.Deliveries[id]
	if !m.line.Begin(start) {
		if before.State == delivery.Pending && !slices.Contains(m.underWay, id) && !m.queued(id) {
			t.Fatalf("%s is pending, was started, and doesn't begin", id)
		}
		return
	}
	if before.State != delivery.Pending || slices.Contains(m.underWay, id) {
		t.Fatalf("%s begins; it stands at %+v, under way: %v", id, before, m.underWay)
	}
	if i := slices.Index(m.released, id); i > 0 {
		t.Fatalf("%s begins before %s, which was held in front of it", id, m.released[0])
	} else if i == 0 {
		m.released = m.released[1:]
	}
	m.underWay = append(m.underWay, id)
}

// End ends an attempt and records what came of it, unless the process dies in between.
func (m *machine) End(t *rapid.T) {
	if len(m.underWay) == 0 {
		t.Skip()
	}
	i := rapid.IntRange(0, len(m.underWay)-1).Draw(t, "which")
	m.end(t, i, rapid.SampledFrom([]delivery.Outcome{down, down, down, down, answered(500), up}).Draw(t, "outcome"))
}

func (m *machine) end(t *rapid.T, i int, o delivery.Outcome) {
	id := m.underWay[i]
	m.underWay = slices.Delete(m.underWay, i, i+1)
	wasDisabled := m.store.Webhook.Disabled()
	failed := m.store.Deliveries[id].Failed
	s, e := m.line.Ended(id, o, m.now)
	m.store.attempted(id, s)
	want := delivery.Standing{State: delivery.Succeeded, Failed: failed}
	if !o.Success() {
		want = delivery.Standing{State: delivery.Exhausted, Failed: failed + 1}
		if want.Failed < m.policy.Attempts() {
			want.State = delivery.Held
			if !wasDisabled {
				wait := m.policy.Schedule[failed] / time.Duration(m.policy.Speed)
				want = delivery.Standing{State: delivery.Pending, Failed: failed + 1, Due: m.now.Add(wait), Wait: wait}
				m.due[id] = want.Due
			}
		}
	}
	if s != want {
		t.Fatalf("after %s %s stands at %+v, want %+v", o.Label(), id, s, want)
	}
	m.apply(t, e)
	if disabled := m.store.Webhook.Disabled(); disabled != (wasDisabled || s.State == delivery.Exhausted) {
		t.Fatalf("after %s the webhook is disabled: %v", s.State, disabled)
	}
}

func (m *machine) Due(t *rapid.T) {
	var want []string
	for _, id := range m.store.Order {
		if due, ok := m.due[id]; ok && !due.After(m.now) {
			want = append(want, id)
		}
	}
	slices.SortStableFunc(want, func(a, b string) int { return m.due[a].Compare(m.due[b]) })
	for _, id := range want {
		delete(m.due, id)
	}
	e := m.line.Due(m.now)
	var got []string
	for _, o := range e.Start {
		got = append(got, o.ID)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("due are %v, want %v", got, want)
	}
	m.apply(t, e)
	if wait, ok := m.line.Wake(m.now); ok && wait <= 0 {
		t.Fatalf("more is due at once, in %v", wait)
	}
}

func (m *machine) Wait(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.Int64Range(0, int64(3*time.Hour)).Draw(t, "for")))
}

// SetClock moves the clock, which only ever brings a retry nearer.
func (m *machine) SetClock(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.Int64Range(-int64(25*time.Hour), int64(25*time.Hour)).Draw(t, "by")))
	m.nearer()
	m.Due(t)
}

// nearer is the rule for a clock that was set back.
func (m *machine) nearer() {
	for id, due := range m.due {
		if latest := m.now.Add(m.store.Deliveries[id].Wait); due.After(latest) {
			m.due[id] = latest
		}
	}
}

func (m *machine) Enable(t *rapid.T) {
	var want []string
	for _, id := range m.store.Order {
		if m.store.Deliveries[id].State == delivery.Held {
			want = append(want, id)
		}
	}
	e := m.line.Enable(m.now)
	if got := starts(e.Start); got != fmt.Sprint(want) {
		t.Fatalf("enabling starts %s, held are %v", got, want)
	}
	m.apply(t, e)
	if m.store.Webhook.Disabled() {
		t.Fatal("the webhook is still disabled")
	}
	m.released = want
}

func (m *machine) Disable(t *rapid.T) {
	m.apply(t, m.line.Disable(m.now))
	m.released = nil
	for id, o := range m.store.Deliveries {
		if o.State == delivery.Pending && !slices.Contains(m.underWay, id) {
			t.Fatalf("%s is pending at a disabled webhook", id)
		}
	}
}

// Kill ends the process at once; a new one reads what was kept, some time later.
func (m *machine) Kill(t *rapid.T) {
	m.Wait(t)
	m.queue, m.underWay, m.released = nil, nil, nil
	m.store = m.store.reopen()
	m.due = make(map[string]time.Time)
	for _, o := range m.store.open() {
		if o.State == delivery.Pending {
			m.due[o.ID] = o.Due
		}
	}
	m.nearer()
	line, e := delivery.NewLine(m.policy, m.store.Webhook, m.store.open(), m.now)
	m.line = line
	m.apply(t, e)
}

// Check holds what must be true at any time.
func (m *machine) Check(t *rapid.T) {
	for id, n := range m.store.Attempts {
		if n > m.policy.Attempts() {
			t.Fatalf("%s had %d attempts, the policy allows %d", id, n, m.policy.Attempts())
		}
	}
	if got, want := idsOf(m.line.Open()), idsOf(m.store.open()); got != want {
		t.Fatalf("the line has %s, the history %s", got, want)
	}
	for _, o := range m.line.Open() {
		if kept := m.store.Deliveries[o.ID]; !o.Due.Equal(kept.Due) || o.State != kept.State || o.Failed != kept.Failed || o.Wait != kept.Wait {
			t.Fatalf("%s stands at %+v, kept is %+v", o.ID, o, kept)
		}
	}
}

// finish lets everything come to its end: nothing may be left behind.
func (m *machine) finish(t *rapid.T) {
	for len(m.line.Open()) > 0 {
		m.Enable(t)
		m.now = m.now.Add(25 * time.Hour)
		m.Due(t)
		for len(m.queue) > 0 {
			m.Begin(t)
		}
		if len(m.underWay) == 0 {
			t.Fatalf("nothing is under way, and these are left: %+v", m.line.Open())
		}
		for len(m.underWay) > 0 {
			m.end(t, 0, up)
		}
	}
	for id, o := range m.store.Deliveries {
		if o.State != delivery.Succeeded && o.State != delivery.Exhausted {
			t.Fatalf("%s ends as %s", id, o.State)
		}
	}
}

// TestLineModel holds a Line against the plainest reading of its rules, across kills, a
// clock that is moved, outages and a webhook that is disabled and enabled.
func TestLineModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policy := delivery.Policy{
			Schedule: rapid.SampledFrom([]delivery.Schedule{
				delivery.GuideSchedule(), {time.Minute}, {time.Hour, time.Second, time.Hour},
			}).Draw(t, "schedule"),
			Speed: rapid.SampledFrom([]delivery.Speed{delivery.RealSpeed, 60, 3600, delivery.MaxSpeed}).Draw(t, "speed"),
		}
		policy.DisableAfter = rapid.IntRange(0, len(policy.Schedule)+1).Draw(t, "disable after")
		m := &machine{policy: policy, store: newLedger(), now: noon, due: make(map[string]time.Time)}
		m.line, _ = delivery.NewLine(policy, delivery.Webhook{}, nil, noon)
		t.Repeat(map[string]func(*rapid.T){
			"":         m.Check,
			"arrive":   m.Arrive,
			"begin":    m.Begin,
			"end":      m.End,
			"end more": m.End,
			"due":      m.Due,
			"wait":     m.Wait,
			"clock":    m.SetClock,
			"enable":   m.Enable,
			"disable":  m.Disable,
			"kill":     m.Kill,
		})
		m.finish(t)
	})
}
