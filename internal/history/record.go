package history

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Batch is what an agent records in one transaction.
type Batch struct {
	Agent    string
	Position event.Position // where the agent is once Records are durable
	Records  []Record       // none where only the position moves, as over a gap
	// Again delivers a request that this agent recorded before, if it has no delivery to
	// a record's target yet: somebody asked for it once more.
	Again bool
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
	Drift       string // where the event is not what the catalogue says, one warning a line; of a request's first record
	// Further says that this is one more delivery of the request of the record before it,
	// to another target. Only Delivery and Target count then, and the id of the request.
	Further bool
}

// Recorded is what was found when a request was recorded.
type Recorded struct {
	Known       bool   // this agent has it already, and nothing was written of this record
	DuplicateOf string // the first request with the same event id
	OtherBody   bool   // that request's body was another
}

// Record writes a batch and the agent's position in one transaction, and returns what
// was found, in the order of the records, once it is durable. A position never moves
// back within an epoch.
//
// A request is recorded once, whichever agents bring it and how often. Its deliveries are
// made for each agent that brings it, with the first record of that agent.
func (h *History) Record(ctx context.Context, b Batch) ([]Recorded, error) {
	rows, err := rowsOf(b.Records)
	if err != nil {
		return nil, err
	}
	var found []Recorded
	err = h.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		found = found[:0]
		var first Recorded // of the request
		for i := range b.Records {
			r := &b.Records[i]
			var f Recorded
			var err error
			if r.Further {
				f, err = b.further(tx, r, first)
			} else {
				f, err = b.record(tx, r, &rows[i])
				first = f
			}
			if err != nil {
				return fmt.Errorf("recording %s: %w", r.Request.ID, err)
			}
			found = append(found, f)
		}
		return move(tx, b.Agent, b.Position)
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// AddRequest records a request that solatis sends itself, without an agent. Its
// deliveries are added with AddDelivery.
func (h *History) AddRequest(ctx context.Context, r Record) error {
	rows, err := rowsOf([]Record{r})
	if err != nil {
		return err
	}
	return h.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		_, err := new(Batch).record(tx, &r, &rows[0])
		return err
	})
}

// row is what is worked out before the transaction, which others wait for.
type row struct {
	head []byte
	hash [sha256.Size]byte
}

func rowsOf(records []Record) ([]row, error) {
	rows := make([]row, len(records))
	for i, r := range records {
		if r.Further {
			continue
		}
		head, err := encodeHead(r.Request)
		if err != nil {
			return nil, fmt.Errorf("recording %s: %w", r.Request.ID, err)
		}
		rows[i] = row{head, sha256.Sum256(r.Request.Body)}
	}
	return rows, nil
}

func (b *Batch) record(tx *sqlitedb.Tx, r *Record, w *row) (Recorded, error) {
	f, err := duplicate(tx, r, w.hash[:])
	if err != nil {
		return f, err
	}
	first, err := insert(tx, b.Agent, b.Position.Epoch, r, w, f)
	if err == nil && !first {
		f.Known, err = known(tx, b.Agent, r.Request.ID)
	}
	if err == nil && f.Known && b.Again && r.Delivery != "" {
		f.Known, err = delivered(tx, b.Agent, r)
	}
	switch {
	case err != nil:
		return f, err
	case f.Known:
		return Recorded{Known: true}, nil
	case r.Delivery != "":
		err = b.deliver(tx, r, first)
	}
	if err == nil && first && r.Drift != "" {
		err = addDrift(tx, r)
	}
	return f, err
}

// further makes one more delivery of a request. first is what was found when that was
// recorded.
func (b *Batch) further(tx *sqlitedb.Tx, r *Record, first Recorded) (f Recorded, err error) {
	f.Known = first.Known
	if b.Again {
		f.Known, err = delivered(tx, b.Agent, r)
	}
	if err != nil || f.Known {
		return f, err
	}
	return f, b.deliver(tx, r, false)
}

// deliver adds a delivery of a request; last says that the request is what was written
// last.
func (b *Batch) deliver(tx *sqlitedb.Tx, r *Record, last bool) error {
	d := Delivery{
		ID: r.Delivery, Request: r.Request.ID, Agent: b.Agent, Target: r.Target,
		Origin: delivery.Received, Created: r.Request.Received,
	}
	if last {
		return addFirst(tx, d)
	}
	return addDelivery(tx, d)
}

// insert writes a request, and reports whether it wasn't there.
func insert(tx *sqlitedb.Tx, agent string, epoch uint64, r *Record, w *row, f Recorded) (first bool, err error) {
	n, err := tx.Exec(`INSERT INTO requests (id, agent, endpoint, epoch, seq, received, event_id, event_type,
			verdict, disposition, reason, duplicate_of, other_body, body_hash, head, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		r.Request.ID, agent, r.Endpoint, int64(epoch), int64(r.Seq), r.Request.Received.UnixNano(), null(r.EventID), null(r.EventType),
		string(r.Verdict), r.Disposition, r.Reason, null(f.DuplicateOf), f.OtherBody, w.hash[:], w.head, blob(r.Request.Body))
	return n > 0, err
}

// duplicate looks for an earlier request with the same event id.
func duplicate(tx *sqlitedb.Tx, r *Record, hash []byte) (f Recorded, err error) {
	if r.EventID == "" {
		return f, nil
	}
	var same bool
	err = tx.QueryRow("SELECT id, body_hash = ? FROM requests WHERE event_id = ? ORDER BY n LIMIT 1", hash, r.EventID).Scan(&f.DuplicateOf, &same)
	if errors.Is(err, sql.ErrNoRows) || f.DuplicateOf == r.Request.ID {
		return Recorded{}, nil
	}
	f.OtherBody = !same
	return f, err
}

// known notes that the agent has a request which was there already, and reports whether
// that was known.
func known(tx *sqlitedb.Tx, agent, request string) (bool, error) {
	n, err := tx.Exec(`INSERT INTO also (request, agent) SELECT n, ?1 FROM requests WHERE id = ?2 AND agent <> ?1
		ON CONFLICT DO NOTHING`, agent, request)
	return n == 0, err
}

// delivered reports whether the agent has a delivery of the request to that target.
func delivered(tx *sqlitedb.Tx, agent string, r *Record) (yes bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM deliveries d JOIN requests r ON r.n = d.request
		WHERE r.id = ? AND d.agent = ? AND d.target = ? AND d.origin = ?)`,
		r.Request.ID, agent, r.Target, string(delivery.Received)).Scan(&yes)
	return yes, err
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
