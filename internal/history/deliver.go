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
	o := a.Outcome
	header, err := encoder.Marshal(o.Header)
	if err != nil {
		return fmt.Errorf("recording attempt %d of %s: %w", a.Number, id, err)
	}
	if len(o.Body) > delivery.MaxRecordedBody {
		o.Body, o.Truncated = o.Body[:delivery.MaxRecordedBody], true
	}
	return h.db.UpdateLater(ctx, func(tx *sqlitedb.Tx) error {
		var n int64
		err := tx.QueryRow("UPDATE deliveries SET state = ? WHERE id = ? RETURNING n", string(state), id).Scan(&n)
		if errors.Is(err, sql.ErrNoRows) {
			return &NotFoundError{ID: id}
		}
		if err == nil {
			_, err = tx.Exec(`INSERT INTO attempts (delivery, number, started, duration, kind, error, status, truncated, header, body)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				n, a.Number, a.Started.UnixNano(), int64(o.Duration), string(o.Kind), o.Error, o.Status, o.Truncated, header, o.Body)
		}
		if err != nil {
			return fmt.Errorf("recording attempt %d of %s: %w", a.Number, id, err)
		}
		return nil
	})
}
