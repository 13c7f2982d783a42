package listen

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/send"
)

// planned are faults of single events, which somebody else chose for them.
type planned struct {
	mu     sync.Mutex            // guards what follows
	events map[string][]forEvent // by event id, one for each request that is to come
	count  int
}

// forEvent is what is to go wrong with one request.
type forEvent struct {
	fault.Faults
	until time.Time // it is forgotten then: the request was never sent, or never taken
}

// The bounds of what is planned for events that never come.
const (
	maxPlanned = 10_000
	plannedFor = 10 * time.Minute
)

// PlanFaults lets faults happen to the next request with this event id that comes in the next
// ten minutes. They don't keep it back: whoever sends it does.
func (s *Session) PlanFaults(eventID string, f fault.Faults) error {
	p, now := &s.planned, s.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count >= maxPlanned {
		p.expire(now)
	}
	if p.count >= maxPlanned {
		return fmt.Errorf("session %s waits for %d events with faults that didn't come yet: send fewer at a time, or wait %v", s.Ready.Session, p.count, plannedFor)
	}
	if p.events == nil {
		p.events = make(map[string][]forEvent)
	}
	p.events[eventID] = append(p.events[eventID], forEvent{f, now.Add(plannedFor)})
	p.count++
	return nil
}

// take returns what was planned for a request with this event id.
func (p *planned) take(eventID string, now time.Time) (f fault.Faults, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for list := p.events[eventID]; len(list) > 0; list = p.events[eventID] {
		next := list[0]
		p.keep(eventID, list[1:])
		if now.Before(next.until) {
			return next.Faults, true
		}
	}
	return f, false
}

// expire forgets what nobody waits for any more. The caller holds mu.
func (p *planned) expire(now time.Time) {
	for id, list := range p.events {
		p.keep(id, slices.DeleteFunc(list, func(f forEvent) bool { return !now.Before(f.until) }))
	}
}

// keep leaves these of what is planned for an event. The caller holds mu.
func (p *planned) keep(eventID string, list []forEvent) {
	p.count -= len(p.events[eventID]) - len(list)
	if p.events[eventID] = list; len(list) == 0 {
		delete(p.events, eventID)
	}
}

// turns returns what makes the turn of a request on its way to each of its targets.
func (s *Session) turns(it *item) func(send.Target) *fault.Turn {
	if f, ok := s.planned.take(it.in.name.id, s.Now()); ok {
		return func(send.Target) *fault.Turn { return fault.NewTurn(f) }
	}
	n := it.at.Seq - s.countFrom
	return func(t send.Target) *fault.Turn { return s.Faults.Turn(t, n, it.in.name.typ) }
}

// later reports whether a fault keeps a job back. It is submitted again then, and its slot
// is free for others meanwhile. In the order of seq it has no place any more.
func (s *Session) later(j *job) bool {
	size := j.kept()
	return j.turn.Hold(s.attempts, size, func() { s.resubmit(j, size) })
}

// kept is how much of a job's body is in memory.
func (j *job) kept() int {
	if j.body == nil {
		return 0
	}
	return j.body.Size()
}

// again makes the attempt that follows one that a fault dropped.
func (s *Session) again(j *job) {
	j.number++
	j.recorded <- true
	s.resubmit(j, j.kept())
}

// resubmit lets a job wait for its turn that a fault kept back.
func (s *Session) resubmit(j *job, size int) {
	j.lane.queue.resubmit(j, size)
	s.note(j, false)
	s.tellWaiting()
}

// inHistory reports whether a job that waits is known to be in the history.
func (j *job) inHistory() bool {
	select {
	case is := <-j.recorded:
		j.recorded <- is // for who finishes the job: nobody else takes it meanwhile
		return is
	default:
		return false
	}
}

// copies records the duplicates of what a job sent, once that is recorded.
func (s *Session) copies(j *job, r *event.Request) {
	for c := range j.turn.Copies() {
		u, err := addCopy(s.attempts, s.History, j.lane.target, r, c)
		if err != nil {
			s.warn(fmt.Sprintf("a duplicate of %s is not recorded: %v", j.delivery, err))
			continue
		}
		s.tell(u, j.lane.target, r, c.Outcome)
	}
}

// dropCopies waits for the duplicates of what isn't recorded, and leaves them so.
func (j *job) dropCopies() {
	for range j.turn.Copies() {
	}
}

// addCopy records a duplicate as a delivery of its own, where there is a history.
func addCopy(ctx context.Context, h *history.History, target send.Target, r *event.Request, c fault.Copy) (activity.Attempted, error) {
	id := event.NewDeliveryID(c.Started)
	a := attempted{
		sent:     sent{id, r.ID, r.Method, r.Path, r.RawQuery, nameOf(r)},
		origin:   delivery.Replay,
		target:   target,
		attempt:  delivery.Attempt{Number: 1, Started: c.Started, Outcome: c.Outcome},
		ended:    c.Started.Add(c.Outcome.Duration),
		standing: delivery.Standing{State: c.Outcome.Next()},
	}
	if a.standing.State == delivery.Pending {
		a.standing.State = delivery.Cancelled // it was interrupted: nobody needs it any more
	}
	u := a.update(delivery.Policy{})
	if h == nil {
		return u, nil
	}
	ctx, cancel := graced(ctx)
	defer cancel()
	d := history.Delivery{ID: id, Request: r.ID, Target: target.String(), Origin: delivery.Replay, Created: c.Started}
	if err := h.AddDelivery(ctx, d); err != nil {
		return activity.Attempted{}, err
	}
	return u, keep(ctx, h, a)
}
