package sqlitestore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
)

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Size()
}

// put appends requests named by what is written, numbered from one seq up to another.
func put(t *testing.T, s *sqlitestore.Store, what string, from, to uint64) {
	t.Helper()
	for want := from; want <= to; want++ {
		seq, err := s.Append(t.Context(), "e", &event.Request{ID: fmt.Sprint(what, " ", want), Body: []byte("b")}, relay.Limits{})
		if seq != want || err != nil {
			t.Fatalf("seq %d, %v; want %d", seq, err, want)
		}
	}
}

// restored puts a backup in the place of a store, as a person would.
func restored(t *testing.T, s *sqlitestore.Store, file, path string) *sqlitestore.Store {
	t.Helper()
	if err := sqlitestore.Restore(t.Context(), file, path); !errors.Is(err, sqlitestore.ErrLocked) {
		t.Errorf("a Restore while the store is open: %v, want ErrLocked", err)
	}
	must(t, s.Close())
	if err := sqlitestore.Restore(t.Context(), file, path); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("a Restore where a store is: %v, want ErrExist with the path", err)
	}
	must(t, os.Rename(path, path+".old"))
	must(t, sqlitestore.Restore(t.Context(), file, path))
	return open(t, path)
}

func TestNoSeqNamesTwoRequestsAfterARestore(t *testing.T) {
	dir := t.TempDir()
	path, file := filepath.Join(dir, "relay.db"), filepath.Join(dir, "backup.db")
	s := open(t, path)
	at := join(t, s, "e", "a", 0)
	put(t, s, "kept", 1, 100)
	must(t, s.Backup(t.Context(), file))
	put(t, s, "lost", 101, 200)
	must(t, s.Ack(t.Context(), "e", "a", 200, time.Now()))

	s = restored(t, s, file, path)
	put(t, s, "new", 101, 101)
	at.Seq = 200
	now, err := s.Resume(t.Context(), "e", "a", at, time.Now())
	if err != nil || now.Seq != 100 || now.Epoch == at.Epoch {
		t.Fatalf("the agent goes on at %v, %v; want 100 of another epoch than %x", now, err, at.Epoch)
	}
	entries, err := s.Read(t.Context(), "e", now.Seq, 10, 1<<20)
	if err != nil || len(entries) != 1 || entries[0].Seq != 101 || entries[0].Request.ID != "new 101" {
		t.Errorf("it gets %v, %v; want 101 with the new content", entries, err)
	}
	// The same backup once more: the number 101 is given a third time, in a third epoch.
	s = restored(t, s, file, path)
	put(t, s, "newest", 101, 101)
	now.Seq = 101
	again, err := s.Resume(t.Context(), "e", "a", now, time.Now())
	if err != nil || again.Epoch == now.Epoch || again.Epoch == at.Epoch {
		t.Fatalf("epoch %x, %v", again.Epoch, err)
	}
	// Its epoch is unknown to the copy: it gets all that is there.
	if again.Seq != 0 {
		t.Errorf("it goes on at %d, want 0", again.Seq)
	}
}

func TestABackupIsOneStateOfAServedStore(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "relay.db"))
	join(t, s, "e", "a", 0)
	put(t, s, "first", 1, 1)
	ctx, cancel := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			if _, err := spoolOne(s, &event.Request{ID: fmt.Sprint("req_", i)}); err != nil {
				t.Error(err)
			}
			fill(t, s, "e", 50, 100)
			if err := ackAndTrim(context.Background(), s, uint64(i*10), relay.Limits{}); err != nil {
				t.Error(err)
			}
		}
	})
	var before uint64
	for i := range 5 {
		file := filepath.Join(dir, fmt.Sprint("backup", i))
		must(t, s.Backup(t.Context(), file))
		must(t, sqlitestore.Check(t.Context(), file))
		must(t, sqlitestore.Check(t.Context(), filepath.Join(dir, "relay.db"))) // it is being written to
		b := open(t, file)
		st, err := b.Stat(t.Context(), "e", "")
		if err != nil || st.Head < before {
			t.Errorf("head %d after %d, %v", st.Head, before, err)
		}
		before = st.Head
		log(t, b, "e", st.LowestPresent, st.Head)
	}
	cancel()
	serving.Wait()
}

func TestABackupOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "relay.db"))
	if err := s.Backup(t.Context(), filepath.Join(dir, "relay.db")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a backup over the store itself: %v", err)
	}
	if err := s.Backup(t.Context(), filepath.Join(dir, "nowhere", "backup.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a backup into no folder: %v", err)
	}
}

func TestADamagedBackupIsNotRestored(t *testing.T) {
	dir := t.TempDir()
	path, file := filepath.Join(dir, "relay.db"), filepath.Join(dir, "backup.db")
	s := open(t, filepath.Join(dir, "source.db"))
	put(t, s, "kept", 1, 3)
	_, err := s.Do("DELETE FROM requests WHERE key & 255 = 2")
	must(t, err)
	must(t, s.Backup(t.Context(), file))
	var damage *sqlitestore.Damage
	if err := sqlitestore.Restore(t.Context(), file, path); !errors.As(err, &damage) {
		t.Errorf("got %v, want Damage", err)
	}
	must(t, os.WriteFile(filepath.Join(dir, "empty.db"), nil, 0o600))
	for _, name := range []string{"empty.db", "missing.db"} {
		if err := sqlitestore.Restore(t.Context(), filepath.Join(dir, name), path); err == nil || errors.As(err, &damage) {
			t.Errorf("%s: %v, want another error than Damage", name, err)
		}
	}
	// What an old store left beside its file must not become part of the restored one.
	must(t, os.WriteFile(path+"-wal", []byte("left"), 0o600))
	if err := sqlitestore.Restore(t.Context(), file, path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("beside an old log: %v, want ErrExist", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was restored: %v", err)
	}
}
