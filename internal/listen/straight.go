package listen

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/send"
	"golang.org/x/sync/semaphore"
)

// Straight sends requests to their targets by itself, and makes again what failed for as
// long as its caller waits. It needs no session. Its methods may be called concurrently.
type Straight struct {
	History *history.History // nil where nothing can be recorded
	Sender  *send.Sender
	Origin  delivery.Origin
	Retry   delivery.Policy     // the zero one makes one attempt
	Slots   *semaphore.Weighted // of which each retry takes one while it is sent; nil for no bound
	Now     func() time.Time

	policies policies

	// send takes the place of fault.Turn.Send in tests of the time between the attempts.
	send func(send.Target, *event.Request) delivery.Outcome
}

// Resent is what became of a request that Straight sent.
type Resent struct {
	Attempts []activity.Attempted // of the delivery; the last one says how it stands now
	Copies   []activity.Attempted // of deliveries that are duplicates of it on purpose
}

// Last returns the attempt that counts.
func (r Resent) Last() activity.Attempted {
	if len(r.Attempts) == 0 {
		return activity.Attempted{}
	}
	return r.Attempts[len(r.Attempts)-1]
}

// All returns all attempts, those of the delivery first.
func (r Resent) All() []activity.Attempted { return slices.Concat(r.Attempts, r.Copies) }

// Deliver sends a request, which has to be in the history if there is one, as a new
// delivery. It goes out byte for byte as it is, its signature included, but for the faults
// of turn in the first attempt; turn may be nil. tell is called with every attempt when it
// is recorded, one call at a time.
//
// An answer that isn't 2xx is no error, and neither is an attempt that ctx interrupts. Where
// ctx ends between two of them, the error is that of ctx. The delivery is cancelled in both
// cases, since no session takes it up.
func (w *Straight) Deliver(ctx context.Context, to send.Target, r *event.Request, turn *fault.Turn, tell func(activity.Attempted)) (Resent, error) {
	d := &straight{Straight: w, request: r, turn: turn, tell: tell, attempted: attempted{
		sent:   sent{event.NewDeliveryID(w.Now()), r.ID, r.Method, r.Path, r.RawQuery, nameOf(r)},
		origin: w.Origin, target: to, standing: delivery.New(),
	}}
	if err := d.begin(ctx); err != nil {
		return Resent{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err := d.run(ctx)
	if err != nil {
		cancel() // the duplicates too
	}
	d.running.Wait()
	return d.done, errors.Join(err, d.failed)
}

// policies are the targets by whose policy the history knows to draw retries.
type policies struct {
	mu    sync.Mutex // guards what follows
	known map[string]bool
}

// keepPolicy lets the history know by which policy what goes to a target is retried.
func (w *Straight) keepPolicy(ctx context.Context, target string) error {
	p := &w.policies
	p.mu.Lock()
	defer p.mu.Unlock()
	if !w.Retry.Retries() || p.known[target] {
		return nil
	}
	if err := w.History.KeepPolicy(ctx, "", target, w.Retry); err != nil {
		return err
	}
	if p.known == nil {
		p.known = make(map[string]bool)
	}
	p.known[target] = true
	return nil
}
