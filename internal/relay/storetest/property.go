package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"pgregory.net/rapid"
)

// world is a store, the agents that follow it, and what they should know.
type world struct {
	disk  Disk
	store store
	now   time.Time
	grace time.Duration

	accepted []string // ids on the disk; the one at i has the seq i+1
	snapshot []string // accepted, as it was at the last snapshot; nil for none
	made     int
	// named has what each number of each epoch ever named.
	named map[event.Position]string

	agents [3]follower
}

// follower is an agent that does what the contract asks for.
type follower struct {
	name    string
	durable event.Position
	known   map[string]bool
	at      event.Position // of its connection; zero while it has none
}

// missesNothing lets random things happen, and then every agent catch up: each must
// know all that was accepted and still is on the disk.
func missesNothing(t *rapid.T, d Disk) {
	w := &world{
		disk: d, store: opened(t, d), now: start, named: make(map[event.Position]string),
		grace: rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "grace"),
	}
	for i := range w.agents {
		w.agents[i] = follower{name: fmt.Sprint("agent", i), known: make(map[string]bool)}
		w.connect(&w.agents[i]) // from then on the log is held for it
	}
	t.Repeat(map[string]func(*rapid.T){
		"append":     w.append,
		"spool":      w.spool,
		"orphan":     w.orphan,
		"follow":     func(t *rapid.T) { w.follow(t, w.pick(t)) },
		"disconnect": func(t *rapid.T) { w.pick(t).at = event.Position{} },
		"trim":       w.trim,
		"reopen":     w.reopen,
		"snapshot":   w.takeSnapshot,
		"restore":    w.restore,
		"":           w.check,
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

// check holds the store against the list of what was accepted: it has the list's end.
func (w *world) check(t *rapid.T) {
	st := w.store.stat("")
	equal(t, "head", st.Head, uint64(len(w.accepted)))
	trimmed := min(int(st.LowestPresent)-1, len(w.accepted))
	equal(t, "log", w.store.ids(0), strings.Join(w.accepted[trimmed:], " "))
	if st.Backlog > uint64(len(w.accepted)-trimmed) || (st.Backlog == 0) != (st.BacklogBytes == 0) {
		t.Fatalf("impossible: %+v with %d requests", st, len(w.accepted)-trimmed)
	}
}

func (w *world) pick(t *rapid.T) *follower {
	return &w.agents[rapid.IntRange(0, len(w.agents)-1).Draw(t, "agent")]
}

func (w *world) append(t *rapid.T) { w.accept(t, w.store.put) }

func (w *world) spool(t *rapid.T) {
	w.accept(t, func(id string) uint64 { return w.store.spool(id, id, " in", " parts") })
}

// accept lets put add a request, and notes it.
func (w *world) accept(t *rapid.T, put func(id string) uint64) {
	w.made++
	id := fmt.Sprintf("req_%d", w.made)
	seq := put(id)
	w.accepted = append(w.accepted, id)
	equal(t, "seq", seq, uint64(len(w.accepted)))
}

// orphan leaves a spool behind.
func (w *world) orphan(t *rapid.T) {
	p, err := w.store.Spool(ctx, endpoint)
	must(t, err)
	must(t, p.Write(ctx, []byte("orphan")))
}

func (w *world) trim(t *rapid.T) {
	w.now = w.now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute)
	w.store.trim(relay.Limits{Grace: w.grace}, w.now)
}

func (w *world) connect(a *follower) { a.at = w.store.resume(a.name, a.durable, w.now) }

// follow lets an agent read a little, make it durable, and acknowledge it or not. It
// reports whether there was anything.
func (w *world) follow(t *rapid.T, a *follower) bool {
	if a.at == (event.Position{}) {
		w.connect(a)
	}
	entries, err := w.store.Read(ctx, endpoint, a.at.Seq, rapid.IntRange(1, 5).Draw(t, "n"), 1<<20)
	must(t, err)
	for i, e := range entries {
		if i > 0 && e.Seq != entries[i-1].Seq+1 {
			t.Fatalf("a hole between %d and %d", entries[i-1].Seq, e.Seq)
		}
		a.at.Seq = e.Seq
		a.durable = a.at
		w.learn(t, a, e)
	}
	if len(entries) > 0 && rapid.Bool().Draw(t, "ack") {
		w.store.ack(a.name, a.at.Seq, w.now)
	}
	return len(entries) > 0
}

// learn lets an agent know a request, and sees to it that a position never names two.
func (w *world) learn(t *rapid.T, a *follower, e relay.Entry) {
	id := e.Request.ID
	a.known[id] = true
	if before, ok := w.named[a.at]; ok && before != id {
		t.Fatalf("%v names %s, and before %s", a.at, id, before)
	}
	w.named[a.at] = id
	if e.Spooled {
		equal(t, "body of "+id, w.store.body(e.Seq, 0, 100), id+" in parts")
	}
}

// reopen ends the store, and with it all connections, and opens it again.
func (w *world) reopen(*rapid.T) {
	w.disconnectAll()
	w.store = reopened(w.store, w.disk)
}

func (w *world) disconnectAll() {
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
	w.disconnectAll()
	w.store = restored(w.store, w.disk)
	w.accepted = slices.Clone(w.snapshot)
}
