package sqlitestore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
	"github.com/solatis/solatis-cli/internal/relay/storetest"
	"pgregory.net/rapid"
)

// disk is a folder with a store, and one with its copy.
type disk struct {
	dir, copied string
	store       *sqlitestore.Store // that was opened last
	snapshots   int
}

func newDisk(folder string) storetest.Disk {
	return &disk{dir: filepath.Join(folder, "store"), copied: filepath.Join(folder, "copy")}
}

func (d *disk) Open(t rapid.TB) relay.Store {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(d.dir, "relay.db")
	if _, err := os.Stat(path); err == nil { // whatever a test did, it left an intact store
		if err := sqlitestore.Check(context.Background(), path); err != nil {
			t.Fatal(err)
		}
	}
	s, err := sqlitestore.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	d.store = s
	return s
}

// Snapshot copies the files, as a file system's snapshot does, and every other time it
// makes a backup.
func (d *disk) Snapshot(t rapid.TB) {
	if d.snapshots++; d.snapshots%2 == 1 {
		d.replace(t, d.copied, d.dir)
		return
	}
	err := errors.Join(os.RemoveAll(d.copied), os.Mkdir(d.copied, 0o700))
	if err == nil {
		err = d.store.Backup(context.Background(), filepath.Join(d.copied, "relay.db"))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (d *disk) Restore(t rapid.TB) { d.replace(t, d.dir, d.copied) }

func (d *disk) replace(t rapid.TB, to, from string) {
	if err := errors.Join(os.RemoveAll(to), os.CopyFS(to, os.DirFS(from))); err != nil {
		t.Fatal(err)
	}
}

func TestStore(t *testing.T) { storetest.Run(t, newDisk) }
