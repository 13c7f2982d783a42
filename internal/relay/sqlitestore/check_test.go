package sqlitestore_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// filled makes a store that has something of all: endpoint e with the requests 3 to 6, of
// which 5 is spooled, two epochs, agents at 2, 4 and 6, and notes of the grace.
func filled(t *testing.T, path string) {
	t.Helper()
	s := open(t, path)
	put(t, s, "r", 1, 4)
	must(t, first(spoolOne(s, &event.Request{ID: "r 5"})))
	for agent, seq := range map[string]uint64{"a": 2, "b": 4} {
		join(t, s, "e", agent, seq)
	}
	must(t, s.Trim(t.Context(), "e", relay.Limits{}, time.Now()))
	must(t, s.Close())
	s = open(t, path)
	put(t, s, "r", 6, 6)
	join(t, s, "e", "c", 6)
	must(t, s.Ack(t.Context(), "e", "a", 3, time.Now()))
	must(t, s.Trim(t.Context(), "e", relay.Limits{Grace: time.Hour}, time.Now()))
	must(t, s.Close())
}

func TestCheckFindsEachDamage(t *testing.T) {
	for _, c := range []struct {
		name    string
		damage  []string // SQL
		finding string   // that has to be among them
	}{
		{"nothing", nil, ""},
		{"a request is missing", []string{"DELETE FROM requests WHERE key & 255 = 4"}, "requests 4 to 4 are missing"},
		{"the first ones are missing", []string{"DELETE FROM requests WHERE key & 255 <= 4"}, "requests 3 to 4 are missing"},
		{"the last one is missing", []string{"DELETE FROM requests WHERE key & 255 = 6"}, "requests 6 to 6 are missing"},
		{"a deleted one is there", []string{"INSERT INTO requests SELECT key - 1, total, length, NULL, head, body FROM requests WHERE key & 255 = 3"}, "request 2 is still there"},
		{"one more than was counted", []string{"UPDATE endpoints SET seq = 5"}, "ends with request 6"},
		{"the total is another", []string{"UPDATE endpoints SET total = total + 1"}, "ends with request 6"},
		{"a total in the log is another", []string{"UPDATE requests SET total = total + 20 WHERE key & 255 = 4"}, "request 5 has a body of 12 bytes and is counted as"},
		{"a head is broken", []string{"UPDATE requests SET head = x'ff' WHERE key & 255 = 4"}, "request 4 can't be decoded"},
		{"a part is missing", []string{"DELETE FROM parts WHERE offset = 4"}, "body of request 5 is not whole: a part begins at byte 8"},
		{"the last part is missing", []string{"DELETE FROM parts WHERE offset = 8"}, "body of request 5 is not whole: 8 bytes of 12"},
		{"all parts are missing", []string{"DELETE FROM parts"}, "body of request 5 is not whole: 0 bytes of 12"},
		{"a body is cut", []string{"UPDATE requests SET body = x'' WHERE key & 255 = 4"}, "body of request 4 is not whole"},
		{"a body is missing", []string{"UPDATE requests SET body = NULL WHERE key & 255 = 4"}, "body of request 4 is not whole: it has none"},
		{"a body is there twice", []string{"UPDATE requests SET body = x'00' WHERE key & 255 = 5"}, "body of request 5 is not whole: it has two"},
		{"two have one body", []string{"UPDATE requests SET spool = 1, body = NULL, length = 12 WHERE key & 255 = 4"}, "2 requests have the body"},
		{"counters out of order", []string{"UPDATE endpoints SET acked = 7"}, "its counters are not in order"},
		{"totals out of order", []string{"UPDATE endpoints SET acked_total = total + 1"}, "its counters are not in order"},
		{"another acknowledged total", []string{"UPDATE endpoints SET acked_total = acked_total - 1"}, "acknowledged up to 6 with a total of"},
		{"an agent beyond the log", []string{"UPDATE agents SET seq = 7 WHERE name = 'a'"}, "agent a is at 7"},
		{"an agent with another total", []string{"UPDATE agents SET total = total - 1 WHERE name = 'b'"}, "agent b is at 4"},
		{"an epoch beyond the log", []string{"UPDATE epochs SET first = 9 WHERE n = 2"}, "an epoch begins at 9"},
		{"epochs out of order", []string{"UPDATE epochs SET first = 7 WHERE n = 1"}, "the one before it at 7"},
		{"no epochs", []string{"DELETE FROM epochs"}, "requests and no epoch"},
		{"a note beyond what is acknowledged", []string{"UPDATE freed SET seq = 7"}, "7 is noted as needed by nobody"},
		{"an endpoint is missing", []string{"DELETE FROM endpoints"}, "the requests from 3 on under the number 1 belong to no endpoint"},
		{"agents of nobody", []string{"INSERT INTO agents VALUES (9, 'a', 0, 0, 0)"}, "under the number 9 belongs to no endpoint"},
		{"an uncounted endpoint", []string{"DELETE FROM sqlite_sequence"}, "its number 1 was not counted"},
		{"an endpoint that is deleted too", []string{"INSERT INTO deleted VALUES (1)"}, "is that of a deleted endpoint"},
		{"two at once", []string{"DELETE FROM parts", "DELETE FROM requests WHERE key & 255 = 4"}, "requests 4 to 4 are missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "relay.db")
			filled(t, path)
			if c.damage != nil {
				damage(t, path, c.damage)
			}
			finds(t, path, c.finding)
		})
	}
}

// damage changes a store's tables. Each statement has to change something.
func damage(t *testing.T, path string, statements []string) {
	t.Helper()
	s := open(t, path)
	changed, err := s.Do(statements...)
	must(t, err)
	for i, n := range changed {
		if n == 0 {
			t.Fatalf("%s changes nothing", statements[i])
		}
	}
	must(t, s.Close())
}

// finds fails the test where Check doesn't find that, or anything where that is nothing.
func finds(t *testing.T, path, finding string) {
	t.Helper()
	err := sqlitestore.Check(t.Context(), path)
	var found *sqlitestore.Damage
	switch {
	case finding == "" && err != nil:
		t.Errorf("found in an intact store: %v", err)
	case finding != "" && !errors.As(err, &found):
		t.Errorf("got %v, want %q", err, finding)
	case finding != "" && !strings.Contains(strings.Join(found.Findings, "\n"), finding):
		t.Errorf("found %q, want %q", found.Findings, finding)
	}
}

func TestCheckTellsAllThatItFinds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	filled(t, path)
	damage(t, path, []string{"DELETE FROM parts", "DELETE FROM requests WHERE key & 255 = 4", "UPDATE endpoints SET total = total + 1"})
	var found *sqlitestore.Damage
	if err := sqlitestore.Check(t.Context(), path); !errors.As(err, &found) || len(found.Findings) != 3 || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want three findings with the path", err)
	}
}

func TestCheckOfABrokenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	filled(t, path)
	good, err := os.ReadFile(path)
	must(t, err)
	for name, broken := range map[string][]byte{
		"a page is zeros":   append(append(bytes.Clone(good[:4096]), make([]byte, 4096)...), good[8192:]...),
		"it ends too early": good[:len(good)/2],
		"it is text":        bytes.Repeat([]byte("no database\n"), 1000),
		// The number of unused pages stands there, which nobody reads who only reads.
		"it is miscounted": append(append(bytes.Clone(good[:36]), 0, 0, 0, 99), good[40:]...),
	} {
		must(t, os.WriteFile(path, broken, 0o600))
		var found *sqlitestore.Damage
		if err := sqlitestore.Check(t.Context(), path); !errors.As(err, &found) {
			t.Errorf("%s: %v, want Damage", name, err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, broken) {
			t.Errorf("%s: the file was changed, or %v", name, err)
		}
	}
}

func TestCheckThatCannotLook(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "relay.db")
	filled(t, path)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	must(t, os.WriteFile(filepath.Join(dir, "empty.db"), nil, 0o600))
	newer, err := sqlitedb.Open(t.Context(), filepath.Join(dir, "newer.db"), sqlitedb.Options{
		Migrations: append(sqlitestore.Migrations[:len(sqlitestore.Migrations):len(sqlitestore.Migrations)], "CREATE TABLE more (n)"),
	})
	must(t, err)
	must(t, newer.Close())
	for _, c := range []struct {
		ctx  context.Context
		name string
	}{{cancelled, "relay.db"}, {t.Context(), "empty.db"}, {t.Context(), "missing.db"}, {t.Context(), "newer.db"}} {
		var found *sqlitestore.Damage
		if err := sqlitestore.Check(c.ctx, filepath.Join(dir, c.name)); err == nil || errors.As(err, &found) {
			t.Errorf("%s: %v, want an error other than Damage", c.name, err)
		} else if c.name == "empty.db" && !strings.Contains(err.Error(), "no relay store") {
			t.Errorf("of an empty file: %v", err)
		}
	}
}

func TestCheckSparesWhatIsUnderWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	filled(t, path)
	s := open(t, path)
	p, err := s.Spool(t.Context(), "e")
	must(t, err)
	must(t, p.Write(t.Context(), []byte("not committed yet")))
	join(t, s, "e2", "a", 0)
	fill(t, s, "e2", 3, 10)
	must(t, s.Hide("e2")) // its requests are still being deleted
	finds(t, path, "")
}
