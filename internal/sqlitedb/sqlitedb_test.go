package sqlitedb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

func TestSeveralProcessesWriteAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a?b%20.db") // characters that mean something in a DSN
	dbs := []*sqlitedb.DB{open(t, path, options), open(t, path, options)}
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			if err := dbs[i%2].Update(t.Context(), insert(i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := count(t, dbs[0]); n != 200 {
		t.Errorf("%d rows, want 200", n)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: want mode 0600", info.Mode(), err)
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
	if err := d.Update(t.Context(), insert(2)); !errors.Is(err, sqlitedb.ErrClosed) {
		t.Errorf("after Close: %v", err)
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
			data := make([]byte, 1024)
			b.SetParallelism(callers / 2)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := d.Update(context.Background(), func(tx *sqlitedb.Tx) error {
						_, err := tx.Exec("INSERT INTO t (data) VALUES (?)", data)
						return err
					}); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
