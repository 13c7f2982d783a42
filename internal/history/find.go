package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/nearest"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// NotFoundError says that no recorded id is the one that was asked for.
type NotFoundError struct {
	ID      string
	Nearest []string // ids that may have been meant, the likeliest first; at most three
}

func (e *NotFoundError) Error() string {
	if len(e.Nearest) > 0 {
		return fmt.Sprintf("there is no %q in the history; did you mean %s?", e.ID, strings.Join(e.Nearest, " or "))
	}
	return fmt.Sprintf("there is no %q in the history; solatis events list shows what there is", e.ID)
}

// AmbiguousError says that the beginning of an id is that of several.
type AmbiguousError struct {
	ID         string
	Candidates []string // at most five of them
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q is the beginning of several: %s", e.ID, strings.Join(e.Candidates, ", "))
}

// idKind is a kind of id that can be typed, and how it leads to a request.
type idKind struct {
	prefix string
	exact  string // the request of an id
	list   string // ids from one to another, and how many of them
	newest string // ids of the newest requests, and how many
}

// kinds are told apart by their prefix. Whatever has none of them may still be an event's
// id, since those are given by the sender. Of several requests with one event id the
// newest counts that was received, else the newest that trigger made.
var kinds = []idKind{
	{
		event.RequestPrefix,
		"SELECT id FROM requests WHERE id = ?",
		"SELECT id FROM requests WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
		"SELECT id FROM requests ORDER BY n DESC LIMIT ?",
	},
	{
		event.DeliveryPrefix,
		"SELECT r.id FROM deliveries d JOIN requests r ON r.n = d.request WHERE d.id = ?",
		"SELECT id FROM deliveries WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
		"SELECT id FROM deliveries ORDER BY n DESC LIMIT ?",
	},
	{
		event.EventPrefix,
		"SELECT id FROM requests WHERE event_id = ? ORDER BY agent <> '' DESC, n DESC LIMIT 1",
		"SELECT DISTINCT event_id FROM requests WHERE event_id >= ? AND event_id < ? ORDER BY event_id LIMIT ?",
		"SELECT event_id FROM requests NOT INDEXED WHERE event_id IS NOT NULL ORDER BY n DESC LIMIT ?",
	},
}

// kindOf returns the kind of an id. How much of it follows the prefix is in rest.
func kindOf(id string) (k idKind, rest int) {
	for _, k := range kinds {
		if strings.HasPrefix(id, k.prefix) {
			return k, len(id) - len(k.prefix)
		}
	}
	return kinds[len(kinds)-1], len(id)
}

// minBeginning is how much of an id, its prefix not counted, has to be typed for it to be
// completed.
const minBeginning = 4

// Find returns the id of the request that an event's, a request's or a delivery's id
// leads to, or the beginning of one with at least four characters after the prefix. Its
// errors are *NotFoundError and *AmbiguousError, or those of the database.
func (h *History) Find(ctx context.Context, id string) (request string, err error) {
	err = h.db.View(ctx, func(tx *sqlitedb.Tx) (err error) {
		request, err = find(tx, id)
		return err
	})
	return request, err
}

// shownCandidates and shownNearest are how many ids an error names.
const (
	shownCandidates = 5
	shownNearest    = 3
)

func find(tx *sqlitedb.Tx, id string) (request string, err error) {
	k, rest := kindOf(id)
	err = tx.QueryRow(k.exact, id).Scan(&request)
	if !errors.Is(err, sql.ErrNoRows) {
		return request, err
	}
	candidates, err := beginning(tx, k, id, shownCandidates)
	switch {
	case err != nil:
		return "", err
	case rest < minBeginning:
		return "", &NotFoundError{ID: id, Nearest: candidates[:min(len(candidates), shownNearest)]}
	case len(candidates) == 1:
		err = tx.QueryRow(k.exact, candidates[0]).Scan(&request)
		return request, err
	case len(candidates) > 1:
		return "", &AmbiguousError{ID: id, Candidates: candidates}
	}
	similar, err := similar(tx, k, id)
	if err != nil {
		return "", err
	}
	return "", &NotFoundError{ID: id, Nearest: similar}
}

// beginning returns up to limit ids that begin with s.
func beginning(tx *sqlitedb.Tx, k idKind, s string, limit int) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	// No id has the byte 0xff in it, so all that begin with s come before this.
	return ids(tx, k.list, s, s+"\xff", limit)
}

// searched is among how many of the newest ids a mistyped one is looked for.
const searched = 2000

// similar returns the ids that are a few typing mistakes away.
func similar(tx *sqlitedb.Tx, k idKind, id string) (similar []string, err error) {
	newest, err := ids(tx, k.newest, searched)
	if err != nil {
		return nil, err
	}
	for len(similar) < shownNearest {
		match, ok := nearest.Match(id, newest)
		if !ok {
			break
		}
		similar = append(similar, match)
		newest = slices.DeleteFunc(newest, func(s string) bool { return s == match })
	}
	return similar, nil
}

func ids(tx *sqlitedb.Tx, query string, args ...any) (ids []string, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
