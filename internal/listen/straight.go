package listen

import (
	"context"
	"fmt"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/send"
)

// Straight sends requests to a target without a session, and makes again what failed, for
// as long as its caller waits.
type Straight struct {
	History *history.History // nil where nothing can be recorded
	Send    func(context.Context, send.Target, *event.Request) delivery.Outcome
	Target  send.Target
	Origin  delivery.Origin
	Retry   delivery.Policy // the zero one makes one attempt
	Now     func() time.Time
}

// Deliver sends a request, which has to be in the history if there is one, as a new
// delivery. each is told of every attempt when it is recorded. It returns the last one: a
// success, the one that exhausted the schedule, or the one after which ctx ended; the
// delivery is cancelled then. An answer that isn't 2xx is no error.
func (w Straight) Deliver(ctx context.Context, r *event.Request, each func(activity.Attempted)) (last activity.Attempted, err error) {
	a := attempted{
		sent:   sent{event.NewDeliveryID(w.Now()), r.ID, r.Method, r.Path, r.RawQuery, nameOf(r)},
		origin: w.Origin, target: w.Target, standing: delivery.New(),
	}
	if err := w.begin(ctx, a.sent.delivery, r.ID); err != nil {
		return last, err
	}
	for !a.standing.State.Final() {
		if !w.waitFor(ctx, a.standing) {
			a.standing = delivery.Standing{State: delivery.Cancelled, Failed: a.standing.Failed}
			last.State, last.Retry, last.Of, last.Due, last.Wait, last.Production = delivery.Cancelled, 0, 0, time.Time{}, 0, 0
			effects := delivery.Effects{Keep: []delivery.Open{{ID: a.sent.delivery, Origin: w.Origin, Standing: a.standing}}}
			return last, w.keep(ctx, history.Step{Effects: effects})
		}
		a.attempt = delivery.Attempt{Number: a.attempt.Number + 1, Started: w.Now()}
		a.attempt.Outcome = w.Send(ctx, w.Target, r)
		a.ended = w.Now()
		a.standing = w.Retry.After(a.standing, a.attempt.Outcome, a.ended)
		if a.attempt.Outcome.Kind == delivery.Interrupted {
			a.standing = delivery.Standing{State: delivery.Cancelled, Failed: a.standing.Failed}
		}
		if err := w.keep(ctx, history.Step{Delivery: a.sent.delivery, Attempt: a.attempt, Standing: a.standing}); err != nil {
			return last, fmt.Errorf("sent, but not recorded: %w", err)
		}
		last = a.update(w.Retry)
		each(last)
	}
	return last, nil
}

// begin records the delivery, and by which policy it is retried.
func (w Straight) begin(ctx context.Context, id, request string) error {
	if w.History == nil {
		return nil
	}
	d := history.Delivery{ID: id, Request: request, Target: w.Target.String(), Origin: w.Origin, Created: w.Now()}
	if err := w.History.AddDelivery(ctx, d); err != nil || !w.Retry.Retries() {
		return err
	}
	return w.History.KeepPolicy(ctx, d.Agent, d.Target, w.Retry)
}

// keep records a step, in a short time of grace even if ctx has ended.
func (w Straight) keep(ctx context.Context, s history.Step) error {
	if w.History == nil {
		return nil
	}
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), lastRecord)
		defer cancel()
	}
	return w.History.Keep(ctx, "", w.Target.String(), s)
}

// waitFor waits until the next attempt is due, and reports false if ctx ends before. A
// clock that is set meanwhile is noticed as in a session.
func (w Straight) waitFor(ctx context.Context, s delivery.Standing) bool {
	for !s.Due.IsZero() {
		now := w.Now()
		s = w.Retry.Resume(s, now)
		left := s.Due.Sub(now.Round(0))
		if left <= 0 {
			break
		}
		select {
		case <-time.After(min(left, delivery.MaxWait)):
		case <-ctx.Done():
			return false
		}
	}
	return true
}
