package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
)

// agentCut is an agent whose system calls were followed, and a relay that goes on.
type agentCut struct {
	*pair
	saved string // a copy of the agent's home, as it was before
	log   string
	disk  *shadow
	lines int
}

// cutAgent wants an agent that is started after a cut to end up with all that the relay
// ever answered: what it had acknowledged and then lost, the relay has to send again.
func cutAgent(ctx context.Context, t *trial) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	x := &agentCut{log: filepath.Join(t.dir, "agent-trace")}
	var err error
	if x.pair, err = t.newPair(ctx, "cut-agent"); err != nil {
		return err
	}
	defer x.relay.kill()
	defer func() { x.agent.kill() }()
	if err := x.trace(ctx); err != nil {
		return err
	}
	if err := x.read(); err != nil {
		return err
	}
	var c complaints
	cuts := t.pick(9, 90)
	for i := range cuts {
		if err := x.cut(ctx, &c, i, 1+rand.IntN(x.lines), survival(i%3)); err != nil {
			return err
		}
	}
	_, acked := x.ledger.counts()
	t.figure("cuts of the agent", "%d, with %d events at the relay in the end", cuts, acked)
	return c.err()
}

// agentSizes are of events that each come in one frame, so that they are recorded in
// order.
func agentSizes(n int) int {
	if n%11 == 5 {
		return 20 << 10
	}
	return 1 << 10
}

// trace runs the agent under load to its kill.
func (x *agentCut) trace(ctx context.Context) (err error) {
	if err = x.agent.stop(interrupted); err != nil {
		return err
	}
	x.saved = filepath.Join(x.dir, "cut-agent-saved")
	if err = copyFolder(ctx, x.saved, x.agent.home); err != nil {
		return err
	}
	before, err := readFolder(x.agent.home)
	if err != nil {
		return err
	}
	x.disk = newShadow(x.agent.home, before)
	if x.agent.under, err = strace(x.log, maxPage*8); err != nil {
		return err
	}
	if err = x.agent.start(ctx); err != nil {
		return err
	}
	path, err := x.agent.path()
	if err != nil {
		return err
	}
	l := &load{host: x.relay.host, path: path, ledger: x.ledger, prefix: "p", senders: traceSenders, until: x.pick(500, 5_000), size: agentSizes}
	if err = l.run(ctx); err != nil {
		return err
	}
	if err = x.agent.settle(ctx, x.relay.host, x.ledger); err != nil {
		return err
	}
	x.agent.kill() // returns once strace has written all: it holds the same pipe
	x.agent.under = nil
	return nil
}

// copyFolder copies a folder with its modes, which os.CopyFS would not: solatis doesn't
// trust folders that are open to others.
func copyFolder(ctx context.Context, to, from string) error {
	if out, err := exec.CommandContext(ctx, "cp", "-a", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("cp -a: %w: %s", err, out)
	}
	return nil
}

func (x *agentCut) read() error {
	log, err := os.Open(x.log)
	if err != nil {
		return err
	}
	defer log.Close()
	err = readCalls(log, func(c call) error {
		x.lines = max(x.lines, c.begin)
		return x.disk.see(c)
	})
	return errors.Join(err, x.disk.check())
}

// cut starts an agent on what a cut has left, and compares its history.
func (x *agentCut) cut(ctx context.Context, c *complaints, number, line int, left survival) error {
	name := fmt.Sprintf("cut %d of the agent", number)
	home := filepath.Join(x.dir, fmt.Sprintf("agent-cut%d", number))
	if err := copyFolder(ctx, home, x.saved); err != nil {
		return err
	}
	if err := x.disk.write(home, line, left); err != nil {
		return err
	}
	x.agent.home = home
	if err := x.agent.start(ctx); err != nil {
		c.add("%s: %v", name, err)
		return ctx.Err()
	}
	if err := x.agent.settle(ctx, x.relay.host, x.ledger); err != nil {
		return err
	}
	if err := x.agent.stop(interrupted); err != nil {
		return err
	}
	all, err := readHistory(ctx, x.agent.history())
	if err != nil {
		return err
	}
	c.compareHistory(x.ledger, name, all)
	return nil
}
