package fault

import (
	"context"
	"sync"
)

// InTurn sends in the order of turns, one at a time, as a sender does that waits for each
// answer, but for what the faults of a turn keep back: that is sent when it may be, and a
// burst all at once. send sends the i-th; an error of it ends all. before is called before
// each turn, to keep a pace; nil for none. All turns are of one Gate, which knows how many
// there are, or nil.
//
// It returns the first error, or that of ctx where that ends before all is sent. All that
// it began has ended then.
func InTurn(ctx context.Context, turns []*Turn, before func(ctx context.Context, i int) error, send func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	s := sequence{ctx: ctx, cancel: cancel, turns: turns, send: send, ready: make(chan int, len(turns))}
	defer func() {
		cancel(nil)
		s.pacing.Wait()
		s.running.Wait()
	}()
	kept := 0
	for i, t := range turns {
		if err := s.pace(before, i, &kept); err != nil {
			return err
		}
		if t.Hold(ctx, 0, func() { s.ready <- i }) {
			kept++
			continue
		}
		s.one(i)
		for len(s.ready) > 0 { // what it has let go comes before the next
			s.one(<-s.ready)
			kept--
		}
	}
	for kept > 0 {
		select {
		case i := <-s.ready:
			s.one(i)
			kept--
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	s.running.Wait()
	return context.Cause(ctx)
}

type sequence struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc // takes the first error
	turns   []*Turn
	send    func(ctx context.Context, i int) error
	ready   chan int       // those that were kept back and may be sent now
	running sync.WaitGroup // a burst
	pacing  sync.WaitGroup
}

// pace waits until the i-th turn has come, and sends meanwhile what was kept back.
func (s *sequence) pace(before func(ctx context.Context, i int) error, i int, kept *int) error {
	come := make(chan error, 1)
	if before == nil {
		come <- nil
	} else {
		s.pacing.Go(func() { come <- before(s.ctx, i) })
	}
	for {
		select {
		case err := <-come:
			if cause := context.Cause(s.ctx); cause != nil {
				err = cause // why before gave up
			}
			return err
		case i := <-s.ready:
			s.one(i)
			*kept--
		}
	}
}

// one sends the i-th. What is part of a burst doesn't wait for the rest of that.
func (s *sequence) one(i int) {
	send := func() {
		if err := s.send(s.ctx, i); err != nil {
			s.cancel(err)
		}
	}
	if _, burst := s.turns[i].Faults().has(Burst); burst {
		s.running.Go(send)
		return
	}
	s.running.Wait()
	send()
}
