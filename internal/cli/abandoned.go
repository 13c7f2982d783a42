package cli

import (
	"context"

	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
)

// retrying lets a command retry what it sends by itself: others know then that it runs, until
// release is called.
func (a *app) retrying(ctx context.Context, h *history.History) (release func() error, err error) {
	if err := a.cancelAbandoned(ctx, h); err != nil {
		return nil, err
	}
	f, err := folders.Resolve(a.env)
	if err != nil {
		return nil, err
	}
	return f.HoldRetrying()
}

// cancelAbandoned cancels what a command left that was killed while it waited for retries.
func (a *app) cancelAbandoned(ctx context.Context, h *history.History) error {
	f, err := folders.Resolve(a.env)
	if err != nil {
		return err
	}
	return f.IfNobodyRetries(func() error {
		_, err := h.CancelAbandoned(ctx)
		return err
	})
}
