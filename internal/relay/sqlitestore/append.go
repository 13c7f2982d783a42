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
	id, err := s.id(ctx, endpoint)
	if err != nil {
		return 0, err
	}
	var refusal error
	err = s.update(ctx, func(tx *sqlitedb.Tx) error {
		at, full, err := take(tx, id, r.size, limits)
		// A refusal isn't an error of the transaction: that would undo and repeat what
		// shares it, and a full backlog is refused many times a second.
		if refusal = full; full != nil || err != nil {
			return err
		}
		seq = at.seq
		_, err = tx.Exec("INSERT INTO requests (key, total, length, spool, head, body) VALUES (?, ?, ?, ?, ?, ?)",
			keyOf(id, seq), at.total, r.length, r.spool, r.head, r.body)
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
// The only one in a backlog may have any size: else it could never be sent.
func take(tx *sqlitedb.Tx, id, size int64, limits relay.Limits) (m mark, full, err error) {
	err = tx.QueryRow(`UPDATE endpoints SET seq = seq + 1, total = total + ?2
		WHERE id = ?1 AND seq - acked < ?3 AND (total - acked_total + ?2 <= ?4 OR seq = acked)
		RETURNING seq, total`, id, size, bound(limits.Backlog), bound(limits.BacklogBytes)).Scan(&m.seq, &m.total)
	if !errors.Is(err, sql.ErrNoRows) {
		return m, nil, err
	}
	c, err := load(tx, id)
	if err != nil {
		return m, nil, err
	}
	return m, fmt.Errorf("%w: %d requests with %d bytes wait for an agent", relay.ErrBacklogFull,
		c.head.seq-c.acked.seq, c.head.total-c.acked.total), nil
}

// bound is a limit as SQLite can compare it.
func bound(limit uint64) int64 {
	if limit == 0 || limit > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(limit)
}
