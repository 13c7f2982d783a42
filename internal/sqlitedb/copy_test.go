package sqlitedb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

func TestACopyIsOneStateThoughWritersGoOn(t *testing.T) {
	dir := t.TempDir()
	d := open(t, filepath.Join(dir, "a.db"), options)
	ctx, cancel := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	begun := make(chan struct{})
	writing.Go(func() {
		for i := 0; ctx.Err() == nil; i += 2 { // always two rows in one transaction
			err := d.UpdateSoon(context.Background(), func(tx *sqlitedb.Tx) error {
				return errors.Join(insert(i)(tx), insert(i+1)(tx))
			})
			if err != nil {
				t.Error(err)
			}
			if i == 0 {
				close(begun)
			}
		}
	})
	<-begun
	for i := range 5 {
		file := filepath.Join(dir, fmt.Sprint("copy %20#", i)) // characters that mean something in a URL
		if err := d.Copy(t.Context(), file); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(file)
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
		}
		if n := count(t, open(t, file, options)); n == 0 || n%2 != 0 {
			t.Errorf("%d rows, which no transaction left", n)
		}
	}
	cancel()
	writing.Wait()
	partial(t, dir)
}

// partial fails the test where a copy left something behind.
func partial(t *testing.T, dir string) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(dir, "*.partial-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestACopyOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	d := open(t, filepath.Join(dir, "a.db"), options)
	file := filepath.Join(dir, "copy.db")
	if err := os.WriteFile(file, nil, 0o600); err != nil { // SQLite alone would write to an empty one
		t.Fatal(err)
	}
	if err := d.Copy(t.Context(), file); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v, want ErrExist with the path", err)
	}
	if data, err := os.ReadFile(file); len(data) != 0 || err != nil {
		t.Errorf("%d bytes in a file that was there, %v", len(data), err)
	}
	partial(t, dir)
	other := filepath.Join(dir, "other.db") // as if file had come into being while it was copied
	if err := os.WriteFile(other, []byte("copy"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sqlitedb.Publish(other, file); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want ErrExist", err)
	}
	if data, err := os.ReadFile(file); len(data) != 0 || err != nil {
		t.Errorf("%d bytes in a file that was there, %v", len(data), err)
	}
}

func TestACopyThatFailsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	d := open(t, filepath.Join(dir, "a.db"), options)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for file, c := range map[string]context.Context{
		filepath.Join(dir, "cancelled.db"):     ctx,
		filepath.Join(dir, "nowhere", "to.db"): t.Context(),
	} {
		if err := d.Copy(c, file); err == nil {
			t.Errorf("%s was copied", file)
		}
		if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v", file, err)
		}
	}
	partial(t, dir)
	if err := d.Copy(t.Context(), filepath.Join(dir, "b.db")); err != nil {
		t.Errorf("after failures: %v", err)
	}
	for range 10 { // more than there are readers
		if err := d.View(t.Context(), insert(1)); err == nil {
			t.Error("after a copy, a View can write")
		}
	}
	d.Close()
	if err := d.Copy(t.Context(), filepath.Join(dir, "c.db")); !errors.Is(err, sqlitedb.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestACopyIsNotTakenForAURL(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("it has no colons in names")
	}
	dir := t.TempDir()
	d := open(t, filepath.Join(dir, "a.db"), options)
	t.Chdir(dir)
	if err := os.Mkdir("file:x", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.Copy(t.Context(), "file:x/copy.db?mode=memory"); err != nil {
		t.Fatal(err)
	}
	if n := count(t, open(t, filepath.Join(dir, "file:x", "copy.db?mode=memory"), options)); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func TestReadOnlyLeavesWhatACrashLeft(t *testing.T) {
	dir := t.TempDir()
	source, path := filepath.Join(dir, "a.db"), filepath.Join(dir, "crashed.db")
	d := open(t, source, options)
	if err := d.Update(t.Context(), insert(1)); err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"", "-wal"} { // as a process that is killed now would leave them
		data, err := os.ReadFile(source + end)
		if err == nil {
			err = os.WriteFile(path+end, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	before, _ := os.ReadFile(path)
	log, _ := os.ReadFile(path + "-wal")
	o := options
	o.ReadOnly = true
	r := open(t, path, o)
	if n := count(t, r); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); !bytes.Equal(after, before) || err != nil {
		t.Errorf("the file was changed, or %v", err)
	}
	if after, err := os.ReadFile(path + "-wal"); !bytes.Equal(after, log) || len(log) == 0 || err != nil {
		t.Errorf("its log was changed, or %v", err)
	}
}

func TestReadOnlyChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	readOnly := options
	readOnly.ReadOnly = true
	if _, err := sqlitedb.Open(t.Context(), path, readOnly); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("where nothing is: %v, want ErrNotExist", err)
	}
	d := open(t, path, options)
	if err := d.Update(t.Context(), insert(1)); err != nil {
		t.Fatal(err)
	}
	newer := readOnly
	newer.Migrations = append(newer.Migrations, "no SQL: an older schema is left as it is")
	for _, o := range []sqlitedb.Options{readOnly, newer} {
		r := open(t, path, o) // beside the one that writes
		if n := count(t, r); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
		if err := r.View(t.Context(), insert(2)); err == nil {
			t.Error("a View could write")
		}
		for name, update := range map[string]func(context.Context, func(*sqlitedb.Tx) error) error{"Update": r.Update, "UpdateSoon": r.UpdateSoon} {
			if err := update(t.Context(), insert(2)); !errors.Is(err, sqlitedb.ErrReadOnly) {
				t.Errorf("%s: %v, want ErrReadOnly", name, err)
			}
		}
	}
	d.Close()
	older := readOnly
	older.Migrations = nil
	if _, err := sqlitedb.Open(t.Context(), path, older); !errors.Is(err, sqlitedb.ErrNewer) {
		t.Errorf("a newer schema: %v, want ErrNewer", err)
	}
}
