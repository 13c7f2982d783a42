package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"pgregory.net/rapid"
)

// pair is a store with two endpoints, and the model of each.
type pair struct {
	disk  Disk
	store relay.Store
	t     tb
	now   time.Time
	grace time.Duration
	made  int

	logs  map[string]*log
	begun map[string]relay.Spool // at most one for each endpoint
	// positions are those that agents were given, by endpoint.
	positions map[string][]event.Position
}

var endpoints = []string{"e1", "e2"}

// isItsModel lets random things happen to two endpoints of a store, and holds it against
// the model after each.
func isItsModel(t *rapid.T, d Disk) {
	p := &pair{
		disk: d, store: opened(t, d).Store, t: t, now: start,
		grace: rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "grace"),
		logs:  make(map[string]*log), begun: make(map[string]relay.Spool), positions: make(map[string][]event.Position),
	}
	for _, e := range endpoints {
		p.logs[e] = newLog()
		p.follow(t, e, "a", event.Position{})
	}
	t.Repeat(map[string]func(*rapid.T){
		"append": p.append,
		"spool":  p.spool,
		"commit": p.commit,
		"resume": p.resume,
		"ack":    p.ack,
		"read":   p.read,
		"trim":   p.trim,
		"wait":   p.wait,
		"rare": func(t *rapid.T) {
			rapid.SampledFrom([]func(*rapid.T){p.forget, p.delete, p.reopen}).Draw(t, "operation")(t)
		},
		"": p.check,
	})
	must(t, p.store.Close())
}

// pick draws an endpoint, and returns the model of its log.
func (p *pair) pick(t *rapid.T) (string, *log) {
	e := rapid.SampledFrom([]string{"e1", "e1", "e1", "e2"}).Draw(t, "endpoint")
	return e, p.logs[e]
}

func agentOf(t *rapid.T) string { return rapid.SampledFrom([]string{"a", "a", "b"}).Draw(t, "agent") }

// limits draws limits that a few requests reach, or none.
func (p *pair) limits(t *rapid.T) relay.Limits {
	size := uint64(request("req_1", "b").Size())
	return relay.Limits{
		Grace:          p.grace,
		Backlog:        rapid.SampledFrom([]uint64{0, 0, 0, 3}).Draw(t, "backlog"),
		BacklogBytes:   rapid.SampledFrom([]uint64{0, 0, 0, 2 * size}).Draw(t, "bytes"),
		KeptBytes:      rapid.SampledFrom([]uint64{0, 0, 1, 2 * size}).Draw(t, "kept"),
		AgentRetention: rapid.SampledFrom([]time.Duration{0, 2 * time.Hour}).Draw(t, "retention"),
	}
}

// next draws a request.
func (p *pair) next(t *rapid.T) *event.Request {
	p.made++
	return request(fmt.Sprintf("req_%d", p.made), rapid.SampledFrom([]string{"b", "b", "", "longer"}).Draw(t, "body"))
}

// wait lets time pass: as much as something depends on.
func (p *pair) wait(t *rapid.T) {
	seconds := rapid.SampledFrom([]int{1, 40, 1800, 3599, 3600, 3636, 7201}).Draw(t, "seconds")
	p.now = p.now.Add(time.Duration(seconds) * time.Second)
}

func (p *pair) append(t *rapid.T) {
	e, l := p.pick(t)
	limits := p.limits(t)
	for range rapid.IntRange(1, 4).Draw(t, "n") {
		r := p.next(t)
		refused := l.refuses(uint64(r.Size()), limits)
		seq, err := p.store.Append(ctx, e, r, limits)
		p.accepted(t, l, r, seq, err, refused)
	}
}

// accepted holds what became of a request against what should have.
func (p *pair) accepted(t *rapid.T, l *log, r *event.Request, seq uint64, err error, refused bool) {
	if errors.Is(err, relay.ErrBacklogFull) != refused || !refused && err != nil {
		t.Fatalf("%v, though refused should be %v", err, refused)
	}
	if !refused {
		l.requests = append(l.requests, logged{id: r.ID, size: uint64(r.Size())})
		equal(t, "seq", seq, l.head())
	}
}

// spool begins a body, in whose midst anything may happen.
func (p *pair) spool(t *rapid.T) {
	e, _ := p.pick(t)
	if p.begun[e] != nil {
		must(t, p.begun[e].Abort(ctx))
	}
	s, err := p.store.Spool(ctx, e)
	must(t, err)
	must(t, s.Write(ctx, []byte("beginning of "+e)))
	p.begun[e] = s
}

func (p *pair) commit(t *rapid.T) {
	e, l := p.pick(t)
	s := p.begun[e]
	if s == nil {
		t.Skip("nothing is spooled")
	}
	must(t, s.Write(ctx, []byte(" and end")))
	p.made++
	r, limits := request(fmt.Sprintf("req_%d", p.made), "beginning of "+e+" and end"), p.limits(t)
	refused := l.refuses(uint64(r.Size()), limits)
	seq, err := s.Commit(ctx, r, limits)
	p.accepted(t, l, r, seq, err, refused)
	if refused {
		must(t, s.Abort(ctx))
	}
	delete(p.begun, e)
}

func (p *pair) resume(t *rapid.T) {
	e, l := p.pick(t)
	at := event.Position{Epoch: 12345, Seq: 1}
	if given := p.positions[e]; len(given) > 0 {
		at = rapid.SampledFrom(given).Draw(t, "epoch")
		at.Seq = rapid.Uint64Range(0, l.head()+1).Draw(t, "seq")
	}
	p.follow(t, e, agentOf(t), at)
}

// follow lets an agent come with a position.
func (p *pair) follow(t *rapid.T, e, agent string, at event.Position) {
	l := p.logs[e]
	got, err := p.store.Resume(ctx, e, agent, at, p.now)
	must(t, err)
	equal(t, "position", got.Seq, l.resume(agent, at, p.now))
	if l.epoch != 0 {
		equal(t, "epoch", got.Epoch, l.epoch)
	} else if _, ok := l.ends[got.Epoch]; ok {
		t.Fatalf("epoch %x of an earlier run", got.Epoch)
	}
	l.epoch = got.Epoch
	p.positions[e] = append(p.positions[e], got)
}

func (p *pair) ack(t *rapid.T) {
	e, l := p.pick(t)
	agent, seq := agentOf(t), rapid.Uint64Range(0, l.head()+1).Draw(t, "seq")
	must(t, p.store.Ack(ctx, e, agent, seq, p.now))
	l.ack(agent, seq, p.now)
}

// read is what an agent does that is there: it has all, and says so.
func (p *pair) read(t *rapid.T) {
	e, l := p.pick(t)
	agent := agentOf(t)
	must(t, p.store.Ack(ctx, e, agent, l.head(), p.now))
	l.ack(agent, l.head(), p.now)
	p.trimLog(t, e, l)
}

func (p *pair) forget(t *rapid.T) {
	e, l := p.pick(t)
	agent := agentOf(t)
	must(t, p.store.Forget(ctx, e, agent))
	delete(l.agents, agent)
}

func (p *pair) trim(t *rapid.T) {
	e, l := p.pick(t)
	p.trimLog(t, e, l)
}

func (p *pair) trimLog(t *rapid.T, e string, l *log) {
	limits := p.limits(t)
	must(t, p.store.Trim(ctx, e, limits, p.now))
	least, most := l.trim(limits, p.now)
	st, err := p.store.Stat(ctx, e, "")
	must(t, err)
	l.gone = st.LowestPresent - 1
	if l.gone < least || l.gone > most {
		t.Fatalf("deleted up to %d, should be %d to %d", l.gone, least, most)
	}
}

func (p *pair) delete(t *rapid.T) {
	e, _ := p.pick(t)
	must(t, p.store.Delete(ctx, e))
	p.logs[e] = newLog()
	p.positions[e] = nil // the caller's part of the contract
}

func (p *pair) reopen(t *rapid.T) {
	must(t, p.store.Close())
	p.store = opened(p.t, p.disk).Store
	clear(p.begun)
	for _, l := range p.logs {
		l.end()
	}
}

// check holds all that can be asked of the store against the models.
func (p *pair) check(t *rapid.T) {
	for _, e := range endpoints {
		p.checkLog(t, e, p.logs[e])
		p.checkAgents(t, e, p.logs[e])
	}
}

func (p *pair) checkLog(t *rapid.T, e string, l *log) {
	entries, err := p.store.Read(ctx, e, 0, 1000, 1<<30)
	must(t, err)
	equal(t, "entries of "+e, len(entries), int(l.head()-l.gone))
	for i, entry := range entries {
		seq := l.gone + uint64(i) + 1
		equal(t, "seq", entry.Seq, seq)
		equal(t, "request of "+e, entry.Request.ID, l.requests[seq-1].id)
		if !entry.Spooled {
			continue
		}
		body, err := p.store.ReadBody(ctx, e, seq, 0, 1000)
		must(t, err)
		equal(t, "body", string(body), "beginning of "+e+" and end")
	}
}

func (p *pair) checkAgents(t *rapid.T, e string, l *log) {
	p.checkStat(t, e, "", l, l.acked)
	p.checkStat(t, e, "stranger", l, 0)
	all, err := p.store.Agents(ctx, e)
	must(t, err)
	names := slices.Sorted(maps.Keys(l.agents))
	equal(t, "agents of "+e, len(all), len(names))
	for i, name := range names {
		a := l.agents[name]
		got := all[i]
		if !got.Seen.Equal(a.seen) {
			t.Errorf("%s of %s: seen at %v, want %v", name, e, got.Seen, a.seen)
		}
		got.Seen = time.Time{}
		equal(t, "agent of "+e, got, relay.AgentStat{Name: name, Seq: a.seq, Backlog: l.head() - max(a.seq, l.gone)})
		p.checkStat(t, e, name, l, a.seq)
	}
}

func (p *pair) checkStat(t *rapid.T, e, agent string, l *log, seq uint64) {
	st, err := p.store.Stat(ctx, e, agent)
	must(t, err)
	st.Epoch = 0
	seq = max(seq, l.gone)
	equal(t, fmt.Sprintf("Stat of %s for %q", e, agent), st, relay.Stat{
		Head: l.head(), LowestPresent: l.gone + 1, Backlog: l.head() - seq, BacklogBytes: l.bytes(seq, l.head()),
	})
}
