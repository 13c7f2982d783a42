package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"pgregory.net/rapid"
)

// world is a store, the agents that follow it, and what they should know.
type world struct {
	disk  Disk
	store relay.Store
	now   time.Time

	accepted []string // ids on the disk, in order
	snapshot []string // accepted, as it was at the last snapshot; nil for none
	made     int
	agents   [2]follower
}

// follower is an agent that does what the contract asks for.
type follower struct {
	name    string
	durable event.Position
	known   map[string]bool
	at      event.Position // of its connection; zero while it has none
}

// nothingIsMissed lets random things happen, and then every agent catch up: each must
// know all that was accepted and still is on the disk.
func nothingIsMissed(t *rapid.T, d Disk) {
	w := &world{disk: d, store: d.Open(t), now: start}
	for i := range w.agents {
		w.agents[i] = follower{name: fmt.Sprint("agent", i), known: make(map[string]bool)}
		w.connect(t, &w.agents[i]) // from then on the log is held for it
	}
	t.Repeat(map[string]func(*rapid.T){
		"append":   w.append,
		"follow":   func(t *rapid.T) { w.follow(t, w.pick(t)) },
		"crash":    func(t *rapid.T) { w.pick(t).at = event.Position{} },
		"trim":     func(t *rapid.T) { trim(t, w.store, relay.Limits{}, w.now) },
		"reopen":   w.reopen,
		"snapshot": w.takeSnapshot,
		"restore":  w.restore,
	})
	for i := range w.agents {
		a := &w.agents[i]
		a.at = event.Position{}
		for w.follow(t, a) {
		}
		for _, id := range w.accepted {
			if !a.known[id] {
				t.Fatalf("%s doesn't know %s of %v", a.name, id, w.accepted)
			}
		}
	}
	must(t, w.store.Close())
}

func (w *world) pick(t *rapid.T) *follower {
	return &w.agents[rapid.IntRange(0, len(w.agents)-1).Draw(t, "agent")]
}

func (w *world) append(t *rapid.T) {
	w.made++
	id := fmt.Sprintf("req_%d", w.made)
	if rapid.Bool().Draw(t, "large") {
		p, err := w.store.Spool(context.Background(), endpoint)
		must(t, err)
		must(t, p.Write(context.Background(), []byte(id)))
		_, err = p.Commit(context.Background(), request(id, ""), relay.Limits{})
		must(t, err)
	} else {
		put(t, w.store, id, id)
	}
	w.accepted = append(w.accepted, id)
}

func (w *world) connect(t *rapid.T, a *follower) {
	a.at = resume(t, w.store, a.name, a.durable, w.now)
}

// follow lets an agent read a little, make it durable, and acknowledge it or not. It
// reports whether there was anything.
func (w *world) follow(t *rapid.T, a *follower) bool {
	if a.at == (event.Position{}) {
		w.connect(t, a)
	}
	entries, err := w.store.Read(context.Background(), endpoint, a.at.Seq, rapid.IntRange(1, 5).Draw(t, "n"), 1<<20)
	must(t, err)
	for i, e := range entries {
		if i > 0 && e.Seq != entries[i-1].Seq+1 {
			t.Fatalf("a hole between %d and %d", entries[i-1].Seq, e.Seq)
		}
		a.known[e.Request.ID] = true
		a.at.Seq, a.durable = e.Seq, event.Position{Epoch: a.at.Epoch, Seq: e.Seq}
	}
	if len(entries) > 0 && rapid.Bool().Draw(t, "ack") {
		ack(t, w.store, a.name, a.at.Seq, w.now)
	}
	return len(entries) > 0
}

func (w *world) reopen(t *rapid.T) {
	w.close(t)
	w.store = w.disk.Open(t)
}

// close ends the store, and with it all connections.
func (w *world) close(t *rapid.T) {
	must(t, w.store.Close())
	for i := range w.agents {
		w.agents[i].at = event.Position{}
	}
}

func (w *world) takeSnapshot(t *rapid.T) {
	w.disk.Snapshot(t)
	w.snapshot = append([]string{}, w.accepted...)
}

func (w *world) restore(t *rapid.T) {
	if w.snapshot == nil {
		t.Skip("no snapshot yet")
	}
	w.close(t)
	w.disk.Restore(t)
	w.accepted = append([]string{}, w.snapshot...)
	w.store = w.disk.Open(t)
}
