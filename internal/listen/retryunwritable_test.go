package listen_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
)

// statement runs SQL on the history as another process.
func (w *world) statement(text string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(w.folder, "history.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(w.t.Context(), text); err != nil {
		w.t.Error(err)
	}
}

// refuseAttempts lets the history take no more attempts, as where the disk is full, until
// what it returns is called.
func (w *world) refuseAttempts() (take func()) {
	w.statement("CREATE TRIGGER refused BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'no room'); END")
	return func() { w.statement("DROP TRIGGER refused") }
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

// TestWhatIsSentStraightAndCannotBeRecorded: what the app said is told all the same, and
// nothing is left that looks as if somebody would go on with it. A delivery that somebody
// deleted meanwhile goes on without a record.
func TestWhatIsSentStraightAndCannotBeRecorded(t *testing.T) {
	w := newWorld(t)
	requests := 0
	a := newApp(t, func(rw http.ResponseWriter, _ *http.Request, _ []byte) {
		if requests++; requests%2 == 1 {
			rw.WriteHeader(http.StatusInternalServerError)
		}
	})
	sender := send.New(send.Options{})
	defer sender.Close()
	by := &listen.Straight{History: w.history, Sender: sender, Origin: delivery.Trigger, Retry: threeRetries, Now: time.Now}
	deliver := func(id string, then func()) (listen.Resent, string, error) {
		r := &event.Request{ID: id, Method: http.MethodPost, Body: eventBody("evt_" + id)}
		if err := w.history.AddRequest(t.Context(), history.Record{Request: r}); err != nil {
			t.Fatal(err)
		}
		told := ""
		done, err := by.Deliver(t.Context(), targets(t, a.URL)[0], r, nil, func(u activity.Attempted) {
			told += fmt.Sprintf("%d %s, ", u.Status, u.State)
			if then != nil {
				then()
				then = nil
			}
		})
		return done, told, err
	}
	take := w.refuseAttempts()
	_, told, err := deliver("req_full", nil)
	if err == nil || !strings.Contains(err.Error(), "sent, but not recorded") || told != "500 cancelled, " {
		t.Errorf("told %q, then %v", told, err)
	}
	take()
	if all, err := w.history.Retries(t.Context(), "req_full"); err != nil || len(all) != 1 || all[0].Standing.State != delivery.Cancelled {
		t.Errorf("kept as %+v, %v", all, err)
	}
	requests = 0
	done, told, err := deliver("req_gone", func() { w.statement("DELETE FROM attempts; DELETE FROM deliveries") })
	if err != nil || told != "500 pending, 200 succeeded, " || done.Last().State != delivery.Succeeded {
		t.Errorf("told %q, then %v", told, err)
	}
}
