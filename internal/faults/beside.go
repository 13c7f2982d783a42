package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// What an app that hangs may cost the senders to another endpoint of the same relay: their
// 99th percentile may be up by a fifth. It is measured in rounds, each with requests to
// that relay and to one where nothing hangs by turns, and the median of the rounds' ratios
// counts: a disturbance of the machine hits both. The machine's own noise is sometimes more
// than a fifth, so only boundTries in a row are a fault.
const (
	besideRounds = 11
	besideBound  = 1.2
)

// comparison is a measurement of senders to two relays. Of the first one's apps two hang:
// one whose events queue up, and one for whose answers its senders wait.
type comparison struct {
	*hung
	quiet *pair // the second one
	held  *held

	here, there *sender // to an endpoint of the first one, and of the second
}

// compareIngest measures requests to the other endpoint, and the same at a relay of its
// own, while more comes for the app that hangs.
func (h *hung) compareIngest(ctx context.Context, c *complaints) (err error) {
	m := &comparison{hung: h}
	if m.quiet, err = h.newPair(ctx, "quiet"); err != nil {
		return err
	}
	defer m.quiet.kill()
	alone, err := m.quiet.neighbour(ctx, "alone")
	if err != nil {
		return err
	}
	defer alone.kill()
	if m.held, err = h.hold(ctx, h.pick(50, 200)); err != nil {
		return err
	}
	defer m.held.kill()
	if m.here, err = h.beside.sender(h.relay.host); err != nil {
		return err
	}
	defer m.here.close()
	if m.there, err = alone.sender(m.quiet.relay.host); err != nil {
		return err
	}
	defer m.there.close()
	var ratio float64
	err = m.whileMoreComes(ctx, func() error { ratio, err = m.best(ctx); return err })
	if err != nil {
		return err
	}
	if ratio > besideBound {
		c.add("beside an app that hangs the 99th percentile of another endpoint's requests is %.2f times what it is without", ratio)
	}
	return m.held.release()
}

// whileMoreComes posts to the first endpoint of each relay, a little, while something runs.
func (m *comparison) whileMoreComes(ctx context.Context, run func() error) error {
	stop := make(chan struct{})
	var posting sync.WaitGroup
	var errs [3]error
	for i, p := range []*pair{m.pair, m.quiet} {
		path, err := p.agent.path()
		if err != nil {
			return err
		}
		l := &load{host: p.relay.host, path: path, ledger: p.ledger, prefix: "m", senders: 1, stop: stop,
			pace: 20 * time.Millisecond, size: func(int) int { return 1 << 10 }}
		posting.Go(func() { errs[i] = l.run(ctx) })
	}
	errs[2] = run()
	close(stop)
	posting.Wait()
	return errors.Join(errs[:]...)
}

// best returns the ratio of the first try that is within the bound, or that of the last one.
func (m *comparison) best(ctx context.Context) (ratio float64, err error) {
	tries := 0
	for tries == 0 || ratio > besideBound && tries < boundTries {
		if ratio, err = m.ratio(ctx, tries); err != nil {
			return 0, err
		}
		tries++
	}
	m.figure("ingest", "99th percentile beside the app that hangs %.2f times that at a relay of its own (at most %.1f), in try %d; %d senders waiting for another such app",
		ratio, besideBound, tries, m.pick(50, 200))
	return ratio, nil
}

// ratio returns the median of the rounds' ratios.
func (m *comparison) ratio(ctx context.Context, try int) (float64, error) {
	var ratios []float64
	for round := range besideRounds {
		var took [2]timings
		for i := range m.pick(200, 1_000) {
			for k, s := range []*sender{m.here, m.there} {
				id := fmt.Sprintf("evt_r%d_%d_%d_%d", try, round, i, k)
				began := time.Now()
				if status, err := s.post(ctx, id, newBody(id, 1<<10)); err != nil || status != 200 {
					return 0, fmt.Errorf("beside the app that hangs, %s is answered %d, error %v", id, status, err)
				}
				took[k] = append(took[k], time.Since(began))
			}
		}
		ratios = append(ratios, float64(took[0].at(99))/float64(took[1].at(99)))
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2], nil
}
