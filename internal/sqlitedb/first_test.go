package sqlitedb_test

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSeveralProcessesOpenANewDatabase is for the moment in which one of them turns it into
// one with a write-ahead log: SQLite lets nobody wait for that.
func TestSeveralProcessesOpenANewDatabase(t *testing.T) {
	for range 10 {
		path := filepath.Join(t.TempDir(), "x.db")
		var cmds []*exec.Cmd
		for i := range 6 {
			cmd, _ := start(t, path, i, i+1)
			cmds = append(cmds, cmd)
		}
		for _, cmd := range cmds {
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		}
		if n := count(t, open(t, path, options)); n != 6 {
			t.Errorf("%d rows, want 6", n)
		}
	}
}
