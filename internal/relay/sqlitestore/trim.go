package sqlitestore

import (
	"context"
	"database/sql"
	"sort"
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
	return s.updateSoon(ctx, func(tx *sqlitedb.Tx) error {
		c, err := load(tx, id)
		if err != nil {
			return err
		}
		free, err := needless(tx, id, c, limits, now)
		if err != nil || free <= c.trimmed.seq {
			return err
		}
		if limits.Grace > 0 {
			if free, err = pastGrace(tx, id, free, limits.Grace, now); err != nil || free <= c.trimmed.seq {
				return err
			}
		}
		to, err := c.at(tx, id, free)
		if err != nil {
			return err
		}
		return remove(tx, id, c.trimmed, to)
	})
}

// needless returns the seq up to which no agent needs the log any more: up to the one
// that is furthest behind among those that hold it. It is never beyond the agent that is
// furthest ahead, since what comes after that nobody has.
func needless(tx *sqlitedb.Tx, id int64, c counters, limits relay.Limits, now time.Time) (uint64, error) {
	all, err := agents(tx, id)
	if err != nil {
		return 0, err
	}
	var ahead uint64
	for _, a := range all {
		ahead = max(ahead, a.seq)
	}
	behind := mark{seq: ahead}
	for _, a := range all {
		absent := limits.AgentRetention > 0 && now.Sub(a.seen) > limits.AgentRetention
		if !absent && a.seq < behind.seq {
			behind = a.mark
		}
	}
	if behind.seq == ahead {
		return ahead, nil
	}
	floor, err := overBacklog(tx, id, c, later(behind, c.trimmed), limits)
	return max(behind.seq, min(floor, ahead)), err
}

// overBacklog returns the seq up to which the backlog that begins after from is over the
// limits, or 0 where it is within them. The newest request never is: alone it may have
// any size.
func overBacklog(tx *sqlitedb.Tx, id int64, c counters, from mark, limits relay.Limits) (floor uint64, err error) {
	if limits.Backlog > 0 && c.head.seq-from.seq > limits.Backlog {
		floor = c.head.seq - limits.Backlog
	}
	allowed := bound(limits.BacklogBytes)
	if c.head.total-from.total <= allowed {
		return floor, nil
	}
	// Totals grow with the seq, so the first from which on the rest fits is searched by halves.
	n := sort.Search(int(c.head.seq-from.seq), func(i int) bool {
		m, failed := c.at(tx, id, from.seq+uint64(i))
		if failed != nil {
			err = failed
		}
		return c.head.total-m.total <= allowed
	})
	return min(max(floor, from.seq+uint64(n)), c.head.seq-1), err
}

// graceSteps is in how many steps a grace ends: a time is noted for many acks at once.
const graceSteps = 100

// pastGrace notes that all up to free is needless from now on, and returns the seq up to
// which that has been so for the whole grace.
func pastGrace(tx *sqlitedb.Tx, id int64, free uint64, grace time.Duration, now time.Time) (uint64, error) {
	// A note of the future, left by a clock that was wrong, doesn't stand for the present.
	_, err := tx.Exec(`INSERT INTO freed (endpoint, seq, at) SELECT ?1, ?2, ?3
		WHERE NOT EXISTS (SELECT 1 FROM freed WHERE endpoint = ?1 AND at <= ?3 AND (seq >= ?2 OR at > ?4))
		ON CONFLICT DO UPDATE SET at = excluded.at`,
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

// remove deletes the requests between two marks.
func remove(tx *sqlitedb.Tx, id int64, from, to mark) error {
	_, err := tx.Exec("UPDATE endpoints SET trimmed = ?2, trimmed_total = ?3 WHERE id = ?1", id, to.seq, to.total)
	if err != nil {
		return err
	}
	for _, query := range []string{
		"DELETE FROM parts WHERE spool IN (SELECT spool FROM requests WHERE key > ? AND key <= ? AND +spool IS NOT NULL)",
		"DELETE FROM requests WHERE key > ? AND key <= ?",
	} {
		if _, err := tx.Exec(query, keyOf(id, from.seq), keyOf(id, to.seq)); err != nil {
			return err
		}
	}
	return nil
}
