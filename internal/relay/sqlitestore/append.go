package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// row is what is stored of a request.
type row struct {
	size   int64 // towards the limits
	length int64 // of the body
	spool  *int64
	head   []byte
	body   []byte
}

// Append implements relay.Store.
func (s *Store) Append(ctx context.Context, endpoint string, r *event.Request, limits relay.Limits) (uint64, error) {
	body := r.Body
	if body == nil {
		body = []byte{} // NULL means that the body is spooled
	}
	head, err := encodeHead(r)
	if err != nil {
		return 0, err
	}
	return s.append(ctx, endpoint, row{size: int64(r.Size()), length: int64(len(body)), head: head, body: body}, limits)
}

func (s *Store) append(ctx context.Context, endpoint string, r row, limits relay.Limits) (seq uint64, err error) {
	var refusal error
	err = s.update(ctx, func(tx *sqlitedb.Tx) error {
		key, at, full, err := s.take(tx, endpoint, r.size, limits)
		// A refusal isn't an error of the transaction: that would undo and repeat what
		// shares it, and a full backlog is refused many times a second.
		if refusal = full; full != nil || err != nil {
			return err
		}
		seq = at.seq
		_, err = tx.Exec("INSERT INTO requests (key, total, length, spool, head, body) VALUES (?, ?, ?, ?, ?, ?)",
			key, at.total, r.length, r.spool, r.head, r.body)
		return err
	})
	if err == nil {
		err = refusal
	}
	if err != nil {
		return 0, err
	}
	return seq, nil
}

// take takes the next number for a request of that size, if the backlog has room for it.
func (s *Store) take(tx *sqlitedb.Tx, endpoint string, size int64, limits relay.Limits) (key int64, m mark, full, err error) {
	key, m, err = s.next(tx, endpoint, size, limits)
	if !errors.Is(err, sql.ErrNoRows) {
		return key, m, nil, err
	}
	c, err := load(tx, endpoint)
	if err == nil && c.run != s.run { // the endpoint's first request of this run
		if _, err = s.begin(tx, endpoint); err == nil {
			return s.take(tx, endpoint, size, limits)
		}
	}
	if err != nil {
		return 0, mark{}, nil, err
	}
	return 0, mark{}, fmt.Errorf("%w: %d requests with %d bytes wait for an agent", relay.ErrBacklogFull,
		c.head.seq-c.acked.seq, c.head.total-c.acked.total), nil
}

// next counts an endpoint's numbers up, or returns sql.ErrNoRows. The only request in a
// backlog may have any size: else it could never be sent.
func (s *Store) next(tx *sqlitedb.Tx, endpoint string, size int64, limits relay.Limits) (key int64, m mark, err error) {
	var id int64
	err = tx.QueryRow(`UPDATE endpoints SET seq = seq + 1, total = total + ?2
		WHERE name = ?1 AND run = ?5 AND seq - acked < ?3 AND (total - acked_total + ?2 <= ?4 OR seq = acked)
		RETURNING id, seq, total`, endpoint, size, bound(limits.Backlog), bound(limits.BacklogBytes), int64(s.run)).Scan(&id, &m.seq, &m.total)
	return keyOf(id, m.seq), m, err
}

// bound is a limit as SQLite can compare it.
func bound(limit uint64) int64 {
	if limit == 0 || limit > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(limit)
}
