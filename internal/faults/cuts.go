package main

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
)

// cutsGate puts a proxy between agent and relay that goes bad again and again, while
// senders, who don't go through it, post all the time.
func cutsGate(ctx context.Context, t *trial) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p, err := t.newRelayPair(ctx, "cuts")
	if err != nil {
		return err
	}
	defer p.relay.kill()
	between, err := newProxy(p.relay.host)
	if err != nil {
		return err
	}
	defer between.close()
	var lost atomic.Int64
	p.agent.relay, p.agent.observe = between.host, func(u activity.Update) {
		if _, ok := u.(activity.Disconnected); ok {
			lost.Add(1)
		}
	}
	if err := p.agent.start(ctx); err != nil {
		return err
	}
	defer p.agent.kill()
	p.app.slowDown(time.Second)
	if err := p.postAlong(ctx, func() { p.breakAll(ctx, between, &lost) }); err != nil {
		return err
	}
	var c complaints
	if err := p.finish(ctx, &c, "cuts"); err != nil {
		return err
	}
	p.figure("delivered again", "%s", p.app.repeats())
	if lost.Load() == 0 {
		c.add("the agent never lost its connection: this tested nothing")
	}
	return c.err()
}

// postAlong posts while something happens.
func (p *pair) postAlong(ctx context.Context, happens func()) error {
	path, err := p.agent.path()
	if err != nil {
		return err
	}
	stop, posting := make(chan struct{}), make(chan error, 1)
	l := &load{host: p.relay.host, path: path, ledger: p.ledger, prefix: "c", senders: 6, stop: stop,
		pace: time.Duration(p.pick(10, 100)) * time.Millisecond, size: mixedSizes}
	go func() { posting <- l.run(ctx) }()
	happens()
	close(stop)
	err = <-posting
	sent, acked := p.ledger.counts()
	p.figure("events", "%d sent, %d acknowledged", sent, acked)
	return err
}

// breakAll has the proxy suffer every fault in turn, each for some seconds.
func (p *pair) breakAll(ctx context.Context, between *proxy, lost *atomic.Int64) {
	kinds := []fault{cutOff, stalled, halfOpen, halfShut}
	times := map[fault]time.Duration{}
	n := p.pick(8, 40)
	for i := range n {
		kind := kinds[i%len(kinds)]
		lasts := time.Second + rand.N(time.Duration(p.pick(2, 59))*time.Second)
		between.suffer(kind)
		pause(ctx, lasts)
		between.suffer(none)
		times[kind] += lasts
		// Some come back to work before the next one, some not quite.
		pause(ctx, rand.N(1500*time.Millisecond))
	}
	for _, kind := range kinds {
		p.figure(kind.String(), "%d times, %.0f s in all", n/len(kinds), times[kind].Seconds())
	}
	p.figure("connections lost", "%d by the agent's own account, and failed tries to connect", lost.Load())
}
