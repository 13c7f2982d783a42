package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/nearest"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// NotFoundError says that no recorded id is the one that was typed.
type NotFoundError struct {
	ID      string
	Nearest string // the id that may have been meant, or ""
}

func (e *NotFoundError) Error() string {
	if e.Nearest != "" {
		return fmt.Sprintf("there is no %q in the history; did you mean %s?", e.ID, e.Nearest)
	}
	return fmt.Sprintf("there is no %q in the history; solatis events list shows what there is", e.ID)
}

// AmbiguousError says that the beginning of an id is that of several.
type AmbiguousError struct {
	ID         string
	Candidates []string
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q is the beginning of several: %s", e.ID, strings.Join(e.Candidates, ", "))
}

// kinds are the ids that can be typed, and how each leads to a request. Of several
// requests with one event id the newest counts.
var kinds = []struct{ prefix, exact, list string }{
	{
		event.EventPrefix,
		"SELECT id FROM requests WHERE event_id = ? ORDER BY n DESC LIMIT 1",
		"SELECT DISTINCT event_id FROM requests WHERE event_id >= ?1 AND substr(event_id, 1, length(?1)) = ?1 ORDER BY event_id LIMIT ?2",
	},
	{
		event.RequestPrefix,
		"SELECT id FROM requests WHERE id = ?",
		"SELECT id FROM requests WHERE id >= ?1 AND substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT ?2",
	},
	{
		event.DeliveryPrefix,
		"SELECT request FROM deliveries WHERE id = ?",
		"SELECT id FROM deliveries WHERE id >= ?1 AND substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT ?2",
	},
}

// Find returns the id of the request that an event's, a request's or a delivery's id, or
// the unique beginning of one, leads to. Its errors are *NotFoundError and
// *AmbiguousError.
func (h *History) Find(ctx context.Context, id string) (request string, err error) {
	for _, k := range kinds {
		if !event.IsID(k.prefix, id) {
			continue
		}
		err := h.db.View(ctx, func(tx *sqlitedb.Tx) (err error) {
			request, err = find(tx, k.exact, k.list, id)
			return err
		})
		return request, err
	}
	return "", &NotFoundError{ID: id}
}

// shownCandidates is how many ids an error names.
const shownCandidates = 5

func find(tx *sqlitedb.Tx, exact, list, id string) (request string, err error) {
	err = tx.QueryRow(exact, id).Scan(&request)
	if !errors.Is(err, sql.ErrNoRows) {
		return request, err
	}
	candidates, err := ids(tx, list, id, shownCandidates)
	switch {
	case err != nil:
		return "", err
	case len(candidates) == 1:
		err = tx.QueryRow(exact, candidates[0]).Scan(&request)
		return request, err
	case len(candidates) > 1:
		return "", &AmbiguousError{ID: id, Candidates: candidates}
	}
	near, err := near(tx, id)
	if err != nil {
		return "", err
	}
	return "", &NotFoundError{ID: id, Nearest: near}
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

// searched is among how many of the newest requests a mistyped id is looked for.
const searched = 2000

func near(tx *sqlitedb.Tx, id string) (string, error) {
	newest, err := ids(tx, `SELECT coalesce(event_id, id) FROM requests ORDER BY n DESC LIMIT ?`, searched)
	if err != nil {
		return "", err
	}
	match, _ := nearest.Match(id, newest)
	return match, nil
}
