package history

import (
	"context"

	"github.com/solatis/solatis-cli/internal/filter"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

var (
	countDeliveries = `SELECT count(*)` + fromDeliveries
	countBare       = `SELECT count(*)` + fromBare
)

// Without a filter nothing has to be joined.
const countAll = `SELECT (SELECT count(*) FROM deliveries)
	+ (SELECT count(*) FROM requests r WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE request = r.n))`

// Count returns how many rows match q. Free text has it read the bodies of all that the
// rest of q lets through, until ctx ends.
func (h *History) Count(ctx context.Context, q filter.Query) (n int, err error) {
	s := selectionOf(q)
	err = h.db.View(ctx, func(tx *sqlitedb.Tx) error {
		if q.IsZero() {
			return tx.QueryRow(countAll).Scan(&n)
		}
		var d, b sequence
		if err := tx.QueryRow(ends).Scan(&d.first, &d.end, &b.first, &b.end); err != nil {
			return err
		}
		n, err = s.count(ctx, tx, d, countDeliveries, deliveryRows.older)
		if err != nil || !s.bare {
			return err
		}
		bare, err := s.count(ctx, tx, b, countBare, bareRows.older)
		n += bare
		return err
	})
	return n, err
}

// count counts in a sequence, window by window.
func (s *selection) count(ctx context.Context, tx *sqlitedb.Tx, q sequence, exact, rows string) (n int, err error) {
	for from := q.first; from < q.end; from += maxWindow {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		more, err := s.countIn(ctx, tx, from, min(from+maxWindow, q.end), exact, rows)
		if err != nil {
			return 0, err
		}
		n += more
	}
	return n, nil
}

// countIn counts from one number to below another, in SQL where the slots say all, and else
// one by one.
func (s *selection) countIn(ctx context.Context, tx *sqlitedb.Tx, from, to int64, exact, rows string) (n int, err error) {
	all := s.with(from, to, s.text)
	if s.exact {
		err := tx.QueryRow(exact, all...).Scan(&n)
		return n, err
	}
	read, err := tx.Query(rows, all...)
	if err != nil {
		return 0, err
	}
	defer read.Close()
	for read.Next() {
		_, ok, _, err := s.scanFound(read)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return 0, err
		}
		if ok {
			n++
		}
	}
	return n, read.Err()
}
