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
	err = s.db.View(ctx, func(tx *sqlitedb.Tx) error {
		c, err := load(tx, endpoint)
		if err != nil || seq >= c.head.seq { // and beyond maxSeq begins another endpoint's log
			return err
		}
		rows, err := tx.Query("SELECT key, length, spool IS NOT NULL, head, body FROM requests WHERE key > ? AND key <= ? ORDER BY key LIMIT ?",
			keyOf(c.id, seq), keyOf(c.id, c.head.seq), max)
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
	if err := rows.Scan(&key, &e.Length, &e.Spooled, &head, &raw); err != nil {
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
	end := offset + int64(n)
	err = s.db.View(ctx, func(tx *sqlitedb.Tx) error {
		c, err := load(tx, endpoint)
		if err != nil || seq > c.head.seq {
			return err
		}
		rows, err := tx.Query(`WITH r AS (SELECT spool FROM requests WHERE key = ?1)
			SELECT offset, data FROM parts, r WHERE parts.spool = r.spool AND offset < ?3
			AND offset >= (SELECT max(offset) FROM parts WHERE parts.spool = r.spool AND offset <= ?2) ORDER BY offset`,
			keyOf(c.id, seq), offset, end)
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
			length := int64(len(data))
			body = append(body, data[min(max(offset-at, 0), length):min(end-at, length)]...)
		}
		return rows.Err()
	})
	return body, err
}

// Stat implements relay.Store. The epoch of an endpoint that isn't there yet is 0.
func (s *Store) Stat(ctx context.Context, endpoint, agent string) (st relay.Stat, err error) {
	err = s.db.View(ctx, func(tx *sqlitedb.Tx) error {
		c, err := load(tx, endpoint)
		if err != nil {
			return err
		}
		at := c.acked
		if agent != "" {
			at, err = position(tx, c.id, agent)
		}
		at = later(c.trimmed, at) // what is deleted waits for nobody
		st = relay.Stat{
			Head: c.head.seq, LowestPresent: c.trimmed.seq + 1,
			Backlog: c.head.seq - at.seq, BacklogBytes: uint64(c.head.total - at.total),
		}
		if c.id != 0 {
			st.Epoch = s.epoch(c.id)
		}
		return err
	})
	return st, err
}

// position returns how far an agent is: at the log's beginning where it isn't known.
func position(tx *sqlitedb.Tx, id int64, agent string) (m mark, err error) {
	err = tx.QueryRow("SELECT seq, total FROM agents WHERE endpoint = ? AND name = ?", id, agent).Scan(&m.seq, &m.total)
	if errors.Is(err, sql.ErrNoRows) {
		return mark{}, nil
	}
	return m, err
}
