package tui

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/solatis/solatis-cli/internal/filter"
	"github.com/solatis/solatis-cli/internal/history"
)

// Reader is the history as the view reads it; a *history.History is one. Its methods are
// called from several goroutines at once, and their context ends when nobody waits for
// the answer any more.
type Reader interface {
	// Rows returns up to n of the rows that q matches, newest first: those next to the key
	// on its older side or, where n is negative, on its newer side. The zero key stands at
	// the newest end, and for n < 0 at the oldest. A *history.PartialError says that there
	// may be more.
	Rows(ctx context.Context, q filter.Query, at history.Key, n int) ([]history.Row, error)
	// Count returns how many rows q matches.
	Count(ctx context.Context, q filter.Query) (int, error)
	// Show returns all that is recorded of a request.
	Show(ctx context.Context, request string) (history.Details, error)
}

// window is a part of what a query matches, as the list holds it.
type window struct {
	rows           []history.Row // oldest first
	oldest, newest bool          // whether there is nothing before, and nothing after

	// rest is where the search for older rows goes on, and searched how far it has come.
	// They are zero unless it stopped halfway.
	rest     history.Key
	searched time.Time
}

// newestWindow reads the last n rows. A search that takes long stops halfway, so that
// what it found can be shown.
func newestWindow(ctx context.Context, r Reader, q filter.Query, n int) (window, error) {
	w := window{newest: true}
	return w.extended(ctx, r, q, n)
}

// extended returns the window with up to n older rows, from where its search stopped.
func (w window) extended(ctx context.Context, r Reader, q filter.Query, n int) (window, error) {
	rows, err := r.Rows(ctx, q, w.rest, n)
	w.rest, w.searched = history.Key{}, time.Time{}
	var partial *history.PartialError
	switch {
	case errors.As(err, &partial) && len(rows) < n:
		w.rest, w.searched = partial.At, partial.Searched
	case err != nil && partial == nil:
		return window{}, err
	default:
		w.oldest = len(rows) < n
	}
	slices.Reverse(rows)
	w.rows = append(rows, w.rows...)
	return w, nil
}

// oldestWindow reads the first n rows.
func oldestWindow(ctx context.Context, r Reader, q filter.Query, n int) (window, error) {
	rows, err := allRows(ctx, r, q, history.Key{}, -n)
	slices.Reverse(rows)
	return window{rows: rows, oldest: true, newest: len(rows) < n}, err
}

// windowAround reads up to n rows on each side of a key, and the row that has it. The
// newer ones come first, so that the row itself is the first on their older side.
func windowAround(ctx context.Context, r Reader, q filter.Query, at history.Key, n int) (window, error) {
	newer, err := allRows(ctx, r, q, at, -n)
	if err != nil {
		return window{}, err
	}
	from := history.Key{}
	if len(newer) > 0 {
		from = newer[len(newer)-1].Key
	}
	older, err := allRows(ctx, r, q, from, n+1)
	rows := append(newer, older...)
	slices.Reverse(rows)
	return window{rows: rows, oldest: len(older) < n+1, newest: len(newer) < n}, err
}

// allRows is Rows that doesn't stop halfway.
func allRows(ctx context.Context, r Reader, q filter.Query, at history.Key, n int) ([]history.Row, error) {
	var all []history.Row
	for {
		missing := max(n, -n) - len(all)
		if n < 0 {
			missing = -missing
		}
		rows, err := r.Rows(ctx, q, at, missing)
		if n < 0 {
			all = append(rows, all...)
		} else {
			all = append(all, rows...)
		}
		var partial *history.PartialError
		if !errors.As(err, &partial) || len(all) >= max(n, -n) {
			if partial != nil {
				err = nil
			}
			return all, err
		}
		at = partial.At
	}
}
