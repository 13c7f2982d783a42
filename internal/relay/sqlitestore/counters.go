package sqlitestore

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// mark is a place in a log: after the request seq, where the endpoint's total was total.
// Two marks are as many requests and bytes apart as their difference says.
type mark struct {
	seq   uint64
	total int64
}

// later returns the one of two marks that is further ahead.
func later(a, b mark) mark {
	if b.seq > a.seq {
		return b
	}
	return a
}

// counters are what the store knows of an endpoint without looking at its log. Up to
// trimmed requests are deleted, up to acked some agent has them, up to head they exist.
type counters struct {
	id                   int64  // 0 where there is no such endpoint
	run                  uint64 // that began an epoch here last
	head, acked, trimmed mark
}

// load returns an endpoint's counters, which are all 0 where there is none of that name.
func load(tx *sqlitedb.Tx, endpoint string) (c counters, err error) {
	err = tx.QueryRow("SELECT id, run, seq, total, acked, acked_total, trimmed, trimmed_total FROM endpoints WHERE name = ?", endpoint).Scan(
		&c.id, &c.run, &c.head.seq, &c.head.total, &c.acked.seq, &c.acked.total, &c.trimmed.seq, &c.trimmed.total)
	if errors.Is(err, sql.ErrNoRows) {
		return counters{}, nil
	}
	return c, err
}

// begin returns the counters of an endpoint that an agent or a request is there for. The
// first time in a run it makes the endpoint, where there is none, and begins an epoch.
func (s *Store) begin(tx *sqlitedb.Tx, endpoint string) (c counters, err error) {
	if c, err = load(tx, endpoint); err != nil || c.run == s.run {
		return c, err
	}
	if c.id == 0 {
		err = tx.QueryRow("INSERT INTO endpoints (name) VALUES (?) RETURNING id", endpoint).Scan(&c.id)
	}
	if err == nil && c.id > maxID {
		err = fmt.Errorf("endpoint %s: %d endpoints were made here, and a store has no numbers for more: begin a new one", endpoint, maxID)
	}
	if err != nil {
		return c, err
	}
	c.run = s.run
	return c, s.beginEpoch(tx, c)
}

// keptEpochs is how many runs an endpoint remembers. A position of an older one gets the
// whole log again.
const keptEpochs = 64

func (s *Store) beginEpoch(tx *sqlitedb.Tx, c counters) error {
	if _, err := tx.Exec("UPDATE endpoints SET run = ?2 WHERE id = ?1", c.id, int64(s.run)); err != nil {
		return err
	}
	_, err := tx.Exec("INSERT INTO epochs (endpoint, epoch, first) VALUES (?, ?, ?)", c.id, int64(s.epoch(c.id)), c.head.seq+1)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`DELETE FROM epochs WHERE endpoint = ?1 AND n <=
		(SELECT n FROM epochs WHERE endpoint = ?1 ORDER BY n DESC LIMIT 1 OFFSET ?2)`, c.id, keptEpochs)
	return err
}

// at returns the mark of a seq that is not beyond head. For a deleted one it has the
// total of the last one deleted, since only what is there can wait for anybody.
func (c counters) at(tx *sqlitedb.Tx, seq uint64) (mark, error) {
	m := mark{seq: seq, total: c.trimmed.total}
	switch {
	case seq == c.head.seq:
		return c.head, nil
	case seq <= c.trimmed.seq:
		return m, nil
	}
	err := tx.QueryRow("SELECT total FROM requests WHERE key = ?", keyOf(c.id, seq)).Scan(&m.total)
	return m, err
}

// acknowledged notes that an agent has the log up to m.
func (c counters) acknowledged(tx *sqlitedb.Tx, m mark) error {
	if m.seq <= c.acked.seq {
		return nil
	}
	_, err := tx.Exec("UPDATE endpoints SET acked = ?2, acked_total = ?3 WHERE id = ?1", c.id, m.seq, m.total)
	return err
}
