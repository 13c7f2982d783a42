package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// What an app that hangs may cost the senders to another endpoint of the same relay: their
// 99th percentile may be up by a fifth. It is measured in rounds, each with requests to
// that relay and to one where nothing hangs by turns, and the median of the rounds' ratios
// counts: a disturbance of the machine hits both. Only a long run is judged.
const (
	besideRounds = 11
	besideBound  = 1.2
	besideTries  = 3 // the machine's own noise is sometimes more than a fifth
)

// compareIngest measures requests to the other endpoint, and the same at a relay of its
// own.
func (h *hung) compareIngest(ctx context.Context, c *complaints) error {
	quiet, err := h.newPair(ctx, "quiet")
	if err != nil {
		return err
	}
	defer quiet.kill()
	path, err := quiet.agent.path()
	if err != nil {
		return err
	}
	there, err := newSender(quiet.relay.host, path, quiet.ledger)
	if err != nil {
		return err
	}
	defer there.close()
	if path, err = h.beside.path(); err != nil {
		return err
	}
	here, err := newSender(h.relay.host, path, h.besideLedger)
	if err != nil {
		return err
	}
	defer here.close()
	ratio := 0.0
	for try := range h.pick(1, besideTries) {
		if ratio, err = h.ingestRatio(ctx, here, there, try); err != nil {
			return err
		}
		if ratio <= besideBound {
			break
		}
	}
	h.figure("ingest", "99th percentile beside the app that hangs %.2f times that at a relay of its own (goal: at most %.1f)", ratio, besideBound)
	if h.long && ratio > besideBound {
		c.add("beside an app that hangs the 99th percentile of another endpoint's requests is %.2f times what it is without", ratio)
	}
	return nil
}

// ingestRatio returns the median of the rounds' ratios.
func (h *hung) ingestRatio(ctx context.Context, here, there *sender, try int) (float64, error) {
	var ratios []float64
	for round := range besideRounds {
		var took [2][]time.Duration
		for i := range h.pick(100, 1_000) {
			for k, s := range []*sender{here, there} {
				id := fmt.Sprintf("evt_r%d_%d_%d_%d", try, round, i, k)
				began := time.Now()
				if status, err := s.post(ctx, id, newBody(id, 1<<10)); err != nil || status != 200 {
					return 0, fmt.Errorf("beside the app that hangs, %s is answered %d, error %v", id, status, err)
				}
				took[k] = append(took[k], time.Since(began))
			}
		}
		for k := range took {
			slices.Sort(took[k])
		}
		at := len(took[0]) * 99 / 100
		ratios = append(ratios, float64(took[0][at])/float64(took[1][at]))
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2], nil
}
