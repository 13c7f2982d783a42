package listen

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/history"
)

// Change is what SetWebhooks did to the webhook of one target.
type Change struct {
	Target  string
	Changed bool // whether it was otherwise before
	Held    int  // deliveries that are held now, or that were until now
}

// ErrNoRetries says that a session has no webhook that could be enabled or disabled.
var ErrNoRetries = errors.New("it runs without --retry, and so has no webhook that could be disabled")

var errEnded = errors.New("the session has ended")

// UnknownTargetError says that a session doesn't forward to a target.
type UnknownTargetError struct {
	Target string
	Known  []string
}

func (e *UnknownTargetError) Error() string {
	return fmt.Sprintf("the session doesn't forward to %s, but to %s", e.Target, strings.Join(e.Known, ", "))
}

// SetWebhooks enables or disables the webhook to a target, or to each where target is "".
// Enabling delivers what is held, in the order in which it arrived; disabling holds what
// waits and what arrives. The change is durable when it returns. Its errors are ErrNoRetries
// and *UnknownTargetError, or those of the history.
func (s *Session) SetWebhooks(ctx context.Context, target string, to delivery.WebhookState) ([]Change, error) {
	if !s.Retry.Retries() {
		return nil, fmt.Errorf("session %s: %w", s.Ready.Session, ErrNoRetries)
	}
	if err := s.untilTaken(ctx); err != nil {
		return nil, err
	}
	lanes := s.lanes.all
	if target != "" {
		i := slices.IndexFunc(lanes, func(l *lane) bool { return l.target.String() == target })
		if i < 0 {
			return nil, s.unknownTarget(target)
		}
		lanes = lanes[i : i+1]
	}
	changes := make([]Change, len(lanes))
	for i, l := range lanes {
		var err error
		if changes[i], err = l.retries.set(ctx, to); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

func (s *Session) unknownTarget(target string) error {
	e := &UnknownTargetError{Target: target}
	for _, l := range s.lanes.all {
		e.Known = append(e.Known, l.target.String())
	}
	return e
}

// untilTaken waits until what an earlier session left is taken up.
func (s *Session) untilTaken(ctx context.Context) error {
	select {
	case <-s.taken:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// set enables or disables the webhook.
func (r *retries) set(ctx context.Context, to delivery.WebhookState) (Change, error) {
	c, done, err := r.decideSet(to)
	if err != nil || !c.Changed {
		return c, err
	}
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	return c, err
}

func (r *retries) decideSet(to delivery.WebhookState) (c Change, done chan error, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.session.Now()
	var effects delivery.Effects
	var update activity.Update
	c.Target = r.lane.target.String()
	if to == delivery.Disabled {
		effects = r.line.Disable(now)
		c.Held = r.line.Held()
		update = activity.Disabled{Target: c.Target, Held: c.Held, Since: r.line.Webhook().Since, At: now}
	} else {
		effects = r.line.Enable(now)
		c.Held = len(effects.Start)
		update = activity.Enabled{Target: c.Target, Released: c.Held, At: now}
	}
	c.Changed = effects.Webhook != nil
	done = make(chan error, 1)
	added := r.add(step{Step: history.Step{Effects: effects}, released: true, then: func(k kept) {
		if k.err == nil && c.Changed {
			r.session.Bus.Publish(update)
		}
		done <- k.err
	}})
	if !added {
		err = errEnded
	}
	return c, done, err
}

// replay sends a request once more, and returns when the first attempt is kept.
func (s *Session) replay(ctx context.Context, l *lane, request *event.Request, turn *fault.Turn) (activity.Attempted, error) {
	if err := s.untilTaken(ctx); err != nil {
		return activity.Attempted{}, err
	}
	now := s.Now()
	d := history.Delivery{
		ID: event.NewDeliveryID(now), Request: request.ID, Agent: s.Relay.position(),
		Target: l.target.String(), Origin: delivery.Replay, Created: now,
	}
	if err := s.History.AddDelivery(ctx, d); err != nil {
		return activity.Attempted{}, err
	}
	j := &job{
		lane: l, delivery: d.ID, number: 1, request: request.ID, name: nameOf(request),
		origin: delivery.Replay, recorded: make(chan bool, 1), turn: turn,
	}
	j.recorded <- true
	l.retries.arrive(j)
	a := s.attempt(ctx, j, request)
	type result struct {
		kept
		update activity.Attempted
	}
	done := make(chan result, 1)
	st := l.retries.finish(j, a, request, func(k kept, u activity.Attempted) { done <- result{k, u} })
	if st != nil {
		l.retries.keep([]step{*st})
	}
	got := <-done
	if got.err != nil {
		return activity.Attempted{}, fmt.Errorf("sent, but not recorded: %w", got.err)
	}
	s.copies(j, request)
	return got.update, nil
}
