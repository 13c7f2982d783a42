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
type disk struct{ dir, copied string }

func newDisk(folder string) storetest.Disk {
	return disk{dir: filepath.Join(folder, "store"), copied: filepath.Join(folder, "copy")}
}

func (d disk) Open(t rapid.TB) relay.Store {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := sqlitestore.Open(context.Background(), filepath.Join(d.dir, "relay.db"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (d disk) Snapshot(t rapid.TB) { d.replace(t, d.copied, d.dir) }
func (d disk) Restore(t rapid.TB)  { d.replace(t, d.dir, d.copied) }

func (d disk) replace(t rapid.TB, to, from string) {
	if err := errors.Join(os.RemoveAll(to), os.CopyFS(to, os.DirFS(from))); err != nil {
		t.Fatal(err)
	}
}

func TestStore(t *testing.T) { storetest.Run(t, newDisk) }
