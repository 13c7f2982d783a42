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
	err = s.update(ctx, func(tx *sqlitedb.Tx) error {
		if from, err = locate(tx, id, at); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO agents (endpoint, name, seq, total, seen) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET seq = excluded.seq, total = excluded.total, seen = excluded.seen`,
			id, agent, from.seq, from.total, now.UnixMilli())
		return err
	})
	return event.Position{Epoch: s.epoch, Seq: from.seq}, err
}

// locate finds where a position is in this log.
func locate(tx *sqlitedb.Tx, id int64, at event.Position) (mark, error) {
	var seq, trimmed uint64
	var total, trimmedTotal int64
	err := tx.QueryRow("SELECT seq, total, trimmed, trimmed_total FROM endpoints WHERE id = ?", id).Scan(&seq, &total, &trimmed, &trimmedTotal)
	if err != nil {
		return mark{}, err
	}
	// The end of the position's epoch is where the next one began, or else the log's.
	var end uint64
	err = tx.QueryRow(`SELECT coalesce((SELECT min(first) - 1 FROM epochs WHERE endpoint = e.endpoint AND n > e.n), ?3)
		FROM epochs e WHERE endpoint = ?1 AND epoch = ?2`, id, int64(at.Epoch), seq).Scan(&end)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return mark{trimmed, trimmedTotal}, nil
	case err != nil:
		return mark{}, err
	}
	m := mark{seq: min(at.Seq, end)}
	switch {
	case m.seq == seq:
		m.total = total
	case m.seq <= trimmed:
		m.total = trimmedTotal
	default:
		err = tx.QueryRow("SELECT total FROM requests WHERE key = ?", keyOf(id, m.seq)).Scan(&m.total)
	}
	return m, err
}

// Ack implements relay.Store.
func (s *Store) Ack(ctx context.Context, endpoint, agent string, seq uint64, now time.Time) error {
	id, err := s.id(ctx, endpoint)
	if err != nil {
		return err
	}
	return s.update(ctx, func(tx *sqlitedb.Tx) error {
		// A request that isn't there can't be acknowledged, so nothing changes then.
		_, err := tx.Exec(`UPDATE agents SET seen = ?4, (seq, total) = (SELECT ?3, total FROM requests WHERE key = ?5)
			WHERE endpoint = ?1 AND name = ?2 AND seq < ?3 AND EXISTS (SELECT 1 FROM requests WHERE key = ?5)`,
			id, agent, seq, now.UnixMilli(), keyOf(id, seq))
		return err
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
