package relay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/wire"
)

// join makes the agent one of its endpoint's, and welcomes it.
func (a *agent) join(ctx context.Context, hello *wire.Hello) error {
	r, e := a.relay, a.endpoint
	// Leaving forgets an ephemeral agent; it must not forget one that is coming back.
	e.membership.Lock()
	defer e.membership.Unlock()
	old, room := e.room(a)
	if !room {
		return &goodbyeError{wire.CodeRestart, fmt.Sprintf("the endpoint has %d agents connected already", MaxAgentsPerEndpoint)}
	}
	if old != nil { // what it acknowledged must not come behind what Resume says
		e.leave(old)
		old.goodbye(wire.CodeReplaced, "another session took this agent's place", 0)
		<-old.silent
	}
	if err := a.getKnown(ctx); err != nil {
		return err
	}
	at, err := a.resume(ctx, hello)
	if err != nil {
		r.Log.Error("resume failed", "endpoint", short(e.id), "agent", a.name, "error", err)
		return errors.New("the relay can't find the agent's position")
	}
	a.pusher = pusher{agent: a, next: at.Seq + 1}
	a.window = window{limit: r.InFlight, sent: at.Seq}
	a.passed = at.Seq + 1
	a.acked, a.stored, a.seen = at.Seq, at.Seq, r.Now()
	a.terms = termsOf(hello)
	e.join(a)
	// What was decided since this agent was checked didn't find it among the endpoint's.
	switch {
	case r.isClosing():
		err = &goodbyeError{wire.CodeRestart, "the relay is restarting"}
	case r.isBarred(a.bearer.TokenID):
		err = &RefusedError{"the token was revoked"}
	case e.isClosed():
		err = &RefusedError{"the endpoint was deleted"}
	default:
		err = a.welcome(ctx, at)
	}
	if err != nil {
		e.leave(a)
		if a.ephemeral && !e.isClosed() {
			err = errors.Join(err, r.Store.Forget(ctx, e.id, a.name))
		}
		return err
	}
	r.Log.Info("agent connected", "endpoint", short(e.id), "agent", a.name, "owner", a.bearer.Owner, "software", hello.Software[:min(len(hello.Software), maxSoftware)], "seq", at.Seq)
	return nil
}

// maxKnownAgents bounds the names that an endpoint remembers a position for.
const maxKnownAgents = 1000

// getKnown makes sure that the endpoint may remember one name more. Names that have not
// been seen for as long as they hold the log make room.
func (a *agent) getKnown(ctx context.Context) error {
	r, id := a.relay, a.endpoint.id
	all, err := r.Store.Agents(ctx, id)
	if err != nil {
		r.Log.Error("agents not read", "endpoint", short(id), "error", err)
		return errors.New("the relay can't read the endpoint's agents")
	}
	known := len(all)
	if known < maxKnownAgents || slices.ContainsFunc(all, func(s AgentStat) bool { return s.Name == a.name }) {
		return nil
	}
	for _, s := range all {
		absent := r.Limits.AgentRetention > 0 && r.Now().Sub(s.Seen) > r.Limits.AgentRetention
		if absent && !a.endpoint.has(s.Name) && r.Store.Forget(ctx, id, s.Name) == nil {
			a.endpoint.unsent(s.Name)
			known--
		}
	}
	if known >= maxKnownAgents {
		return &RefusedError{fmt.Sprintf("the endpoint has had %d agents, and remembers no more: use one of their names, or --ephemeral", known)}
	}
	return nil
}

// leave takes the agent out of its endpoint.
func (a *agent) leave(ctx context.Context) {
	e, r := a.endpoint, a.relay
	e.membership.Lock()
	defer e.membership.Unlock()
	e.leave(a)
	ctx = context.WithoutCancel(ctx)
	if e.isClosed() || a.replaced {
		return // it is deleted, or came again
	}
	now := r.Now()
	var err error
	if a.ephemeral {
		e.unsent(a.name)
		err = r.Store.Forget(ctx, e.id, a.name)
	} else {
		err = r.Store.Ack(ctx, e.id, a.name, a.stored, now) // it was seen until now
	}
	if err = errors.Join(err, r.Store.Trim(ctx, e.id, r.Limits, now)); err != nil {
		r.Log.Error("the end of an agent not stored", "endpoint", short(e.id), "agent", a.name, "error", err)
	}
}

// resume finds where sending begins.
func (a *agent) resume(ctx context.Context, hello *wire.Hello) (event.Position, error) {
	store, id := a.relay.Store, a.endpoint.id
	at := event.Position{Epoch: hello.Epoch, Seq: hello.Seq}
	if hello.Since != 0 || a.ephemeral && at.Epoch == 0 {
		stat, err := store.Stat(ctx, id, "")
		if err != nil {
			return at, err
		}
		at = event.Position{Epoch: stat.Epoch, Seq: stat.Head}
		if hello.Since != 0 {
			if at.Seq, err = before(ctx, store, id, stat, time.Unix(0, hello.Since)); err != nil {
				return at, err
			}
		}
	}
	return store.Resume(ctx, id, a.name, at, a.relay.Now())
}

// before returns the seq of the last request received before a time. It takes the times
// to be in order, which concurrent senders can change by moments.
func before(ctx context.Context, store Store, id string, stat Stat, since time.Time) (uint64, error) {
	var failed error
	first := stat.LowestPresent
	n := sort.Search(int(stat.Head+1-first), func(i int) bool {
		entries, err := store.Read(ctx, id, first+uint64(i)-1, 1, 0)
		if err != nil {
			failed = err
		}
		return len(entries) == 0 || !entries[0].Request.Received.Before(since)
	})
	return first + uint64(n) - 1, failed
}

func (a *agent) welcome(ctx context.Context, at event.Position) error {
	stat, err := a.relay.Store.Stat(ctx, a.endpoint.id, a.name)
	if err != nil {
		a.relay.Log.Error("no welcome", "endpoint", short(a.endpoint.id), "agent", a.name, "error", err)
		return errors.New("the relay can't say what waits for the agent")
	}
	return a.send(&wire.Welcome{
		Version: wire.Version, Endpoint: a.endpoint.id, Epoch: at.Epoch, Seq: at.Seq, Backlog: stat.Backlog,
		InFlightRequests: uint64(a.relay.InFlight.Requests), InFlightBytes: uint64(a.relay.InFlight.Bytes),
		Notice: a.relay.Notice,
	})
}
