package fault

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/solatis/solatis-cli/internal/send"
)

// TestALateTimer holds that a timer that fired while its turn was released doesn't end a
// wait that the turn has begun since.
func TestALateTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(plan(t, 1, "delay:by=1s", "drop-then-retry:after=1m"), 0)
		tn := g.Turn(send.Target{}, 1, "")
		tn.Hold(t.Context(), 1, func() {})
		g.mu.Lock()
		old := tn.waiting
		g.mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		tn.Send(t.Context(), nil, target(t, "3000"), nil) // drops it
		begun := time.Now()
		var after atomic.Int64
		tn.Hold(t.Context(), 1, func() { after.Store(int64(time.Since(begun))) })
		g.timeOver(tn, old)
		g.givenUp(tn, old)
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := time.Duration(after.Load()); got != time.Minute {
			t.Errorf("it went after %v", got)
		}
	})
}

// counted is a context that counts who waits for its end.
type counted struct {
	context.Context
	waiting atomic.Int32
}

func (c *counted) AfterFunc(func()) func() bool {
	c.waiting.Add(1)
	return func() bool { c.waiting.Add(-1); return true }
}

func (c *counted) Done() <-chan struct{} { return make(chan struct{}) }

// TestNothingStaysAtTheContext holds that a long session doesn't gather what was released.
func TestNothingStaysAtTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(plan(t, 1, "delay:by=1s"), 0)
		ctx := &counted{Context: t.Context()}
		g.Turn(send.Target{}, 1, "").Hold(ctx, 1, func() {})
		if ctx.waiting.Load() != 1 {
			t.Fatal("it doesn't wait for the context")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if ctx.waiting.Load() != 0 {
			t.Error("it still does after it went")
		}
	})
}

// TestTheMomentBeforeAReset holds that an app gets one where no test says otherwise.
func TestTheMomentBeforeAReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		moment, stop := beforeReset()
		defer stop()
		<-moment
		if took := time.Since(begun); took != 100*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}
