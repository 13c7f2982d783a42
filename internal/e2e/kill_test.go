package e2e

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/solatis/solatis-cli/internal/history"
)

// ledger is what the outside knows: which events were answered 2xx, and which the app
// got.
type ledger struct {
	mu    sync.Mutex
	acked []string
	got   map[string]int
	tick  chan struct{} // of capacity 1: acked has grown
}

func (l *ledger) ack(id string) {
	l.mu.Lock()
	l.acked = append(l.acked, id)
	l.mu.Unlock()
	select {
	case l.tick <- struct{}{}:
	default:
	}
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

var bodyID = regexp.MustCompile(`evt_r\d+_\d+_\d+`)

func (l *ledger) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got[bodyID.FindString(string(body))]++
}

const (
	senders  = 8
	maxSends = 2000 // of each sender in a round, a bound that is never reached
)

// TestKilledAtRandomInstants kills solatis listen under load, again and again. Whatever
// was answered 2xx must be in the history once, and must reach the app.
func TestKilledAtRandomInstants(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	l := &ledger{got: make(map[string]int), tick: make(chan struct{}, 1)}
	app := httptest.NewServer(l)
	defer app.Close()
	h := newHome(t)
	for round := range rounds {
		session := h.listen("--forward", app.URL, "--respond", "relay")
		load := l.send(session.url, round)
		for upTo := l.count() + 20 + rand.IntN(180); l.count() < upTo; {
			<-l.tick
		}
		session.kill()
		load.Wait()
	}
	settle(h, l, app.URL)
	l.check(t, h)
}

// send posts from several senders until the session is gone.
func (l *ledger) send(url string, round int) *sync.WaitGroup {
	var load sync.WaitGroup
	for sender := range senders {
		load.Go(func() {
			for i := range maxSends {
				id := fmt.Sprintf("evt_r%d_%d_%d", round, sender, i)
				switch status := post(url, "", fmt.Sprintf(`{"id":%q,"event":"task.created"}`, id)); {
				case status == 0:
					return
				case status < 300:
					l.ack(id)
				}
			}
		})
	}
	return &load
}

// settle lets one more session deliver what is left: what the relay still has, and what
// the history holds as pending. It ends when one last event has come through behind
// them, which --concurrency 1 puts last.
func settle(h *home, l *ledger, url string) {
	session := h.listen("--forward", url, "--concurrency", "1")
	const last = "evt_r999_0_0"
	post(session.url, "", fmt.Sprintf(`{"id":%q,"event":"task.created"}`, last))
	for u := range session.updates {
		if u.Type == "attempted" && u.Event == last {
			break
		}
	}
	session.stop()
}

func (l *ledger) check(t *testing.T, h *home) {
	record, err := history.Open(t.Context(), filepath.Join(h.state, "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer record.Close()
	list, err := record.List(t.Context(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]int)
	for _, s := range list {
		rows[s.EventID]++
	}
	lost, twice, undelivered := 0, 0, 0
	for _, id := range l.acked {
		if rows[id] == 0 {
			lost++
		}
		if l.got[id] == 0 {
			undelivered++
		}
	}
	for _, n := range rows {
		if n > 1 {
			twice++
		}
	}
	t.Logf("%d acknowledged, %d recorded", len(l.acked), len(list))
	if lost+twice+undelivered > 0 {
		t.Errorf("of %d acknowledged: %d not recorded, %d recorded twice, %d not delivered", len(l.acked), lost, twice, undelivered)
	}
}
