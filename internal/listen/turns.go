package listen

import (
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
)

// lined reports whether a delivery.Line decides about a job: of all in a session with
// retries, and else only of what an earlier one left.
func (s *Session) lined(j *job) bool { return j.start != nil || s.Retry.Retries() }

// admit reports whether a job whose turn has come may be sent. If not, it is held, or was
// since its turn was given.
func (s *Session) admit(j *job) bool {
	switch {
	case j.start != nil:
		return j.lane.retries.beginTurn(j)
	case s.Retry.Retries():
		return j.lane.retries.arrive(j)
	}
	return true
}

// beginTurn begins a turn that the line gave.
func (r *retries) beginTurn(j *job) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.line.Begin(*j.start)
}

// arrive lets the line know a delivery. One that is held is told once it is kept as such.
func (r *retries) arrive(j *job) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subjects[j.delivery] = &subject{request: j.request, name: j.name, attempts: j.number - 1}
	standing, may := r.line.Arrive(j.delivery, j.origin)
	if may {
		return true
	}
	held := j.heldOf(r.line.Held(), r.session.Now())
	r.add(step{
		Step:     history.Step{Effects: delivery.Effects{Keep: []delivery.Open{{ID: j.delivery, Origin: j.origin, Standing: standing}}}},
		recorded: j.recorded,
		then: func(k kept) {
			switch {
			case !k.recorded:
				r.forget(j.delivery)
			case k.err == nil:
				r.session.Bus.Publish(held)
			}
		},
	})
	return false
}

// finish takes the outcome of a job's attempt. What it leads to is decided at once, so that
// a webhook which it disables is so for whoever gets the job's slot, and told when it is
// kept. then is called behind that, nil for nothing. Where the session has ended, finish
// returns the step, for the caller to keep.
func (r *retries) finish(j *job, a attempted, request *event.Request, then func(kept, activity.Attempted)) *step {
	s := r.session
	up, down := j.see(a)
	r.mu.Lock()
	defer r.mu.Unlock()
	effects := r.decide(j, &a)
	update, held := a.update(s.Retry), r.line.Held()
	st := step{Step: history.Step{Delivery: j.delivery, Attempt: a.attempt, Standing: a.standing, Effects: effects}}
	if j.start == nil {
		st.recorded = j.recorded
	}
	st.then = func(k kept) {
		s.tellHealth(up, down)
		switch {
		case !k.recorded:
		case k.err != nil:
			s.notRecorded(j.delivery, k.err)
		default:
			s.tell(update, j.lane.target, request, a.attempt.Outcome)
			r.tellDisabled(effects.Webhook, held, a.ended)
		}
		if then != nil {
			then(k, update)
		}
	}
	if !r.add(st) {
		return &st
	}
	return nil
}

// decide asks the line what an attempt leads to. The caller holds mu.
func (r *retries) decide(j *job, a *attempted) (effects delivery.Effects) {
	if of := r.subjects[j.delivery]; of != nil {
		of.attempts = j.number
	}
	if a.origin == delivery.Replay && j.start == nil && a.attempt.Outcome.Kind == delivery.Interrupted {
		r.line.Cancel(j.delivery) // it was the command that was interrupted, which wants no other attempt
	}
	a.standing, effects = r.line.Ended(j.delivery, a.attempt.Outcome, a.ended)
	if a.standing.State.Final() {
		delete(r.subjects, j.delivery)
	}
	return effects
}

// tellDisabled publishes that a webhook is disabled, if w says so.
func (r *retries) tellDisabled(w *delivery.Webhook, held int, now time.Time) {
	if w == nil || !w.Disabled() {
		return
	}
	r.session.Bus.Publish(activity.Disabled{
		Target: r.lane.target.String(), Delivery: w.Cause, Held: held, Since: w.Since, At: now,
	})
}
