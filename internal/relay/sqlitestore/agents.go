package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Resume implements relay.Store.
func (s *Store) Resume(ctx context.Context, endpoint, agent string, at event.Position, now time.Time) (event.Position, error) {
	var to event.Position
	err := s.update(ctx, func(tx *sqlitedb.Tx) error {
		c, err := s.begin(tx, endpoint)
		if err != nil {
			return err
		}
		from, err := c.locate(tx, at)
		if err != nil {
			return err
		}
		to = event.Position{Epoch: s.epoch(c.id), Seq: from.seq}
		_, err = tx.Exec(`INSERT INTO agents (endpoint, name, seq, total, seen) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET seq = excluded.seq, total = excluded.total, seen = excluded.seen`,
			c.id, agent, from.seq, from.total, now.UnixMilli())
		if err != nil {
			return err
		}
		if err := neededAfter(tx, c, from.seq); err != nil {
			return err
		}
		return c.acknowledged(tx, from)
	})
	if err != nil {
		return event.Position{}, err
	}
	return to, nil
}

// locate finds where a position is in this log.
func (c counters) locate(tx *sqlitedb.Tx, at event.Position) (mark, error) {
	// The end of the position's epoch is where the next one began, or else the log's.
	var end uint64
	err := tx.QueryRow(`SELECT coalesce((SELECT min(first) - 1 FROM epochs WHERE endpoint = e.endpoint AND n > e.n), ?3)
		FROM epochs e WHERE endpoint = ?1 AND epoch = ?2`, c.id, int64(at.Epoch), c.head.seq).Scan(&end)
	if errors.Is(err, sql.ErrNoRows) {
		return c.trimmed, nil
	}
	if err != nil {
		return mark{}, err
	}
	return c.at(tx, min(at.Seq, end))
}

// Ack implements relay.Store.
func (s *Store) Ack(ctx context.Context, endpoint, agent string, seq uint64, now time.Time) error {
	return s.updateSoon(ctx, func(tx *sqlitedb.Tx) error {
		c, err := load(tx, endpoint)
		if err != nil || c.id == 0 || seq > c.head.seq {
			return err
		}
		m, err := c.at(tx, seq)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE agents SET seq = max(seq, ?3), total = max(total, ?4), seen = max(seen, ?5)
			WHERE endpoint = ?1 AND name = ?2`, c.id, agent, m.seq, m.total, now.UnixMilli())
		if err != nil || n == 0 {
			return err
		}
		return c.acknowledged(tx, m)
	})
}

// Forget implements relay.Store.
func (s *Store) Forget(ctx context.Context, endpoint, agent string) error {
	return s.update(ctx, func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec("DELETE FROM agents WHERE endpoint = (SELECT id FROM endpoints WHERE name = ?) AND name = ?", endpoint, agent)
		return err
	})
}

// Agents implements relay.Store.
func (s *Store) Agents(ctx context.Context, endpoint string) (all []relay.AgentStat, err error) {
	err = s.db.View(ctx, func(tx *sqlitedb.Tx) error {
		c, err := load(tx, endpoint)
		if err != nil {
			return err
		}
		known, err := agents(tx, c.id)
		for _, a := range known {
			all = append(all, relay.AgentStat{
				Name: a.name, Seq: a.seq, Seen: a.seen, Backlog: c.head.seq - later(c.trimmed, a.mark).seq,
			})
		}
		return err
	})
	return all, err
}

// agent is one that the store knows.
type agent struct {
	mark
	name string
	seen time.Time
}

// agents returns those of an endpoint, by name.
func agents(tx *sqlitedb.Tx, id int64) (all []agent, err error) {
	rows, err := tx.Query("SELECT name, seq, total, seen FROM agents WHERE endpoint = ? ORDER BY name", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a agent
		var seen int64
		if err := rows.Scan(&a.name, &a.seq, &a.total, &seen); err != nil {
			return nil, err
		}
		a.seen = time.UnixMilli(seen)
		all = append(all, a)
	}
	return all, rows.Err()
}
