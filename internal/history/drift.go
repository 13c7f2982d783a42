package history

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// addDrift writes where a new request's event is not what the catalogue says.
func addDrift(tx *sqlitedb.Tx, r *Record) error {
	_, err := tx.Exec("INSERT INTO drift (request, warnings) SELECT n, ? FROM requests WHERE id = ?", r.Drift, r.Request.ID)
	return err
}

// Drift returns where the event of a recorded request is not what the catalogue says of its
// type: none where it is, or where nothing was recorded of it.
func (h *History) Drift(ctx context.Context, request string) (warnings []string, err error) {
	err = h.db.View(ctx, func(tx *sqlitedb.Tx) error {
		var text string
		err := tx.QueryRow("SELECT warnings FROM drift WHERE request = (SELECT n FROM requests WHERE id = ?)", request).Scan(&text)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		warnings = strings.Split(text, "\n")
		return err
	})
	return warnings, err
}
