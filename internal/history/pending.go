package history

import (
	"context"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Pending is a delivery that an earlier session left pending.
type Pending struct {
	Delivery  string
	Request   string
	EventID   string
	EventType string
	Attempts  int // made so far, all of them interrupted
}

// Pending returns an agent's pending deliveries to a target, oldest first. Replays are
// not among them: they belong to the command that made them.
func (h *History) Pending(ctx context.Context, agent, target string) (pending []Pending, err error) {
	err = h.db.View(ctx, func(tx *sqlitedb.Tx) error {
		rows, err := tx.Query(`SELECT d.id, d.request, coalesce(r.event_id, ''), coalesce(r.event_type, ''),
				(SELECT coalesce(max(number), 0) FROM attempts a WHERE a.delivery = d.id)
			FROM deliveries d JOIN requests r ON r.id = d.request
			WHERE d.agent = ? AND d.target = ? AND d.state = 'pending' AND d.origin = 'received' ORDER BY d.n`, agent, target)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p Pending
			if err := rows.Scan(&p.Delivery, &p.Request, &p.EventID, &p.EventType, &p.Attempts); err != nil {
				return err
			}
			pending = append(pending, p)
		}
		return rows.Err()
	})
	return pending, err
}

// CancelPending cancels what Pending would return, and says how many they were.
func (h *History) CancelPending(ctx context.Context, agent, target string) (n int, err error) {
	err = h.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		changed, err := tx.Exec("UPDATE deliveries SET state = 'cancelled' WHERE agent = ? AND target = ? AND state = 'pending' AND origin = 'received'",
			agent, target)
		n = int(changed)
		return err
	})
	return n, err
}
