package main

import (
	"context"
	"fmt"
	"time"
)

// hungGate lets an app hang while much is queued for it. Meanwhile another endpoint goes
// on. Then the agent is killed, and the next one drains the queue in order.
func hungGate(ctx context.Context, t *trial) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p, err := t.newPair(ctx, "hung", "--concurrency", "1", "--timeout", "1h")
	if err != nil {
		return err
	}
	defer p.kill()
	h := &hung{pair: p}
	if h.beside, err = h.pair.neighbour(ctx, "beside"); err != nil {
		return err
	}
	defer h.beside.kill()
	if err := h.queueUp(ctx); err != nil {
		return err
	}
	var c complaints
	if err := h.compareIngest(ctx, &c); err != nil {
		return err
	}
	if err := h.besides(ctx, &c); err != nil {
		return err
	}
	if err := h.restart(ctx, &c); err != nil {
		return err
	}
	return c.err()
}

// hung is a relay with an agent whose app hangs, and another agent at an endpoint of its
// own.
type hung struct {
	*pair
	beside *neighbour
}

// queueUp posts to the app that hangs, until all is in the agent's history.
func (h *hung) queueUp(ctx context.Context) error {
	caught := h.app.hang()
	path, err := h.agent.path()
	if err != nil {
		return err
	}
	// Several times what the agent may keep of it in memory.
	size := h.pick(400, 100) << 10
	l := &load{host: h.relay.host, path: path, ledger: h.ledger, prefix: "h", senders: 8,
		until: h.pick(1_000, 10_000), size: func(int) int { return size }}
	if err := l.run(ctx); err != nil {
		return err
	}
	if err := h.agent.await(ctx, caught, "forwarded the first event"); err != nil {
		return err
	}
	_, acked := h.ledger.counts()
	return h.agent.await(ctx, h.agent.hasRecorded(acked), fmt.Sprintf("recorded %d requests", acked))
}

// besides sends to the other endpoint, whose app answers.
func (h *hung) besides(ctx context.Context, c *complaints) error {
	path, err := h.beside.path()
	if err != nil {
		return err
	}
	_, before := h.beside.ledger.counts()
	l := &load{host: h.relay.host, path: path, ledger: h.beside.ledger, prefix: "b", senders: 4, until: before + h.pick(200, 2_000), size: mixedSizes}
	if err := l.run(ctx); err != nil {
		return err
	}
	if err := h.beside.app.await(ctx, l.ledger.promised()); err != nil {
		return err
	}
	c.compareApp(l.ledger, "beside the app that hangs", h.beside.app)
	_, acked := l.ledger.counts()
	h.figure("beside", "%d events delivered by the other agent meanwhile", acked)
	return nil
}

// maxQueueMemory is what the agent may take with any number of bodies queued, in MiB: the
// 64 MiB of bodies that may wait in memory, as much again of garbage between two
// collections, and what is on its way from the relay to the history.
const maxQueueMemory = 450

// drainBound is what the next agent may take for all that is queued, of a long run too.
const drainBound = time.Minute

// drain waits until the app has got all.
func (h *hung) drain(ctx context.Context) error {
	began := time.Now()
	promised := h.ledger.promised()
	bounded, cancel := context.WithTimeout(ctx, drainBound)
	defer cancel()
	err := h.app.await(bounded, promised)
	if bounded.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("the queue of %d events isn't drained within %v", len(promised), drainBound)
	}
	h.figure("drained", "%d events in %.1f s (at most %.0f)", len(promised), time.Since(began).Seconds(), drainBound.Seconds())
	return err
}

// restart kills the agent, lets the app go on, and compares what the next agent does.
func (h *hung) restart(ctx context.Context, c *complaints) error {
	peak, err := h.agent.memory()
	if err != nil {
		return err
	}
	h.agent.kill()
	h.app.goOn()
	if err := h.agent.start(ctx); err != nil {
		return err
	}
	if err := h.drain(ctx); err != nil {
		return err
	}
	if err := h.finish(ctx, c, "queue"); err != nil {
		return err
	}
	all, err := readHistory(ctx, h.agent.history())
	if err != nil {
		return err
	}
	c.compareOrder("queue", h.app, all)
	_, acked := h.ledger.counts()
	h.figure("queue", "%d events, %d of %d KiB, drained by the next agent", acked, h.pick(1_000, 10_000), h.pick(400, 100))
	h.figure("memory", "the agent whose app hung %.0f MiB at its peak (at most %d), the next one %.0f MiB", peak, maxQueueMemory, h.agentPeak)
	if most := max(peak, h.agentPeak); most > maxQueueMemory {
		c.add("the agent took %.0f MiB of memory for what was queued, and %d should do", most, maxQueueMemory)
	}
	if len(all) < acked {
		return fmt.Errorf("%d events are in the history, of %d", len(all), acked)
	}
	return nil
}
