package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Check reads both databases in a data folder to their ends, and returns what is wrong
// with them. It changes nothing, and a relay may be running there meanwhile.
func Check(ctx context.Context, data string) (findings []error) {
	for _, part := range []struct {
		path  string
		check func(context.Context, string) error
	}{{StorePath(data), sqlitestore.Check}, {RegistryPath(data), checkRegistry}} {
		if _, err := os.Stat(part.path); errors.Is(err, fs.ErrNotExist) {
			findings = append(findings, fmt.Errorf("there is no %s: no relay was ever started with this data folder, or the file is lost", part.path))
			continue
		}
		if err := part.check(ctx, part.path); err != nil {
			findings = append(findings, err)
		}
	}
	return findings
}

// anySchema is more migrations than the registry will ever have: what SQLite checks is the
// same in each, and none of them is run on a database that is only read.
const anySchema = 1 << 10

// checkRegistry holds the registry against SQLite's rules: it has few of its own that the
// schema doesn't say.
func checkRegistry(ctx context.Context, path string) error {
	db, err := sqlitedb.Open(ctx, path, sqlitedb.Options{
		Name: "relay tokens", ReadOnly: true,
		Migrations: make([]string, anySchema),
	})
	if err != nil {
		return err
	}
	var findings []string
	err = db.View(ctx, func(tx *sqlitedb.Tx) (err error) {
		if findings, err = complaintsOf(tx, "PRAGMA integrity_check"); err != nil || len(findings) > 0 {
			return err
		}
		findings, err = complaintsOf(tx, "PRAGMA foreign_key_check")
		return err
	})
	if len(findings) > 0 {
		err = fmt.Errorf("relay tokens %s are damaged; restore a backup:\n  %s", path, strings.Join(findings, "\n  "))
	}
	return errors.Join(err, db.Close())
}

// complaintsOf runs one of SQLite's checks, whose rows are what is wrong, or one "ok". Of
// several columns the first says it, or where.
func complaintsOf(tx *sqlitedb.Tx, pragma string) (all []string, err error) {
	rows, err := tx.Query(pragma)
	if err != nil {
		return nil, err
	}
	defer closing(&err, rows.Close)
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			return all, err
		}
		if first := *values[0].(*any); first != "ok" {
			all = append(all, fmt.Sprint(first))
		}
	}
	return all, rows.Err()
}
