package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/term"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

// courier is a way by which events go to the app. Its deliver may be called concurrently.
type courier interface {
	// deliver sends an event and waits for what the app makes of it. It calls tell with
	// each attempt, one call at a time. What the app, or what is before it, refuses is no
	// error. Where ctx ends first, the error is that of ctx.
	deliver(ctx context.Context, s sample, tell func(activity.Attempted)) (triggered, error)
	close()
}

// triggered is what became of an event.
type triggered struct {
	attempts []activity.Attempted // the last one of each delivery that it led to
	held     []activity.Held      // one for each whose webhook is disabled
	received *activity.Received   // where it went to none
	refusal  *refusedByRelay      // where not even the session got it
}

// courier opens the way that the flags mean. Retries take their slots from those of all.
func (o *triggerOptions) courier(ctx context.Context, m *maker, first sample, slots *semaphore.Weighted) (courier, error) {
	if o.to != "" {
		return o.newStraight(ctx, slots)
	}
	only := first.id
	if o.count > 1 && (m.freshID || m.template) {
		only = "" // each has another
	}
	return o.newBySession(ctx, only)
}

// sendOne sends an event and prints what the app answered.
func (o *triggerOptions) sendOne(ctx context.Context, by courier, s sample) error {
	printed := verdicts{app: o.app, straight: o.to != ""}
	t, err := by.deliver(ctx, s, printed.print)
	switch {
	case err != nil:
		for _, u := range t.attempts {
			o.app.sayCancelled(u)
		}
		return err
	case t.refusal != nil:
		return t.refusal
	case t.received != nil:
		return o.app.notForwarded(*t.received)
	}
	result := verdict(t.attempts...)
	for _, u := range t.held {
		result = o.app.heldBack(u)
	}
	return result
}

// heldBack says that an event waits for its webhook to be enabled.
func (a *app) heldBack(u activity.Held) error {
	p := a.palette(a.streams.OutTTY)
	fmt.Fprintf(a.streams.Out, "%s [%s] → %s\n%s: %s\n", term.Sanitize(u.EventType), term.Sanitize(u.Event), term.Sanitize(u.Target), p.Warn("held"), whyHeld)
	return &codedError{exitNotAccepted, nil}
}

const whyHeld = "the webhook is disabled after failures; solatis session enable delivers it"

// notForwarded says why an event didn't reach the app.
func (a *app) notForwarded(u activity.Received) error {
	fmt.Fprintf(a.streams.Out, "%s [%s] was recorded, but not forwarded: %s\n",
		term.Sanitize(u.EventType), term.Sanitize(u.Event), term.Sanitize(whyNotForwarded(u)))
	if u.Disposition == activity.BadSign {
		return &codedError{exitBadSign, nil}
	}
	return nil
}

func whyNotForwarded(u activity.Received) string {
	if u.Disposition == activity.RecordOnly && u.Reason == "" {
		return "the session has no --forward"
	}
	return u.Reason
}

// inFlight is how many events are on their way at once. It is how many listen forwards at
// once unless it is told otherwise.
const inFlight = 16

// sendMany sends --count events, as many together as there are slots, and ends with a
// summary. An event that waits for a retry has no slot.
func (o *triggerOptions) sendMany(ctx context.Context, by courier, m *maker, s sample, limit rate.Limit, slots *semaphore.Weighted) error {
	summary := o.app.follow(o.count)
	pace := rate.NewLimiter(limit, 1)
	group, running := errgroup.WithContext(ctx)
	var failed error
	for i := range o.count {
		if i > 0 {
			if s, failed = m.next(); failed != nil {
				o.app.report(failed) // now, since those that were sent may take long
				break
			}
		}
		if pace.Wait(running) != nil || slots.Acquire(running, 1) != nil {
			break // somebody pressed ^C, or an event that was sent says why
		}
		s := s
		group.Go(func() error {
			if err := s.untilDue(running, slots); err != nil {
				return err
			}
			release := sync.OnceFunc(func() { slots.Release(1) })
			defer release()
			t, err := by.deliver(running, s, func(u activity.Attempted) {
				if o.policy.Retries() && summary.told(u) {
					release()
				}
			})
			if err == nil || len(t.attempts) > 0 && settled(t.attempts[0]) {
				summary.add(t.sent(s))
			}
			return err
		})
	}
	err := group.Wait()
	interrupted := ctx.Err() != nil
	outcome := summary.finish(interrupted)
	switch {
	case interrupted:
		return outcome
	case err != nil:
		return err
	case failed != nil:
		return silent(failed)
	}
	return outcome
}

// silent is an error that was reported already, for its exit code.
func silent(err error) error {
	var coded *codedError
	if errors.As(err, &coded) {
		return &codedError{coded.code, nil}
	}
	return &codedError{exitFailed, nil}
}

// untilDue waits while a fault keeps an event back, and leaves its slot to others meanwhile:
// they are to overtake it. Unless there is an error, it has a slot again.
func (s sample) untilDue(ctx context.Context, slots *semaphore.Weighted) error {
	goOn := make(chan struct{})
	if !s.turn.Hold(ctx, len(s.body), func() { close(goOn) }) {
		return nil
	}
	slots.Release(1)
	select {
	case <-goOn:
		return slots.Acquire(ctx, 1)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sent is what became of an event as the summary of several has it. Of several targets
// the first one that failed counts.
func (t triggered) sent(s sample) sent {
	name := fmt.Sprintf("%s [%s]", s.typ, s.id)
	switch {
	case t.refusal != nil:
		return sent{name: name, label: fmt.Sprintf("%d of the URL", t.refusal.status), failed: true, detail: t.refusal.Error()}
	case t.received != nil:
		refused := t.received.Disposition == activity.BadSign
		return sent{name: name, label: string(t.received.Disposition), failed: refused, idle: !refused, detail: whyNotForwarded(*t.received)}
	case len(t.held) > 0:
		return sent{name: name, label: "held", failed: true, detail: whyHeld}
	}
	asked := slices.DeleteFunc(slices.Clone(t.attempts), droppedOnly) // another one follows
	if len(asked) == 0 {
		return sent{name: name, label: "dropped on purpose", idle: true, detail: "the session makes another attempt"}
	}
	return sentBy(asked...)
}

// parseRate reads --rate: events a second, or a number of them and a unit of time.
func parseRate(text string) (rate.Limit, error) {
	if text == "" {
		return rate.Inf, nil
	}
	number, unit, given := strings.Cut(text, "/")
	per, known := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	if !given {
		per, known = time.Second, true
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !known || !(n > 0) || n > 1e9 {
		return 0, usageErrorf("--rate %s: it takes a number of events a second, as in 5 or 10/s, or in another unit, as in 100/m or 20/h", text)
	}
	return rate.Limit(n / per.Seconds()), nil
}
