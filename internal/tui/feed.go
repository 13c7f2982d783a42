package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/solatis/solatis-cli/internal/activity"
)

// frame is the least time between two batches of updates: the screen changes at most 30
// times a second, however much happens.
const frame = time.Second / 30

// maxBatch is how many updates a batch has at most.
const maxBatch = 8192

// feed reads a session's updates in batches.
type feed struct {
	updates <-chan activity.Update // nil where there is no session
	last    time.Time              // when the newest batch was handed over; used by one command at a time
}

// next returns a command that brings the next batch: at once after a silence, else when
// a frame has passed.
func (f *feed) next(w *work) tea.Cmd {
	if f.updates == nil {
		return nil
	}
	return w.do(func(ctx context.Context) tea.Msg {
		var batch updatesMsg
		select {
		case u, ok := <-f.updates:
			if !ok {
				return updatesMsg{over: true}
			}
			batch.updates = append(batch.updates, u)
		case <-ctx.Done():
			return nil
		}
		f.collect(ctx, &batch)
		f.last = time.Now()
		return batch
	})
}

// collect adds what else comes until the frame is over.
func (f *feed) collect(ctx context.Context, batch *updatesMsg) {
	timer := time.NewTimer(frame - time.Since(f.last))
	defer timer.Stop()
	for len(batch.updates) < maxBatch {
		select {
		case u, ok := <-f.updates:
			if !ok {
				batch.over = true
				return
			}
			batch.updates = append(batch.updates, u)
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
