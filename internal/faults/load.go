package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// load is many senders that post until enough is acknowledged. One that gets no answer,
// or is refused for the moment, goes on with another event once the relay is up.
type load struct {
	host, path string
	ledger     *ledger
	prefix     string // of its event ids
	senders    int
	until      int             // acknowledged in the ledger, in all
	stop       <-chan struct{} // ends it instead of until, where it isn't nil
	pace       time.Duration   // between a sender's posts
	size       func(int) int   // bytes of an event, by a number that differs among senders, so that the large ones are spread out
	up         *gateway        // nil where the relay always is

	all []*sender // after run, to see what was posted
}

// mixedSizes are those of ordinary events, some larger, and a few that take the way of
// spooled bodies.
func mixedSizes(n int) int {
	switch {
	case n%31 == 13:
		return 400 << 10
	case n%11 == 5:
		return 20 << 10
	}
	return 1 << 10
}

// run posts, and returns when enough is acknowledged or ctx ends.
func (l *load) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	enough := l.stop
	if enough == nil {
		enough = l.ledger.reached(l.until)
	}
	var posting sync.WaitGroup
	for i := range l.senders {
		s, err := newSender(l.host, l.path, l.ledger)
		if err != nil {
			return err
		}
		l.all = append(l.all, s)
		posting.Go(func() {
			defer s.close()
			if err := l.post(ctx, s, i, enough); err != nil {
				cancel(err)
			}
		})
	}
	posting.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return nil
}

// refusedPause is how long a sender waits that was told to come back.
const refusedPause = 20 * time.Millisecond

// post posts one sender's events.
func (l *load) post(ctx context.Context, s *sender, number int, enough <-chan struct{}) error {
	for n := 0; ; n++ {
		select {
		case <-enough:
			return nil
		case <-ctx.Done():
			return nil
		default:
		}
		id := fmt.Sprintf("evt_%s%02d%07d", l.prefix, number, n)
		status, err := s.post(ctx, id, newBody(id, l.size(n+7*number)))
		switch {
		case err == nil && status/100 == 2:
			if l.pace > 0 {
				pause(ctx, l.pace)
			}
		case err != nil && l.up != nil:
			l.up.wait(ctx)
		case err == nil && status == 503 && l.up != nil:
			pause(ctx, refusedPause)
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("%s got no answer: %w", id, err)
		default:
			return fmt.Errorf("%s was answered %d", id, status)
		}
	}
}

// pause waits, but not longer than ctx.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// gateway tells senders whether the relay is up.
type gateway struct {
	mu   sync.Mutex // guards what follows
	open chan struct{}
	shut bool
}

func newGateway() *gateway {
	g := &gateway{open: make(chan struct{})}
	close(g.open)
	return g
}

// close makes those wait who come from now on.
func (g *gateway) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut {
		g.open, g.shut = make(chan struct{}), true
	}
}

// reopen lets all go on.
func (g *gateway) reopen() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		close(g.open)
		g.shut = false
	}
}

// wait returns when the relay is up.
func (g *gateway) wait(ctx context.Context) {
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	select {
	case <-open:
	case <-ctx.Done():
	}
}
