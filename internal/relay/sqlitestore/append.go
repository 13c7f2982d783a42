package sqlitestore

import (
	"context"
	"fmt"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Append implements relay.Store.
func (s *Store) Append(ctx context.Context, endpoint string, r *event.Request, limits relay.Limits) (uint64, error) {
	body := r.Body
	if body == nil {
		body = []byte{} // NULL means that the body is spooled
	}
	return s.append(ctx, endpoint, r, row{size: int64(r.Size()), length: int64(len(body)), body: body}, limits)
}

// row is what is stored of a request beside its head.
type row struct {
	size   int64 // towards the limits
	length int64 // of the body
	body   []byte
	spool  *int64
}

func (s *Store) append(ctx context.Context, endpoint string, r *event.Request, w row, limits relay.Limits) (seq uint64, err error) {
	id, err := s.id(ctx, endpoint)
	if err != nil {
		return 0, err
	}
	head, err := encodeHead(r)
	if err != nil {
		return 0, err
	}
	var refused error
	err = s.update(ctx, func(tx *sqlitedb.Tx) error {
		// A refusal isn't an error of the transaction: that would undo and repeat what
		// shares it, and a full backlog is refused many times a second.
		if refused, err = full(tx, id, w.size, limits); refused != nil || err != nil {
			return err
		}
		var total int64
		err := tx.QueryRow("UPDATE endpoints SET seq = seq + 1, total = total + ? WHERE id = ? RETURNING seq, total", w.size, id).Scan(&seq, &total)
		if err != nil {
			return err
		}
		_, err = tx.Exec("INSERT INTO requests (key, total, head, length, body, spool) VALUES (?, ?, ?, ?, ?, ?)",
			keyOf(id, seq), total, head, w.length, w.body, w.spool)
		return err
	})
	if err == nil {
		err = refused
	}
	return seq, err
}

// full says whether the backlog has no room for a request of that size. Alone it may
// have any size: else it could never be sent.
func full(tx *sqlitedb.Tx, id, size int64, limits relay.Limits) (refusal, err error) {
	var head mark
	if err := tx.QueryRow("SELECT seq, total FROM endpoints WHERE id = ?", id).Scan(&head.seq, &head.total); err != nil {
		return nil, err
	}
	ahead, err := furthest(tx, id)
	if err != nil {
		return nil, err
	}
	waiting, bytes := head.seq-ahead.seq, uint64(head.total-ahead.total)
	if limits.Backlog > 0 && waiting >= limits.Backlog ||
		limits.BacklogBytes > 0 && waiting > 0 && bytes+uint64(size) > limits.BacklogBytes {
		return fmt.Errorf("%w: %d requests of %d bytes wait for an agent", relay.ErrBacklogFull, waiting, bytes), nil
	}
	return nil, nil
}

// mark is a place in a log: a seq, and the endpoint's total there.
type mark struct {
	seq   uint64
	total int64
}

// furthest returns how far the log was taken by the agent that is furthest ahead, or
// trimmed.
func furthest(tx *sqlitedb.Tx, id int64) (m mark, err error) {
	err = tx.QueryRow(`SELECT max(seq), max(total) FROM (
		SELECT trimmed AS seq, trimmed_total AS total FROM endpoints WHERE id = ?1
		UNION ALL SELECT seq, total FROM agents WHERE endpoint = ?1)`, id).Scan(&m.seq, &m.total)
	return m, err
}

// Spool implements relay.Store.
func (s *Store) Spool(ctx context.Context, endpoint string) (relay.Spool, error) {
	p := &spool{store: s, endpoint: endpoint}
	err := s.update(ctx, func(tx *sqlitedb.Tx) error {
		return tx.QueryRow("INSERT INTO spools DEFAULT VALUES RETURNING id").Scan(&p.id)
	})
	return p, err
}

// spool is a body on its way into a log. One goroutine uses it at a time.
type spool struct {
	store     *Store
	endpoint  string
	id        int64
	length    int64
	committed bool
}

// Write implements relay.Spool.
func (p *spool) Write(ctx context.Context, part []byte) error {
	err := p.store.update(ctx, func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec("INSERT INTO parts (spool, offset, data) VALUES (?, ?, ?)", p.id, p.length, part)
		return err
	})
	if err == nil {
		p.length += int64(len(part))
	}
	return err
}

// Commit implements relay.Spool.
func (p *spool) Commit(ctx context.Context, r *event.Request, limits relay.Limits) (uint64, error) {
	head := *r
	head.Body = nil
	w := row{size: int64(head.Size()) + p.length, length: p.length, spool: &p.id}
	seq, err := p.store.append(ctx, p.endpoint, &head, w, limits)
	p.committed = err == nil
	return seq, err
}

// Abort implements relay.Spool.
func (p *spool) Abort(ctx context.Context) error {
	if p.committed {
		return nil
	}
	return p.store.update(ctx, func(tx *sqlitedb.Tx) error {
		if _, err := tx.Exec("DELETE FROM parts WHERE spool = ?", p.id); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM spools WHERE id = ?", p.id)
		return err
	})
}
