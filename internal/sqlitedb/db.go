package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Synchronous says when a commit is durable.
type Synchronous int

// The levels, as SQLite knows them.
const (
	Full   Synchronous = iota // at each commit
	Normal                    // at some later one; a power cut may take the last commits, a crash of the process none
)

// value is what SQLite calls the level.
func (s Synchronous) value() string {
	if s == Normal {
		return "1"
	}
	return "2"
}

// Options say what database it is.
type Options struct {
	Name        string // for messages, such as "history"
	Synchronous Synchronous
	// Migrations are SQL scripts; the database's user_version counts those applied.
	Migrations []string
	// ReadOnly opens what is there, of this schema or an older one, and changes nothing.
	// Another process may be writing to it meanwhile.
	ReadOnly bool
}

// Errors that callers tell apart. What wraps them names the file and says what to do.
var (
	ErrFull     = errors.New("the disk is full")
	ErrNewer    = errors.New("the database was written by a newer version of solatis")
	ErrCorrupt  = errors.New("the file is damaged, or not a database")
	ErrClosed   = errors.New("the database is closed")
	ErrReadOnly = errors.New("the database is open for reading only")
)

// How long a new connection waits for another process, and how often it tries.
const (
	busyWait  = 5 * time.Second
	busyPause = 10 * time.Millisecond
)

// maxReaders is how many Views run at the same time.
const maxReaders = 4

// DB is an open database. Its methods may be called from any number of goroutines.
type DB struct {
	path    string
	options Options
	pool    *sql.DB
	writer  *writer    // nil where it is open for reading only
	readers chan *conn // of capacity maxReaders; a nil is one not opened yet

	closing sync.Once
	closed  chan struct{}
}

// Open opens the database at path, creates it with mode 0600 where there is none, and
// brings its schema up to date. A damaged file and a newer schema are errors, and the
// file stays as it is.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	path, err := filepath.Abs(path) // a relative one can't be put into a URL
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Name, err)
	}
	d := &DB{path: path, options: o, readers: make(chan *conn, maxReaders), closed: make(chan struct{})}
	for range maxReaders {
		d.readers <- nil
	}
	flags := os.O_RDWR | os.O_CREATE
	if o.ReadOnly {
		flags = os.O_RDONLY
	}
	f, err := os.OpenFile(path, flags, 0o600) // SQLite would use the umask
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Name, err)
	}
	f.Close()
	if d.pool, err = sql.Open(driverName, dsn(path, o)); err != nil {
		return nil, d.explain(err)
	}
	d.pool.SetMaxIdleConns(maxReaders + 1)
	if err := d.begin(ctx); err != nil {
		d.pool.Close()
		return nil, d.explain(err)
	}
	return d, nil
}

// begin opens the first connection and makes the schema what it should be. The
// connection becomes the writer's, or the first reader's.
func (d *DB) begin(ctx context.Context) error {
	c, err := d.connect(ctx)
	if err != nil {
		return err
	}
	if d.options.ReadOnly {
		_, err = d.version(ctx, c)
	} else {
		err = d.migrate(ctx, c)
	}
	switch {
	case err != nil:
		c.close()
	case d.options.ReadOnly:
		<-d.readers
		d.readers <- c
	default:
		d.writer = startWriter(c, d.options.Synchronous)
	}
	return err
}

// Close ends the database after the writes that were handed over and the Views that
// are under way.
func (d *DB) Close() error {
	var err error
	d.closing.Do(func() {
		close(d.closed)
		if d.writer != nil {
			d.writer.stop()
		}
		for range maxReaders {
			if c := <-d.readers; c != nil {
				c.close()
			}
		}
		err = d.pool.Close()
	})
	return err
}

// Update runs fn in a transaction, together with those of concurrent callers, and
// returns nil once the transaction is durable. fn must do nothing but write to tx and
// set variables of its caller: it is run again if another one of the same transaction
// fails. An error of fn undoes fn alone.
//
// Once handed over the write is carried out, and Update waits for it, even if ctx ends.
func (d *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	return d.write(ctx, fn, now)
}

// UpdateSoon is Update for what may be forgotten in a power cut, though not in a crash
// of the process: it doesn't wait for the disk. What it wrote is durable with the next
// Update.
func (d *DB) UpdateSoon(ctx context.Context, fn func(*Tx) error) error {
	return d.write(ctx, fn, soon)
}

// UpdateLater is UpdateSoon for what nobody waits for: it may also take a few
// milliseconds, in which others join its transaction.
func (d *DB) UpdateLater(ctx context.Context, fn func(*Tx) error) error {
	return d.write(ctx, fn, later)
}

func (d *DB) write(ctx context.Context, fn func(*Tx) error, when urgency) error {
	if d.writer == nil {
		return d.explain(ErrReadOnly)
	}
	return d.explain(d.writer.do(ctx, fn, when))
}

// View runs fn in a transaction that only reads, and sees one state of the database. A
// View within another one, or within an Update, may wait for itself.
func (d *DB) View(ctx context.Context, fn func(*Tx) error) error {
	c, err := d.reader(ctx)
	if err != nil {
		return d.explain(err)
	}
	defer func() { d.readers <- c }()
	return d.explain(c.read(fn))
}

// reader takes a connection that is to be given back to readers.
func (d *DB) reader(ctx context.Context) (*conn, error) {
	var c *conn
	select {
	case <-d.closed:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	default:
	}
	select {
	case c = <-d.readers:
	case <-d.closed:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c != nil {
		return c, nil
	}
	c, err := d.connect(ctx)
	if err != nil {
		d.readers <- nil
		return nil, err
	}
	if err := c.run("PRAGMA query_only = 1"); err != nil {
		d.readers <- c
		return nil, err
	}
	return c, nil
}

// connect opens a connection and holds it against what Options want of it.
func (d *DB) connect(ctx context.Context) (*conn, error) {
	sc, err := d.pool.Conn(ctx)
	// SQLite doesn't wait while another process makes a new database one with a log, or
	// recovers the log: it says at once that the database is busy.
	for until := time.Now().Add(busyWait); busy(err) && time.Now().Before(until); sc, err = d.pool.Conn(ctx) {
		select {
		case <-time.After(busyPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err != nil {
		return nil, err
	}
	if err := check(ctx, sc, d.options); err != nil {
		sc.Close()
		return nil, err
	}
	return &conn{sql: sc, stmts: make(map[string]*sql.Stmt)}, nil
}

// explain says in which file something failed and what to do about it. Errors of a
// caller's own pass through.
func (d *DB) explain(err error) error {
	name := d.options.Name + " " + d.path
	switch k := kind(err); {
	case k == ErrFull:
		return fmt.Errorf("%s: %w: make room, nothing that was kept is lost (%w)", name, ErrFull, err)
	case k == ErrCorrupt:
		return fmt.Errorf("%s: %w; it is left as it is: move it away, or restore a copy (%w)", name, ErrCorrupt, err)
	case errors.Is(err, ErrNewer):
		return fmt.Errorf("%s: %w: update solatis, or move the file away", name, err)
	case errors.Is(err, ErrClosed), errors.Is(err, ErrReadOnly):
		return fmt.Errorf("%s: %w", name, err)
	case busy(err):
		return fmt.Errorf("%s: another process is writing to it and doesn't finish: end that process, or try again (%w)", name, err)
	case code(err) != 0:
		return fmt.Errorf("%s: %w", name, err)
	}
	return err
}
