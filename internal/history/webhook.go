package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Webhook is what is kept of an agent's endpoint and one target, of which there may be
// nothing yet.
type Webhook struct {
	delivery.Webhook
	Policy delivery.Policy // of the last session that retried; without retries where none did
}

// Webhook returns how an agent's webhook to a target stands.
func (h *History) Webhook(ctx context.Context, agent, target string) (w Webhook, err error) {
	err = h.db.View(ctx, func(tx *sqlitedb.Tx) (err error) {
		w, err = webhook(tx, agent, target)
		return err
	})
	return w, err
}

func webhook(tx *sqlitedb.Tx, agent, target string) (w Webhook, err error) {
	var since sql.NullInt64
	var schedule, speed string
	err = tx.QueryRow(`SELECT state, since, cause, schedule, speed, disable_after FROM webhooks WHERE agent = ? AND target = ?`,
		agent, target).Scan(&w.State, &since, &w.Cause, &schedule, &speed, &w.Policy.DisableAfter)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Webhook{}, nil
	case err != nil:
		return w, err
	}
	w.Since = timeOf(since)
	if schedule != "" {
		w.Policy.Schedule, err = delivery.ParseSchedule(schedule)
	}
	if err == nil {
		w.Policy.Speed, err = delivery.ParseSpeed(speed)
	}
	if err != nil {
		return w, fmt.Errorf("the record of the webhook to %s can't be read: %w", target, err)
	}
	return w, nil
}

// KeepPolicy keeps by which policy an agent's deliveries to a target are retried, for those
// who look at them later. It is durable when it returns.
func (h *History) KeepPolicy(ctx context.Context, agent, target string, p delivery.Policy) error {
	return h.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec(`INSERT INTO webhooks (agent, target, state, cause, schedule, speed, disable_after) VALUES (?, ?, ?, '', ?, ?, ?)
			ON CONFLICT DO UPDATE SET schedule = excluded.schedule, speed = excluded.speed, disable_after = excluded.disable_after`,
			agent, target, string(delivery.Enabled), p.Schedule.String(), p.Speed.String(), p.DisableAfter)
		return err
	})
}

// keepWebhook writes how a webhook stands.
func keepWebhook(tx *sqlitedb.Tx, agent, target string, w delivery.Webhook) error {
	_, err := tx.Exec(`INSERT INTO webhooks (agent, target, state, since, cause, schedule, speed, disable_after) VALUES (?, ?, ?, ?, ?, '', ?, 0)
		ON CONFLICT DO UPDATE SET state = excluded.state, since = excluded.since, cause = excluded.cause`,
		agent, target, string(w.State), nanoseconds(w.Since), w.Cause, delivery.RealSpeed.String())
	return err
}
