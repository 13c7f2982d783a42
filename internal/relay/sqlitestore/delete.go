package sqlitestore

import (
	"context"
	"fmt"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Delete implements relay.Store. The endpoint is gone durably with the first transaction;
// what it had is deleted in pieces, between which others write. Where that is broken off,
// the next Delete or Open goes on with it.
func (s *Store) Delete(ctx context.Context, endpoint string) error {
	if err := s.update(ctx, func(tx *sqlitedb.Tx) error { return hide(tx, endpoint) }); err != nil {
		return err
	}
	if err := s.sweepDeleted(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("endpoint %s is deleted, but what it had still takes room, until the store is opened again: %w", endpoint, err)
	}
	return nil
}

// hide makes an endpoint one that isn't there.
func hide(tx *sqlitedb.Tx, endpoint string) error {
	_, err := tx.Exec("INSERT INTO deleted (endpoint) SELECT id FROM endpoints WHERE name = ?", endpoint)
	if err != nil {
		return err
	}
	_, err = tx.Exec("DELETE FROM endpoints WHERE name = ?", endpoint)
	return err
}

// sweepDeleted deletes what is left of deleted endpoints.
func (s *Store) sweepDeleted(ctx context.Context) error {
	for {
		var more bool
		err := s.updateSoon(ctx, func(tx *sqlitedb.Tx) (err error) {
			more, err = clearOne(tx)
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}

// clearOne deletes one piece of what is left of some deleted endpoint, and reports
// whether there was anything.
func clearOne(tx *sqlitedb.Tx) (more bool, err error) {
	var id int64
	if err := tx.QueryRow("SELECT coalesce(min(endpoint), 0) FROM deleted").Scan(&id); err != nil || id == 0 {
		return false, err
	}
	end, err := remove(tx, id, 0, maxSeq)
	if err != nil || end != (mark{}) {
		return true, err
	}
	for _, query := range []string{
		"DELETE FROM agents WHERE endpoint = ?",
		"DELETE FROM epochs WHERE endpoint = ?",
		"DELETE FROM freed WHERE endpoint = ?",
		"DELETE FROM deleted WHERE endpoint = ?",
	} {
		if _, err := tx.Exec(query, id); err != nil {
			return false, err
		}
	}
	return true, nil
}

// A piece is what one transaction deletes: as many requests, and no further one once they
// have as many bytes, since others wait meanwhile.
const (
	pieceRequests = 1000
	pieceBytes    = 4 << 20
)

// remove deletes the first piece of an endpoint's requests after one seq and up to
// another, and returns where it ends: nowhere, where there are none.
func remove(tx *sqlitedb.Tx, id int64, after, to uint64) (mark, error) {
	end, err := pieceEnd(tx, keyOf(id, after), keyOf(id, to))
	if err != nil || end == (mark{}) {
		return mark{}, err
	}
	for _, query := range []string{
		"DELETE FROM parts WHERE spool IN (SELECT spool FROM requests WHERE key > ? AND key <= ? AND +spool IS NOT NULL)",
		"DELETE FROM requests WHERE key > ? AND key <= ?",
	} {
		if _, err := tx.Exec(query, keyOf(id, after), keyOf(id, end.seq)); err != nil {
			return mark{}, err
		}
	}
	return end, nil
}

// pieceEnd returns where the first piece between two keys ends.
func pieceEnd(tx *sqlitedb.Tx, after, to int64) (end mark, err error) {
	rows, err := tx.Query("SELECT key, total FROM requests WHERE key > ? AND key <= ? ORDER BY key LIMIT ?", after, to, pieceRequests)
	if err != nil {
		return mark{}, err
	}
	defer rows.Close()
	var first int64
	for rows.Next() {
		var key, total int64
		if err := rows.Scan(&key, &total); err != nil {
			return mark{}, err
		}
		if end == (mark{}) {
			first = total
		}
		if total-first > pieceBytes {
			break
		}
		end = mark{seq: seqOf(key), total: total}
	}
	return end, rows.Err()
}
