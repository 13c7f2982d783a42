// Package access knows who may do what on a public relay: the tokens that it gave out,
// and the endpoints that their owners have. It is the relay's Authority, in an SQLite
// database of its own.
//
// An owner is a name, and comes into being with his first token. All that he has is his
// alone: to everybody else it looks as if it weren't there. Where a method takes an
// owner, "" stands for the relay's operator, who sees everything.
//
// A token can do one thing: listen (connect agents and open endpoints), or admin (manage
// the tokens and endpoints of its own owner). Its text is "slt_" and 32 random bytes in
// base64url, 47 characters in all, such as
//
//	slt_mNqXlrVMxjEAYHQyn0WUvCwPbAcVn1tG5hV1x4pJk3E
//
// and is shown once, by CreateToken. The database has only its SHA-256.
//
// A relay with AllowAnonymous also takes agents without a token. They all are one owner,
// Anonymous: whoever knows the name of another one's endpoint receives what comes in
// there, so this is for networks where everybody may know everything.
package access

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

//go:embed schema.sql
var schema string

// What an owner may have, unless told otherwise.
const (
	DefaultMaxEndpoints = 100
	DefaultMaxTokens    = 1000
)

// Anonymous is the owner of what agents without a token open. No token is its.
const Anonymous = "anonymous"

// Options say what a Registry permits.
type Options struct {
	AllowAnonymous bool
	MaxEndpoints   int              // of one owner; DefaultMaxEndpoints if 0
	MaxTokens      int              // of one owner, with those that tokenMemory keeps; DefaultMaxTokens if 0
	Now            func() time.Time // time.Now if nil
}

// ErrLocked says that another process has the registry open.
var ErrLocked = errors.New("another process has the relay's tokens open")

// Registry is an open registry. Its methods may be called from any number of goroutines.
// What they change is durable when they return.
type Registry struct {
	options Options
	db      *sqlitedb.DB
	lock    *flock.Flock

	// changing is held while an endpoint is made or deleted, from the database to live, so
	// that both tell the same. It is locked before mu.
	changing sync.Mutex

	mu   sync.RWMutex // guards what follows
	live map[endpointID]struct{}
}

var _ relay.Authority = (*Registry)(nil)

// Load opens the registry at path, or creates it with mode 0600. It belongs to one
// process, since what is asked with each webhook is kept in memory: a second Load of the
// same path fails with ErrLocked until Close.
func Load(ctx context.Context, path string, o Options) (*Registry, error) {
	if o.MaxEndpoints == 0 {
		o.MaxEndpoints = DefaultMaxEndpoints
	}
	if o.MaxTokens == 0 {
		o.MaxTokens = DefaultMaxTokens
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	lock := flock.New(path + ".lock")
	free, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("relay tokens %s: %w", path, err)
	}
	if !free {
		return nil, fmt.Errorf("relay tokens %s: %w: end that process first", path, ErrLocked)
	}
	db, err := sqlitedb.Open(ctx, path, sqlitedb.Options{Name: "relay tokens", Migrations: []string{schema}})
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	r := &Registry{options: o, db: db, lock: lock}
	if err := r.readLive(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Close closes the database and gives the lock back.
func (r *Registry) Close() error { return errors.Join(r.db.Close(), r.lock.Close()) }

// millis is a time as the database has it: NULL for the zero one.
func millis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

func fromMillis(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(*ms).UTC()
}

// Backup writes a copy of the registry as it is now into a new file of mode 0600, while
// the registry is in use. A file that is there already is left alone.
func (r *Registry) Backup(ctx context.Context, file string) error { return r.db.Copy(ctx, file) }
