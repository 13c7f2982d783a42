package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// neighbour is another agent at a pair's relay, with an endpoint and an app of its own.
type neighbour struct {
	*agent
	app    *app
	ledger *ledger
}

// neighbour starts one. name is that of its endpoint, and unique in the trial.
func (p *pair) neighbour(ctx context.Context, name string, flags ...string) (*neighbour, error) {
	n := &neighbour{ledger: newLedger()}
	var err error
	if n.app, err = p.newApp(ctx); err != nil {
		return nil, err
	}
	// Of a flag that is given twice the last one counts.
	if n.agent, err = p.newAgent(name, p.relay, n.app, append([]string{"--endpoint", name}, flags...)...); err != nil {
		return nil, err
	}
	return n, n.start(ctx)
}

// sender makes a sender to the neighbour's endpoint at the relay host.
func (n *neighbour) sender(host string) (*sender, error) {
	path, err := n.path()
	if err != nil {
		return nil, err
	}
	return newSender(host, path, n.ledger)
}

// held are senders that wait for the answer of an app that hangs.
type held struct {
	*neighbour
	posting sync.WaitGroup

	mu    sync.Mutex // guards found
	found complaints
}

// heldWithin is longer than senders have to be held, and the relay gives the app as much.
const heldWithin = 10 * time.Minute

// hold lets so many senders post to an app that hangs, and returns when all of their
// requests have reached the agent.
func (p *pair) hold(ctx context.Context, senders int) (*held, error) {
	n, err := p.neighbour(ctx, "held", "--respond", "app", "--timeout", "1h")
	if err != nil {
		return nil, err
	}
	h := &held{neighbour: n}
	caught, all := n.app.hang(), n.hasRecorded(senders)
	for i := range senders {
		s, err := n.sender(p.relay.host)
		if err != nil {
			return nil, err
		}
		s.within = heldWithin
		h.posting.Go(func() { h.post(ctx, s, fmt.Sprintf("evt_held%d", i)) })
	}
	if err := n.await(ctx, caught, "forwarded the first event whose sender waits"); err != nil {
		return nil, err
	}
	return h, n.await(ctx, all, fmt.Sprintf("recorded %d requests whose senders wait", senders))
}

func (h *held) post(ctx context.Context, s *sender, id string) {
	defer s.close()
	if status, err := s.post(ctx, id, newBody(id, 1<<10)); err != nil || status != 200 {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.found.add("%s, whose sender waited for an app that hung, is answered %d, error %v", id, status, err)
	}
}

// release lets the app go on. Each sender has to get its answer then.
func (h *held) release() error {
	h.app.goOn()
	h.posting.Wait()
	return h.found.err()
}
