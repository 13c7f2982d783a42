package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Resume implements relay.Store.
func (s *Store) Resume(ctx context.Context, endpoint, agent string, at event.Position, now time.Time) (event.Position, error) {
	id, err := s.id(ctx, endpoint)
	if err != nil {
		return event.Position{}, err
	}
	var from mark
	err = s.update(ctx, func(tx *sqlitedb.Tx) (err error) {
		if from, err = locate(tx, id, at); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO agents (endpoint, name, seq, total, seen) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET seq = excluded.seq, total = excluded.total, seen = excluded.seen`,
			id, agent, from.seq, from.total, now.UnixMilli())
		if err != nil {
			return err
		}
		return acknowledged(tx, id, from)
	})
	if err != nil {
		return event.Position{}, err
	}
	return event.Position{Epoch: s.epoch, Seq: from.seq}, nil
}

// locate finds where a position is in this log.
func locate(tx *sqlitedb.Tx, id int64, at event.Position) (mark, error) {
	c, err := load(tx, id)
	if err != nil {
		return mark{}, err
	}
	// The end of the position's epoch is where the next one began, or else the log's.
	var end uint64
	err = tx.QueryRow(`SELECT coalesce((SELECT min(first) - 1 FROM epochs WHERE endpoint = e.endpoint AND n > e.n), ?3)
		FROM epochs e WHERE endpoint = ?1 AND epoch = ?2`, id, int64(at.Epoch), c.head.seq).Scan(&end)
	if errors.Is(err, sql.ErrNoRows) {
		return c.trimmed, nil
	}
	if err != nil {
		return mark{}, err
	}
	return c.at(tx, id, min(at.Seq, end))
}

// Ack implements relay.Store.
func (s *Store) Ack(ctx context.Context, endpoint, agent string, seq uint64, now time.Time) error {
	id, err := s.id(ctx, endpoint)
	if err != nil {
		return err
	}
	return s.updateSoon(ctx, func(tx *sqlitedb.Tx) error {
		c, err := load(tx, id)
		if err != nil || seq > c.head.seq {
			return err
		}
		m, err := c.at(tx, id, seq)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE agents SET seq = max(seq, ?3), total = max(total, ?4), seen = max(seen, ?5)
			WHERE endpoint = ?1 AND name = ?2`, id, agent, m.seq, m.total, now.UnixMilli())
		if err != nil || n == 0 {
			return err
		}
		return acknowledged(tx, id, m)
	})
}

// Forget implements relay.Store.
func (s *Store) Forget(ctx context.Context, endpoint, agent string) error {
	id, err := s.id(ctx, endpoint)
	if err != nil {
		return err
	}
	return s.update(ctx, func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec("DELETE FROM agents WHERE endpoint = ? AND name = ?", id, agent)
		return err
	})
}

// agent is one that the store knows.
type agent struct {
	mark
	seen time.Time
}

func agents(tx *sqlitedb.Tx, id int64) (all []agent, err error) {
	rows, err := tx.Query("SELECT seq, total, seen FROM agents WHERE endpoint = ?", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a agent
		var seen int64
		if err := rows.Scan(&a.seq, &a.total, &seen); err != nil {
			return nil, err
		}
		a.seen = time.UnixMilli(seen)
		all = append(all, a)
	}
	return all, rows.Err()
}

// Delete implements relay.Store.
func (s *Store) Delete(ctx context.Context, endpoint string) error { return errors.ErrUnsupported }
