package listen_test

import (
	"database/sql"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
)

// refuseAttempts lets the history take no more attempts, as where the disk is full, until
// what it returns is called.
func (w *world) refuseAttempts() (take func()) {
	db, err := sql.Open("sqlite", filepath.Join(w.folder, "history.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { db.Close() })
	run := func(statement string) {
		if _, err := db.ExecContext(w.t.Context(), statement); err != nil {
			w.t.Error(err)
		}
	}
	run("PRAGMA busy_timeout = 5000")
	run("CREATE TRIGGER refused BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'no room'); END")
	return func() { run("DROP TRIGGER refused") }
}

// TestRetriesWaitForAHistoryThatCannotBeWritten: nothing is sent whose reason isn't recorded,
// and no attempt is lost or counted twice. Where the session ends meanwhile, the attempt that
// nobody could record is made again.
func TestRetriesWaitForAHistoryThatCannotBeWritten(t *testing.T) {
	for name, ends := range map[string]bool{"goes on": false, "ends": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			came, answer := make(chan bool, 1), make(chan bool)
			var requests atomic.Int32
			a := newApp(t, func(rw http.ResponseWriter, _ *http.Request, _ []byte) {
				if requests.Add(1) == 1 {
					came <- true
					<-answer
					rw.WriteHeader(http.StatusInternalServerError)
				}
			})
			r := w.retrying(a, threeRetries, 16)
			r.post(t, "evt_1")
			<-came
			take := w.refuseAttempts()
			close(answer)
			await(t, r, func(u activity.Warning) bool { return strings.Contains(u.Message, "retries wait") })
			if n := requests.Load(); n != 1 {
				t.Errorf("the app got %d requests before the first was recorded", n)
			}
			want := "succeeded failed 1 attempts 2"
			if ends {
				r.stop()
				w.wantState("evt_1", "pending failed 0 attempts 0")
				want = "succeeded failed 0 attempts 1"
			}
			take()
			if ends {
				r = w.retrying(a, threeRetries, 16)
			}
			await(t, r, attemptOf("evt_1", delivery.Succeeded))
			w.wantState("evt_1", want)
			if n := requests.Load(); n != 2 {
				t.Errorf("the app got %d requests", n)
			}
		})
	}
}
