package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
)

// conn is one connection with its prepared statements. One goroutine uses it at a time.
//
// Statements run without the caller's context: the driver would start a goroutine for
// each that can be cancelled, and none of ours runs long. Who has much to read does it
// by many statements, and looks at the context in between.
type conn struct {
	sql   *sql.Conn
	stmts map[string]*sql.Stmt
}

func (c *conn) prepare(query string) (*sql.Stmt, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	s, err := c.sql.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	c.stmts[query] = s
	return s, nil
}

func (c *conn) run(query string) error {
	s, err := c.prepare(query)
	if err != nil {
		return err
	}
	_, err = s.Exec()
	return err
}

// read runs fn in a transaction that is undone in any case.
func (c *conn) read(fn func(*Tx) error) (err error) {
	if err := c.run("BEGIN"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.run("ROLLBACK")) }()
	return fn(&Tx{conn: c})
}

func (c *conn) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.sql.Close())...)
}

// Tx is a transaction under way. It is valid within the function it was given to. A
// statement is prepared once for each connection and found again by its text, so query
// texts have to be constant.
type Tx struct{ conn *conn }

// Exec runs a statement and returns how many rows it changed.
func (t *Tx) Exec(query string, args ...any) (changed int64, err error) {
	s, err := t.conn.prepare(query)
	if err != nil {
		return 0, err
	}
	result, err := s.Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Query runs a query. The rows have to be closed before the same query runs again.
func (t *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	s, err := t.conn.prepare(query)
	if err != nil {
		return nil, err
	}
	return s.Query(args...)
}

// Row is the result of QueryRow.
type Row struct {
	row *sql.Row
	err error
}

// Scan copies the row's columns, or returns sql.ErrNoRows where there is none.
func (r Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	return r.row.Scan(dest...)
}

// QueryRow runs a query for one row.
func (t *Tx) QueryRow(query string, args ...any) Row {
	s, err := t.conn.prepare(query)
	if err != nil {
		return Row{err: err}
	}
	return Row{row: s.QueryRow(args...)}
}
