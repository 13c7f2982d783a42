package history

import (
	"cmp"
	"context"
	"slices"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Pending is a delivery that an earlier session left pending.
type Pending struct {
	Delivery  string
	Request   string
	EventID   string // "" where the body is no event
	EventType string
	Attempts  int // made so far, all of them interrupted
}

// placed is a pending delivery with its request's place in the log.
type placed struct {
	Pending
	epoch, seq int64
}

// Pending returns an agent's pending deliveries to a target, oldest first. Replays are
// not among them: they belong to the command that made them.
func (h *History) Pending(ctx context.Context, agent, target string) (pending []Pending, err error) {
	var all []placed
	err = h.db.View(ctx, func(tx *sqlitedb.Tx) error {
		rows, err := tx.Query(`SELECT d.id, r.id, coalesce(r.event_id, ''), coalesce(r.event_type, ''), r.epoch, r.seq,
				(SELECT coalesce(max(number), 0) FROM attempts a WHERE a.delivery = d.n)
			FROM deliveries d JOIN requests r ON r.n = d.request
			WHERE d.agent = ? AND d.target = ? AND d.state = 'pending' AND d.origin = 'received' ORDER BY d.n`, agent, target)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p placed
			if err := rows.Scan(&p.Delivery, &p.Request, &p.EventID, &p.EventType, &p.epoch, &p.seq, &p.Attempts); err != nil {
				return err
			}
			all = append(all, p)
		}
		return rows.Err()
	})
	sortBySeq(all)
	for _, p := range all {
		pending = append(pending, p.Pending)
	}
	return pending, err
}

// sortBySeq brings what was recorded in the order in which it was complete into the order
// of the log. A log that was restored counts the same numbers again, so each epoch is
// sorted by itself.
func sortBySeq(all []placed) {
	for len(all) > 0 {
		end := slices.IndexFunc(all, func(p placed) bool { return p.epoch != all[0].epoch })
		if end < 0 {
			end = len(all)
		}
		slices.SortStableFunc(all[:end], func(a, b placed) int { return cmp.Compare(a.seq, b.seq) })
		all = all[end:]
	}
}

// CancelPending cancels what Pending would return, and says how many they were.
func (h *History) CancelPending(ctx context.Context, agent, target string) (n int, err error) {
	err = h.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		changed, err := tx.Exec(`UPDATE deliveries SET state = 'cancelled'
			WHERE agent = ? AND target = ? AND state = 'pending' AND origin = 'received'`, agent, target)
		n = int(changed)
		return err
	})
	return n, err
}
