package sqlitedb_test

import (
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

const table = "CREATE TABLE t (n INTEGER PRIMARY KEY)"

// TestPause has writes wait for company where that is worth it, on a fake clock, which
// stands still while the disk works.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), sqlitedb.Options{Name: "test", Migrations: []string{table}})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		write := func(tx *sqlitedb.Tx) error {
			_, err := tx.Exec("INSERT INTO t DEFAULT VALUES")
			return err
		}
		took := func(fn func()) time.Duration {
			began := time.Now()
			fn()
			return time.Since(began)
		}
		alone := func() { failIf(t, db.Update(t.Context(), write)) }
		soon := func() { failIf(t, db.UpdateSoon(t.Context(), write)) }
		later := func() { failIf(t, db.UpdateLater(t.Context(), write)) }
		together := func(what ...func()) func() {
			return func() {
				var wg sync.WaitGroup
				for _, do := range what {
					wg.Go(do)
				}
				wg.Wait()
			}
		}
		for range 3 {
			if d := took(alone); d != 0 {
				t.Errorf("a write alone waited for %v", d)
			}
		}
		if d := took(soon); d != 0 {
			t.Errorf("a write whose commit is waited for waited for %v more", d)
		}
		if d := took(later); d == 0 || d > 10*time.Millisecond {
			t.Errorf("a write that is not urgent waited for %v", d)
		}
		together(later, func() {
			if d := took(alone); d != 0 {
				t.Errorf("an urgent write waited for %v beside one that is not", d)
			}
		})()
		many := make([]func(), 64)
		for i := range many {
			many[i] = alone
		}
		took(together(many...))
		if d := took(alone); d > 10*time.Millisecond {
			t.Errorf("the first write after a crowd waited for %v", d)
		}
		if d := took(alone); d != 0 {
			t.Errorf("the second write after a crowd waited for %v", d)
		}
	})
}

func failIf(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}
