package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Delivery is a delivery as it begins: pending.
type Delivery struct {
	ID      string
	Request string
	Agent   string // "" where no session makes it
	Target  string
	Origin  delivery.Origin
	Created time.Time
}

// AddDelivery records a delivery of a recorded request. A *NotFoundError says that the
// request isn't.
func (h *History) AddDelivery(ctx context.Context, d Delivery) error {
	return h.db.Update(ctx, func(tx *sqlitedb.Tx) error { return addDelivery(tx, d) })
}

func addDelivery(tx *sqlitedb.Tx, d Delivery) error {
	n, err := tx.Exec(`INSERT INTO deliveries (id, request, agent, target, origin, state, created)
		SELECT ?, n, ?, ?, ?, ?, ? FROM requests WHERE id = ?`,
		d.ID, d.Agent, d.Target, string(d.Origin), string(delivery.Pending), d.Created.UnixNano(), d.Request)
	if err == nil && n == 0 {
		return &NotFoundError{ID: d.Request}
	}
	return err
}

// addFirst is addDelivery for a request that was written just before, which needn't be looked
// for.
func addFirst(tx *sqlitedb.Tx, d Delivery) error {
	_, err := tx.Exec(`INSERT INTO deliveries (id, request, agent, target, origin, state, created)
		VALUES (?, last_insert_rowid(), ?, ?, ?, ?, ?)`,
		d.ID, d.Agent, d.Target, string(d.Origin), string(delivery.Pending), d.Created.UnixNano())
	return err
}

// AddAttempt records an attempt and the state that its delivery is in after it, in one
// transaction. An attempt's number can be used once. Of a response's body longer than
// delivery.MaxRecordedBody the beginning is kept, and marked as truncated. A
// *NotFoundError says that the delivery is not recorded.
//
// A power cut may forget it, though not a crash: the delivery is then pending again, and
// the app gets the request once more.
func (h *History) AddAttempt(ctx context.Context, id string, a delivery.Attempt, state delivery.State) error {
	header, err := encodeAnswer(id, a)
	if err != nil {
		return err
	}
	failed := 0
	if state != delivery.Pending && !a.Outcome.Success() && a.Outcome.Kind != delivery.Interrupted {
		failed = 1
	}
	return h.db.UpdateLater(ctx, func(tx *sqlitedb.Tx) error {
		n, err := moved(id, tx.QueryRow(`UPDATE deliveries SET state = ?, failed = failed + ?, due = NULL, wait = 0
			WHERE id = ? RETURNING n`, string(state), failed, id))
		if err != nil {
			return err
		}
		return addAttempt(tx, n, id, a, header)
	})
}

// moved returns the number of a delivery whose standing was written.
func moved(id string, row scanner) (n int64, err error) {
	err = row.Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		err = &NotFoundError{ID: id}
	}
	return n, err
}

// encodeAnswer returns the header of an attempt's response as it is stored.
func encodeAnswer(id string, a delivery.Attempt) ([]byte, error) {
	header, err := encoder.Marshal(a.Outcome.Header)
	if err != nil {
		return nil, fmt.Errorf("recording attempt %d of %s: %w", a.Number, id, err)
	}
	return header, nil
}

// addAttempt writes an attempt of the delivery with the number n.
func addAttempt(tx *sqlitedb.Tx, n int64, id string, a delivery.Attempt, header []byte) error {
	o := a.Outcome
	if len(o.Body) > delivery.MaxRecordedBody {
		o.Body, o.Truncated = o.Body[:delivery.MaxRecordedBody], true
	}
	_, err := tx.Exec(`INSERT INTO attempts (delivery, number, started, duration, kind, error, status, fault, truncated, header, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		n, a.Number, a.Started.UnixNano(), int64(o.Duration), string(o.Kind), o.Error, o.Status, o.Fault, o.Truncated, header, o.Body)
	if err != nil {
		return fmt.Errorf("recording attempt %d of %s: %w", a.Number, id, err)
	}
	return nil
}
