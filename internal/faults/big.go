package main

import (
	"context"
	"fmt"
	"sync"
)

// bigGate sends large bodies at once. They arrive as they were sent, and the relay, which
// is to spool them, stays small.
func bigGate(ctx context.Context, t *trial) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	at, size, limit := t.pick(10, 20), t.pick(16, 32), float64(t.pick(150, 400)) // MiB
	p, err := t.newPair(ctx, "big")
	if err != nil {
		return err
	}
	defer p.kill()
	var c complaints
	if err := p.postLarge(ctx, &c, at, size<<20-1<<10); err != nil {
		return err
	}
	if err := p.finish(ctx, &c, "big"); err != nil {
		return err
	}
	t.figure("bodies", "%d of %d MiB at once", at, size)
	t.figure("memory", "relay %.0f MiB at its peak (at most %.0f), agent %.0f MiB", p.relayPeak, limit, p.agentPeak)
	if p.relayPeak > limit {
		c.add("the relay took %.0f MiB of memory for %d bodies of %d MiB, and %.0f should do", p.relayPeak, at, size, limit)
	}
	return c.err()
}

// postLarge posts so many bodies of about size bytes, all at once.
func (p *pair) postLarge(ctx context.Context, c *complaints, at, size int) error {
	path, err := p.agent.path()
	if err != nil {
		return err
	}
	var mu sync.Mutex // guards c
	var posting sync.WaitGroup
	for i := range at {
		s, err := newSender(p.relay.host, path, p.ledger)
		if err != nil {
			return err
		}
		posting.Go(func() {
			defer s.close()
			id := fmt.Sprintf("evt_big%d", i)
			if status, err := s.post(ctx, id, newBody(id, size)); err != nil || status != 200 {
				mu.Lock()
				defer mu.Unlock()
				c.add("%s is answered %d, error %v", id, status, err)
			}
		})
	}
	posting.Wait()
	return ctx.Err()
}
