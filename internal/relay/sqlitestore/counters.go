package sqlitestore

import (
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
type counters struct{ head, acked, trimmed mark }

func load(tx *sqlitedb.Tx, id int64) (c counters, err error) {
	err = tx.QueryRow("SELECT seq, total, acked, acked_total, trimmed, trimmed_total FROM endpoints WHERE id = ?", id).Scan(
		&c.head.seq, &c.head.total, &c.acked.seq, &c.acked.total, &c.trimmed.seq, &c.trimmed.total)
	return c, err
}

// at returns the mark of a seq that is not beyond head. For a deleted one it has the
// total of the last one deleted, since only what is there can wait for anybody.
func (c counters) at(tx *sqlitedb.Tx, id int64, seq uint64) (mark, error) {
	m := mark{seq: seq, total: c.trimmed.total}
	switch {
	case seq == c.head.seq:
		return c.head, nil
	case seq <= c.trimmed.seq:
		return m, nil
	}
	err := tx.QueryRow("SELECT total FROM requests WHERE key = ?", keyOf(id, seq)).Scan(&m.total)
	return m, err
}

// acknowledged notes that an agent has the log up to m.
func acknowledged(tx *sqlitedb.Tx, id int64, m mark) error {
	_, err := tx.Exec("UPDATE endpoints SET acked = ?2, acked_total = ?3 WHERE id = ?1 AND acked < ?2", id, m.seq, m.total)
	return err
}
