package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Read implements relay.Store.
func (s *Store) Read(ctx context.Context, endpoint string, seq uint64, max, maxBytes int) (entries []relay.Entry, err error) {
	id, err := s.id(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *sqlitedb.Tx) error {
		rows, err := tx.Query("SELECT key, head, length, body, spool IS NOT NULL FROM requests WHERE key > ? AND key < ? ORDER BY key LIMIT ?",
			keyOf(id, seq), keyOf(id+1, 0), max)
		if err != nil {
			return err
		}
		defer rows.Close()
		for bytes := 0; bytes <= maxBytes && rows.Next(); {
			e, err := scanEntry(rows)
			if err != nil {
				return err
			}
			entries = append(entries, e)
			bytes += len(e.Request.Body)
		}
		return rows.Err()
	})
	return entries, err
}

func scanEntry(rows *sql.Rows) (relay.Entry, error) {
	var (
		e         relay.Entry
		key       int64
		head, raw []byte
	)
	if err := rows.Scan(&key, &head, &e.Length, &raw, &e.Spooled); err != nil {
		return e, err
	}
	r, err := decodeHead(head)
	if err != nil {
		return e, fmt.Errorf("request %d: %w", seqOf(key), err)
	}
	r.Body = raw
	e.Seq, e.Request = seqOf(key), r
	return e, nil
}

// ReadBody implements relay.Store.
func (s *Store) ReadBody(ctx context.Context, endpoint string, seq uint64, offset int64, n int) (body []byte, err error) {
	id, err := s.id(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *sqlitedb.Tx) error {
		rows, err := tx.Query(`SELECT offset, data FROM parts
			WHERE spool = (SELECT spool FROM requests WHERE key = ?1) AND offset < ?3 AND offset + length(data) > ?2 ORDER BY offset`,
			keyOf(id, seq), offset, offset+int64(n))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var at int64
			var data []byte
			if err := rows.Scan(&at, &data); err != nil {
				return err
			}
			from, to := max(offset-at, 0), min(offset+int64(n)-at, int64(len(data)))
			body = append(body, data[from:to]...)
		}
		return rows.Err()
	})
	return body, err
}

// Stat implements relay.Store.
func (s *Store) Stat(ctx context.Context, endpoint, agent string) (st relay.Stat, err error) {
	id, err := s.id(ctx, endpoint)
	if err != nil {
		return relay.Stat{}, err
	}
	err = s.db.View(ctx, func(tx *sqlitedb.Tx) error {
		var total int64
		var trimmed uint64
		err := tx.QueryRow("SELECT seq, total, trimmed FROM endpoints WHERE id = ?", id).Scan(&st.Head, &total, &trimmed)
		if err != nil {
			return err
		}
		at, err := markOf(tx, id, agent)
		if err != nil {
			return err
		}
		st.Epoch, st.LowestPresent = s.epoch, trimmed+1
		st.Backlog, st.BacklogBytes = st.Head-at.seq, uint64(total-at.total)
		return nil
	})
	return st, err
}

// markOf returns how far an agent is. One that isn't known waits for all there is.
func markOf(tx *sqlitedb.Tx, id int64, agent string) (m mark, err error) {
	if agent == "" {
		return furthest(tx, id)
	}
	err = tx.QueryRow("SELECT seq, total FROM agents WHERE endpoint = ? AND name = ?", id, agent).Scan(&m.seq, &m.total)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.QueryRow("SELECT trimmed, trimmed_total FROM endpoints WHERE id = ?", id).Scan(&m.seq, &m.total)
	}
	return m, err
}
