// Package history is the developer's own record: every request that was received or
// triggered, every delivery of it and every attempt, byte for byte, in one SQLite
// database that any number of solatis processes use at once. It also holds each agent's
// position in its endpoint's log, since acknowledging a request means that it is here.
//
// It never holds a signing secret.
package history

import (
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"errors"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

//go:embed schema.sql
var schema string

// History is an open history. Its methods may be called from any number of goroutines.
type History struct{ db *sqlitedb.DB }

// Open opens the history at path, or creates it. Its errors are those of sqlitedb.Open.
//
// Commits are durable at once (synchronous=FULL), because the embedded relay deletes a
// request as soon as it is acknowledged.
func Open(ctx context.Context, path string) (*History, error) {
	db, err := sqlitedb.Open(ctx, path, sqlitedb.Options{Name: "history", Migrations: []string{schema}})
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
		err := tx.QueryRow("SELECT epoch, seq FROM positions WHERE agent = ?", agent).Scan(&at.Epoch, &at.Seq)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return at, err
}

// Batch is what an agent records in one transaction.
type Batch struct {
	Agent    string
	Position event.Position // where the agent is once Records are durable
	Records  []Record
}

// Record is a received request and what the session made of it.
type Record struct {
	Request     *event.Request
	Endpoint    string
	Seq         uint64
	EventID     string // "" where the body is no event
	EventType   string
	Verdict     signature.Verdict
	Disposition string
	Reason      string // why it is not forwarded
	Delivery    string // id of its delivery; "" for none
	Target      string // of the delivery
}

// Recorded is what was found when a request was recorded.
type Recorded struct {
	Known       bool   // it was here already, and nothing was written
	DuplicateOf string // the first request with the same event id
	OtherBody   bool   // that request's body was another
}

// Record writes a batch and the agent's position in one transaction, and returns what
// was found, in the order of the records, once it is durable. A position never moves
// back within an epoch.
func (h *History) Record(ctx context.Context, b Batch) ([]Recorded, error) {
	rows, err := rowsOf(b.Records)
	if err != nil {
		return nil, err
	}
	var found []Recorded
	err = h.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		found = found[:0]
		for i, r := range b.Records {
			f, err := insert(tx, b.Agent, r, rows[i])
			if err != nil {
				return err
			}
			found = append(found, f)
		}
		return move(tx, b.Agent, b.Position)
	})
	return found, err
}

// row is what is worked out before the transaction, which others wait for.
type row struct {
	head []byte
	hash [sha256.Size]byte
}

func rowsOf(records []Record) ([]row, error) {
	rows := make([]row, len(records))
	for i, r := range records {
		head, err := encodeHead(r.Request)
		if err != nil {
			return nil, err
		}
		rows[i] = row{head, sha256.Sum256(r.Request.Body)}
	}
	return rows, nil
}

func insert(tx *sqlitedb.Tx, agent string, r Record, w row) (Recorded, error) {
	f, err := duplicate(tx, r.EventID, w.hash[:])
	if err != nil {
		return f, err
	}
	n, err := tx.Exec(`INSERT INTO requests (id, endpoint, seq, head, body, body_hash, received, event_id, event_type,
			verdict, disposition, reason, duplicate_of, other_body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		r.Request.ID, r.Endpoint, r.Seq, w.head, blob(r.Request.Body), w.hash[:], r.Request.Received.UnixNano(),
		null(r.EventID), null(r.EventType), string(r.Verdict), r.Disposition, r.Reason, null(f.DuplicateOf), f.OtherBody)
	switch {
	case err != nil:
		return f, err
	case n == 0:
		return Recorded{Known: true}, nil
	case r.Delivery == "":
		return f, nil
	}
	return f, addDelivery(tx, Delivery{
		ID: r.Delivery, Request: r.Request.ID, Agent: agent, Target: r.Target,
		Origin: delivery.Received, Created: r.Request.Received,
	})
}

// duplicate looks for an earlier request with the same event id.
func duplicate(tx *sqlitedb.Tx, eventID string, hash []byte) (f Recorded, err error) {
	if eventID == "" {
		return f, nil
	}
	var same bool
	err = tx.QueryRow("SELECT id, body_hash = ? FROM requests WHERE event_id = ? ORDER BY n LIMIT 1", hash, eventID).Scan(&f.DuplicateOf, &same)
	if errors.Is(err, sql.ErrNoRows) {
		return Recorded{}, nil
	}
	f.OtherBody = !same
	return f, err
}

func move(tx *sqlitedb.Tx, agent string, at event.Position) error {
	_, err := tx.Exec(`INSERT INTO positions (agent, epoch, seq) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq
		WHERE epoch <> excluded.epoch OR seq < excluded.seq`, agent, int64(at.Epoch), at.Seq)
	return err
}

// AddRequest records a request that solatis sends itself, without an agent.
func (h *History) AddRequest(ctx context.Context, r Record) error {
	rows, err := rowsOf([]Record{r})
	if err != nil {
		return err
	}
	return h.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		_, err := insert(tx, "", r, rows[0])
		return err
	})
}

// Delivery is a delivery as it begins: pending.
type Delivery struct {
	ID      string
	Request string
	Agent   string // "" where no session makes it
	Target  string
	Origin  delivery.Origin
	Created time.Time
}

// AddDelivery records a delivery of a recorded request.
func (h *History) AddDelivery(ctx context.Context, d Delivery) error {
	return h.db.Update(ctx, func(tx *sqlitedb.Tx) error { return addDelivery(tx, d) })
}

func addDelivery(tx *sqlitedb.Tx, d Delivery) error {
	_, err := tx.Exec("INSERT INTO deliveries (id, request, agent, target, origin, state, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
		d.ID, d.Request, d.Agent, d.Target, string(d.Origin), string(delivery.Pending), d.Created.UnixNano())
	return err
}

// AddAttempt records an attempt and the state that the delivery is in after it, in one
// transaction.
func (h *History) AddAttempt(ctx context.Context, id string, a delivery.Attempt, state delivery.State) error {
	header, err := encoder.Marshal(a.Outcome.Header)
	if err != nil {
		return err
	}
	o := a.Outcome
	return h.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec(`INSERT INTO attempts (delivery, number, started, duration, kind, error, status, header, body, truncated)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, a.Number, a.Started.UnixNano(), int64(o.Duration),
			string(o.Kind), o.Error, o.Status, header, o.Body, o.Truncated)
		if err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE deliveries SET state = ? WHERE id = ?", string(state), id)
		return err
	})
}

// blob keeps an empty body from being NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// null makes "" NULL.
func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}
