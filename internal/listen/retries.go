package listen

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/history"
)

// retries drives the delivery.Line of a lane: it tells the line what happens, keeps what
// the line decides, and starts what it says, in this order. What is decided is handed, in
// the order of the decisions, to one goroutine that writes as much at a time as has
// gathered. So nothing starts whose reason isn't kept, and an older standing never
// overwrites a newer one.
//
// A session without retries has one for what an earlier session with retries left. Its own
// deliveries never come here.
type retries struct {
	session *Session
	lane    *lane
	wake    chan struct{} // has room for one
	closing chan struct{} // closed when the session ends
	ended   chan struct{} // closed when run has returned

	mu       sync.Mutex // guards what follows
	line     *delivery.Line
	subjects map[string]*subject // of all that is in line
	steps    []step              // to be kept
	begun    bool                // whether the session is ready, so that retries may start
	closed   bool                // whether steps are no longer kept
	places   uint64              // given to what was released
}

// subject is what a line doesn't know of a delivery.
type subject struct {
	request  string
	name     eventName
	attempts int // made so far, those that were interrupted included
}

// step is a decision that is to be kept.
type step struct {
	history.Step
	recorded <-chan bool // of a first attempt, as in job; nil for what is in the history
	released bool        // whether Effects.Start are what was held
	then     func(kept)  // called when it is kept, before anything starts; nil for nothing
}

// kept is what became of a step.
type kept struct {
	recorded bool // whether the delivery is in the history
	err      error
}

func newRetries(s *Session, l *lane) *retries {
	r := &retries{
		session: s, lane: l, wake: make(chan struct{}, 1), closing: make(chan struct{}), ended: make(chan struct{}),
		subjects: make(map[string]*subject),
	}
	r.line, _ = delivery.NewLine(s.Retry, delivery.Webhook{}, nil, s.Now())
	return r
}

// take takes up what an earlier session left, before run. It returns what may start once
// the session is ready.
func (r *retries) take(ctx context.Context, left []history.Pending) ([]delivery.Start, delivery.Effects, error) {
	s, target := r.session, r.lane.target.String()
	w, err := s.History.Webhook(ctx, s.Relay.position(), target)
	if err != nil {
		return nil, delivery.Effects{}, err
	}
	open := make([]delivery.Open, len(left))
	for i, p := range left {
		open[i] = delivery.Open{ID: p.Delivery, Origin: delivery.Received, Standing: p.Standing}
		r.subjects[p.Delivery] = &subject{p.Request, eventName{p.EventID, p.EventType}, p.Attempts}
	}
	var effects delivery.Effects
	r.line, effects = delivery.NewLine(s.Retry, w.Webhook, open, s.Now())
	if len(effects.Keep) > 0 || effects.Webhook != nil {
		err = s.History.Keep(ctx, s.Relay.position(), target, history.Step{Effects: effects})
	}
	if err == nil && s.Retry.Retries() {
		err = s.History.KeepPolicy(ctx, s.Relay.position(), target, s.Retry)
	}
	return effects.Start, effects, err
}

// begin lets retries start whose time has come.
func (r *retries) begin() {
	r.mu.Lock()
	r.begun = true
	r.mu.Unlock()
	r.rouse()
}

// rouse has run look at what there is.
func (r *retries) rouse() {
	select {
	case r.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// close returns when all that was decided is kept, or can't be.
func (r *retries) close() {
	close(r.closing)
	<-r.ended
}

// run keeps what is decided, and lets start what is due, until close.
func (r *retries) run() {
	defer close(r.ended)
	timer := time.NewTimer(delivery.MaxWait)
	defer timer.Stop()
	for {
		steps, due, done := r.next()
		switch {
		case len(steps) > 0:
			r.keep(steps)
			continue
		case done:
			return
		case due >= 0:
			timer.Reset(due)
		default:
			timer.Stop()
		}
		select {
		case <-r.wake:
		case <-timer.C:
		case <-r.closing:
		}
	}
}

// maxSteps are kept in one transaction at most.
const maxSteps = 256

// next returns what is to be kept. Where there is nothing, due says how long to wait at
// most, negative for as long as nothing else happens; done that nothing comes any more.
func (r *retries) next() (steps []step, due time.Duration, done bool) {
	ending := r.isClosing()
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.session.Now()
	if r.begun && !ending {
		if e := r.line.Due(now); len(e.Start)+len(e.Keep) > 0 {
			r.steps = append(r.steps, step{Step: history.Step{Effects: e}})
		}
	}
	n := min(len(r.steps), maxSteps)
	steps = r.steps[:n:n]
	if r.steps = r.steps[n:]; len(r.steps) == 0 {
		r.steps = nil
	}
	r.closed = ending && n == 0
	if wait, any := r.line.Wake(now); any && r.begun {
		return steps, min(wait, delivery.MaxWait), r.closed
	}
	return steps, -1, r.closed
}

func (r *retries) isClosing() bool {
	select {
	case <-r.closing:
		return true
	default:
		return false
	}
}

// add hands over a step. It reports false where the session has ended, and the caller has
// to keep it itself. The caller holds mu.
func (r *retries) add(s step) bool {
	if r.closed {
		return false
	}
	r.steps = append(r.steps, s)
	r.rouse()
	return true
}

// keep writes steps and lets start what they let start.
func (r *retries) keep(steps []step) {
	records, results := make([]history.Step, len(steps)), make([]kept, len(steps))
	for i, s := range steps {
		results[i].recorded = s.recorded == nil || <-s.recorded
		records[i] = s.Step
		if id := s.Delivery; !results[i].recorded && id != "" {
			r.forget(id)
			records[i].Delivery = ""
		}
	}
	err := r.write(records)
	for i, s := range steps {
		results[i].err = err
		if s.then != nil {
			s.then(results[i])
		}
		if err == nil {
			r.submit(s.Effects.Start, s.released)
		}
	}
}

// write writes steps. While the history can't be written to, it says so and tries again.
func (r *retries) write(steps []history.Step) error {
	s, said := r.session, ""
	for {
		err := r.writeOnce(steps)
		var gone *history.NotFoundError
		switch {
		case errors.As(err, &gone):
			s.warn(fmt.Sprintf("an attempt is not recorded: %v", err))
			return nil // but all else is
		case err == nil:
			return nil
		}
		if text := err.Error(); text != said {
			said = text
			s.warn("retries wait, since they are not recorded; trying again: " + text)
		}
		select {
		case <-time.After(retryCommit):
		case <-r.closing:
			return err
		}
	}
}

func (r *retries) writeOnce(steps []history.Step) error {
	s := r.session
	ctx, cancel := context.WithoutCancel(s.attempts), context.CancelFunc(func() {})
	if r.isClosing() {
		ctx, cancel = context.WithTimeout(ctx, lastRecord)
	}
	defer cancel()
	return s.History.Keep(ctx, s.Relay.position(), r.lane.target.String(), steps...)
}

// submit queues what may start. What was held goes before all that came later.
func (r *retries) submit(starts []delivery.Start, released bool) {
	for _, start := range starts {
		r.mu.Lock()
		j := r.job(start)
		if released && j != nil {
			j.seq = r.place()
		}
		r.mu.Unlock()
		if j != nil {
			j.retry, j.held = !released, released
			r.lane.queue.submit(j)
			r.session.tellWaiting()
		}
	}
}

// place returns the place of what was released, behind all that got one before. The caller
// holds mu.
func (r *retries) place() uint64 {
	r.places++
	return r.places - 1
}

// job returns the job of a start, or nil where its delivery was given up since. The caller
// holds mu.
func (r *retries) job(start delivery.Start) *job {
	of := r.subjects[start.ID]
	if of == nil {
		return nil
	}
	return &job{
		lane: r.lane, delivery: start.ID, number: of.attempts + 1, request: of.request, name: of.name,
		origin: start.Origin, start: &start,
	}
}

// forget drops a delivery that is no longer of concern.
func (r *retries) forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line.Forget(id)
	delete(r.subjects, id)
}

// heldOf is what to tell of a delivery that is held.
func (j *job) heldOf(total int, now time.Time) activity.Held {
	return activity.Held{
		Delivery: j.delivery, Request: j.request, Event: j.name.id, EventType: j.name.typ,
		Target: j.lane.target.String(), Held: total, At: now,
	}
}
