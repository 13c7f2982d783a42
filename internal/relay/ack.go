package relay

import (
	"context"
	"fmt"
	"time"
)

// acknowledge takes a cumulative ack: it opens the window at once, and another goroutine
// brings it to the store.
func (a *agent) acknowledge(seq uint64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if seq > a.window.sent {
		return fmt.Errorf("an ack of %d, where %d was sent last", seq, a.window.sent)
	}
	if seq <= a.acked {
		return nil
	}
	a.relay.Meter.Acked(seq - a.acked)
	a.acked = seq
	a.window.ack(seq)
	a.signalLocked()
	if !a.acking {
		a.acking = true
		a.work.Go(a.storeAcks)
	}
	return nil
}

// storeAcks brings the newest acknowledged position to the store, and again as long as
// more has come meanwhile: acks that come while one is being written are written as one.
func (a *agent) storeAcks() {
	// It isn't cancelled: what the agent has is worth knowing also when it has gone.
	ctx, r, id := context.Background(), a.relay, a.endpoint.id
	for {
		a.mu.Lock()
		seq := a.acked
		if a.acking = a.stored < seq; !a.acking {
			a.mu.Unlock()
			return
		}
		now := r.Now()
		a.stored, a.seen = seq, now
		a.mu.Unlock()
		err := r.Store.Ack(ctx, id, a.name, seq, now)
		if err == nil && a.endpoint.trimDue(now) {
			err = r.Store.Trim(ctx, id, r.Limits, now)
		}
		if err != nil {
			r.Log.Error("ack not stored", "endpoint", short(id), "agent", a.name, "seq", seq, "error", err)
		}
	}
}

// stillHere tells the store that the agent is connected, if it hasn't heard so for long.
// Without it an idle agent would count as absent.
func (a *agent) stillHere(ctx context.Context, every time.Duration) error {
	a.mu.Lock()
	now, seq := a.relay.Now(), a.stored
	due := every > 0 && now.Sub(a.seen) >= every
	if due {
		a.seen = now
	}
	a.mu.Unlock()
	if !due {
		return nil
	}
	return a.relay.Store.Ack(ctx, a.endpoint.id, a.name, seq, now)
}
