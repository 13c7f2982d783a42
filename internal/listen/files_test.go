package listen_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// relayFiles are those of the relay's database: itself and what SQLite keeps beside it.
func relayFiles(t *testing.T, folder string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(folder, "relay.db*"))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, f := range all {
		if !strings.HasSuffix(f, ".lock") {
			files = append(files, f)
		}
	}
	return files
}

func copyRelay(t *testing.T, folder, name string) {
	t.Helper()
	to := filepath.Join(folder, name)
	if err := os.Mkdir(to, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, f := range relayFiles(t, folder) {
		move(t, f, filepath.Join(to, filepath.Base(f)))
	}
}

func restoreRelay(t *testing.T, folder, name string) {
	t.Helper()
	removeRelay(t, folder)
	for _, f := range relayFiles(t, filepath.Join(folder, name)) {
		move(t, f, filepath.Join(folder, filepath.Base(f)))
	}
}

func removeRelay(t *testing.T, folder string) {
	t.Helper()
	for _, f := range relayFiles(t, folder) {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
}

// move copies a file.
func move(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
