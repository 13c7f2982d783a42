package listen

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/send"
)

// Resent is what became of a request that was sent once more.
type Resent struct {
	Attempts []activity.Attempted // of the delivery, at least one; more only where a fault dropped the first
	Copies   []activity.Attempted // of deliveries that are duplicates of it on purpose
}

// Last returns the attempt that counts.
func (r Resent) Last() activity.Attempted {
	if len(r.Attempts) == 0 {
		return activity.Attempted{}
	}
	return r.Attempts[len(r.Attempts)-1]
}

// All returns all attempts, that of the delivery first.
func (r Resent) All() []activity.Attempted { return append(r.Attempts, r.Copies...) }

// Resend sends a recorded request straight to target, as a new delivery of the given
// origin, and records it. It needs no session. The request goes out byte for byte as it
// was recorded, its signature included, but for the faults of turn, which may be nil. An
// answer that isn't 2xx is no error. Where ctx ends first the delivery is cancelled, since no
// session takes it up.
func Resend(ctx context.Context, h *history.History, sender *send.Sender, target send.Target,
	request string, origin delivery.Origin, turn *fault.Turn, now func() time.Time) (Resent, error) {
	r, err := h.Request(ctx, request)
	if err != nil {
		return Resent{}, err
	}
	return resend(ctx, h, sender, target, r, origin, turn, now)
}

// resend is Resend of a request that was read already.
func resend(ctx context.Context, h *history.History, sender *send.Sender, target send.Target,
	r *event.Request, origin delivery.Origin, turn *fault.Turn, now func() time.Time) (done Resent, err error) {
	id := event.NewDeliveryID(now())
	d := history.Delivery{ID: id, Request: r.ID, Target: target.String(), Origin: origin, Created: now()}
	if err := h.AddDelivery(ctx, d); err != nil {
		return Resent{}, err
	}
	for number := 1; number == 1 || turn.Dropped(); number++ {
		if number > 1 && turn.Wait(ctx) != nil {
			done.Attempts[len(done.Attempts)-1].State = delivery.Cancelled
			return done, errors.Join(ctx.Err(), giveUp(ctx, h, d))
		}
		started := now()
		outcome := turn.Send(ctx, sender, target, r)
		a := attempted{
			sent:     sent{id, r.ID, r.Method, r.Path, r.RawQuery, nameOf(r)},
			origin:   origin,
			target:   target,
			attempt:  delivery.Attempt{Number: number, Started: started, Outcome: outcome},
			ended:    now(),
			standing: standingAfter(outcome, turn),
		}
		if outcome.Kind == delivery.Interrupted {
			a.standing.State = delivery.Cancelled
		}
		if err := keep(ctx, h, a); err != nil {
			return done, fmt.Errorf("sent, but not recorded: %w", err)
		}
		done.Attempts = append(done.Attempts, a.update(delivery.Policy{}))
	}
	for c := range turn.Copies() {
		u, err := addCopy(ctx, h, target, r, c)
		if err != nil {
			return done, fmt.Errorf("sent, but a duplicate is not recorded: %w", err)
		}
		done.Copies = append(done.Copies, u)
	}
	return done, nil
}

// giveUp cancels a delivery, in a short time of grace though ctx has ended.
func giveUp(ctx context.Context, h *history.History, d history.Delivery) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastRecord)
	defer cancel()
	standing := delivery.Standing{State: delivery.Cancelled}
	effects := delivery.Effects{Keep: []delivery.Open{{ID: d.ID, Origin: d.Origin, Standing: standing}}}
	return h.Keep(ctx, d.Agent, d.Target, history.Step{Effects: effects})
}

// standingAfter is how a delivery without retries stands after an attempt. One that was
// dropped on purpose is followed by another in any case.
func standingAfter(o delivery.Outcome, turn *fault.Turn) delivery.Standing {
	if turn.Dropped() {
		return delivery.New()
	}
	return delivery.Standing{State: o.Next()}
}
