package listen

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/send"
)

// lastRecord is how long the record of an attempt may take when the session is ending.
const lastRecord = 500 * time.Millisecond

// deliver makes one attempt: it sends, gives its slot back, and records the outcome once
// the delivery itself is recorded.
func (s *Session) deliver(j *job) {
	if s.later(j) {
		j.lane.queue.done(j)
		return
	}
	if !s.admit(j) {
		j.turn.Done()
		j.lane.queue.done(j)
		return
	}
	r, err := s.bodyOf(j)
	if err != nil {
		j.turn.Done()
		j.lane.queue.done(j)
		s.warn(fmt.Sprintf("%s is not delivered: %v", j.request, err))
		return
	}
	a := s.attempt(s.attempts, j, r)
	if s.lined(j) {
		s.finishLined(j, a, r)
		return
	}
	j.lane.queue.done(j)
	dropped := j.turn.Dropped()
	if !dropped && a.attempt.Outcome.Kind != delivery.Interrupted && j.lane.queue.answers(j) {
		s.answer(j.request, a.attempt.Outcome)
	}
	up, down := j.see(a)
	recorded := <-j.recorded // and the request's arrival published, before what became of it
	s.tellHealth(up, down)
	if !recorded {
		j.dropCopies()
		return // known already, or the relay will send it again
	}
	if err := keep(s.attempts, s.History, a); err != nil {
		s.notRecorded(j.delivery, err)
	} else {
		s.tell(a.update(s.Retry), j.lane.target, r, a.attempt.Outcome)
	}
	if dropped {
		s.again(j)
		return
	}
	s.copies(j, r)
}

// finishLined gives an attempt's outcome to the line and the slot back, and records what
// faults made beside it.
func (s *Session) finishLined(j *job, a attempted, r *event.Request) {
	recorded := make(chan bool, 1)
	j.lane.retries.finish(j, a, r, func(k kept, _ activity.Attempted) { recorded <- k.recorded && k.err == nil })
	j.lane.queue.done(j)
	if j.turn == nil {
		return
	}
	if s.inTime(recorded) {
		s.copies(j, r)
	} else {
		j.dropCopies()
	}
}

// inTime waits for what is recorded, and reports whether it is. Once the session ends it
// waits for a short time of grace only, since a history that can't be written to is waited
// for by others.
func (s *Session) inTime(recorded <-chan bool) bool {
	select {
	case ok := <-recorded:
		return ok
	case <-s.attempts.Done():
	}
	select {
	case ok := <-recorded:
		return ok
	case <-time.After(lastRecord):
		return false
	}
}

// see lets the health of a job's target know of an attempt, if it was one.
func (j *job) see(a attempted) (*activity.TargetUp, *activity.TargetDown) {
	if j.turn.Dropped() {
		return nil, nil
	}
	return j.lane.health.see(j.lane.target, a.attempt.Outcome, a.ended)
}

// bodyOf returns what a job sends: from the history, if it isn't in memory.
func (s *Session) bodyOf(j *job) (*event.Request, error) {
	if j.body != nil {
		return j.body, nil
	}
	r, err := s.History.Request(s.attempts, j.request)
	if err != nil && s.lined(j) {
		j.lane.retries.forget(j.delivery)
	}
	return r, err
}

// attempt sends a job's request.
func (s *Session) attempt(ctx context.Context, j *job, r *event.Request) attempted {
	started := s.Now()
	outcome := j.turn.Send(ctx, s.Sender, j.lane.target, r)
	return attempted{
		sent:     sent{j.delivery, r.ID, r.Method, r.Path, r.RawQuery, j.name},
		origin:   j.origin,
		target:   j.lane.target,
		attempt:  delivery.Attempt{Number: j.number, Started: started, Outcome: outcome},
		ended:    s.Now(),
		standing: standingAfter(outcome, j.turn),
	}
}

// standingAfter is how a delivery without retries stands after an attempt. One that was
// dropped on purpose is followed by another in any case.
func standingAfter(o delivery.Outcome, turn *fault.Turn) delivery.Standing {
	if turn.Dropped() {
		return delivery.New()
	}
	return delivery.Standing{State: o.Next()}
}

// tell publishes an attempt that is recorded.
func (s *Session) tell(u activity.Attempted, t send.Target, r *event.Request, o delivery.Outcome) {
	s.advise(&u, t, r)
	s.Bus.Publish(u)
	if u.Hint != "" && !o.Success() {
		if _, said := s.hinted.LoadOrStore(u.Hint, true); !said {
			s.warn(u.Hint)
		}
	}
}

func (s *Session) tellHealth(up *activity.TargetUp, down *activity.TargetDown) {
	if down != nil {
		s.Bus.Publish(*down)
	} else if up != nil {
		s.Bus.Publish(*up)
	}
}

func (s *Session) notRecorded(delivery string, err error) {
	s.warn(fmt.Sprintf("the attempt of %s is not recorded: %v", delivery, err))
}

// answer gives the app's answer to the sender that waits for it.
func (s *Session) answer(request string, o delivery.Outcome) {
	status, header, body := o.Status, o.Header, o.Body
	switch o.Kind {
	case delivery.Answered:
	case delivery.Timeout:
		status = http.StatusGatewayTimeout
	case delivery.Refused:
		status = http.StatusBadRequest
	default:
		status = http.StatusBadGateway
	}
	if o.Kind != delivery.Answered {
		header, body = plainText, []byte("solatis: "+o.Error+"\n")
	}
	s.tunnel.Respond(request, status, header, body)
}

// attempted is an attempt that has ended, with all that its record and its update hold.
type attempted struct {
	sent    sent
	origin  delivery.Origin
	target  send.Target
	attempt delivery.Attempt
	ended   time.Time

	standing delivery.Standing // of the delivery, after it
}

type sent struct {
	delivery, request      string
	method, path, rawQuery string
	name                   eventName
}

// keep records an attempt, in a short time of grace even if ctx has ended.
func keep(ctx context.Context, h *history.History, a attempted) error {
	ctx, cancel := graced(ctx)
	defer cancel()
	return h.AddAttempt(ctx, a.sent.delivery, a.attempt, a.standing.State)
}

// graced returns ctx or, where it has ended, one with a short time of grace for records.
func graced(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return ctx, func() {}
	}
	return context.WithTimeout(context.WithoutCancel(ctx), lastRecord)
}

// update is what to tell of an attempt. What follows is said by the policy that the
// standing comes from.
func (a attempted) update(p delivery.Policy) activity.Attempted {
	o := a.attempt.Outcome
	url, err := a.target.URL(a.sent.path, a.sent.rawQuery)
	if err != nil {
		url = a.target.String()
	}
	u := activity.Attempted{
		Delivery:  a.sent.delivery,
		Request:   a.sent.request,
		Event:     a.sent.name.id,
		EventType: a.sent.name.typ,
		Origin:    a.origin,
		Method:    a.sent.method,
		Target:    url,
		Attempt:   a.attempt.Number,
		Outcome:   o.Kind,
		Status:    o.Status,
		Error:     o.Error,
		Hint:      send.Hint(a.target, o),
		Duration:  o.Duration,
		Fault:     o.Fault,
		State:     a.standing.State,
		At:        a.ended,
	}
	if next, ok := p.Upcoming(a.standing, a.ended); ok {
		u.Retry, u.Of, u.Due, u.Wait, u.Production = next.Retry, next.Of, next.Due, next.In, next.Production
	}
	if !o.Success() {
		u.Response = string(o.Body[:min(len(o.Body), activity.MaxExcerpt)])
	}
	return u
}
