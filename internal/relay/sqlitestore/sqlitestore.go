// Package sqlitestore keeps a relay's logs in one SQLite database. It belongs to one
// process: a lock beside the file says so. Backup, Check and Restore are for the person
// who runs the relay.
//
// All writes go through sqlitedb's group commit, synchronous=FULL, so that a request is
// durable when Append returns and many share one fsync. Acknowledgements, deletions and
// the parts of a spooled body don't wait for the disk: the first two may be lost, and a
// body is durable with the commit of its request. Whoever deletes much does so in pieces,
// since others wait for the same transaction.
//
// Counters, and the numbers that stand for endpoints, are read from the database by each
// write instead of being kept in memory, because a transaction that fails would leave
// them wrong, and so would one that deletes an endpoint.
package sqlitestore

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/gofrs/flock"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

var (
	//go:embed schema1.sql
	schema1 string
	//go:embed schema2.sql
	schema2 string
)

// options are those of the database of a store.
var options = sqlitedb.Options{Name: "relay store", Migrations: []string{schema1, schema2}}

// ErrLocked says that another process has the store open.
var ErrLocked = errors.New("another process has the relay's store open")

// Store is a relay.Store in a SQLite database.
type Store struct {
	db   *sqlitedb.DB
	lock *flock.Flock
	run  uint64 // random, see epoch

	spools atomic.Int64 // the number given to a spool last
}

var _ relay.Store = (*Store)(nil)

// Open opens the store at path, or creates it. What was spooled and never committed is
// deleted, and what is left of deleted endpoints. A second Open of the same path fails
// with ErrLocked until Close.
func Open(ctx context.Context, path string) (*Store, error) {
	lock, err := lockFor(path)
	if err != nil {
		return nil, err
	}
	db, err := sqlitedb.Open(ctx, path, options)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s := &Store{db: db, lock: lock, run: newRun()}
	if err := errors.Join(s.sweepSpools(ctx), s.sweepDeleted(ctx)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// lockFor takes the lock of the store at path.
func lockFor(path string) (*flock.Flock, error) {
	lock := flock.New(path + ".lock")
	free, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("relay store %s: %w", path, err)
	}
	if !free {
		return nil, fmt.Errorf("relay store %s: %w: end that process first", path, ErrLocked)
	}
	return lock, nil
}

// Close closes the database and gives the lock back.
func (s *Store) Close() error { return errors.Join(s.db.Close(), s.lock.Close()) }

// newRun returns a random number for a run of the store. It has 63 bits, since SQLite has
// no unsigned integers, of which the highest is set, so that no epoch of it is 0.
func newRun() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return binary.BigEndian.Uint64(b[:])>>2 | 1<<62
}

// epoch is the one that an endpoint's log has in this run. It differs with the endpoint's
// number, so that a log made anew after a Delete has another one than before.
func (s *Store) epoch(id int64) uint64 { return s.run ^ uint64(id) }

// update runs fn in the group commit: it is durable when update returns.
func (s *Store) update(ctx context.Context, fn func(*sqlitedb.Tx) error) error {
	return explain(s.db.Update(ctx, fn))
}

// updateSoon runs fn in the group commit and leaves it to the next update to make it
// durable.
func (s *Store) updateSoon(ctx context.Context, fn func(*sqlitedb.Tx) error) error {
	return explain(s.db.UpdateSoon(ctx, fn))
}

// explain speaks the errors of package relay.
func explain(err error) error {
	if errors.Is(err, sqlitedb.ErrFull) {
		return fmt.Errorf("%w (%w)", relay.ErrDiskFull, err)
	}
	return err
}

// seqBits are the bits of a request's key that hold its seq: 2^40 requests for each of
// 2^23 endpoints.
const (
	seqBits = 40
	maxSeq  = 1<<seqBits - 1
	maxID   = 1<<(63-seqBits) - 1
)

func keyOf(endpoint int64, seq uint64) int64 { return endpoint<<seqBits | int64(seq) }

func seqOf(key int64) uint64 { return uint64(key) & maxSeq }
