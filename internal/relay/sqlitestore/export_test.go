package sqlitestore

import (
	"context"
	"fmt"

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
