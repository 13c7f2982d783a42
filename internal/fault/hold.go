package fault

import (
	"context"
	"slices"
	"sync"
	"time"
)

// hold decides whether a turn is kept back, and until when.
func (g *Gate) hold(ctx context.Context, t *Turn, w *waiting) bool {
	g.mu.Lock()
	kept, resumes := g.arrive(ctx, t, w)
	g.mu.Unlock()
	run(resumes)
	return kept
}

// arrive is hold under mu. It returns what is to be run without it.
func (g *Gate) arrive(ctx context.Context, t *Turn, w *waiting) (kept bool, resumes []func()) {
	switch t.stage {
	case again:
		if g.full(w.size) {
			t.stage = free
			return false, nil
		}
		g.keep(ctx, t, w, t.again)
		return true, nil
	case fresh:
		g.arrived++
	default:
		return false, nil
	}
	s, ok := t.faults.in(moment)
	if ok && g.full(w.size) {
		t.faults = t.faults.without(moment)
		ok = false
	}
	l := g.lane(t)
	switch {
	case ok && s.Kind == Delay:
		g.keep(ctx, t, w, s.Wait.From)
		return true, g.leftover()
	case ok && s.Kind == Reorder && l.swap == nil:
		g.keep(ctx, t, w, s.Wait.From)
		l.swap = t
		return true, g.leftover()
	case ok && s.Kind == Reorder: // it is the one that overtakes: they change places
		t.faults = t.faults.without(moment)
	case ok && s.Kind == Burst && len(l.burst)+1 < s.Count:
		g.keep(ctx, t, w, s.Wait.From)
		l.burst = append(l.burst, t)
		return true, g.leftover()
	case ok && s.Kind == Burst:
		resumes = g.release(l.burst...)
	}
	g.pass(t)
	return false, append(resumes, g.leftover()...)
}

// full reports whether nothing of so many bytes can be kept back any more.
func (g *Gate) full(size int) bool { return g.held >= maxHeld || g.bytes+size > maxHeldBytes }

// reserve takes the room of a request whose duplicates wait, and reports whether there is
// any. It is given back by release, which may be called by each of them.
func (g *Gate) reserve(size int) (release func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.full(size) {
		return nil, false
	}
	g.held++
	g.bytes += size
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.held--
		g.bytes -= size
	}), true
}

func (g *Gate) lane(t *Turn) *lane {
	l := g.lanes[t.target]
	if l == nil {
		l = new(lane)
		g.lanes[t.target] = l
	}
	return l
}

// keep holds a turn for at most so long. A burst's ends with that of its first.
func (g *Gate) keep(ctx context.Context, t *Turn, w *waiting, most time.Duration) {
	t.stage, t.waiting = held, w
	g.held++
	g.bytes += w.size
	w.timer = time.AfterFunc(most, func() { g.timeOver(t, w) })
	w.stop = context.AfterFunc(ctx, func() { g.givenUp(t, w) })
}

// timeOver lets a turn go that has waited long enough, and all of its burst.
func (g *Gate) timeOver(t *Turn, w *waiting) {
	g.mu.Lock()
	if t.waiting != w {
		g.mu.Unlock()
		return // it was released at this moment
	}
	turns := []*Turn{t}
	if l := g.lane(t); slices.Contains(l.burst, t) {
		turns = slices.Clone(l.burst)
	}
	resumes := g.release(turns...)
	g.mu.Unlock()
	run(resumes)
}

// givenUp drops a turn whose context has ended.
func (g *Gate) givenUp(t *Turn, w *waiting) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.waiting == w {
		g.unhold(t)
	}
}

// release lets turns go, nil ones aside, and returns what is to be called for that.
func (g *Gate) release(turns ...*Turn) []func() {
	var resumes []func()
	for _, t := range slices.Clone(turns) {
		if t == nil || t.waiting == nil {
			continue
		}
		w := g.unhold(t)
		g.pass(t)
		resumes = append(resumes, w.resume)
	}
	return resumes
}

// unhold takes a turn out of all that waits.
func (g *Gate) unhold(t *Turn) *waiting {
	w := t.waiting
	w.timer.Stop()
	w.stop()
	t.waiting, t.stage = nil, free
	g.held--
	g.bytes -= w.size
	l := g.lane(t)
	if l.swap == t {
		l.swap = nil
	}
	l.burst = slices.DeleteFunc(l.burst, func(other *Turn) bool { return other == t })
	return w
}

// pass lets a turn be sent now. It overtakes the one that waits for the next.
func (g *Gate) pass(t *Turn) {
	t.stage = free
	l := g.lane(t)
	if l.swap == nil || l.swap == t {
		return
	}
	t.behind, l.swap = l.swap, nil
	t.behind.waiting.timer.Reset(lastResort)
}

// leftover releases, once all turns have come, those that wait for further ones. Delays
// go on.
func (g *Gate) leftover() []func() {
	if g.total == 0 || g.arrived != g.total {
		return nil
	}
	var resumes []func()
	for _, l := range g.lanes {
		resumes = append(resumes, g.release(append(slices.Clone(l.burst), l.swap)...)...)
	}
	return resumes
}

func run(resumes []func()) {
	for _, resume := range resumes {
		resume()
	}
}
