package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// powerGate cuts the power of the relay, and then of an agent. From a trace it makes what
// could be left on the disk then, and starts the real program on that.
func powerGate(ctx context.Context, t *trial) error {
	return errors.Join(cutRelay(ctx, t), cutAgent(ctx, t))
}

// cutRelay wants from a relay after a cut all that it had answered before.
func cutRelay(ctx context.Context, t *trial) error {
	x, err := t.trace(ctx, t.pick(400, 4_000), maxLine/4, powerSizes)
	if err != nil {
		return err
	}
	disk, seen, lines, err := x.read()
	if err != nil {
		return err
	}
	if err := disk.check(); err != nil {
		return err
	}
	_, acked := x.ledger.counts()
	if len(seen) < acked {
		return fmt.Errorf("%d events were answered with 2xx, and the trace has %d of these answers: it can't be read right", acked, len(seen))
	}
	cuts, promised := t.pick(9, 90), 0
	var c complaints
	for i := range cuts {
		// Half of them hit right behind an answer, where the most is at stake.
		cut := 1 + rand.IntN(lines)
		if i%2 == 0 {
			cut = seen[rand.IntN(len(seen))].begin + 1 + rand.IntN(3)
		}
		n, err := x.cut(ctx, &c, disk, seen, i, cut, survival(i%3))
		if err != nil {
			return fmt.Errorf("after a cut at line %d of %d: %w", cut, lines, err)
		}
		promised += n
	}
	t.figure("cuts of the relay", "%d, with %d answered events before them in all", cuts, promised)
	return c.err()
}

// powerSizes are small but for some that are spooled: each byte takes four in the trace.
func powerSizes(n int) int {
	if n%37 == 13 {
		return 300 << 10
	}
	return 1 << 10
}

// read reads the trace.
func (x *traced) read() (disk *shadow, seen []answer, lines int, err error) {
	log, err := os.Open(x.log)
	if err != nil {
		return nil, nil, 0, err
	}
	defer log.Close()
	disk, answers := newShadow(x.relay.data, x.before), newAnswers(x.posted)
	err = readCalls(log, func(c call) error {
		lines = max(lines, c.begin)
		if answers.see(c) {
			return nil
		}
		return disk.see(c)
	})
	return disk, answers.all, lines, err
}

// cut tries one cut, and returns how many events had been answered by then.
func (x *traced) cut(ctx context.Context, c *complaints, disk *shadow, seen []answer, number, line int, left survival) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dir := filepath.Join(x.dir, fmt.Sprintf("cut%d", number))
	if err := disk.write(dir, line, left); err != nil {
		return 0, err
	}
	l := x.ledger.unanswered()
	for _, a := range seen {
		if a.begin < line {
			l.acknowledge(a.id)
		}
	}
	_, n := l.counts()
	r := &relay{program: x.relay.program, data: dir, token: x.relay.token}
	if err := x.check(ctx, r); err != nil {
		c.add("cut %d: %v", number, err)
	}
	if err := x.replay(ctx, c, r, l, number); err != nil {
		c.add("cut %d: what had been answered, %d events, was lost: %v", number, n, err)
	}
	return n, ctx.Err()
}

// replay has a relay send all that it has to an agent that is new.
func (x *traced) replay(ctx context.Context, c *complaints, r *relay, l *ledger, number int) error {
	if err := r.start(ctx); err != nil {
		return err
	}
	defer r.kill()
	app, err := x.newApp(ctx)
	if err != nil {
		return err
	}
	a, err := x.newAgent(fmt.Sprintf("after%d", number), r, app, "--since", "beginning", "--ephemeral", "--concurrency", "1")
	if err != nil {
		return err
	}
	if err := a.start(ctx); err != nil {
		return err
	}
	defer a.kill()
	path, err := a.path()
	if err != nil {
		return err
	}
	// In an order that is kept, the last to arrive says that all have that do.
	last, err := newSender(r.host, path, l)
	if err != nil {
		return err
	}
	defer last.close()
	id := fmt.Sprintf("evt_last%d", number)
	body := newBody(id, 100)
	l.sent(id, sha256.Sum256(body))
	if status, err := last.post(ctx, id, body); err != nil || status != 200 {
		return fmt.Errorf("the relay answers the next event with %d, error %v", status, err)
	}
	if err := app.await(ctx, []string{id}); err != nil {
		return err
	}
	c.compareApp(l, fmt.Sprintf("cut %d", number), app)
	return nil
}
