package sqlitestore_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
)

// fill appends n requests with bodies of some length, from several senders.
func fill(t *testing.T, s *sqlitestore.Store, endpoint string, n, length int) {
	t.Helper()
	const senders = 50
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			for j := i; j < n; j += senders {
				r := &event.Request{ID: fmt.Sprint(endpoint, j), Body: make([]byte, length)}
				if _, err := s.Append(t.Context(), endpoint, r, relay.Limits{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func rows(t *testing.T, s *sqlitestore.Store, when string, want int) {
	t.Helper()
	if got, err := s.Rows(); err != nil || got != want {
		t.Errorf("%s: %d rows, %v; want %d", when, got, err, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// log fails the test where an endpoint doesn't have the requests from one seq up to another.
func log(t *testing.T, s *sqlitestore.Store, endpoint string, from, to uint64) {
	t.Helper()
	entries, err := s.Read(t.Context(), endpoint, 0, 1<<20, 1<<30)
	if err != nil || uint64(len(entries)) != to+1-from {
		t.Fatalf("%d requests, %v; want %d to %d", len(entries), err, from, to)
	}
	for i, e := range entries {
		if e.Seq != from+uint64(i) {
			t.Fatalf("request %d, want %d", e.Seq, from+uint64(i))
		}
	}
}

// join makes an agent that has acknowledged up to seq.
func join(t *testing.T, s *sqlitestore.Store, endpoint, agent string, seq uint64) event.Position {
	t.Helper()
	at, err := s.Resume(t.Context(), endpoint, agent, event.Position{}, time.Now())
	must(t, err)
	must(t, s.Ack(t.Context(), endpoint, agent, seq, time.Now()))
	return at
}

func TestADeleteThatWasBrokenOffIsFinished(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	s := open(t, path)
	fill(t, s, "e", 2500, 1)
	must(t, first(spoolOne(s, &event.Request{ID: "req_spooled"})))
	join(t, s, "e", "a", 10)
	must(t, s.Trim(t.Context(), "e", relay.DefaultLimits, time.Now()))
	must(t, s.Hide("e"))
	log(t, s, "e", 1, 0)
	if st, err := s.Stat(t.Context(), "e", ""); err != nil || st != (relay.Stat{LowestPresent: 1}) {
		t.Errorf("a hidden endpoint: %+v, %v", st, err)
	}
	fill(t, s, "e", 3, 1) // what is left of the old log isn't the new one's
	log(t, s, "e", 1, 3)
	s.Close()
	s = open(t, path)
	log(t, s, "e", 1, 3)
	rows(t, s, "after a reopen", 3+1) // requests, and the epoch
	fill(t, s, "other", 2500, 1)
	must(t, s.Hide("other"))
	must(t, s.Delete(t.Context(), "never there"))
	rows(t, s, "after another Delete", 3+1)
	must(t, s.Delete(t.Context(), "e"))
	rows(t, s, "after all was deleted", 0)
}

func first(_ any, err error) error { return err }

func TestNumbersOfEndpointsAreNotGivenTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	s := open(t, path)
	before := join(t, s, "e", "a", 0)
	fill(t, s, "e", 3, 1)
	must(t, s.Delete(t.Context(), "e"))
	after := join(t, s, "e", "a", 0) // within the same run
	if before.Epoch == after.Epoch {
		t.Errorf("a new log has the epoch %x of the deleted one", after.Epoch)
	}
	fill(t, s, "e", 2, 1)
	before.Seq = 2
	if at, err := s.Resume(t.Context(), "e", "a", before, time.Now()); at != after || err != nil {
		t.Errorf("an agent of the deleted log goes on at %v, %v; want the beginning, %v", at, err, after)
	}
	must(t, s.Hide("e"))
	fill(t, s, "e2", 1, 1)
	log(t, s, "e2", 1, 1)
	s.Close()
	s = open(t, path)
	fill(t, s, "e3", 1, 1)
	log(t, s, "e3", 1, 1)
	s.Close()
	must(t, sqlitestore.Check(t.Context(), path))
}

func TestEndpointsBeyondTheKeysAreRefused(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "relay.db"))
	fill(t, s, "e", 1, 1)
	_, err := s.Do("UPDATE sqlite_sequence SET seq = (1 << 23) - 2 WHERE name = 'endpoints'")
	must(t, err)
	fill(t, s, "last", 2, 1)
	log(t, s, "last", 1, 2)
	if seq, err := s.Append(t.Context(), "one more", &event.Request{ID: "req_1"}, relay.Limits{}); err == nil {
		t.Errorf("one more was taken as %d", seq)
	}
	log(t, s, "e", 1, 1)
}

// TestDeletionsGoInPieces says how much one transaction deletes, since all writers wait
// for it.
func TestDeletionsGoInPieces(t *testing.T) {
	for _, c := range []struct {
		length, requests int
		lowest           uint64 // after one piece
	}{
		{1, 2500, 1001},
		{1 << 20, 8, 6}, // a piece is the first, and 4 MiB more
		{5 << 20, 3, 2}, // or one request, whatever its length
	} {
		t.Run(fmt.Sprint(c.requests, " of ", c.length), func(t *testing.T) {
			s := open(t, filepath.Join(t.TempDir(), "relay.db"))
			fill(t, s, "e", c.requests, c.length)
			fill(t, s, "e2", c.requests, c.length)
			join(t, s, "e2", "a", uint64(c.requests))
			must(t, s.TrimOne("e2", relay.Limits{}, time.Now()))
			log(t, s, "e2", c.lowest, uint64(c.requests))
			must(t, s.Trim(t.Context(), "e2", relay.Limits{}, time.Now()))
			log(t, s, "e2", 1, 0)
			must(t, s.Hide("e"))
			rows(t, s, "before a piece", c.requests+2+2)
			must(t, s.ClearOne())
			rows(t, s, "after a piece", c.requests-int(c.lowest-1)+2+2)
		})
	}
}

// TestATrimThatFindsNothingWritesNothing keeps housekeeping cheap.
func TestATrimThatFindsNothingWritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	s := open(t, path)
	fill(t, s, "e", 20, 1)
	join(t, s, "e", "a", 10)
	now := time.Now()
	must(t, s.Trim(t.Context(), "e", relay.DefaultLimits, now))
	before := size(t, path+"-wal")
	for i := range 1000 {
		must(t, s.Trim(t.Context(), "e", relay.DefaultLimits, now.Add(time.Duration(i)*time.Minute)))
		must(t, s.Trim(t.Context(), "not there", relay.DefaultLimits, now))
	}
	if after := size(t, path+"-wal"); after != before {
		t.Errorf("%d bytes were written", after-before)
	}
	log(t, s, "e", 1, 20)
}
