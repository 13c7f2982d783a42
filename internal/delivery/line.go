package delivery

import (
	"cmp"
	"slices"
	"time"
)

// Line is the deliveries on their way to one webhook: which are under way, which wait for
// a retry, which are held. It decides and does nothing: each method takes what happened
// and returns what is to be kept and what is to be started.
//
// A delivery that was started is under way until Ended or Forget. What a caller has not
// kept yet when it dies is as if it had not happened: the delivery is pending, and the app
// gets the event once more.
//
// A Line isn't safe for concurrent use.
type Line struct {
	policy  Policy
	webhook Webhook
	last    time.Time // the latest time that any method was given
	place   int       // of the delivery that came last

	entries map[string]*entry
	waiting []*entry // by due time, then place
	held    []*entry // by place
}

// entry is a delivery that is not final.
type entry struct {
	Open
	place int // in the order in which they arrived
	stage stage
	turn  int // how often it became ready
}

// stage is what a Line knows of an entry beyond its standing.
type stage int

const (
	waiting  stage = iota // for its due time
	ready                 // to start: its caller was told so
	underWay              // an attempt is being made
	held                  // until the webhook is enabled
)

// Open is a delivery that is not final.
type Open struct {
	ID     string
	Origin Origin // only what was Received is held, and disables the webhook
	Standing
}

// Effects are what a Line asks of its caller, who keeps Keep and Webhook in one
// transaction and starts Start only then.
type Effects struct {
	Keep    []Open   // whose standing changed
	Webhook *Webhook // as it is now; nil where it is as it was
	Start   []Start  // in this order, each by Begin
}

// Start is a delivery that may start its next attempt. Begin takes it once, and no more
// where the webhook was disabled since: what somebody had put into a queue then can't start
// out of its order when the webhook is enabled again.
type Start struct {
	Open
	turn int
}

// NewLine takes up what earlier sessions left, in the order in which it arrived: what is
// pending and what is held. A policy without retries knows no disabled webhook: it enables
// it and starts what was held.
func NewLine(p Policy, w Webhook, left []Open, now time.Time) (*Line, Effects) {
	l := &Line{policy: p, webhook: w, last: wall(now), entries: make(map[string]*entry)}
	var effects Effects
	if w.Disabled() && !p.Retries() {
		w = w.set(Enabled, now)
		l.webhook, effects.Webhook = w, &w
	}
	for _, o := range left {
		if _, known := l.entries[o.ID]; known || o.State.Final() {
			continue
		}
		before := o.Standing
		o.Standing = l.policy.Resume(o.Standing, now)
		e := l.add(o)
		switch {
		case l.holds(o.Origin):
			l.hold(e)
		case o.State == Held:
			effects.Start = append(effects.Start, l.release(e))
		default:
			l.wait(e)
		}
		if e.Standing != before {
			effects.Keep = append(effects.Keep, e.Open)
		}
	}
	return l, effects
}

// Arrive is called when the first attempt of a new delivery could start. It reports
// whether it may: it is under way then. Otherwise it is held.
func (l *Line) Arrive(id string, origin Origin) (Standing, bool) {
	e := l.add(Open{ID: id, Origin: origin, Standing: New()})
	if l.holds(origin) {
		l.hold(e)
		return e.Standing, false
	}
	e.stage = underWay
	return e.Standing, true
}

// Begin is called when one of Effects.Start could start, and reports whether it still may:
// it is under way then. It may not where the webhook was disabled since, or the delivery
// cancelled.
func (l *Line) Begin(s Start) bool {
	e := l.entries[s.ID]
	if e == nil || e.stage != ready || e.turn != s.turn {
		return false
	}
	e.stage = underWay
	return true
}

// Ended is called with the outcome of the attempt that is under way, and returns the
// standing after it, which the caller keeps with the attempt. Other deliveries are held
// where this one's exhaustion disables the webhook. It is nothing to Line if no attempt
// of that delivery is under way.
func (l *Line) Ended(id string, o Outcome, now time.Time) (Standing, Effects) {
	e := l.entries[id]
	if e == nil || e.stage != underWay {
		return Standing{}, Effects{}
	}
	effects := l.look(now)
	e.Standing = l.policy.After(e.Standing, o, now)
	if e.Origin == Received && l.policy.Retries() {
		if after := l.webhook.after(id, e.Standing, now); after != l.webhook {
			l.webhook = after
			effects.Webhook = &after
			effects.Keep = append(effects.Keep, l.holdAll()...)
		}
	}
	switch {
	case e.State.Final():
		delete(l.entries, id)
	case l.holds(e.Origin):
		l.hold(e)
	default:
		l.wait(e)
	}
	return e.Standing, effects
}

// Due returns the retries whose time has come, the one that was due first at the front.
func (l *Line) Due(now time.Time) Effects {
	effects := l.look(now)
	n := 0
	for n < len(l.waiting) && !l.waiting[n].Due.After(wall(now)) {
		effects.Start = append(effects.Start, l.waiting[n].start())
		n++
	}
	l.waiting = slices.Delete(l.waiting, 0, n)
	return effects
}

// Wake returns how long it is until Due has something, and whether it ever will as things
// stand. A clock that is set back and a machine that sleeps are noticed by a caller that
// doesn't wait longer than MaxWait at a time.
func (l *Line) Wake(now time.Time) (time.Duration, bool) {
	if len(l.waiting) == 0 {
		return 0, false
	}
	return max(l.waiting[0].Due.Sub(wall(now)), 0), true
}

// MaxWait is how long a caller of Wake should wait at most before it calls Due.
const MaxWait = 10 * time.Second

// Disable holds all that waits, and what arrives from now on. What is under way ends. Without
// retries there is nothing to disable, and it does nothing.
func (l *Line) Disable(now time.Time) Effects {
	effects := l.look(now)
	if after := l.webhook.set(Disabled, now); l.policy.Retries() && after != l.webhook {
		l.webhook = after
		effects.Webhook = &after
		effects.Keep = append(effects.Keep, l.holdAll()...)
	}
	return effects
}

// Enable starts all that is held, in the order in which it arrived and without waiting for
// due times. Attempts that failed still count: where the last one fails too, the webhook is
// disabled again and the rest held.
func (l *Line) Enable(now time.Time) Effects {
	effects := l.look(now)
	if after := l.webhook.set(Enabled, now); after != l.webhook {
		l.webhook = after
		effects.Webhook = &after
	}
	for _, e := range l.held {
		effects.Start = append(effects.Start, l.release(e))
		effects.Keep = append(effects.Keep, e.Open)
	}
	l.held = nil
	return effects
}

// Cancel gives a delivery up, and reports whether it was there to be given up. An attempt
// that is under way ends.
func (l *Line) Cancel(id string) (Standing, bool) {
	e := l.entries[id]
	if e == nil {
		return Standing{}, false
	}
	e.Standing = Standing{State: Cancelled, Failed: e.Failed}
	if e.stage != underWay {
		l.Forget(id)
	}
	return e.Standing, true
}

// Forget drops a delivery, as where its request turns out to be known already.
func (l *Line) Forget(id string) {
	is := func(e *entry) bool { return e.ID == id }
	l.waiting = slices.DeleteFunc(l.waiting, is)
	l.held = slices.DeleteFunc(l.held, is)
	delete(l.entries, id)
}

// Webhook returns the webhook as it is now.
func (l *Line) Webhook() Webhook { return l.webhook }

// Open returns all that isn't final, in the order in which it arrived.
func (l *Line) Open() []Open {
	entries := make([]*entry, 0, len(l.entries))
	for _, e := range l.entries {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, byPlace)
	open := make([]Open, len(entries))
	for i, e := range entries {
		open[i] = e.Open
	}
	return open
}

// Held returns how many deliveries are held.
func (l *Line) Held() int { return len(l.held) }

// add gives a delivery its place behind all others.
func (l *Line) add(o Open) *entry {
	l.place++
	e := &entry{Open: o, place: l.place}
	l.entries[o.ID] = e
	return e
}

// holds reports whether a delivery of that origin is held now.
func (l *Line) holds(origin Origin) bool { return l.webhook.Disabled() && origin == Received }

func (l *Line) hold(e *entry) {
	e.stage = held
	e.Standing = Standing{State: Held, Failed: e.Failed}
	insert(&l.held, e, byPlace)
}

// holdAll holds what waits and what is ready, and returns it.
func (l *Line) holdAll() []Open {
	var now []*entry
	for _, e := range l.entries {
		if e.Origin == Received && (e.stage == waiting || e.stage == ready) {
			now = append(now, e)
		}
	}
	slices.SortFunc(now, byPlace)
	all := make([]Open, len(now))
	for i, e := range now {
		l.hold(e)
		all[i] = e.Open
	}
	l.waiting = slices.DeleteFunc(l.waiting, func(e *entry) bool { return e.stage == held })
	return all
}

// release makes a held delivery one that is to start at once.
func (l *Line) release(e *entry) Start {
	e.Standing = Standing{State: Pending, Failed: e.Failed}
	return e.start()
}

// start makes an entry ready.
func (e *entry) start() Start {
	e.stage = ready
	e.turn++
	return Start{e.Open, e.turn}
}

func (l *Line) wait(e *entry) {
	e.stage = waiting
	insert(&l.waiting, e, byDue)
}

// look takes notice of the time. Where the clock was set back, retries that are now
// further away than they were planned to be come nearer.
func (l *Line) look(now time.Time) Effects {
	var effects Effects
	now = wall(now)
	if now.Before(l.last) {
		for _, e := range l.waiting {
			if near := e.steady(now); near != e.Standing {
				e.Standing = near
				effects.Keep = append(effects.Keep, e.Open)
			}
		}
		slices.SortFunc(l.waiting, byDue)
	}
	l.last = now
	return effects
}

func insert(list *[]*entry, e *entry, by func(a, b *entry) int) {
	at, _ := slices.BinarySearchFunc(*list, e, by)
	*list = slices.Insert(*list, at, e)
}

func byPlace(a, b *entry) int { return cmp.Compare(a.place, b.place) }

func byDue(a, b *entry) int {
	return cmp.Or(a.Due.Compare(b.Due), byPlace(a, b))
}
