package sqlitestore

import (
	"context"
	"fmt"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// LimitPages makes the disk look full once the database has n pages.
func (s *Store) LimitPages(n int) error {
	return s.update(context.Background(), func(tx *sqlitedb.Tx) error {
		var now int
		return tx.QueryRow(fmt.Sprintf("PRAGMA max_page_count = %d", n)).Scan(&now)
	})
}

// Parts returns how many parts of bodies there are.
func (s *Store) Parts() (n int, err error) {
	err = s.db.View(context.Background(), func(tx *sqlitedb.Tx) error {
		return tx.QueryRow("SELECT count(*) FROM parts").Scan(&n)
	})
	return n, err
}

// Migrations are the scripts of all schemas.
var Migrations = options.Migrations

// Hide does what a Delete has done that was broken off after its first transaction.
func (s *Store) Hide(endpoint string) error {
	return s.update(context.Background(), func(tx *sqlitedb.Tx) error { return hide(tx, endpoint) })
}

// ClearOne deletes one piece of what is left of a deleted endpoint.
func (s *Store) ClearOne() error {
	return s.update(context.Background(), func(tx *sqlitedb.Tx) error {
		_, err := clearOne(tx)
		return err
	})
}

// TrimOne does the first transaction of a Trim.
func (s *Store) TrimOne(endpoint string, limits relay.Limits, now time.Time) error {
	return s.update(context.Background(), func(tx *sqlitedb.Tx) error {
		_, err := trim(tx, endpoint, limits, now)
		return err
	})
}

// Do runs statements, and returns how many rows each has changed.
func (s *Store) Do(statements ...string) (changed []int64, err error) {
	err = s.update(context.Background(), func(tx *sqlitedb.Tx) error {
		changed = nil
		for _, statement := range statements {
			n, err := tx.Exec(statement)
			if err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
			changed = append(changed, n)
		}
		return nil
	})
	return changed, err
}

// Rows returns how many rows all tables have but that of endpoints.
func (s *Store) Rows() (n int, err error) {
	err = s.db.View(context.Background(), func(tx *sqlitedb.Tx) error {
		n = 0
		for _, table := range []string{"requests", "parts", "agents", "epochs", "freed", "deleted"} {
			var rows int
			if err := tx.QueryRow("SELECT count(*) FROM " + table).Scan(&rows); err != nil {
				return err
			}
			n += rows
		}
		return nil
	})
	return n, err
}
