package tui

import (
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// work runs the view's commands, so that none outlives it: bubbletea doesn't wait for
// its own.
type work struct {
	ctx   context.Context                                 // ends with the view
	sleep func(ctx context.Context, d time.Duration) bool // sleep, or what stands in for it
	mu    sync.Mutex                                      // guards over, and the start of what wg counts
	over  bool
	wg    sync.WaitGroup
}

func newWork(ctx context.Context) *work { return &work{ctx: ctx, sleep: sleep} }

// sleep waits, and reports whether it could do so until the end.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// do returns a command. A panic in it becomes a crashedMsg, so that it is told as any
// other.
func (w *work) do(f func(ctx context.Context) tea.Msg) tea.Cmd {
	return func() (msg tea.Msg) {
		w.mu.Lock()
		if w.over {
			w.mu.Unlock()
			return nil
		}
		w.wg.Add(1)
		w.mu.Unlock()
		defer w.wg.Done()
		defer func() {
			if p := recover(); p != nil {
				msg = crashedMsg{newCrash(p)}
			}
		}()
		return f(w.ctx)
	}
}

// after returns a command that brings msg after a while.
func (w *work) after(d time.Duration, msg tea.Msg) tea.Cmd {
	return w.do(func(ctx context.Context) tea.Msg {
		if !w.sleep(ctx, d) {
			return nil
		}
		return msg
	})
}

// wait returns once all commands have ended. Their context is cancelled by then.
func (w *work) wait() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	w.wg.Wait()
}
