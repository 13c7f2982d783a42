package sqlitedb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

var options = sqlitedb.Options{
	Name:       "test",
	Migrations: []string{"CREATE TABLE t (n INTEGER PRIMARY KEY, data BLOB) STRICT"},
}

func open(t testing.TB, path string, o sqlitedb.Options) *sqlitedb.DB {
	t.Helper()
	d, err := sqlitedb.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func insert(n int) func(*sqlitedb.Tx) error {
	return func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec("INSERT INTO t (n) VALUES (?)", n)
		return err
	}
}

func count(t *testing.T, d *sqlitedb.DB) (n int) {
	t.Helper()
	err := d.View(t.Context(), func(tx *sqlitedb.Tx) error {
		return tx.QueryRow("SELECT count(*) FROM t").Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOneOfABatchFailsAlone(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "a.db"), options)
	wrong := errors.New("wrong")
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			err := d.Update(t.Context(), func(tx *sqlitedb.Tx) error {
				if err := insert(i)(tx); err != nil {
					return err
				}
				if i%10 == 0 {
					return wrong
				}
				return nil
			})
			if (i%10 == 0) != errors.Is(err, wrong) {
				t.Errorf("write %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if n := count(t, d); n != 90 {
		t.Errorf("%d rows, want 90", n)
	}
}

func TestAViewCannotWrite(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "a.db"), options)
	if err := d.View(t.Context(), insert(1)); err == nil {
		t.Error("a View could write")
	}
	if n := count(t, d); n != 0 {
		t.Errorf("%d rows after a View that failed", n)
	}
}

func TestAFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	d := open(t, path, options)
	limit := func(pages int) {
		t.Helper()
		err := d.Update(t.Context(), func(tx *sqlitedb.Tx) error {
			var now int
			return tx.QueryRow(fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Scan(&now)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	large := func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec("INSERT INTO t (data) VALUES (zeroblob(1000000))")
		return err
	}
	limit(20)
	err := d.Update(t.Context(), large)
	if !errors.Is(err, sqlitedb.ErrFull) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want ErrFull with the path", err)
	}
	if err := d.Update(t.Context(), insert(1)); err != nil {
		t.Errorf("a small write after it: %v", err)
	}
	limit(1 << 20)
	if err := d.Update(t.Context(), large); err != nil {
		t.Errorf("once there is room again: %v", err)
	}
}

func TestWhatIsHandedOverIsCarriedOut(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "a.db"), options)
	ctx, cancel := context.WithCancel(t.Context())
	err := d.Update(ctx, func(tx *sqlitedb.Tx) error {
		cancel()
		return insert(1)(tx)
	})
	if err != nil || count(t, d) != 1 {
		t.Errorf("err %v, %d rows", err, count(t, d))
	}
	d.Close()
	for name, do := range map[string]func(context.Context, func(*sqlitedb.Tx) error) error{
		"Update": d.Update, "UpdateSoon": d.UpdateSoon, "View": d.View,
	} {
		if err := do(t.Context(), insert(2)); !errors.Is(err, sqlitedb.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

func TestACancelledWriteIsNotHandedOver(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "a.db"), options)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 20 { // a select would let half of them pass
		if err := d.Update(ctx, insert(i)); !errors.Is(err, context.Canceled) {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if n := count(t, d); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func TestDamagedAndNewerFilesStayAsTheyAre(t *testing.T) {
	dir := t.TempDir()
	newer := filepath.Join(dir, "newer.db")
	future := options
	future.Migrations = append(future.Migrations, "CREATE TABLE u (n)")
	open(t, newer, future).Close()
	damaged := filepath.Join(dir, "damaged.db")
	if err := os.WriteFile(damaged, bytes.Repeat([]byte("not a database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{newer: sqlitedb.ErrNewer, damaged: sqlitedb.ErrCorrupt} {
		before, _ := os.ReadFile(path)
		if _, err := sqlitedb.Open(t.Context(), path, options); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Errorf("%s was changed", path)
		}
	}
}

func TestMigrationsBuildOnEachOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	open(t, path, options).Close()
	next := options
	next.Migrations = append(next.Migrations, "ALTER TABLE t ADD COLUMN more TEXT")
	d := open(t, path, next)
	if err := d.Update(t.Context(), func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec("INSERT INTO t (n, more) VALUES (1, 'x')")
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkUpdate(b *testing.B) {
	for _, callers := range []int{1, 64, 512} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			d := open(b, filepath.Join(b.TempDir(), "a.db"), options)
			benchmark(b, callers, d.Update)
		})
	}
	b.Run("soon", func(b *testing.B) {
		d := open(b, filepath.Join(b.TempDir(), "a.db"), options)
		benchmark(b, 1, d.UpdateSoon)
	})
}

// benchmark writes rows of 1 KiB from a number of goroutines at a time.
func benchmark(b *testing.B, callers int, update func(context.Context, func(*sqlitedb.Tx) error) error) {
	data := make([]byte, 1024)
	insert := func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec("INSERT INTO t (data) VALUES (?)", data)
		return err
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := update(context.Background(), insert); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestARelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("folder", 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := sqlitedb.Open(t.Context(), filepath.Join("folder", "x.db"), sqlitedb.Options{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
