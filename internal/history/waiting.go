package history

import (
	"context"
	"database/sql"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Retried is where a delivery stands in the schedule of its retries.
type Retried struct {
	Delivery
	EventID   string // "" where the body is no event
	EventType string
	Standing  delivery.Standing
	Policy    delivery.Policy // of the last session that retried what goes there; without retries where none did
}

const retried = `SELECT d.id, r.id, d.agent, d.target, d.origin, d.created, coalesce(r.event_id, ''), coalesce(r.event_type, ''),
		d.state, d.failed, d.due, d.wait
	FROM deliveries d JOIN requests r ON r.n = d.request`

// Waiting returns the deliveries that wait for a retry, the one that is due first at the
// front, and then those that are held, in the order in which they were made.
func (h *History) Waiting(ctx context.Context) ([]Retried, error) {
	return h.retried(ctx, ` WHERE d.state IN ('pending', 'held') AND (d.failed > 0 OR d.state = 'held')
		ORDER BY d.state = 'held', d.due, d.n`)
}

// Retries returns the deliveries of a request, oldest first.
func (h *History) Retries(ctx context.Context, request string) ([]Retried, error) {
	return h.retried(ctx, ` WHERE r.id = ? ORDER BY d.n`, request)
}

func (h *History) retried(ctx context.Context, which string, args ...any) (all []Retried, err error) {
	err = h.db.View(ctx, func(tx *sqlitedb.Tx) (err error) {
		if all, err = scanRetried(tx, which, args...); err != nil {
			return err
		}
		type way struct{ agent, target string }
		policies := make(map[way]delivery.Policy)
		for i := range all {
			w := way{all[i].Agent, all[i].Target}
			if _, known := policies[w]; !known {
				of, err := webhook(tx, w.agent, w.target)
				if err != nil {
					return err
				}
				policies[w] = of.Policy
			}
			all[i].Policy = policies[w]
		}
		return nil
	})
	return all, err
}

func scanRetried(tx *sqlitedb.Tx, which string, args ...any) (all []Retried, err error) {
	rows, err := tx.Query(retried+which, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Retried
		var created, due sql.NullInt64
		if err := rows.Scan(&r.ID, &r.Request, &r.Agent, &r.Target, &r.Origin, &created, &r.EventID, &r.EventType,
			&r.Standing.State, &r.Standing.Failed, &due, &r.Standing.Wait); err != nil {
			return nil, err
		}
		r.Created, r.Standing.Due = timeOf(created), timeOf(due)
		all = append(all, r)
	}
	return all, rows.Err()
}
