package relay

import (
	"slices"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/wire"
)

// endpoint is the hub of one endpoint: it knows how far the log is durable, which
// agents are connected, and which senders wait for an answer.
type endpoint struct {
	id string

	mu     sync.Mutex // guards what follows
	head   uint64     // all requests up to this seq are durable
	tail   tail
	agents []*agent // in the order they connected
	last   terms    // those of the agent that connected last, also while none is connected
	// waiting are the senders, by request id. They stand here before their request is
	// appended, since its answer can be there before Append's result is.
	waiting map[string]chan *Answer
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

func newEndpoint(id string, head uint64) *endpoint {
	return &endpoint{
		id:      id,
		head:    head,
		last:    terms{mode: wire.ModeRelay, methods: defaultMethods},
		waiting: make(map[string]chan *Answer),
	}
}

// terms returns the terms that hold now, and whether a request can be taken under them:
// in ModeApp somebody has to be there to answer.
func (e *endpoint) terms() (t terms, answerable bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last, e.last.mode == wire.ModeRelay || len(e.agents) > 0
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
func (e *endpoint) upTo(seq uint64) (head uint64, entry Entry, inMemory bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	entry, inMemory = e.tail.get(seq)
	return e.head, entry, inMemory
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

// join adds an agent, whose terms hold from now on, and returns an older connection of
// the same agent, which is to be sent away.
func (e *endpoint) join(a *agent, t terms) (replaced *agent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, other := range e.agents {
		if other.name == a.name {
			replaced = other
			e.agents = slices.Delete(e.agents, i, i+1)
			break
		}
	}
	e.agents = append(e.agents, a)
	e.last = t
	a.signal()
	return replaced
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
