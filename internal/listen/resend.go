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

// Resend sends a recorded request straight to target, as a new delivery of the given
// origin, and records it. It needs no session. The request goes out byte for byte as it
// was recorded, its signature included. An answer that isn't 2xx is no error.
func Resend(ctx context.Context, h *history.History, sender *send.Sender, target send.Target,
	request string, origin delivery.Origin, now func() time.Time) (activity.Attempted, error) {
	r, err := h.Request(ctx, request)
	if err != nil {
		return activity.Attempted{}, err
	}
	return resend(ctx, h, sender, target, r, origin, now)
}

// resend is Resend of a request that was read already.
func resend(ctx context.Context, h *history.History, sender *send.Sender, target send.Target,
	r *event.Request, origin delivery.Origin, now func() time.Time) (activity.Attempted, error) {
	started := now()
	id := event.NewDeliveryID(started)
	d := history.Delivery{ID: id, Request: r.ID, Target: target.String(), Origin: origin, Created: started}
	if err := h.AddDelivery(ctx, d); err != nil {
		return activity.Attempted{}, err
	}
	outcome := sender.Send(ctx, target, r)
	a := attempted{
		sent:     sent{id, r.ID, r.Method, r.Path, r.RawQuery, nameOf(r)},
		origin:   origin,
		target:   target,
		attempt:  delivery.Attempt{Number: 1, Started: started, Outcome: outcome},
		ended:    now(),
		standing: delivery.Standing{State: outcome.Next()},
	}
	if err := keep(ctx, h, a); err != nil {
		return activity.Attempted{}, fmt.Errorf("sent, but not recorded: %w", err)
	}
	return a.update(delivery.Policy{}), nil
}
