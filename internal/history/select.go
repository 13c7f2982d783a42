package history

import (
	"context"
	"math"
	"strings"

	"github.com/solatis/solatis-cli/internal/filter"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// A filter is held against the rows in two steps. SQL leaves out most of what doesn't
// match, by the first term of each key, in a text that is the same for every query: the
// slots of terms that aren't there are NULL. What it lets through, filter.Query.Match
// judges. So one place says what a term means, and no statement is made from what
// somebody typed.

// conditions are the slots. at is the column with the time that since: and until: mean.
// The first three parameters are the statement's own.
func conditions(at string) string {
	return strings.ReplaceAll(`
		AND (?4 IS NULL OR (AT >= ?5) = ?4)
		AND (?6 IS NULL OR (AT < ?7) = ?6)
		AND (?8 IS NULL OR coalesce(d.state IN (?9, ?10), 0) = ?8)
		AND (?11 IS NULL OR coalesce(d.state, '') <> 'succeeded')
		AND (?12 IS NULL OR coalesce(d.origin = ?13, 0) = ?12)
		AND (?14 IS NULL OR coalesce(instr(lower(d.target), ?15) > 0, 0) = ?14)
		AND (?16 IS NULL OR coalesce(r.event_type GLOB ?17, 0) = ?16)
		AND (?18 IS NULL OR (r.verdict IN (?19, ?20, ?21)) = ?18)
		AND (?22 IS NULL OR (r.duplicate_of IS NOT NULL) = ?22)
		AND (?23 IS NULL OR (r.id BETWEEN ?24 AND ?25 OR coalesce(r.event_id BETWEEN ?24 AND ?25, 0) OR coalesce(d.id BETWEEN ?24 AND ?25, 0)) = ?23)
		AND (?26 IS NULL OR (coalesce(a.status BETWEEN ?27 AND ?28, 0) OR coalesce(a.kind = ?29, 0)) = ?26)
		AND (?30 IS NULL OR (EXISTS (SELECT 1 FROM drift WHERE request = r.n)) = ?30)`, "AT", at)
}

// The slots, by the number of their first parameter.
const (
	slotSince   = 4
	slotUntil   = 6
	slotState   = 8
	slotUnsent  = 11 // whatever didn't succeed: spares looking at most attempts
	slotOrigin  = 12
	slotTarget  = 14
	slotType    = 16
	slotVerdict = 18
	slotDup     = 22
	slotID      = 23
	slotAttempt = 26
	slotDrift   = 30
	parameters  = 30
)

// selection is a query as the statements take it.
type selection struct {
	query filter.Query
	args  [parameters]any
	exact bool // the slots say all that the query says
	text  bool // bodies have to be looked at
	bare  bool // a request without a delivery may match
	// received says that since: and until: mean when the request was received, and not
	// when its delivery was made.
	received bool
}

// selectionOf fills the slots.
func selectionOf(q filter.Query) *selection {
	s := &selection{query: q, exact: true, text: q.Has(filter.Text), bare: true}
	for _, t := range q.Terms {
		if !s.add(t) {
			s.exact = false
		}
		switch t.Key {
		case filter.Status, filter.Origin, filter.Target:
			s.bare = s.bare && t.Not
		}
	}
	return s
}

// add puts a term into its slot, and reports whether there was room.
func (s *selection) add(t filter.Term) bool {
	switch t.Key {
	case filter.Since:
		return s.fill(slotSince, t, t.At.UnixNano())
	case filter.Until:
		return s.fill(slotUntil, t, t.At.UnixNano())
	case filter.Origin:
		return s.fill(slotOrigin, t, t.Value)
	case filter.Target:
		// Beyond ASCII, SQLite knows no capitals.
		return isASCII(t.Value) && s.fill(slotTarget, t, strings.ToLower(t.Value))
	case filter.Type:
		return s.fill(slotType, t, strings.ReplaceAll(t.Value, "[", "[[]"))
	case filter.Sig:
		v := filter.Verdicts(t.Value)
		return s.fill(slotVerdict, t, string(v[0]), string(v[len(v)/2]), string(v[len(v)-1]))
	case filter.Dup:
		t.Not = t.Not != (t.Value == "no")
		return s.fill(slotDup, t)
	case filter.Drift:
		t.Not = t.Not != (t.Value == "no")
		return s.fill(slotDrift, t)
	case filter.ID:
		return s.fill(slotID, t, t.Value, t.Value+"\xff") // a byte that no id has
	case filter.Status:
		return s.addStatus(t)
	}
	return false
}

func (s *selection) addStatus(t filter.Term) bool {
	if states := filter.States(t.Value); states != nil {
		return s.fill(slotState, t, states[0], states[len(states)-1])
	}
	low, high, isCode := filter.Codes(t.Value)
	if !isCode {
		return s.fill(slotAttempt, t, nil, nil, t.Value)
	}
	if accepted := low/100 == 2; !t.Not && !accepted || t.Not && accepted && low != high {
		s.args[slotUnsent-1] = true
	}
	return s.fill(slotAttempt, t, low, high, nil)
}

// fill fills a slot with a term's sign and its values, unless it is taken.
func (s *selection) fill(slot int, t filter.Term, values ...any) bool {
	if s.args[slot-1] != nil {
		return false
	}
	sign := 1
	if t.Not {
		sign = 0
	}
	s.args[slot-1] = sign
	copy(s.args[slot:], values)
	return true
}

// with returns the parameters, of which the statement's own come first.
func (s *selection) with(own ...any) []any {
	args := s.args
	copy(args[:], own)
	return args[:]
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 0x7f }) < 0
}

// item is the summary as a filter sees it, of its last delivery.
func (s *Summary) item() filter.Item {
	drift := "no"
	if s.Drift != "" {
		drift = "yes"
	}
	i := filter.Item{
		Type: s.EventType, IDs: []string{s.Request}, Signature: s.Verdict, Duplicate: s.DuplicateOf != "", Drift: drift, At: s.Received,
		Origin: string(s.Last.Origin), Target: s.Last.Target, State: string(s.Last.State),
		Outcome: string(s.Last.Outcome.Kind), Status: s.Last.Outcome.Status,
	}
	for _, id := range []string{s.EventID, s.Last.Delivery} {
		if id != "" {
			i.IDs = append(i.IDs, id)
		}
	}
	return i
}

// Requests come with their last delivery, by which they are judged.
var requestRows = rowColumns + strings.TrimPrefix(summaries, `SELECT `+summaryColumns) + `
	WHERE r.n >= ?1 AND r.n < ?2` + conditions("r.received") + ` ORDER BY r.n DESC`

// Requests returns the newest requests that match q, newest first: at most limit, or all
// for 0. A request matches by its last delivery, and since: and until: mean when it was
// received.
func (h *History) Requests(ctx context.Context, q filter.Query, limit int) (list []Summary, err error) {
	s := selectionOf(q)
	s.received = true
	err = h.db.View(ctx, func(tx *sqlitedb.Tx) error {
		rows, err := tx.Query(requestRows, s.with(1, math.MaxInt64, s.text)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for (limit == 0 || len(list) < limit) && rows.Next() {
			f, ok, _, err := s.scanFound(rows)
			if err == nil {
				err = ctx.Err()
			}
			if err == nil && ok {
				err = f.decode(f.head)
			}
			if err != nil {
				return err
			}
			if ok {
				list = append(list, f.Summary)
			}
		}
		return rows.Err()
	})
	return list, err
}
