package sqlitedb

import (
	"context"
	"fmt"
)

// migrate applies the migrations that the database doesn't have, in one transaction.
func (d *DB) migrate(ctx context.Context, c *conn) error {
	version, err := d.version(ctx, c)
	if err != nil || version == len(d.options.Migrations) {
		return err
	}
	if _, err := c.sql.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := d.apply(ctx, c); err != nil {
		_, _ = c.sql.ExecContext(ctx, "ROLLBACK") // err says what is wrong
		return err
	}
	_, err = c.sql.ExecContext(ctx, "COMMIT")
	return err
}

// version returns how many migrations the database has.
func (d *DB) version(ctx context.Context, c *conn) (version int, err error) {
	if err := c.sql.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	if known := len(d.options.Migrations); version > known {
		return 0, fmt.Errorf("%w (schema %d, this one knows %d)", ErrNewer, version, known)
	}
	return version, nil
}

func (d *DB) apply(ctx context.Context, c *conn) error {
	version, err := d.version(ctx, c) // another process may have been faster
	if err != nil {
		return err
	}
	for i, script := range d.options.Migrations[version:] {
		if _, err := c.sql.ExecContext(ctx, script); err != nil {
			return fmt.Errorf("schema %d: %w", version+i+1, err)
		}
	}
	_, err = c.sql.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(d.options.Migrations)))
	return err
}
