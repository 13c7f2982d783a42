package relay

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/wire"
)

// Shutdown refuses what comes from now on, tells every agent to come back in retryIn,
// and returns when their connections are closed. Requests under way are not waited
// for: that is the HTTP server's part. Those that wait for an app's answer get none.
func (r *Relay) Shutdown(reason string, retryIn time.Duration) {
	r.mu.Lock()
	if !r.closing {
		close(r.ending)
	}
	r.closing = true
	strangers := slices.Collect(maps.Keys(r.strangers))
	r.mu.Unlock()
	for _, conn := range strangers {
		conn.Abort()
	}
	var all []*agent
	for _, e := range r.hubs() {
		all = append(all, e.connected()...)
	}
	sendAway(all, wire.CodeRestart, reason, retryIn)
	r.agents.Wait()
}

// Disconnect sends away all agents that came with a token, and lets nobody in with it
// from now on. A token is revoked in the Authority first.
func (r *Relay) Disconnect(tokenID, reason string) {
	r.mu.Lock()
	r.barred[tokenID] = true
	r.mu.Unlock()
	var all []*agent
	for _, e := range r.hubs() {
		for _, a := range e.connected() {
			if a.bearer.TokenID == tokenID {
				all = append(all, a)
			}
		}
	}
	sendAway(all, wire.CodeRefused, reason, 0)
}

// sendAway says goodbye to all at once, since each may take as long as lastWords.
func sendAway(all []*agent, code wire.Code, why string, retryIn time.Duration) {
	var wg sync.WaitGroup
	for _, a := range all {
		wg.Go(func() { a.goodbye(code, why, retryIn) })
	}
	wg.Wait()
}

func (r *Relay) isBarred(tokenID string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.barred[tokenID]
}

// Drop sends the agents of an endpoint away for good. When it returns, nothing is added
// to the endpoint's log any more by requests that were under way, so that the store can
// delete it. The Authority must not know the endpoint any more.
func (r *Relay) Drop(id string) {
	r.mu.Lock()
	e, ok := r.endpoints[id]
	delete(r.endpoints, id)
	r.mu.Unlock()
	if !ok {
		return
	}
	e.close()
	sendAway(e.connected(), wire.CodeRefused, "the endpoint was deleted", 0)
}

// Connected returns the names of an endpoint's agents that are connected, in the order
// they came.
func (r *Relay) Connected(id string) (names []string) {
	if e, ok := r.hub(id); ok {
		for _, a := range e.connected() {
			names = append(names, a.name)
		}
	}
	return names
}

// Agents returns how many agents are connected.
func (r *Relay) Agents() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.connected
}

// maintainEvery is how often Maintain goes round.
const maintainEvery = time.Minute

// Maintain keeps what is on disk small, until ctx ends: of each endpoint that list
// returns it trims what nobody needs any more, which time alone can bring about, and it
// sees to it that connected agents count as seen.
func (r *Relay) Maintain(ctx context.Context, list func(context.Context) ([]string, error)) {
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		ids, err := list(ctx)
		for _, id := range ids {
			err = errors.Join(err, r.maintain(ctx, id))
		}
		if err != nil && ctx.Err() == nil {
			r.Log.Error("not trimmed", "error", err)
		}
	}
}

func (r *Relay) maintain(ctx context.Context, id string) error {
	var err error
	if e, ok := r.hub(id); ok {
		for _, a := range e.connected() {
			err = errors.Join(err, a.stillHere(ctx, r.Limits.AgentRetention/4))
		}
	}
	return errors.Join(err, r.Store.Trim(ctx, id, r.Limits, r.Now()))
}

// ephemeralMark begins the names under which the store knows ephemeral agents, so that
// those that a crash left behind are recognised.
const ephemeralMark = "~"

// forgetEphemeral forgets the ephemeral agents of an endpoint that an earlier run of
// the relay could not.
func (r *Relay) forgetEphemeral(ctx context.Context, id string) error {
	all, err := r.Store.Agents(ctx, id)
	for _, a := range all {
		if strings.HasPrefix(a.Name, ephemeralMark) {
			err = errors.Join(err, r.Store.Forget(ctx, id, a.Name))
		}
	}
	return err
}
