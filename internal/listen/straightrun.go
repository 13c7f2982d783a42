package listen

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/history"
)

// straight is one delivery of a Straight.
type straight struct {
	*Straight
	attempted // the newest attempt; before the first one its number is 0

	request *event.Request
	turn    *fault.Turn
	running sync.WaitGroup // takes the duplicates

	mu     sync.Mutex // guards what follows
	tell   func(activity.Attempted)
	done   Resent // run alone writes its Attempts, so that it may read them without mu
	failed error  // a duplicate's record
}

// begin records the delivery, and by which policy it is retried.
func (d *straight) begin(ctx context.Context) error {
	if d.History == nil {
		return nil
	}
	target := d.target.String()
	if err := d.keepPolicy(ctx, target); err != nil {
		return err
	}
	return d.History.AddDelivery(ctx, history.Delivery{
		ID: d.sent.delivery, Request: d.request.ID, Target: target, Origin: d.Origin, Created: d.Now(),
	})
}

// run makes attempts until the delivery is over.
func (d *straight) run(ctx context.Context) error {
	for !d.standing.State.Final() {
		release, err := d.await(ctx)
		if err != nil {
			d.cancel()
			d.done.Attempts[len(d.done.Attempts)-1] = d.update(d.Retry)
			return errors.Join(err, d.keepStanding(ctx))
		}
		d.attempt = delivery.Attempt{Number: d.attempt.Number + 1, Started: d.Now()}
		d.attempt.Outcome = d.once(ctx)
		release()
		d.ended = d.Now()
		d.standing = d.after()
		step := history.Step{Delivery: d.sent.delivery, Attempt: d.attempt, Standing: d.standing}
		var gone *history.NotFoundError
		if err := d.keep(ctx, step); err != nil && !errors.As(err, &gone) {
			d.cancel()
			d.report(&d.done.Attempts, d.update(d.Retry)) // what the app said isn't lost
			return errors.Join(fmt.Errorf("sent, but not recorded: %w", err), d.keepStanding(ctx))
		}
		d.report(&d.done.Attempts, d.update(d.Retry))
		if d.faulty() && !d.turn.Dropped() {
			d.running.Go(func() { d.copies(ctx) })
		}
	}
	return nil
}

// faulty reports whether the faults have a part in the newest attempt: in the first one,
// and in the one that follows where they dropped that and nothing else would make it again.
func (d *straight) faulty() bool { return d.attempt.Number == 1 || !d.Retry.Retries() }

// await returns when the next attempt may be made, or ctx's error. What it returns gives
// back what a retry took.
func (d *straight) await(ctx context.Context) (release func(), err error) {
	release = func() {}
	switch {
	case d.attempt.Number == 0:
		return release, nil
	case !d.Retry.Retries():
		return release, d.turn.Wait(ctx) // it was dropped, and this is its pause
	}
	if err := d.untilDue(ctx); err != nil || d.Slots == nil {
		return release, err
	}
	return func() { d.Slots.Release(1) }, d.Slots.Acquire(ctx, 1)
}

// untilDue waits for the time of a retry. A clock that is set meanwhile is noticed as in a
// session.
func (d *straight) untilDue(ctx context.Context) error {
	for {
		now := d.Now()
		d.standing = d.Retry.Resume(d.standing, now)
		left := d.standing.Due.Sub(now.Round(0))
		if left <= 0 {
			return ctx.Err()
		}
		select {
		case <-time.After(min(left, delivery.MaxWait)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// once sends it.
func (d *straight) once(ctx context.Context) delivery.Outcome {
	switch {
	case d.send != nil:
		return d.send(d.target, d.request)
	case d.faulty():
		return d.turn.Send(ctx, d.Sender, d.target, d.request)
	}
	return d.Sender.Send(ctx, d.target, d.request)
}

// after is how the delivery stands after the newest attempt.
func (d *straight) after() delivery.Standing {
	switch o := d.attempt.Outcome; {
	case o.Kind == delivery.Interrupted:
		return d.cancelled()
	case !d.Retry.Retries():
		return standingAfter(o, d.turn)
	default:
		return d.Retry.After(d.standing, o, d.ended)
	}
}

func (d *straight) cancelled() delivery.Standing {
	return delivery.Standing{State: delivery.Cancelled, Failed: d.standing.Failed}
}

// cancel gives up a delivery that isn't over.
func (d *straight) cancel() {
	if !d.standing.State.Final() {
		d.standing = d.cancelled()
	}
}

// keepStanding records how the delivery stands, without an attempt.
func (d *straight) keepStanding(ctx context.Context) error {
	effects := delivery.Effects{Keep: []delivery.Open{{ID: d.sent.delivery, Origin: d.Origin, Standing: d.standing}}}
	return d.keep(ctx, history.Step{Effects: effects})
}

// keep records a step, in a short time of grace even if ctx has ended.
func (d *straight) keep(ctx context.Context, s history.Step) error {
	if d.History == nil {
		return nil
	}
	ctx, cancel := graced(ctx)
	defer cancel()
	return d.History.Keep(ctx, "", d.target.String(), s)
}

// copies records the duplicates of what was sent last.
func (d *straight) copies(ctx context.Context) {
	for c := range d.turn.Copies() {
		u, err := addCopy(ctx, d.History, d.target, d.request, c)
		if err != nil {
			d.mu.Lock()
			d.failed = fmt.Errorf("sent, but a duplicate is not recorded: %w", err)
			d.mu.Unlock()
			continue
		}
		d.report(&d.done.Copies, u)
	}
}

// report adds an attempt to those of its kind, and tells it.
func (d *straight) report(to *[]activity.Attempted, u activity.Attempted) {
	d.mu.Lock()
	defer d.mu.Unlock()
	*to = append(*to, u)
	d.tell(u)
}
