package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Trim implements relay.Store.
func (s *Store) Trim(ctx context.Context, endpoint string, limits relay.Limits, now time.Time) error {
	id, err := s.id(ctx, endpoint)
	if err != nil {
		return err
	}
	return s.update(ctx, func(tx *sqlitedb.Tx) error {
		free, err := needless(tx, id, limits, now)
		if err != nil || free == 0 {
			return err
		}
		if limits.Grace > 0 {
			if free, err = pastGrace(tx, id, free, limits.Grace, now); err != nil {
				return err
			}
		}
		return remove(tx, id, free)
	})
}

// needless returns the seq up to which no agent needs the log any more, or 0.
func needless(tx *sqlitedb.Tx, id int64, limits relay.Limits, now time.Time) (uint64, error) {
	marks, err := holding(tx, id, limits.AgentRetention, now)
	if err != nil || len(marks) == 0 {
		return 0, err // with nobody to need it, nobody has it: all is kept
	}
	var ahead uint64
	for _, m := range marks {
		ahead = max(ahead, m.seq)
	}
	floor, err := overBacklog(tx, id, limits)
	if err != nil {
		return 0, err
	}
	free := ahead
	for _, m := range marks {
		free = min(free, max(m.seq, min(floor, ahead)))
	}
	return free, nil
}

// holding returns how far the agents are that hold the log.
func holding(tx *sqlitedb.Tx, id int64, retention time.Duration, now time.Time) (marks []mark, err error) {
	since := int64(0)
	if retention > 0 {
		since = now.Add(-retention).UnixMilli()
	}
	rows, err := tx.Query("SELECT seq, total FROM agents WHERE endpoint = ? AND seen >= ?", id, since)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var m mark
		if err := rows.Scan(&m.seq, &m.total); err != nil {
			return nil, err
		}
		marks = append(marks, m)
	}
	return marks, rows.Err()
}

// overBacklog returns the seq up to which requests are more than one agent's backlog may
// hold, counted from the head.
func overBacklog(tx *sqlitedb.Tx, id int64, limits relay.Limits) (floor uint64, err error) {
	var head uint64
	var total int64
	if err := tx.QueryRow("SELECT seq, total FROM endpoints WHERE id = ?", id).Scan(&head, &total); err != nil {
		return 0, err
	}
	if limits.Backlog > 0 && head > limits.Backlog {
		floor = head - limits.Backlog
	}
	if limits.BacklogBytes == 0 || total <= int64(limits.BacklogBytes) {
		return floor, nil
	}
	var key int64
	err = tx.QueryRow("SELECT key FROM requests WHERE key > ? AND key < ? AND total <= ? ORDER BY key DESC LIMIT 1",
		keyOf(id, 0), keyOf(id+1, 0), total-int64(limits.BacklogBytes)).Scan(&key)
	if errors.Is(err, sql.ErrNoRows) {
		return floor, nil
	}
	return max(floor, seqOf(key)), err
}

// graceSteps is in how many steps a grace ends: a time is noted for many acks at once.
const graceSteps = 100

// pastGrace notes that all up to free is needless from now on, and returns the seq up to
// which that has been so for the whole grace.
func pastGrace(tx *sqlitedb.Tx, id int64, free uint64, grace time.Duration, now time.Time) (uint64, error) {
	_, err := tx.Exec(`INSERT INTO freed (endpoint, seq, at) SELECT ?1, ?2, ?3
		WHERE NOT EXISTS (SELECT 1 FROM freed WHERE endpoint = ?1 AND (seq >= ?2 OR at > ?4))`,
		id, free, now.UnixMilli(), now.Add(-grace/graceSteps).UnixMilli())
	if err != nil {
		return 0, err
	}
	var past sql.NullInt64
	err = tx.QueryRow("SELECT max(seq) FROM freed WHERE endpoint = ? AND at <= ?", id, now.Add(-grace).UnixMilli()).Scan(&past)
	if err != nil || !past.Valid {
		return 0, err
	}
	_, err = tx.Exec("DELETE FROM freed WHERE endpoint = ? AND seq <= ?", id, past.Int64)
	return min(free, uint64(past.Int64)), err
}

// remove deletes the requests up to seq.
func remove(tx *sqlitedb.Tx, id int64, seq uint64) error {
	n, err := tx.Exec(`UPDATE endpoints SET trimmed = ?2, trimmed_total = (SELECT total FROM requests WHERE key = ?3)
		WHERE id = ?1 AND trimmed < ?2`, id, seq, keyOf(id, seq))
	if err != nil || n == 0 {
		return err
	}
	from, to := keyOf(id, 0), keyOf(id, seq)
	const spools = "(SELECT spool FROM requests WHERE key > ? AND key <= ? AND spool IS NOT NULL)"
	for _, query := range []string{
		"DELETE FROM parts WHERE spool IN " + spools,
		"DELETE FROM spools WHERE id IN " + spools,
		"DELETE FROM requests WHERE key > ? AND key <= ?",
	} {
		if _, err := tx.Exec(query, from, to); err != nil {
			return err
		}
	}
	return nil
}
