package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const driverName = "sqlite"

// Where there is fdatasync, a commit waits for the log's data and size, and not for the
// time stamp of its file, which the file system would have to write elsewhere. SQLite does
// the same wherever its configure script has run.
func init() {
	_, _ = sqlite.Fdatasync(true) // elsewhere there is only fsync
}

// pragmas are set on every connection, in this order, and read back by check.
func pragmas(o Options) [][2]string {
	if o.ReadOnly {
		return [][2]string{{"busy_timeout", "5000"}, {"query_only", "1"}}
	}
	p := [][2]string{
		{"busy_timeout", "5000"},
		{"journal_mode", "wal"},
		{"synchronous", o.Synchronous.value()},
		{"foreign_keys", "1"},
	}
	if runtime.GOOS == "darwin" {
		// There fsync leaves data in the disk's cache, and only F_FULLFSYNC does not.
		p = append(p, [2]string{"fullfsync", "1"}, [2]string{"checkpoint_fullfsync", "1"})
	}
	return p
}

// dsn names a database for the driver. The path is escaped, so that a "?" in it doesn't
// begin the options.
func dsn(path string, o Options) string {
	options := make(url.Values)
	if o.ReadOnly {
		options.Set("mode", "ro")
	}
	for _, p := range pragmas(o) {
		options.Add("_pragma", p[0]+"("+p[1]+")")
	}
	path = strings.ReplaceAll(path, `\`, "/")
	if len(path) > 1 && path[1] == ':' {
		path = "/" + path // a Windows drive
	}
	return "file://" + (&url.URL{Path: path}).EscapedPath() + "?" + options.Encode()
}

// check reads the pragmas back: SQLite ignores what it can't do, such as WAL on a file
// system without shared memory.
func check(ctx context.Context, c *sql.Conn, o Options) error {
	for _, p := range pragmas(o) {
		var got string
		if err := c.QueryRowContext(ctx, "PRAGMA "+p[0]).Scan(&got); err != nil {
			return err
		}
		if got != p[1] {
			return fmt.Errorf("PRAGMA %s is %s and can't be made %s here", p[0], got, p[1])
		}
	}
	return nil
}

// kind returns which of this package's errors a driver's error is, or nil.
func kind(err error) error {
	code := code(err)
	switch code & 0xff { // the rest is detail
	case sqlite3.SQLITE_FULL:
		return ErrFull
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return ErrCorrupt
	}
	if code == sqlite3.SQLITE_IOERR_SHMSIZE { // no room to make the file beside the log longer
		return ErrFull
	}
	return nil
}

// busy reports whether another process had the database for longer than we wait.
func busy(err error) bool { return code(err)&0xff == sqlite3.SQLITE_BUSY }

// code returns SQLite's number for an error, or 0 for one that isn't SQLite's.
func code(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code()
}
