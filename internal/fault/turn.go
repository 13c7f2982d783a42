package fault

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/send"
)

// Send makes one attempt as send.Sender.Send does, with the faults of the turn, and names
// those in the outcome. r is only read.
//
// The first attempt of a turn with drop-then-retry sends nothing: the outcome is
// delivery.BrokenOff, and Dropped is true then. Duplicates are under way when Send
// returns; Copies has them.
func (t *Turn) Send(ctx context.Context, sender *send.Sender, to send.Target, r *event.Request) delivery.Outcome {
	if t == nil {
		return sender.Send(ctx, to, r)
	}
	defer t.Done()
	t.dropped, t.copies = false, nil
	if s, ok := t.faults.has(DropThenRetry); ok {
		return t.drop(to, s)
	}
	r = t.faults.Apply(r)
	if s, ok := t.faults.has(Duplicate); ok {
		t.duplicate(ctx, sender, to, r, s)
		t.faults = t.faults.without(times)
	}
	return attempt(ctx, sender, to, r, t.faults)
}

// attempt sends what was changed already, in the way that the faults have.
func attempt(ctx context.Context, sender *send.Sender, to send.Target, r *event.Request, f Faults) delivery.Outcome {
	var o delivery.Outcome
	if s, ok := f.in(writing); ok {
		o = write(ctx, sender, to, r, s)
	} else {
		o = sender.Send(ctx, to, r)
	}
	o.Fault = f.String()
	return o
}

// drop ends an attempt that isn't made. The next one is as it should be.
func (t *Turn) drop(to send.Target, s Spec) delivery.Outcome {
	t.gate.mu.Lock()
	t.stage, t.again = again, s.Wait.From
	t.gate.mu.Unlock()
	t.dropped = true
	o := delivery.Outcome{
		Kind:  delivery.BrokenOff,
		Error: fmt.Sprintf("not sent to %s: dropped on purpose by --fault %s", to.Address(), DropThenRetry),
		Fault: t.faults.without(signing).without(contentType).without(writing).String(), // the others had no part
	}
	t.faults = Faults{}
	return o
}

// Dropped reports whether the attempt that Send just made was dropped. The target has
// nothing to do with its outcome then. A delivery whose policy has retries is retried by
// that. Without one the caller goes through Hold, which takes the pause, and Send again.
func (t *Turn) Dropped() bool { return t != nil && t.dropped }

// Drops reports whether an attempt with this delivery.Outcome's Fault was dropped.
func Drops(names string) bool {
	return slices.Contains(strings.Split(names, ", "), string(DropThenRetry))
}

// Spoils reports whether an attempt with this delivery.Outcome's Fault sent something else
// than the request as it was, which an app is right to refuse.
func Spoils(names string) bool {
	for name := range strings.SplitSeq(names, ", ") {
		f, ok := formOf(Kind(name))
		if ok && f.group != times && f.group != moment {
			return true
		}
	}
	return false
}

// Copy is a duplicate that was sent.
type Copy struct {
	Started time.Time
	Outcome delivery.Outcome
}

// duplicate starts the copies. They end by ctx, or by the timeout of the sender. Those
// that would have to wait where too much waits already are left out.
func (t *Turn) duplicate(ctx context.Context, sender *send.Sender, to send.Target, r *event.Request, s Spec) {
	release := func() {}
	if s.Wait.From > 0 {
		var ok bool
		if release, ok = t.gate.reserve(len(r.Body)); !ok {
			return
		}
	}
	copies := make(chan Copy, s.Count) // has room for all, so that nobody has to take them
	f := t.faults.without(times).without(moment).with(s)
	var running sync.WaitGroup
	for range s.Count {
		running.Go(func() {
			err := pause(ctx, s.Wait.From)
			release()
			if err != nil {
				return // not one byte was sent: there is nothing to record
			}
			started := time.Now()
			copies <- Copy{started, attempt(ctx, sender, to, r, f)}
		})
	}
	go func() {
		running.Wait()
		close(copies)
	}()
	t.copies = copies
}

// Copies are the duplicates of what Send sent, each as soon as it has ended. Each is a
// delivery of its own, with one attempt. What hadn't begun when ctx ended is left out.
func (t *Turn) Copies() iter.Seq[Copy] {
	return func(yield func(Copy) bool) {
		if t == nil || t.copies == nil {
			return
		}
		for c := range t.copies {
			if !yield(c) {
				return
			}
		}
	}
}

// pause waits for so long, or until ctx ends, whose error it returns then.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
