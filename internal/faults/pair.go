package main

import (
	"context"
	"errors"
)

// pair is a relay with one agent and its app.
type pair struct {
	*trial
	relay  *relay
	agent  *agent
	app    *app
	ledger *ledger

	relayPeak, agentPeak float64 // in MiB, after finish
}

// newPair starts a relay with an agent. name is unique in the trial.
func (t *trial) newPair(ctx context.Context, name string, flags ...string) (*pair, error) {
	p, err := t.newRelayPair(ctx, name, flags...)
	if err != nil {
		return nil, err
	}
	if err := p.agent.start(ctx); err != nil {
		p.relay.kill()
		return nil, err
	}
	return p, nil
}

// newRelayPair is newPair with an agent that is still to be started.
func (t *trial) newRelayPair(ctx context.Context, name string, flags ...string) (*pair, error) {
	data, err := t.sub(name + "-relay")
	if err != nil {
		return nil, err
	}
	p := &pair{trial: t, ledger: newLedger()}
	if p.relay, err = t.newRelay(ctx, data); err != nil {
		return nil, err
	}
	if p.app, err = t.newApp(ctx); err != nil {
		return nil, err
	}
	if err := p.relay.start(ctx); err != nil {
		return nil, err
	}
	if p.agent, err = t.newAgent(name, p.relay, p.app, flags...); err != nil {
		p.relay.kill()
		return nil, err
	}
	return p, nil
}

func (p *pair) kill() {
	p.agent.kill()
	p.relay.kill()
}

// finish waits until all is delivered and recorded, ends both in good order, and compares.
func (p *pair) finish(ctx context.Context, c *complaints, name string) error {
	if err := p.app.await(ctx, p.ledger.promised()); err != nil {
		return err
	}
	if err := p.agent.settle(ctx, p.relay.host, p.ledger); err != nil {
		return err
	}
	if err := p.app.await(ctx, p.ledger.promised()); err != nil {
		return err
	}
	var errs [2]error
	p.relayPeak, errs[0] = p.relay.memory()
	p.agentPeak, errs[1] = p.agent.memory()
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	if err := p.agent.stop(interrupted); err != nil {
		return err
	}
	all, err := readHistory(ctx, p.agent.history())
	if err != nil {
		return err
	}
	c.compareHistory(p.ledger, name, all)
	c.compareApp(p.ledger, name, p.app)
	if err := p.relay.stop(0); err != nil {
		return err
	}
	return p.check(ctx, p.relay)
}
