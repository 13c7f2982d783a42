package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/history"
)

const (
	senders  = 8
	minAcks  = 20 // after how many answers of a round the session is killed, at least
	maxAcks  = 200
	maxPosts = 1000 // of one sender in a round, should no kill end them
)

// TestKillLosesNothing kills sessions with --respond relay in the middle of their work.
// Whatever a sender got a 2xx for has to be in the history in the end, once, and to have
// reached the app.
func TestKillLosesNothing(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	a := startApp(t)
	l := &load{place: newPlace(t), app: a, client: newClient(t), sent: make(map[string]bool)}
	for round := range rounds {
		// In every other round the app answers nothing, so that much is left undelivered;
		// the last round is one of them.
		a.stall((rounds-round)%2 == 1)
		l.killOne(t, round)
	}
	a.stall(false)
	left := l.finish(t)
	l.check(t, left)
}

// app is the target. It counts what it has answered; a request that it never answered
// may have been cut off, and doesn't count as having reached it.
type app struct {
	*httptest.Server

	mu       sync.Mutex // guards what follows
	stalled  bool
	answered map[string]int // by event id
}

func startApp(t *testing.T) *app {
	a := &app{answered: make(map[string]int)}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *app) stall(stalled bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stalled = stalled
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e struct{ ID string }
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &e) != nil {
		w.WriteHeader(http.StatusBadRequest) // a delivery that failed, which check finds
		return
	}
	if a.take(e.ID) {
		<-r.Context().Done() // the session is gone
	}
}

// take counts an event, unless the app stalls.
func (a *app) take(id string) (stalled bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.stalled {
		a.answered[id]++
	}
	return a.stalled
}

func (a *app) has(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.answered[id] > 0
}

// load is what the senders do, and the ledger of it.
type load struct {
	place
	app    *app
	client *http.Client

	mu   sync.Mutex      // guards what follows
	sent map[string]bool // by event id: whether a 2xx came
	acks int             // in this round
}

// killOne runs one session, and kills it as soon as a random number of requests is
// answered, while all senders go on.
func (l *load) killOne(t *testing.T, round int) {
	t.Helper()
	s := l.listen(t, func(activity.Update) {}, "--forward", l.app.URL, "--respond", "relay", "--timeout", "10m")
	l.acks = 0
	due := make(chan struct{})
	limit := minAcks + rand.IntN(maxAcks-minAcks+1)
	var all sync.WaitGroup
	for sender := range senders {
		all.Go(func() {
			for n := range maxPosts {
				id := fmt.Sprintf("evt_%d_%d_%d", round, sender, n)
				if l.send(t, s.url, id, n) != nil {
					return
				}
				if l.acknowledged(id) == limit {
					close(due)
				}
			}
		})
	}
	select {
	case <-due:
	case <-s.ended:
		t.Errorf("round %d: it ended by itself: %v", round, s.cmd.ProcessState)
	case <-time.After(patience):
		t.Errorf("round %d: fewer than %d answers", round, limit)
	}
	s.kill()
	all.Wait()
}

// send posts an event and returns an error where no answer came. Bodies are of many
// sizes, since large ones take another way through the relay.
func (l *load) send(t *testing.T, url, id string, n int) error {
	l.mu.Lock()
	l.sent[id] = false
	l.mu.Unlock()
	size := 100
	switch {
	case n%16 == 5:
		size = 400 << 10
	case n%4 == 3:
		size = 20 << 10
	}
	body := fmt.Sprintf(`{"id":%q,"event":"task.created","data":%q}`, id, strings.Repeat("x", size))
	resp, err := l.client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	// A body that breaks off takes nothing back: the sender has seen the 2xx.
	io.Copy(io.Discard, resp.Body)
	if resp.StatusCode/100 != 2 {
		t.Errorf("%s: the relay answers %s", id, resp.Status)
		return fmt.Errorf("%s", resp.Status)
	}
	return nil
}

// acknowledged enters an event in the ledger and returns how many this round has.
func (l *load) acknowledged(id string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[id] = true
	l.acks++
	return l.acks
}

// work counts what a session has yet to deliver.
type work struct {
	mu       sync.Mutex // guards what follows
	due      int        // deliveries that are not attempted yet
	left     int        // by earlier sessions: undelivered, or not even recorded
	lastSeen bool       // whether the last event of all was delivered

	done     chan struct{}
	doneOnce sync.Once
}

// lastID is the event that follows all others in the relay's log.
const lastID = "evt_last"

func (w *work) observe(u activity.Update) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch u := u.(type) {
	case activity.Resumed:
		w.due += u.Pending
		w.left += u.Pending
	case activity.Connected:
		w.left += u.Backlog
	case activity.Received:
		w.due++
	case activity.Attempted:
		w.due--
		w.lastSeen = w.lastSeen || u.Event == lastID
	default:
		return
	}
	if w.lastSeen && w.due == 0 {
		w.doneOnce.Do(func() { close(w.done) })
	}
}

// finish runs one more session until everything is delivered, and ends it in good order.
// What the killed ones had left it returns. It delivers one at a time, so in the order of
// the log: else the last event could be there before large ones that came earlier.
func (l *load) finish(t *testing.T) (left int) {
	t.Helper()
	w := &work{done: make(chan struct{})}
	s := l.listen(t, w.observe, "--forward", l.app.URL, "--respond", "relay", "--concurrency", "1", "--timeout", "10m")
	if err := l.send(t, s.url, lastID, 0); err != nil {
		t.Fatal(err)
	}
	l.acknowledged(lastID)
	select {
	case <-w.done:
	case <-s.ended:
		t.Errorf("the last session ended: %v", s.cmd.ProcessState)
	case <-time.After(patience):
		w.mu.Lock()
		t.Errorf("the last session does not deliver: %d are due; last event delivered: %v", w.due, w.lastSeen)
		w.mu.Unlock()
	}
	s.interrupt(t, 130)
	return w.left
}

// check holds the history and the app against the ledger.
func (l *load) check(t *testing.T, left int) {
	t.Helper()
	rows := l.recorded(t)
	answered := 0
	for id, ok := range l.sent {
		if ok {
			answered++
		}
		switch n := rows[id]; {
		case n > 1:
			t.Errorf("%s is in the history %d times", id, n)
		case ok && n == 0: // without an answer it may be there or not
			t.Errorf("%s was answered, but is not in the history", id)
		case ok && !l.app.has(id):
			t.Errorf("%s was answered, but never reached the app", id)
		}
	}
	if left == 0 {
		t.Error("the kills left nothing behind: this tested nothing")
	}
	t.Logf("%d sent, %d answered, %d in the history; %d were left to the last session",
		len(l.sent), answered, len(rows), left)
}

// recorded returns how many requests the history has of each event, and wants all of
// them delivered.
func (l *load) recorded(t *testing.T) map[string]int {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	h, err := history.Open(ctx, l.history())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	list, err := h.List(ctx, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]int)
	for _, r := range list {
		rows[r.EventID]++
		if _, known := l.sent[r.EventID]; !known {
			t.Errorf("%s (%q) was never sent", r.Request, r.EventID)
		}
		if r.Last.State != delivery.Succeeded {
			t.Errorf("%s (%s): its delivery is %q", r.Request, r.EventID, r.Last.State)
		}
	}
	return rows
}
