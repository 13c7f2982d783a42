package history_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

const processPath = "HISTORY_TEST_PATH"

// TestRecordForEver is no test but what the process does that TestWhatIsRecordedSurvivesAKill
// starts and kills: it records, and prints what is recorded.
func TestRecordForEver(t *testing.T) {
	path := os.Getenv(processPath)
	if path == "" {
		t.Skip("only as a process of another test")
	}
	t.Fatal(recordForEver(path))
}

func recordForEver(path string) error {
	h, err := history.Open(context.Background(), path)
	if err != nil {
		return err
	}
	for seq := uint64(0); ; seq++ {
		b := batchOf(1, seq)
		if _, err := h.Record(context.Background(), b); err != nil {
			return err
		}
		r := b.Records[0]
		a := delivery.Attempt{Number: 1, Outcome: delivery.Outcome{Kind: delivery.Answered, Status: 200}}
		if err := h.AddAttempt(context.Background(), r.Delivery, a, delivery.Succeeded); err != nil {
			return err
		}
		fmt.Println(r.Request.ID)
	}
}

func TestWhatIsRecordedSurvivesAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	cmd := exec.Command(os.Args[0], "-test.run=^TestRecordForEver$")
	cmd.Env = append(os.Environ(), processPath+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var recorded []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if recorded = append(recorded, lines.Text()); len(recorded) == 100 {
			cmd.Process.Kill()
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process came to its end before it was killed")
	}
	h := open(t, path)
	for _, id := range recorded {
		if d := deliveriesOf(t, h, id); len(d) != 1 || d[0].State != delivery.Succeeded || len(d[0].Attempts) != 1 {
			t.Errorf("%s: deliveries %+v", id, d)
		}
	}
	at, err := h.Position(t.Context(), "laptop@local")
	list, listErr := h.List(t.Context(), 1<<20)
	if err != nil || listErr != nil || at.Seq != uint64(len(list)) || len(list) < len(recorded) {
		t.Errorf("position %v (%v), %d requests of %d (%v)", at, err, len(list), len(recorded), listErr)
	}
}

func TestTwoProcessesRecordAtOnce(t *testing.T) {
	const each = 300
	path := filepath.Join(t.TempDir(), "history.db")
	shared := batchOf(each, 0)
	var wg sync.WaitGroup
	for i := range 2 {
		agent, h := fmt.Sprint("agent", i), open(t, path)
		wg.Go(func() {
			for k, r := range shared.Records {
				own := batchOf(1, uint64(k)).Records[0]
				r.Delivery = event.NewDeliveryID(r.Request.Received)
				found, err := h.Record(t.Context(), history.Batch{
					Agent: agent, Position: event.Position{Epoch: 1, Seq: uint64(k + 1)}, Records: []history.Record{r, own},
				})
				if err != nil || found[0] != (history.Recorded{}) {
					t.Errorf("%s found %+v, %v", agent, found, err)
				}
				a := delivery.Attempt{Number: 1, Outcome: delivery.Outcome{Kind: delivery.NoConnect}}
				if err := h.AddAttempt(t.Context(), r.Delivery, a, delivery.Failed); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	h := open(t, path)
	list, err := h.List(t.Context(), 1<<20)
	if err != nil || len(list) != 3*each {
		t.Errorf("%d requests, %v: want %d", len(list), err, 3*each)
	}
	for _, r := range shared.Records {
		if d := deliveriesOf(t, h, r.Request.ID); len(d) != 2 || len(d[0].Attempts)+len(d[1].Attempts) != 2 {
			t.Errorf("%s: deliveries %+v", r.Request.ID, d)
		}
	}
	for i := range 2 {
		if at, err := h.Position(t.Context(), fmt.Sprint("agent", i)); err != nil || at.Seq != each {
			t.Errorf("agent%d is at %v, %v", i, at, err)
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: want 0600", info.Mode(), err)
	}
}

func TestADamagedOrNewerHistoryStaysAsItIs(t *testing.T) {
	dir := t.TempDir()
	newer, damaged := filepath.Join(dir, "newer.db"), filepath.Join(dir, "damaged.db")
	future, err := sqlitedb.Open(t.Context(), newer, sqlitedb.Options{
		Name: "history", Migrations: []string{"CREATE TABLE requests (n)", "CREATE TABLE a (n)", "CREATE TABLE b (n)", "CREATE TABLE unheard_of (n)"},
	})
	if err == nil {
		err = future.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(damaged, bytes.Repeat([]byte("no history "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{newer: sqlitedb.ErrNewer, damaged: sqlitedb.ErrCorrupt} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		h, err := history.Open(t.Context(), path)
		if err == nil {
			h.Close()
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s was changed (%v)", path, err)
		}
	}
}
