package listen

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/wire"
)

// lane is the way to one target. Each has a queue of its own, so that a target that hangs
// holds up no other, and first attempts at each start in order.
type lane struct {
	target  send.Target
	queue   *queue
	retries *retries
	health  *health // of the target's address; other lanes may have it too
}

// lanes are the ways of a session to its targets.
type lanes struct {
	all    []*lane // each target once
	routes []Route
	routed [][]*lane // by route: the one lane that it leads to
	rest   []*lane   // of what no route takes
}

func newLanes(routes []Route, forward []send.Target, newQueue func() *queue) lanes {
	l := lanes{routes: routes}
	healths := make(map[string]*health)
	to := func(t send.Target) *lane {
		if i := slices.IndexFunc(l.all, func(l *lane) bool { return l.target == t }); i >= 0 {
			return l.all[i]
		}
		if healths[t.Address()] == nil {
			healths[t.Address()] = new(health)
		}
		l.all = append(l.all, &lane{target: t, queue: newQueue(), health: healths[t.Address()]})
		return l.all[len(l.all)-1]
	}
	for _, r := range routes {
		l.routed = append(l.routed, []*lane{to(r.Target)})
	}
	for _, t := range forward {
		if lane := to(t); !slices.Contains(l.rest, lane) {
			l.rest = append(l.rest, lane)
		}
	}
	return l
}

// of returns the lanes that an event of a type takes, "" for what is no event. The first
// one's answer is what the sender gets where it waits for the app's.
func (l *lanes) of(eventType string) []*lane {
	for i, r := range l.routes {
		if r.Takes(eventType) {
			return l.routed[i]
		}
	}
	return l.rest
}

// ErrNoTarget says that a session without --forward was asked to send something.
var ErrNoTarget = errors.New("it has no target: start solatis listen with --forward, or say where to with --to")

// errNoRoute is the reason why a request goes nowhere though the session has targets.
var errNoRoute = errors.New("no route takes it, and there is no --forward")

// hint is send.Hint, which speaks of --forward, for a target that may have its own --route.
func (l *lanes) hint(hint string, t send.Target) string {
	i := slices.IndexFunc(l.routes, func(r Route) bool { return r.Target == t })
	if i < 0 || slices.ContainsFunc(l.rest, func(l *lane) bool { return l.target == t }) {
		return hint
	}
	before, target, ok := strings.Cut(hint, "--forward ")
	if !ok {
		return hint
	}
	return before + "--route '" + l.routes[i].Events + "=" + target + "'"
}

// forReplay returns the lane of a request that is sent once more: the first one that it
// would go to now.
func (s *Session) forReplay(r *event.Request) (*lane, error) {
	ways := s.lanes.of(nameOf(r).typ)
	switch {
	case len(ways) > 0:
		return ways[0], nil
	case len(s.lanes.all) > 0:
		return nil, fmt.Errorf("session %s has no target for %s: %w; say where to with --to", s.Ready.Session, r.ID, errNoRoute)
	}
	return nil, fmt.Errorf("session %s: %w", s.Ready.Session, ErrNoTarget)
}

// dispatch makes the jobs of a request that is to be forwarded, and lets all other lanes
// know that it isn't theirs. Jobs of a request that can't have come before start at once.
func (s *Session) dispatch(it *item) {
	for _, l := range s.lanes.all {
		if !slices.Contains(it.in.lanes, l) {
			l.queue.skip(l.queue.current(), it.at.Seq, it.at.Seq)
		}
	}
	it.early = it.at.Seq > s.cautious
	turn := s.turns(it)
	for i, l := range it.in.lanes {
		j := &job{
			lane:       l,
			delivery:   event.NewDeliveryID(s.Now()),
			number:     1,
			request:    it.in.request.ID,
			body:       it.in.request,
			size:       it.in.request.Size(),
			name:       it.in.name,
			origin:     delivery.Received,
			turn:       turn(l.target),
			answer:     s.Respond == wire.ModeApp && i == 0,
			recorded:   make(chan bool, 1),
			generation: l.queue.current(),
			seq:        it.at.Seq,
		}
		it.jobs = append(it.jobs, j)
		if it.early {
			l.queue.submit(j)
		}
	}
}

// health notices when an address goes down and when it is back.
type health struct {
	mu    sync.Mutex // guards what follows
	since time.Time  // when it went down; zero while it is up
}

func (h *health) see(t send.Target, o delivery.Outcome, now time.Time) (up *activity.TargetUp, down *activity.TargetDown) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case o.Kind == delivery.Interrupted || o.Kind == delivery.Refused:
		// these say nothing of the target
	case o.Kind == delivery.NoConnect && h.since.IsZero():
		h.since = now
		down = &activity.TargetDown{Target: t.String(), Error: o.Error, At: now}
	case o.Kind != delivery.NoConnect && !h.since.IsZero():
		up = &activity.TargetUp{Target: t.String(), DownFor: now.Sub(h.since), At: now}
		h.since = time.Time{}
	}
	return up, down
}
