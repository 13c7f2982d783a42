package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// complaints are what a comparison finds. The first few of each kind stand for all.
type complaints struct {
	n     int
	texts []string
	kinds map[string]int // how many there are, by their format
}

const maxOfKind = 4

func (c *complaints) add(format string, args ...any) {
	if c.kinds == nil {
		c.kinds = map[string]int{}
	}
	c.n++
	if c.kinds[format]++; c.kinds[format] <= maxOfKind {
		c.texts = append(c.texts, fmt.Sprintf(format, args...))
	}
}

// err is what was found, or nil.
func (c *complaints) err() error {
	if c.n == 0 {
		return nil
	}
	text := strings.Join(c.texts, "\n")
	if more := c.n - len(c.texts); more > 0 {
		text += fmt.Sprintf("\nand %d more", more)
	}
	return errors.New(text)
}

// recorded is what a history has of one request.
type recorded struct {
	event string
	seq   uint64
	hash  hash
}

// anySchema is more migrations than a history will ever have; none is run by who only
// reads.
const anySchema = 1 << 10

// readHistory returns all requests in a history, by their seq.
func readHistory(ctx context.Context, path string) (all []recorded, err error) {
	db, err := sqlitedb.Open(ctx, path, sqlitedb.Options{Name: "history", ReadOnly: true, Migrations: make([]string, anySchema)})
	if err != nil {
		return nil, err
	}
	err = db.View(ctx, func(tx *sqlitedb.Tx) error {
		rows, err := tx.Query("SELECT coalesce(event_id, ''), seq, body FROM requests ORDER BY seq")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r recorded
			var body []byte
			if err := rows.Scan(&r.event, &r.seq, &body); err != nil {
				return err
			}
			r.hash = sha256.Sum256(body)
			all = append(all, r)
		}
		return rows.Err()
	})
	return all, errors.Join(err, db.Close())
}

// compareHistory holds a history against the ledger: all that was promised is there, once
// and whole, and nothing that nobody sent.
func (c *complaints) compareHistory(l *ledger, name string, all []recorded) {
	times := map[string]int{}
	for _, r := range all {
		times[r.event]++
		e, known := l.look(r.event)
		switch {
		case !known:
			c.add("%s: request %d (%q) was never sent", name, r.seq, r.event)
		case e.hash != r.hash:
			c.add("%s: %s has another body than was sent", name, r.event)
		}
		if times[r.event] == 2 {
			c.add("%s: %s is recorded twice", name, r.event)
		}
	}
	for _, id := range l.promised() {
		if times[id] == 0 {
			c.add("%s: %s was answered with 2xx, and was lost: it is not in the history", name, id)
		}
	}
}

// compareApp holds an app against the ledger: all that was promised has arrived, and
// every arrival is whole.
func (c *complaints) compareApp(l *ledger, name string, a *app) {
	for _, id := range l.promised() {
		if len(a.arrivals(id)) == 0 {
			c.add("%s: %s was answered with 2xx, and was lost: it never reached the app", name, id)
		}
	}
	for _, id := range a.firsts() {
		e, known := l.look(id)
		if !known {
			c.add("%s: %s arrived, and was never sent", name, id)
		}
		for _, got := range a.arrivals(id) {
			if known && got != e.hash {
				c.add("%s: %s arrived with another body than was sent", name, id)
			}
		}
	}
}

// compareOrder holds the order of first arrivals against that of the log.
func (c *complaints) compareOrder(name string, a *app, all []recorded) {
	seqs := map[string]uint64{}
	for _, r := range all {
		seqs[r.event] = r.seq
	}
	var last uint64
	for _, id := range a.firsts() {
		seq, ok := seqs[id]
		if !ok {
			continue // which compareHistory sees, where it matters
		}
		if seq < last {
			c.add("%s: %s, request %d of the log, arrived out of order: after request %d", name, id, seq, last)
		}
		last = max(last, seq)
	}
}
