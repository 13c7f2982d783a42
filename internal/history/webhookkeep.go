package history

import (
	"context"
	"errors"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Step is one decision of a delivery.Line: what an attempt led to, or what somebody asked
// for.
type Step struct {
	Delivery string            // whose attempt ended; "" where none did
	Attempt  delivery.Attempt  // of Delivery, as in AddAttempt
	Standing delivery.Standing // of Delivery, after the attempt
	Effects  delivery.Effects  // whose Keep and Webhook are kept
}

// Keep records what a Line of an agent and a target decided, all in one transaction and in
// order. A webhook that was enabled or disabled is durable when it returns. What else there
// is survives a crash, but a power cut may forget it, as with AddAttempt.
//
// What is no longer in the history, since somebody deleted it, is passed over. Of an attempt
// the error then is a *NotFoundError, beside which all else is kept.
func (h *History) Keep(ctx context.Context, agent, target string, steps ...Step) error {
	headers := make([][]byte, len(steps))
	update := h.db.UpdateLater
	for i, s := range steps {
		var err error
		if s.Delivery != "" {
			headers[i], err = encodeAnswer(s.Delivery, s.Attempt)
		}
		if err != nil {
			return err
		}
		if s.Effects.Webhook != nil {
			update = h.db.Update
		}
	}
	var missing error
	err := update(ctx, func(tx *sqlitedb.Tx) error {
		missing = nil
		for i, s := range steps {
			err := keep(tx, agent, target, s, headers[i])
			var gone *NotFoundError
			if errors.As(err, &gone) {
				missing, err = err, nil
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, missing)
}

func keep(tx *sqlitedb.Tx, agent, target string, s Step, header []byte) error {
	for _, o := range s.Effects.Keep {
		var gone *NotFoundError
		if _, err := keepStanding(tx, o.ID, o.Standing); err != nil && !errors.As(err, &gone) {
			return err
		}
	}
	if s.Effects.Webhook != nil {
		if err := keepWebhook(tx, agent, target, *s.Effects.Webhook); err != nil {
			return err
		}
	}
	if s.Delivery == "" {
		return nil
	}
	n, err := keepStanding(tx, s.Delivery, s.Standing)
	if err != nil {
		return err
	}
	return addAttempt(tx, n, s.Delivery, s.Attempt, header)
}

// keepStanding writes where a delivery stands, and returns its number.
func keepStanding(tx *sqlitedb.Tx, id string, s delivery.Standing) (n int64, err error) {
	return moved(id, tx.QueryRow(`UPDATE deliveries SET state = ?, failed = ?, due = ?, wait = ? WHERE id = ? RETURNING n`,
		string(s.State), s.Failed, nanoseconds(s.Due), int64(s.Wait), id))
}
