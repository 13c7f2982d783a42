package history_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// written returns a history's file, closed, with some requests.
func written(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.db")
	h, err := history.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 20 {
		add(t, h, record(n+1, fmt.Sprint(n), fmt.Sprint("evt_", n), strings.Repeat("body", 2000)))
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// changed returns a copy of data after change.
func changed(data []byte, change func([]byte)) []byte {
	data = bytes.Clone(data)
	change(data)
	return data
}

// use opens the history at path, reads all of it, and returns the first error.
func use(t *testing.T, path string) error {
	h, err := history.Open(t.Context(), path)
	if err != nil {
		return err
	}
	defer h.Close()
	list, err := h.List(t.Context(), 100)
	for _, s := range list {
		if err == nil {
			_, err = h.Show(t.Context(), s.Request)
		}
	}
	if err == nil && len(list) != 20 {
		err = fmt.Errorf("%d requests", len(list))
	}
	return err
}

func TestAFileThatCantBeUsedStaysAsItIs(t *testing.T) {
	good := written(t)
	version := func(n uint32) func([]byte) {
		return func(b []byte) { binary.BigEndian.PutUint32(b[60:], n) } // SQLite's user_version
	}
	for _, c := range []struct {
		name string
		data []byte
		want error // nil where it can be used
	}{
		{"sound", good, nil},
		{"text", []byte(strings.Repeat("this is no database\n", 500)), sqlitedb.ErrCorrupt},
		{"short text", []byte("this is no database"), sqlitedb.ErrCorrupt},
		{"zeros", make([]byte, 8192), sqlitedb.ErrCorrupt},
		{"first page only", good[:4096], sqlitedb.ErrCorrupt},
		{"cut in the middle", good[:len(good)/2], sqlitedb.ErrCorrupt},
		{"all but the first page overwritten", changed(good, func(b []byte) { copy(b[4096:], bytes.Repeat([]byte{0xff}, len(b))) }), sqlitedb.ErrCorrupt},
		{"header overwritten", changed(good, func(b []byte) { copy(b, "SQLite format 9") }), sqlitedb.ErrCorrupt},
		{"of a newer schema", changed(good, version(99)), sqlitedb.ErrNewer},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history.db")
			if err := os.WriteFile(path, c.data, 0o600); err != nil {
				t.Fatal(err)
			}
			err := use(t, path)
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if c.want != nil && err != nil && !strings.Contains(err.Error(), path) {
				t.Errorf("%q doesn't name the file", err)
			}
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(after, c.data) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}
