package history

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Pending is a delivery that an earlier session left pending or held.
type Pending struct {
	Delivery  string
	Request   string
	EventID   string // "" where the body is no event
	EventType string
	Attempts  int            // made so far, those that were interrupted included
	At        event.Position // the request's place in the log
	Standing  delivery.Standing
}

// ofOpen are an agent's received deliveries to a target that aren't final. The state is
// asked for as the index has it, which is of no use otherwise.
const ofOpen = ` WHERE agent = ? AND target = ? AND state IN ('pending', 'held') AND origin = 'received'`

// Pending returns an agent's pending and held deliveries to a target, oldest first. Replays
// are not among them: they belong to whoever made them.
func (h *History) Pending(ctx context.Context, agent, target string) (pending []Pending, err error) {
	var all []Pending
	err = h.db.View(ctx, func(tx *sqlitedb.Tx) error {
		rows, err := tx.Query(`SELECT d.id, r.id, coalesce(r.event_id, ''), coalesce(r.event_type, ''), r.epoch, r.seq,
				(SELECT coalesce(max(number), 0) FROM attempts a WHERE a.delivery = d.n), d.state, d.failed, d.due, d.wait
			FROM (SELECT * FROM deliveries`+ofOpen+`) d JOIN requests r ON r.n = d.request ORDER BY d.n`, agent, target)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p Pending
			var epoch, seq int64
			var due sql.NullInt64
			if err := rows.Scan(&p.Delivery, &p.Request, &p.EventID, &p.EventType, &epoch, &seq, &p.Attempts,
				&p.Standing.State, &p.Standing.Failed, &due, &p.Standing.Wait); err != nil {
				return err
			}
			p.Standing.Due = timeOf(due)
			p.At = event.Position{Epoch: uint64(epoch), Seq: uint64(seq)}
			all = append(all, p)
		}
		return rows.Err()
	})
	sortBySeq(all)
	return all, err
}

// sortBySeq brings what was recorded in the order in which it was complete into the order
// of the log. Each run of a relay has another epoch and goes on with the same log, but one
// that was restored counts the same numbers again: then each epoch is sorted by itself.
func sortBySeq(all []Pending) {
	if !numberTwice(all) {
		slices.SortStableFunc(all, bySeq)
		return
	}
	for len(all) > 0 {
		end := slices.IndexFunc(all, func(p Pending) bool { return p.At.Epoch != all[0].At.Epoch })
		if end < 0 {
			end = len(all)
		}
		slices.SortStableFunc(all[:end], bySeq)
		all = all[end:]
	}
}

func bySeq(a, b Pending) int { return cmp.Compare(a.At.Seq, b.At.Seq) }

func numberTwice(all []Pending) bool {
	seen := make(map[uint64]bool, len(all))
	for _, p := range all {
		if seen[p.At.Seq] {
			return true
		}
		seen[p.At.Seq] = true
	}
	return false
}

// CancelPending cancels what Pending would return, and says how many they were.
func (h *History) CancelPending(ctx context.Context, agent, target string) (n int, err error) {
	return h.cancel(ctx, ofOpen, agent, target)
}

// CancelReplays cancels an agent's replays that aren't final, and says how many they were:
// they end with the session that made them.
func (h *History) CancelReplays(ctx context.Context, agent string) (n int, err error) {
	return h.cancel(ctx, ` WHERE agent = ? AND state IN ('pending', 'held') AND origin <> 'received'`, agent)
}

// CancelAbandoned cancels what commands that were killed would have retried, and says how many
// deliveries that were. None that retries may be running.
func (h *History) CancelAbandoned(ctx context.Context) (n int, err error) {
	return h.cancel(ctx, ofAbandoned)
}

const ofAbandoned = ` WHERE agent = '' AND state IN ('pending', 'held') AND failed > 0 AND origin <> 'received'`

func (h *History) cancel(ctx context.Context, which string, args ...any) (n int, err error) {
	err = h.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		changed, err := tx.Exec(`UPDATE deliveries SET state = 'cancelled', due = NULL, wait = 0`+which, args...)
		n = int(changed)
		return err
	})
	return n, err
}

// timeOf reads nanoseconds since 1970; NULL is the zero time.
func timeOf(ns sql.NullInt64) time.Time {
	if !ns.Valid {
		return time.Time{}
	}
	return time.Unix(0, ns.Int64)
}

// nanoseconds is what timeOf reads.
func nanoseconds(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}
