package tui

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
)

// TestABurstIsOneBatchAFrame publishes 1,000 updates a second for ten seconds.
func TestABurstIsOneBatchAFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := new(activity.Bus)
		f := &feed{updates: bus.Subscribe(16<<10, nil).Updates()}
		w := newWork(t.Context())
		go func() {
			for range 10_000 {
				bus.Publish(activity.Received{})
				time.Sleep(time.Millisecond)
			}
			bus.Close()
		}()
		batches, updates := 0, 0
		for {
			msg := f.next(w)().(updatesMsg)
			batches, updates = batches+1, updates+len(msg.updates)
			if msg.over {
				break
			}
		}
		if updates != 10_000 || batches > 302 || batches < 200 {
			t.Errorf("%d updates came in %d batches", updates, batches)
		}
	})
}

func TestTheFirstUpdateAfterASilenceComesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := new(activity.Bus)
		f := &feed{updates: bus.Subscribe(10, nil).Updates()}
		w := newWork(t.Context())
		for range 3 {
			time.Sleep(time.Second)
			bus.Publish(activity.Received{})
			before := time.Now()
			f.next(w)()
			if waited := time.Since(before); waited != 0 {
				t.Errorf("it took %v", waited)
			}
		}
	})
}

func TestABatchIsBounded(t *testing.T) {
	bus := new(activity.Bus)
	f := &feed{updates: bus.Subscribe(3*maxBatch, nil).Updates()}
	w := newWork(t.Context())
	for range 2*maxBatch + 1 {
		bus.Publish(activity.Received{})
	}
	f.last = time.Now().Add(time.Hour) // it would go on collecting
	if got := len(f.next(w)().(updatesMsg).updates); got != maxBatch {
		t.Errorf("a batch of %d", got)
	}
}

func TestTheFeedEndsWithTheView(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	bus := new(activity.Bus)
	f := &feed{updates: bus.Subscribe(10, nil).Updates()}
	w := newWork(ctx)
	done := make(chan any)
	go func() { done <- f.next(w)() }()
	cancel()
	if msg := <-done; msg != nil {
		t.Errorf("it brought %v", msg)
	}
	w.wait()
	if msg := f.next(w)(); msg != nil {
		t.Errorf("after the end it brought %v", msg)
	}
}
