package sqlitestore_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// schema1 makes a store as the first schema had it: endpoint e with the requests 3 to 5,
// of which 4 is spooled, an agent at 3, and an endpoint without requests.
func schema1(t *testing.T, path string, freed time.Time) {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), path, sqlitedb.Options{Migrations: sqlitestore.Migrations[:1]})
	must(t, err)
	err = db.Update(t.Context(), func(tx *sqlitedb.Tx) error {
		for _, statement := range []string{
			"INSERT INTO endpoints VALUES (7, 'e', 5, 50, 4, 40, 2, 20), (9, 'idle', 0, 0, 0, 0, 0, 0)",
			"INSERT INTO epochs VALUES (1, 7, 111, 1), (2, 9, 111, 1), (3, 7, 222, 4)",
			"INSERT INTO parts VALUES (6, 0, CAST('one ' AS BLOB)), (6, 4, CAST('two' AS BLOB)), (8, 0, x'00')",
			"INSERT INTO agents VALUES (7, 'a', 3, 30, 1000)",
			fmt.Sprintf("INSERT INTO freed VALUES (7, 2, %[1]d), (7, 3, %[1]d)", freed.UnixMilli()),
		} {
			if _, err := tx.Exec(statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		for _, n := range []int64{3, 4, 5} {
			head, err := cbor.Marshal(map[int]any{1: []byte(fmt.Sprint("req_", n)), 9: 0})
			if err != nil {
				return err
			}
			var spool any
			body, length := any([]byte("b")), 1
			if n == 4 {
				spool, body, length = 6, nil, 7
			}
			_, err = tx.Exec("INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?)", 7<<40|n, n*10, length, spool, head, body)
			if err != nil {
				return err
			}
		}
		return nil
	})
	must(t, err)
	must(t, db.Close())
}

func TestAStoreOfSchema1GoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	now := time.Now()
	schema1(t, path, now.Add(-2*time.Hour))
	must(t, sqlitestore.Check(t.Context(), path)) // before it is migrated
	s := open(t, path)
	log(t, s, "e", 3, 5)
	if body, err := s.ReadBody(t.Context(), "e", 4, 0, 99); string(body) != "one two" || err != nil {
		t.Errorf("body %q, %v", body, err)
	}
	if all, err := s.Agents(t.Context(), "e"); err != nil || len(all) != 1 || all[0] != (relay.AgentStat{Name: "a", Seq: 3, Backlog: 2, Seen: time.UnixMilli(1000)}) {
		t.Errorf("agents %v, %v", all, err)
	}
	must(t, s.Trim(t.Context(), "e", relay.Limits{Grace: time.Hour}, now))
	log(t, s, "e", 4, 5) // the grace went on
	put(t, s, "r", 6, 6)
	// An agent that was at 5 in the first epoch, which ended with 3, and one of the second.
	for epoch, want := range map[uint64]uint64{111: 3, 222: 5} {
		at, err := s.Resume(t.Context(), "e", fmt.Sprint(epoch), event.Position{Epoch: epoch, Seq: 5}, now)
		if err != nil || at.Seq != want {
			t.Errorf("an agent of epoch %d goes on at %v, %v; want %d", epoch, at, err, want)
		}
	}
	must(t, s.Delete(t.Context(), "idle")) // which has the highest number
	fill(t, s, "new", 1, 1)
	must(t, s.Close())
	must(t, sqlitestore.Check(t.Context(), path))
	s = open(t, path)
	log(t, s, "e", 4, 6)
	log(t, s, "new", 1, 1)
	finds(t, path, "")
}
