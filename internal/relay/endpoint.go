package relay

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/wire"
)

// endpoint is the hub of one endpoint: it knows how far the log is durable, which
// agents are connected, and which senders wait for an answer.
type endpoint struct {
	id string

	opening sync.Once
	failed  error // of opening

	// appends is held for reading while something is added to the log, and for writing
	// to end that for good.
	appends sync.RWMutex
	closed  bool // guarded by appends

	// membership is held while an agent joins or leaves, store included.
	membership sync.Mutex

	mu     sync.Mutex // guards what follows
	head   uint64     // all requests up to this seq are durable
	tail   tail
	agents []*agent // in the order they connected; the terms of the last one hold
	// standing are the terms that hold while none is connected: those of the agent that
	// connected last and will come again.
	standing terms
	// waiting are the senders, by request id. They stand here before their request is
	// appended, since its answer can be there before Append's result is.
	waiting map[string]chan *Answer
	spools  int       // large bodies that are coming in
	trimmed time.Time // when the log was trimmed last
	// sent is how far each agent was sent the log, by name. It outlives connections, so
	// that what is sent again can be counted.
	sent map[string]uint64
}

// terms are what the agent connected last has asked for.
type terms struct {
	mode    wire.Mode
	methods []string
	wait    time.Duration // for the app's answer, in ModeApp
}

func (t terms) takes(method string) bool { return slices.Contains(t.methods, method) }

// answerMargin is added to what the agent gives the app, for the way there and back.
const answerMargin = 2 * time.Second

// maxAnswerWait bounds what an agent can make senders wait.
const maxAnswerWait = 10 * time.Minute

func termsOf(hello *wire.Hello) terms {
	methods := hello.Methods
	if len(methods) == 0 {
		methods = defaultMethods
	}
	wait := min(time.Duration(min(hello.AnswerMS, 1<<30))*time.Millisecond, maxAnswerWait)
	return terms{mode: hello.Mode, methods: methods, wait: wait + answerMargin}
}

var defaultMethods = []string{"POST"}

func newEndpoint(id string) *endpoint {
	return &endpoint{
		id:       id,
		standing: terms{mode: wire.ModeRelay, methods: defaultMethods},
		waiting:  make(map[string]chan *Answer),
		sent:     make(map[string]uint64),
	}
}

// opened runs open the first time, and returns how that went.
func (e *endpoint) opened(open func() error) error {
	e.opening.Do(func() { e.failed = open() })
	return e.failed
}

// errDropped says that the endpoint was deleted meanwhile.
var errDropped = errors.New("the endpoint was deleted")

// appending runs add, which adds to the log, unless the endpoint is closed.
func (e *endpoint) appending(add func() error) error {
	e.appends.RLock()
	defer e.appends.RUnlock()
	if e.closed {
		return errDropped
	}
	return add()
}

// close returns when nothing is added to the log any more.
func (e *endpoint) close() {
	e.appends.Lock()
	defer e.appends.Unlock()
	e.closed = true
}

// beginSpool counts a large body in, if there aren't too many.
func (e *endpoint) beginSpool() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.spools >= maxSpools {
		return false
	}
	e.spools++
	return true
}

func (e *endpoint) endSpool() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spools--
}

// trimEvery is how often a log is trimmed, at most, while acknowledgements come in.
const trimEvery = time.Second

// trimDue reports whether the log is to be trimmed again, and notes that it is.
func (e *endpoint) trimDue(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	since := now.Sub(e.trimmed)
	due := since >= trimEvery || since < 0 // the clock was set back
	if due {
		e.trimmed = now
	}
	return due
}

func (e *endpoint) isClosed() bool {
	e.appends.RLock()
	defer e.appends.RUnlock()
	return e.closed
}

// wasSent notes that a request was sent to an agent, and reports whether it was before.
func (e *endpoint) wasSent(agent string, seq uint64) (again bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if seq <= e.sent[agent] {
		return true
	}
	e.sent[agent] = seq
	return false
}

// unsent forgets what an agent was sent that doesn't come back.
func (e *endpoint) unsent(agent string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.sent, agent)
}

// terms returns the terms that hold now, and whether a request can be taken under them:
// in ModeApp somebody has to be there to answer.
func (e *endpoint) terms() (t terms, answerable bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if last := len(e.agents) - 1; last >= 0 {
		return e.agents[last].terms, true
	}
	return e.standing, e.standing.mode == wire.ModeRelay
}

// publish announces a durable entry. Entries may come in any order; since a log is
// written in order, each says that all before it are durable too.
func (e *endpoint) publish(entry Entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.head = max(e.head, entry.Seq)
	if len(e.agents) > 0 {
		e.tail.add(entry)
	}
	for _, a := range e.agents {
		a.signal()
	}
}

// upTo returns how far the log is durable, and the entry seq if it is still in memory.
// coming says that it is durable and on its way there: of the requests of one commit each
// publishes itself, in any order.
func (e *endpoint) upTo(seq uint64) (head uint64, entry Entry, inMemory, coming bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	entry, inMemory = e.tail.get(seq)
	return e.head, entry, inMemory, !inMemory && e.tail.entries != nil && e.tail.lowest <= seq && seq < e.tail.highest
}

// await announces that a sender will wait for the answer to a request.
func (e *endpoint) await(request string) <-chan *Answer {
	ch := make(chan *Answer, 1)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting[request] = ch
	return ch
}

func (e *endpoint) forget(request string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.waiting, request)
}

// awaits reports whether a sender waits for that agent's answer to a request.
func (e *endpoint) awaits(from *agent, request string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, ok := e.waiting[request]
	return ok && len(e.agents) > 0 && e.agents[len(e.agents)-1] == from
}

// passed notes that an agent was sent all below next. What every agent has passed needs
// no memory any more.
func (e *endpoint) passed(a *agent, next uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a.passed = next
	for _, other := range e.agents {
		next = min(next, other.passed)
	}
	for e.tail.lowest < next && e.tail.lowest <= e.tail.highest {
		e.tail.drop(e.tail.lowest)
	}
}

// answer passes a on to the sender that waits for it, if there still is one, and if
// it comes from the agent whose terms hold.
func (e *endpoint) answer(from *agent, request string, a *Answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.agents) == 0 || e.agents[len(e.agents)-1] != from {
		return
	}
	if ch, ok := e.waiting[request]; ok {
		ch <- a // it has room for the one answer that it gets
		delete(e.waiting, request)
	}
}

// room finds an older connection of the same agent, or reports that there are too many.
func (e *endpoint) room(a *agent) (old *agent, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := slices.IndexFunc(e.agents, a.sameName); i >= 0 {
		e.agents[i].replaced = true
		return e.agents[i], true
	}
	return nil, len(e.agents) < MaxAgentsPerEndpoint
}

// join adds an agent, whose terms hold from now on.
func (e *endpoint) join(a *agent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.agents = append(e.agents, a)
	if !a.ephemeral {
		e.standing = a.terms
	}
	a.signal()
}

func (e *endpoint) leave(a *agent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := slices.Index(e.agents, a); i >= 0 {
		e.agents = slices.Delete(e.agents, i, i+1)
	}
	if len(e.agents) == 0 {
		e.tail = tail{}
	}
}

// has reports whether an agent of that name is connected.
func (e *endpoint) has(name string) bool {
	return slices.ContainsFunc(e.connected(), func(a *agent) bool { return a.name == name })
}

func (e *endpoint) connected() []*agent {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.agents)
}

// tail keeps the newest entries of a log in memory, so that an agent that keeps up is
// served without reading the store.
type tail struct {
	entries map[uint64]Entry
	lowest  uint64 // no entry is below
	highest uint64
	bytes   int
}

// maxTail is how much the tail of one endpoint may hold, in bytes.
const maxTail = 4 << 20

func (t *tail) add(e Entry) {
	if t.entries == nil {
		t.entries, t.lowest = make(map[uint64]Entry), e.Seq
	}
	t.entries[e.Seq] = e
	t.lowest, t.highest = min(t.lowest, e.Seq), max(t.highest, e.Seq)
	t.bytes += e.Request.Size()
	for t.bytes > maxTail && t.lowest <= t.highest {
		t.drop(t.lowest)
	}
}

func (t *tail) drop(seq uint64) {
	if old, ok := t.entries[seq]; ok {
		t.bytes -= old.Request.Size()
		delete(t.entries, seq)
	}
	t.lowest = max(t.lowest, seq+1)
}

func (t *tail) get(seq uint64) (Entry, bool) {
	e, ok := t.entries[seq]
	return e, ok
}
