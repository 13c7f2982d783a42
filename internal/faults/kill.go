package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// killSenders post at the same time in the kill gate.
const killSenders = 50

// killGate kills the relay and two agents at random moments under load. The first agent
// forwards as much at once as it likes, the second one thing after the other.
func killGate(ctx context.Context, t *trial) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	k := &killing{trial: t, ledger: newLedger(), up: newGateway()}
	if err := k.begin(ctx); err != nil {
		return err
	}
	if err := k.load(ctx); err != nil {
		return err
	}
	return k.settle(ctx)
}

// killing is the kill gate under way.
type killing struct {
	*trial
	ledger *ledger
	up     *gateway
	relay  *relay
	agents [2]*agent
	apps   [2]*app
	names  [2]string
}

func (k *killing) begin(ctx context.Context) (err error) {
	data, err := k.sub("relay")
	if err != nil {
		return err
	}
	if k.relay, err = k.newRelay(ctx, data); err != nil {
		return err
	}
	if err = k.relay.start(ctx); err != nil {
		return err
	}
	k.names = [2]string{"wide", "ordered"}
	for i, flags := range [2][]string{{}, {"--concurrency", "1"}} {
		if k.apps[i], err = k.newApp(ctx); err != nil {
			return err
		}
		if k.agents[i], err = k.newAgent(k.names[i], k.relay, k.apps[i], append(flags, "--agent", k.names[i])...); err != nil {
			return err
		}
		if err = k.agents[i].start(ctx); err != nil {
			return err
		}
	}
	k.apps[0].slowDown(500 * time.Millisecond) // so that kills meet deliveries that take their time
	return nil
}

// load posts while the kills happen.
func (k *killing) load(ctx context.Context) error {
	path, err := k.agents[0].path()
	if err != nil {
		return err
	}
	kills, acks := k.pick(12, 50), k.pick(12_000, 100_000)
	l := &load{host: k.relay.host, path: path, ledger: k.ledger, prefix: "k", senders: killSenders, until: acks, size: mixedSizes, up: k.up}
	began := time.Now()
	posting := make(chan error, 1)
	go func() { posting <- l.run(ctx) }()
	failed := k.killAll(ctx, kills, acks)
	if err := <-posting; err != nil {
		return err
	}
	sent, acked := k.ledger.counts()
	k.figure("kills", "%d of the relay, %d of agents", kills/2, kills-kills/2)
	k.figure("events", "%d sent, %d acknowledged, by %d senders in %.0f s", sent, acked, killSenders, time.Since(began).Seconds())
	return failed
}

// killAll kills at random numbers of acknowledged events: the relay, an agent, the relay,
// the other agent, and so on.
func (k *killing) killAll(ctx context.Context, kills, acks int) error {
	defer k.up.reopen() // senders that wait see then that they are done, or that all is lost
	moments := make([]int, kills)
	for i := range moments {
		moments[i] = 1 + rand.IntN(acks*9/10)
	}
	slices.Sort(moments)
	for i, moment := range moments {
		select {
		case <-k.ledger.reached(moment):
		case <-ctx.Done():
			return ctx.Err()
		}
		// An answer has just been read. What follows it should be hit as well.
		pause(ctx, rand.N(5*time.Millisecond))
		if i%2 == 0 {
			if err := k.killRelay(ctx); err != nil {
				return err
			}
			continue
		}
		a := k.agents[i/2%2]
		a.kill()
		if _, err := a.launch(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (k *killing) killRelay(ctx context.Context) error {
	k.up.close()
	defer k.up.reopen()
	k.relay.kill()
	return k.relay.start(ctx)
}

// settle waits until all is delivered, ends everything in good order, and compares.
func (k *killing) settle(ctx context.Context) error {
	promised := k.ledger.promised()
	var waiting sync.WaitGroup
	for _, a := range k.apps {
		waiting.Go(func() { _ = a.await(ctx, promised) }) // who compares sees what is missing
	}
	waiting.Wait()
	var c complaints
	for i, a := range k.agents {
		if err := a.stop(interrupted); err != nil {
			return err
		}
		all, err := readHistory(ctx, a.history())
		if err != nil {
			return err
		}
		c.compareHistory(k.ledger, k.names[i], all)
		c.compareApp(k.ledger, k.names[i], k.apps[i])
		if i == 1 {
			c.compareOrder(k.names[i], k.apps[i], all)
		}
		k.figure(fmt.Sprintf("agent %q", k.names[i]), "%d in the history, %s delivered again", len(all), k.apps[i].repeats())
	}
	if err := k.relay.stop(0); err != nil {
		return err
	}
	if err := k.check(ctx, k.relay); err != nil {
		return err
	}
	return c.err()
}
