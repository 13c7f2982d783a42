package sqlitestore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
	"go.uber.org/goleak"
)

const pathVariable = "SQLITESTORE_TEST_PATH"

// TestMain lets this program be one that appends to the store named by the environment
// until it is killed, and prints each request that it got a number for.
func TestMain(m *testing.M) {
	path := os.Getenv(pathVariable)
	if path == "" {
		goleak.VerifyTestMain(m)
		return
	}
	fmt.Fprintln(os.Stderr, appendForEver(path))
	os.Exit(1)
}

func appendForEver(path string) error {
	s, err := sqlitestore.Open(context.Background(), path)
	if err != nil {
		return err
	}
	for i := 1; ; i++ {
		r := &event.Request{ID: fmt.Sprint("req_", i), Body: []byte("b")}
		var seq uint64
		if i%5 == 0 {
			seq, err = spoolOne(s, r)
		} else {
			seq, err = s.Append(context.Background(), "e", r, relay.Limits{})
		}
		if err != nil {
			return err
		}
		fmt.Println(seq, r.ID)
	}
}

func spoolOne(s *sqlitestore.Store, r *event.Request) (uint64, error) {
	p, err := s.Spool(context.Background(), "e")
	if err != nil {
		return 0, err
	}
	for range 3 {
		if err := p.Write(context.Background(), []byte("part")); err != nil {
			return 0, err
		}
	}
	return p.Commit(context.Background(), r, relay.Limits{})
}

func open(t *testing.T, path string) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestWhatHasANumberSurvivesAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), pathVariable+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var printed []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if printed = append(printed, lines.Text()); len(printed) == 50 {
			cmd.Process.Kill()
		}
	}
	if cmd.Wait() == nil || len(printed) < 50 {
		t.Fatalf("the process ended by itself after %d requests", len(printed))
	}
	s := open(t, path) // the lock went with the process
	entries, err := s.Read(t.Context(), "e", 0, len(printed)+10, 1<<30)
	if err != nil || len(entries) < len(printed) {
		t.Fatalf("%d requests of %d, %v", len(entries), len(printed), err)
	}
	for i, line := range printed {
		if got := fmt.Sprint(entries[i].Seq, " ", entries[i].Request.ID); got != line {
			t.Errorf("got %s, want %s", got, line)
		}
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	s := open(t, path)
	if _, err := sqlitestore.Open(t.Context(), path); !errors.Is(err, sqlitestore.ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want ErrLocked with the path", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestAnOpenThatFailsLocksNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := sqlitestore.Open(t.Context(), path); err == nil {
		s.Close()
		t.Fatal("a damaged file was opened")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestAFullDiskRefusesAndKeepsNothing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "relay.db"))
	large := &event.Request{ID: "req_large", Body: make([]byte, 1<<20)}
	if err := s.LimitPages(100); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), "e", large, relay.Limits{}); !errors.Is(err, relay.ErrDiskFull) {
		t.Errorf("Append: %v, want ErrDiskFull", err)
	}
	p, err := s.Spool(t.Context(), "e")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.Context(), large.Body); !errors.Is(err, relay.ErrDiskFull) {
		t.Errorf("Write: %v, want ErrDiskFull", err)
	}
	if err := p.Abort(t.Context()); err != nil {
		t.Errorf("Abort: %v", err)
	}
	if err := s.LimitPages(1 << 20); err != nil {
		t.Fatal(err)
	}
	if seq, err := s.Append(t.Context(), "e", large, relay.Limits{}); seq != 1 || err != nil {
		t.Errorf("once there is room: seq %d, %v; want 1", seq, err)
	}
}

func TestPartsThatNobodyNeedsAreDeleted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	s := open(t, path)
	if _, err := s.Resume(t.Context(), "e", "a", event.Position{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := spoolOne(s, &event.Request{ID: "req_1"}); err != nil {
		t.Fatal(err)
	}
	left, err := s.Spool(t.Context(), "e")
	if err != nil {
		t.Fatal(err)
	}
	if err := left.Write(t.Context(), []byte("orphan")); err != nil {
		t.Fatal(err)
	}
	parts(t, s, "with an orphan", 4)
	s.Close()
	s = open(t, path)
	parts(t, s, "after a reopen", 3)
	if err := ackAndTrim(t.Context(), s, 1, relay.Limits{}); err != nil {
		t.Fatal(err)
	}
	parts(t, s, "after all is acknowledged", 0)
}

func parts(t *testing.T, s *sqlitestore.Store, when string, want int) {
	t.Helper()
	if got, err := s.Parts(); err != nil || got != want {
		t.Errorf("%s: %d parts, %v; want %d", when, got, err, want)
	}
}
