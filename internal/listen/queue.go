package listen

import (
	"container/heap"
	"sync"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/fault"
)

// job is a delivery on its way to its next attempt.
type job struct {
	lane     *lane
	delivery string // "dlv_…"
	number   int    // of the attempt
	request  string // "req_…"
	body     *event.Request
	size     int
	name     eventName
	answer   bool        // whether a sender waits for the app's answer; guarded by the queue's mu
	turn     *fault.Turn // of a first attempt, with what goes wrong on purpose; nil for nothing

	origin delivery.Origin
	start  *delivery.Start // of what the lane's Line lets start; nil for a first attempt
	retry  bool            // whether first attempts go before it
	begun  bool            // whether it runs, or did and isn't back; guarded by the queue's mu
	stored bool            // whether it is in the history; guarded by the queue's mu
	held   bool            // whether it was held: one such job starts when the one before it has ended

	// recorded brings one value once it is known whether the delivery is in the history:
	// false means that the session ended before.
	recorded chan bool

	generation int // of the connection that brought it; 0 for what an earlier session left or was held
	seq        uint64
	behind     uint64 // of what an earlier session left: its seq, if one before it is missing
}

type eventName struct{ id, typ string }

// queue decides which job starts next. With one slot, first attempts start exactly in
// the order of seq, so a job waits for those before it even if they have not arrived
// whole. With more, any complete job may start, lowest first.
//
// Each seq of a connection is either submitted or skipped, once.
//
// What was held goes first and in order, one after another, whatever the slots.
//
// Retries don't hold up later events: one starts when no first attempt can, or when
// patience of these went before it. They never have more than a share of the slots, since
// an app that hangs keeps each for as long as an attempt may take.
type queue struct {
	start func(*job) // runs a job, and calls done when its slot is free again
	slots int

	mu         sync.Mutex // guards what follows
	waiting    jobHeap
	bytes      int    // of bodies in waiting
	retries    []*job // in the order in which they became due
	running    int
	retrying   int  // of those running
	draining   bool // whether one of those running was held
	passed     int  // first attempts that started since a retry waits
	paused     bool
	closed     bool
	generation int
	expected   uint64            // of the current generation, the seq that may start next
	skipped    map[uint64]uint64 // beyond expected: first seq to last seq
	started    sync.WaitGroup
}

// maxQueuedBytes of bodies wait in memory in each queue; those of one request are the
// same. Those of further jobs are read from the history again when their turn comes.
const maxQueuedBytes = 64 << 20

// patience is how many first attempts go before a retry that waits.
const patience = 3

// share is how many slots retries may have: all, where that is one.
func (q *queue) share() int { return max(1, q.slots/4) }

func newQueue(slots int, start func(*job)) *queue {
	return &queue{start: start, slots: slots, skipped: make(map[uint64]uint64)}
}

// connected begins a new connection, whose first request follows the seq after. All that
// earlier ones brought has been submitted or skipped. Jobs beyond after, up to the seq that
// comes again, have to wait for one that hadn't come whole.
func (q *queue) connected(after, comesAgain uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range q.waiting {
		if j.generation > 0 && j.generation == q.generation && after < j.seq && j.seq <= comesAgain {
			j.generation++
		}
	}
	heap.Init(&q.waiting)
	q.generation++
	q.expected = after + 1
	clear(q.skipped)
	q.startDue()
}

// current returns the generation for the jobs of the current connection.
func (q *queue) current() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.generation
}

// submit adds a job. One of an earlier connection may still come.
func (q *queue) submit(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if j.retry {
		q.retries = append(q.retries, j)
	} else {
		heap.Push(&q.waiting, j)
		q.bytes += j.size
	}
	q.startDue()
}

// resubmit adds a job once more that had started already and was kept back, whose body is
// of that size. In the order of seq it has no place any more.
func (q *queue) resubmit(j *job, size int) {
	recorded := j.inHistory()
	q.mu.Lock()
	j.begun = false
	j.generation, j.size = 0, size
	heap.Push(&q.waiting, j)
	q.bytes += size
	q.startDue()
	q.mu.Unlock()
	if recorded {
		q.unload(j)
	}
}

// skip says that the seqs from to to won't be submitted.
func (q *queue) skip(generation int, from, to uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.slots > 1 || generation != q.generation || to < q.expected {
		return
	}
	q.skipped[from] = to
	q.startDue()
}

// unload gives a waiting job's body up where too many bodies wait. The job must be in
// the history.
func (q *queue) unload(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bytes > maxQueuedBytes && j.size > 0 {
		q.bytes -= j.size
		j.body, j.size = nil, 0
	}
}

// done gives a job's slot back.
func (q *queue) done(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
	if j.retry {
		q.retrying--
	}
	if j.held {
		q.draining = false
	}
	q.startDue()
}

// pause starts nothing until it is called again, with false. It returns how many jobs wait,
// and those of them whose senders are to be answered.
func (q *queue) pause(paused bool) (waiting int, unanswered []*job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.paused, waiting = paused, len(q.waiting)+len(q.retries)
	for _, j := range q.waiting {
		if q.excuse(j) {
			unanswered = append(unanswered, j)
		}
	}
	q.startDue()
	return waiting, unanswered
}

// length is how many jobs wait.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting) + len(q.retries)
}

// note notes that a job which waits is in the history, if it is. It reports whether its
// sender is to be answered.
func (q *queue) note(j *job, stored bool) (unanswered bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j.stored = j.stored || stored
	return q.excuse(j)
}

// excuse reports, once, whether a sender would wait in vain for the app's answer to a job:
// it is recorded, and waits for a paused queue. The caller holds mu.
func (q *queue) excuse(j *job) bool {
	if !q.paused || j.begun || !j.stored || !j.answer {
		return false
	}
	j.answer = false
	return true
}

// answers reports whether a sender waits for the app's answer to a job that has it.
func (q *queue) answers(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return j.answer
}

// close starts nothing any more, and returns when what was started has ended.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.started.Wait()
}

// startDue starts what may start. The caller holds mu.
func (q *queue) startDue() {
	for !q.closed && !q.paused && q.running < q.slots {
		j := q.next()
		if j == nil {
			return
		}
		j.begun = true
		q.running++
		q.started.Go(func() { q.start(j) })
	}
}

// next takes what may start from what waits, or returns nil.
func (q *queue) next() *job {
	first := q.ready()
	if len(q.retries) > 0 && q.retrying < q.share() && (!first || q.passed >= patience) {
		j := q.retries[0]
		q.retries[0], q.retries, q.passed = nil, q.retries[1:], 0
		q.retrying++
		return j
	}
	if !first {
		return nil
	}
	if len(q.retries) > 0 {
		q.passed++
	}
	j := heap.Pop(&q.waiting).(*job)
	q.draining = q.draining || j.held
	q.bytes -= j.size
	j.size = 0 // it counts no more, so unload leaves the body alone
	if j.generation == q.generation && j.seq == q.expected {
		q.expected++
	}
	return j
}

// ready reports whether a first attempt may start.
func (q *queue) ready() bool {
	for last, ok := q.skipped[q.expected]; ok; last, ok = q.skipped[q.expected] {
		delete(q.skipped, q.expected)
		q.expected = last + 1
	}
	if len(q.waiting) == 0 {
		return false
	}
	first := q.waiting[0]
	if first.held && q.draining {
		return false
	}
	return q.slots > 1 || first.generation < q.generation || first.seq <= q.expected
}

// jobHeap has the oldest job first.
type jobHeap []*job

func (h jobHeap) Len() int { return len(h) }
func (h jobHeap) Less(i, k int) bool {
	if h[i].generation != h[k].generation {
		return h[i].generation < h[k].generation
	}
	return h[i].seq < h[k].seq
}
func (h jobHeap) Swap(i, k int) { h[i], h[k] = h[k], h[i] }
func (h *jobHeap) Push(x any)   { *h = append(*h, x.(*job)) }
func (h *jobHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
