package sqlitedb_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
	"go.uber.org/goleak"
)

// TestMain lets this program be a second process: one that writes rows to the database
// named by the environment, and prints the number of each as it is there.
func TestMain(m *testing.M) {
	path := os.Getenv("SQLITEDB_TEST_PATH")
	if path == "" {
		goleak.VerifyTestMain(m)
		return
	}
	from, to := number("SQLITEDB_TEST_FROM"), number("SQLITEDB_TEST_TO")
	if err := write(path, from, to); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(variable string) int {
	n, _ := strconv.Atoi(os.Getenv(variable))
	return n
}

func write(path string, from, to int) error {
	d, err := sqlitedb.Open(context.Background(), path, options)
	if err != nil {
		return err
	}
	for n := from; n < to; n++ {
		update := d.Update
		if n%2 == 0 {
			update = d.UpdateSoon
		}
		if err := update(context.Background(), readAndInsert(n)); err != nil {
			return err
		}
		fmt.Println(n)
	}
	return d.Close()
}

// readAndInsert begins with a read, which another process's write may follow.
func readAndInsert(n int) func(*sqlitedb.Tx) error {
	return func(tx *sqlitedb.Tx) error {
		var before int
		if err := tx.QueryRow("SELECT count(*) FROM t").Scan(&before); err != nil {
			return err
		}
		return insert(n)(tx)
	}
}

// start starts a process that writes the rows between two numbers.
func start(t *testing.T, path string, from, to int) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SQLITEDB_TEST_PATH="+path, "SQLITEDB_TEST_FROM="+strconv.Itoa(from), "SQLITEDB_TEST_TO="+strconv.Itoa(to))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

func TestSeveralProcessesWriteAtOnce(t *testing.T) {
	const rows = 300
	path := filepath.Join(t.TempDir(), "a%20b #.db") // characters that mean something in a URL
	var cmds []*exec.Cmd
	for i := range 3 { // none of them finds a schema yet
		cmd, out := start(t, path, i*rows, (i+1)*rows)
		go io.Copy(io.Discard, out)
		cmds = append(cmds, cmd)
	}
	for _, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	if n := count(t, open(t, path, options)); n != 3*rows {
		t.Errorf("%d rows, want %d", n, 3*rows)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 {
		t.Fatalf("nothing was written to %s: %v", path, err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
}

func TestWhatWasWrittenSurvivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	cmd, out := start(t, path, 0, 1<<30)
	lines := bufio.NewScanner(out)
	seen := 0
	for lines.Scan() {
		if seen++; seen == 100 {
			cmd.Process.Kill()
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process came to its end before it was killed")
	}
	if n := count(t, open(t, path, options)); n < seen {
		t.Errorf("%d rows of %d that were written", n, seen)
	}
}
