// Package sqlitestore keeps a relay's logs in one SQLite database. It belongs to one
// process: a lock beside the file says so.
//
// All writes go through sqlitedb's group commit, synchronous=FULL, so that a request is
// durable when Append returns and many share one fsync. Acknowledgements, deletions and
// the parts of a spooled body don't wait for the disk: the first two may be lost, and a
// body is durable with the commit of its request.
// Counters are read from the
// database by each write instead of being kept in memory, because a transaction that
// fails would leave them wrong.
package sqlitestore

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/gofrs/flock"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

//go:embed schema.sql
var schema string

// ErrLocked says that another process has the store open.
var ErrLocked = errors.New("another process has the relay's store open")

// Store is a relay.Store in a SQLite database.
type Store struct {
	db    *sqlitedb.DB
	lock  *flock.Flock
	epoch uint64 // of this run

	spools atomic.Int64 // the number given to a spool last

	mu  sync.Mutex // guards what follows
	ids map[string]int64
}

var _ relay.Store = (*Store)(nil)

// Open opens the store at path, or creates it. What was spooled and never committed is
// deleted. A second Open of the same path fails with ErrLocked until Close.
func Open(ctx context.Context, path string) (*Store, error) {
	lock := flock.New(path + ".lock")
	free, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("relay store %s: %w", path, err)
	}
	if !free {
		return nil, fmt.Errorf("relay store %s: %w: end that process first", path, ErrLocked)
	}
	db, err := sqlitedb.Open(ctx, path, sqlitedb.Options{Name: "relay store", Migrations: []string{schema}})
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s := &Store{db: db, lock: lock, epoch: newEpoch(), ids: make(map[string]int64)}
	if err := s.sweep(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes the database and gives the lock back.
func (s *Store) Close() error { return errors.Join(s.db.Close(), s.lock.Close()) }

// newEpoch returns a random epoch. It has 63 bits, since SQLite has no unsigned
// integers, and is never 0.
func newEpoch() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return binary.BigEndian.Uint64(b[:])>>1 | 1
}

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
const seqBits = 40

func keyOf(endpoint int64, seq uint64) int64 { return endpoint<<seqBits | int64(seq) }

func seqOf(key int64) uint64 { return uint64(key) & (1<<seqBits - 1) }

// id returns an endpoint's number. The first use in a run makes the endpoint, where there
// is none, and begins this run's epoch in it.
func (s *Store) id(ctx context.Context, endpoint string) (int64, error) {
	s.mu.Lock()
	id, ok := s.ids[endpoint]
	s.mu.Unlock()
	if ok {
		return id, nil
	}
	// Whatever is durable under the new epoch is so by a later update, which covers this.
	err := s.updateSoon(ctx, func(tx *sqlitedb.Tx) (err error) {
		id, err = s.begin(tx, endpoint)
		return err
	})
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids[endpoint] = id
	return id, nil
}

// keptEpochs is how many runs an endpoint remembers. A position of an older one gets the
// whole log again.
const keptEpochs = 64

func (s *Store) begin(tx *sqlitedb.Tx, endpoint string) (id int64, err error) {
	_, err = tx.Exec("INSERT INTO endpoints (name) VALUES (?) ON CONFLICT DO NOTHING", endpoint)
	if err != nil {
		return 0, err
	}
	var seq int64
	if err := tx.QueryRow("SELECT id, seq FROM endpoints WHERE name = ?", endpoint).Scan(&id, &seq); err != nil {
		return 0, err
	}
	_, err = tx.Exec("INSERT INTO epochs (endpoint, epoch, first) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", id, int64(s.epoch), seq+1)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(`DELETE FROM epochs WHERE endpoint = ?1 AND n <=
		(SELECT n FROM epochs WHERE endpoint = ?1 ORDER BY n DESC LIMIT 1 OFFSET ?2)`, id, keptEpochs)
	return id, err
}
