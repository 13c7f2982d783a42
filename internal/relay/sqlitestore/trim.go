package sqlitestore

import (
	"context"
	"sort"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Trim implements relay.Store. It deletes in pieces: between two of them others write.
func (s *Store) Trim(ctx context.Context, endpoint string, limits relay.Limits, now time.Time) error {
	for {
		var more bool
		err := s.updateSoon(ctx, func(tx *sqlitedb.Tx) (err error) {
			more, err = trim(tx, endpoint, limits, now)
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}

// trim deletes one piece, and reports whether there is another.
func trim(tx *sqlitedb.Tx, endpoint string, limits relay.Limits, now time.Time) (more bool, err error) {
	c, err := load(tx, endpoint)
	if err != nil || c.acked.seq == c.trimmed.seq { // so it is where nothing happens
		return false, err
	}
	to, err := needless(tx, c, limits, now)
	if err == nil && limits.Grace > 0 {
		to, err = due(tx, c, to, limits, now)
	}
	if err != nil || to <= c.trimmed.seq {
		return false, err
	}
	end, err := remove(tx, c.id, c.trimmed.seq, to)
	if err != nil {
		return false, err
	}
	_, err = tx.Exec("UPDATE endpoints SET trimmed = ?2, trimmed_total = ?3 WHERE id = ?1", c.id, end.seq, end.total)
	if err != nil {
		return false, err
	}
	_, err = tx.Exec("DELETE FROM freed WHERE endpoint = ? AND seq <= ?", c.id, end.seq)
	return end.seq < to, err
}

// needless returns the seq up to which no agent needs the log any more: up to the one
// that is furthest behind among those that hold it. It is never beyond the agent that is
// furthest ahead, since what comes after that nobody has.
func needless(tx *sqlitedb.Tx, c counters, limits relay.Limits, now time.Time) (uint64, error) {
	all, err := agents(tx, c.id)
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
	floor, err := c.overBacklog(tx, later(behind, c.trimmed), limits)
	return max(behind.seq, min(floor, ahead)), err
}

// overBacklog returns the seq up to which the backlog that begins after from is over the
// limits, or that of from where it is within them. The newest request never is: alone it
// may have any size. There has to be a backlog.
func (c counters) overBacklog(tx *sqlitedb.Tx, from mark, limits relay.Limits) (floor uint64, err error) {
	floor, err = c.fits(tx, from, c.head, limits.BacklogBytes)
	if limits.Backlog > 0 && c.head.seq-from.seq > limits.Backlog {
		floor = max(floor, c.head.seq-limits.Backlog)
	}
	return min(floor, c.head.seq-1), err
}

// fits returns the lowest seq from which on what there is up to to is at most limit
// bytes: that of from, or a higher one.
func (c counters) fits(tx *sqlitedb.Tx, from, to mark, limit uint64) (seq uint64, err error) {
	allowed := bound(limit)
	if to.total-from.total <= allowed {
		return from.seq, nil
	}
	// Totals grow with the seq, so it is searched by halves.
	n := sort.Search(int(to.seq-from.seq), func(i int) bool {
		m, failed := c.at(tx, from.seq+uint64(i))
		if failed != nil {
			err = failed
		}
		return to.total-m.total <= allowed
	})
	return from.seq + uint64(n), err
}

// due returns up to which seq requests are to be deleted now, of those that are needless
// up to free: those whose grace is over, and those over what may be kept.
func due(tx *sqlitedb.Tx, c counters, free uint64, limits relay.Limits, now time.Time) (uint64, error) {
	if err := neededAfter(tx, c, free); err != nil || free <= c.trimmed.seq {
		return 0, err
	}
	past, err := pastGrace(tx, c, free, limits.Grace, now)
	if err != nil {
		return 0, err
	}
	end, err := c.at(tx, free)
	if err != nil {
		return 0, err
	}
	over, err := c.fits(tx, c.trimmed, end, limits.KeptBytes)
	return max(past, over), err
}

// graceSteps is in how many steps a grace ends: a time is noted for many acks at once.
const graceSteps = 100

// pastGrace notes that all up to free is needless from now on, and returns the seq up to
// which that has been so for the whole grace.
func pastGrace(tx *sqlitedb.Tx, c counters, free uint64, grace time.Duration, now time.Time) (past uint64, err error) {
	step := max((grace / graceSteps).Milliseconds(), 1)
	end := (now.UnixMilli() + step - 1) / step * step // of this step
	// A note of the future, left by a clock that was wrong, doesn't stand for the present.
	_, err = tx.Exec(`INSERT INTO freed (endpoint, at, seq) SELECT ?1, ?2, ?3
		WHERE NOT EXISTS (SELECT 1 FROM freed WHERE endpoint = ?1 AND at <= ?2 AND seq >= ?3)
		ON CONFLICT DO UPDATE SET seq = excluded.seq`, c.id, end, free)
	if err != nil {
		return 0, err
	}
	err = tx.QueryRow("SELECT coalesce(max(seq), 0) FROM freed WHERE endpoint = ? AND at <= ?",
		c.id, now.Add(-grace).UnixMilli()).Scan(&past)
	return past, err
}

// neededAfter notes that somebody needs what comes after seq, which may have been
// needless before: its grace begins anew.
func neededAfter(tx *sqlitedb.Tx, c counters, seq uint64) error {
	if seq >= c.acked.seq { // nothing beyond has ever been needless
		return nil
	}
	_, err := tx.Exec("UPDATE freed SET seq = ?2 WHERE endpoint = ?1 AND seq > ?2", c.id, seq)
	return err
}
