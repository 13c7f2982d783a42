package history

import (
	"context"
	"math"

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
		deliveries, err := s.count(ctx, tx, countDeliveries, deliveryRows.older)
		if err != nil || !s.bare {
			n = deliveries
			return err
		}
		bare, err := s.count(ctx, tx, countBare, bareRows.older)
		n = deliveries + bare
		return err
	})
	return n, err
}

// count counts in SQL what the slots say alone, and else one by one.
func (s *selection) count(ctx context.Context, tx *sqlitedb.Tx, exact, rows string) (n int, err error) {
	all := s.with(1, math.MaxInt64, s.text)
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
