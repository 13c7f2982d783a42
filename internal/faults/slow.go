package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// slowAttacks are the modes of slowhttptest that a relay can meet: headers that never end,
// bodies that never end, and answers that nobody reads. The fourth, of ranges, is about
// servers of files.
var slowAttacks = []struct{ name, flag string }{
	{"slow headers", "-H"}, {"slow bodies", "-B"}, {"slow reading", "-X"},
}

// slowGate lets slowhttptest, a program that others test servers with, hold as many
// connections as it can, and sends right requests all the while.
func slowGate(ctx context.Context, t *trial) error {
	attacker, err := exec.LookPath("slowhttptest")
	if err != nil {
		return &cannotRun{"slowhttptest is missing, Debian's package of that name"}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p, err := t.newPair(ctx, "slow")
	if err != nil {
		return err
	}
	defer p.kill()
	path, err := p.agent.path()
	if err != nil {
		return err
	}
	h := &hostile{pair: p, path: path}
	if h.right, err = newSender(p.relay.host, path, p.ledger); err != nil {
		return err
	}
	defer h.right.close()
	h.figure("slowhttptest", "%d connections in each mode", h.pick(200, 2_000))
	for _, a := range slowAttacks {
		err := h.within(a.name, func() (timings, error) { return h.beside(ctx, attacker, a.name, a.flag) })
		if err != nil {
			return err
		}
	}
	return h.finish(ctx)
}

// beside sends right requests as long as one attack lasts, and returns how long they took.
func (h *hostile) beside(ctx context.Context, attacker, name, flag string) (took timings, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	connections := h.pick(200, 2_000)
	cmd := exec.CommandContext(ctx, attacker, flag, "-t", "POST", "-u", "http://"+h.relay.host+h.path,
		"-c", strconv.Itoa(connections), "-r", strconv.Itoa(connections/2), "-l", strconv.Itoa(h.pick(6, 40)),
		"-i", "1", "-s", "100000", "-k", "3", "-w", "10", "-y", "20", "-n", "1", "-z", "10", "-p", "5")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				return nil, fmt.Errorf("slowhttptest %s: %w\n%s", flag, err, out.String())
			}
			return took, nil
		default:
		}
		began := time.Now()
		if err := h.sendRight(ctx, name); err != nil {
			cancel()
			<-ended
			return nil, err
		}
		took = append(took, time.Since(began))
	}
}
