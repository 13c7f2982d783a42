// Package history is the developer's own record: every request that was received or
// triggered, every delivery of it and every attempt, byte for byte, in one SQLite
// database that any number of solatis processes use at once.
//
// It also holds each agent's position in its endpoint's log. Acknowledging a request to
// the relay means that it is here, so Record writes both in one transaction.
//
//	Record                  what an agent received, with the deliveries that are due
//	AddRequest, AddDelivery what trigger and replay send without an agent
//	AddAttempt              how a delivery without retries went
//	Keep, KeepPolicy        how those with retries go, and what becomes of their webhook
//	Webhook, Waiting        how they stand
//	Find                    the id that somebody typed
//	List, Show, Request     what is recorded
//	Pending, CancelPending  what the last session didn't get to
//	Drift                   where an event is not what the catalogue says
//
// It never holds a signing secret.
package history

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

//go:embed schema1.sql
var schema1 string

//go:embed schema2.sql
var schema2 string

//go:embed schema3.sql
var schema3 string

// migrations make the schema, each from the one before.
var migrations = []string{schema1, schema2, schema3}

// History is an open history. Its methods may be called from any number of goroutines.
type History struct{ db *sqlitedb.DB }

// Open opens the history at path, or creates it with mode 0600. Its errors are those of
// sqlitedb.Open.
//
// What Record writes is durable at once (synchronous=FULL), because the embedded relay
// deletes a request as soon as it is acknowledged.
func Open(ctx context.Context, path string) (*History, error) {
	db, err := sqlitedb.Open(ctx, path, sqlitedb.Options{Name: "history", Migrations: migrations})
	if err != nil {
		return nil, err
	}
	return &History{db}, nil
}

// Close closes the history after the writes that were handed over.
func (h *History) Close() error { return h.db.Close() }

// Position returns the agent's position; the zero one for an agent that has none.
func (h *History) Position(ctx context.Context, agent string) (at event.Position, err error) {
	err = h.db.View(ctx, func(tx *sqlitedb.Tx) error {
		var epoch, seq int64
		err := tx.QueryRow("SELECT epoch, seq FROM positions WHERE agent = ?", agent).Scan(&epoch, &seq)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		at = event.Position{Epoch: uint64(epoch), Seq: uint64(seq)}
		return err
	})
	return at, err
}

// move moves an agent's position, but never back within an epoch. The zero position says
// that the agent doesn't know yet where it is, and moves nothing.
func move(tx *sqlitedb.Tx, agent string, at event.Position) error {
	if at == (event.Position{}) {
		return nil
	}
	_, err := tx.Exec(`INSERT INTO positions (agent, epoch, seq) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq
		WHERE epoch <> excluded.epoch OR seq < excluded.seq`, agent, int64(at.Epoch), int64(at.Seq))
	return err
}
