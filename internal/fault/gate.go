package fault

import (
	"context"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/send"
)

// Gate stands between "a request's turn has come" and "send", for one run of a sender:
// it keeps requests back that are to go later. A nil Gate lets everything through. It is
// safe for concurrent use, and starts no goroutines of its own but those of timers.
type Gate struct {
	plan  Plan
	total int

	mu      sync.Mutex // guards what follows, and the fields of all turns that say so
	lanes   map[send.Target]*lane
	arrived int // turns that came to Hold
	held    int // turns that are kept back, and those whose duplicates wait
	bytes   int // of their requests
}

// lane is what is kept back of what goes to one target. Order is that of a target.
type lane struct {
	swap  *Turn   // waits for the next one to be sent; nil if none does
	burst []*Turn // wait for more of them
}

// The bounds of what a Gate keeps back, in requests and in bytes. What is over them goes
// at once, as if its fault had not been planned, and of a duplicate nothing goes.
const (
	maxHeld      = 1024
	maxHeldBytes = 64 << 20
)

// lastResort ends the wait of a turn for one that overtakes it and never ends.
const lastResort = time.Minute

// NewGate returns the gate of a run. total is how many turns there will be, so that the
// last ones don't wait for others that never come; 0 if nobody knows. The Gate of a plan
// without faults is nil.
func NewGate(p Plan, total int) *Gate {
	if p.None() {
		return nil
	}
	return &Gate{plan: p, total: total, lanes: make(map[send.Target]*lane)}
}

// Turn returns the turn of the n-th request on its way to t. n counts the requests of a
// run from 1 in the order in which they came, whatever order they start in: it is what
// makes a run repeat. A request with several targets has a turn for each, by the same n.
func (g *Gate) Turn(t send.Target, n uint64, eventType string) *Turn {
	if g == nil {
		return nil
	}
	return &Turn{gate: g, target: t, faults: g.plan.Of(n, eventType)}
}

// NewTurn returns a turn of its own, whose faults were chosen by another process, which
// also keeps it back where that is to be: Hold lets it through. It is nil for no faults.
func NewTurn(f Faults) *Turn {
	if f.None() {
		return nil
	}
	return &Turn{gate: &Gate{lanes: make(map[send.Target]*lane)}, faults: f, stage: free}
}

// Turn is one request on its way to one target. Hold or Wait, Send and Copies are called
// in this order, one after the other. A nil Turn does all that without faults.
type Turn struct {
	gate   *Gate
	target send.Target
	faults Faults // Hold, under gate.mu, takes out what can't happen; fixed from then on

	stage   stage         // guarded by gate.mu
	again   time.Duration // after a drop, how long until the next attempt; guarded by gate.mu
	waiting *waiting      // while it is held; guarded by gate.mu
	behind  *Turn         // the one that this overtakes; guarded by gate.mu

	dropped bool      // whether the last Send dropped it
	copies  chan Copy // of the last Send; nil for none
}

type stage int

const (
	fresh stage = iota
	held
	free  // may be sent
	again // was dropped, and is to be sent after a pause
)

// waiting is how a held turn goes on.
type waiting struct {
	size   int
	resume func()
	timer  *time.Timer
	stop   func() bool // of the context's end
}

// Faults returns what goes wrong with the request.
func (t *Turn) Faults() Faults {
	if t == nil {
		return Faults{}
	}
	return t.faults
}

// Hold is called when the request could be sent. It returns false if it is to be sent
// now. Otherwise it returns true at once, and later calls resume, once, from any
// goroutine; Hold returns false from then on. Meanwhile others may be sent: the caller
// gives the slot that it holds for this one back. When ctx ends, resume is never called.
//
// size is the request's in bytes, which stay in memory.
func (t *Turn) Hold(ctx context.Context, size int, resume func()) bool {
	if t == nil {
		return false
	}
	return t.gate.hold(ctx, t, &waiting{size: size, resume: resume})
}

// Wait is Hold for who can wait: it returns nil when the request is to be sent, and ctx's
// error if that ends before.
func (t *Turn) Wait(ctx context.Context) error {
	goOn := make(chan struct{})
	if !t.Hold(ctx, 0, func() { close(goOn) }) {
		return ctx.Err()
	}
	select {
	case <-goOn:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Done is called when the request was sent, or never will be, by callers that don't call
// Send, which does so itself. Only then may go what this one overtook.
func (t *Turn) Done() {
	if t == nil {
		return
	}
	t.gate.mu.Lock()
	behind := t.behind
	t.behind = nil
	resumes := t.gate.release(behind)
	t.gate.mu.Unlock()
	run(resumes)
}
