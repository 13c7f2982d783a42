package listen

import (
	"slices"
	"testing"

	"github.com/solatis/solatis-cli/internal/event"
)

// startedQueue returns a queue whose jobs run until they are released.
func startedQueue(slots int) (q *queue, started chan *job, release func(*job)) {
	started = make(chan *job, 100)
	q = newQueue(slots, func(j *job) { started <- j })
	q.connected(0, 0)
	return q, started, func(j *job) { q.done(j) }
}

// TestRetriesGoBehindFirstAttempts, but they get a turn while these never end.
func TestRetriesGoBehindFirstAttempts(t *testing.T) {
	q, started, release := startedQueue(1)
	q.submit(&job{delivery: "first", generation: 1, seq: 1})
	running := <-started
	for _, id := range []string{"a", "b"} {
		q.submit(&job{delivery: id, retry: true})
	}
	for seq := uint64(2); seq <= 9; seq++ {
		q.submit(&job{delivery: "later", generation: 1, seq: seq})
	}
	var got []string
	for range 10 {
		release(running)
		running = <-started
		got = append(got, running.delivery)
	}
	want := []string{"later", "later", "later", "a", "later", "later", "later", "b", "later", "later"}
	if !slices.Equal(got, want) {
		t.Errorf("started %q, want %q", got, want)
	}
	release(running)
	q.close()
}

// TestRetriesHaveAShareOfTheSlots: an app that hangs for some of them leaves the others free.
func TestRetriesHaveAShareOfTheSlots(t *testing.T) {
	q, started, release := startedQueue(8)
	for range 5 {
		q.submit(&job{delivery: "retry", retry: true})
	}
	first, second := <-started, <-started
	for seq := uint64(1); seq <= 7; seq++ {
		q.submit(&job{delivery: "later", generation: 1, seq: seq})
	}
	for range 6 {
		if j := <-started; j.delivery != "later" {
			t.Errorf("%s started", j.delivery)
		}
	}
	if q.running != 8 || q.retrying != 2 || len(q.waiting) != 1 {
		t.Errorf("%d run, %d of them retries, %d wait", q.running, q.retrying, len(q.waiting))
	}
	release(first)
	if j := <-started; !j.retry {
		t.Errorf("%s started in the place of a retry that three went before", j.delivery)
	}
	release(second)
	if j := <-started; j.retry {
		t.Error("a retry started before the last of the others")
	}
	q.close()
}

// TestWhatWasHeldIsOneAfterAnother, and goes before what waits already, whatever the slots.
func TestWhatWasHeldIsOneAfterAnother(t *testing.T) {
	q, started, release := startedQueue(3)
	for seq := range uint64(3) {
		q.submit(&job{delivery: "early", generation: 1, seq: seq + 1})
	}
	early := []*job{<-started, <-started, <-started}
	q.submit(&job{delivery: "later", generation: 1, seq: 4})
	for seq, id := range []string{"a", "b"} {
		q.submit(&job{delivery: id, seq: uint64(seq), held: true})
	}
	release(early[0])
	a := <-started
	release(early[1])
	release(early[2])
	if a.delivery != "a" || q.running != 1 || len(started) > 0 {
		t.Errorf("%s started, and %d run", a.delivery, q.running)
	}
	release(a)
	b, later := <-started, <-started // nobody is behind a, so both may start
	if b.delivery == "later" {
		b, later = later, b
	}
	if b.delivery != "b" || later.delivery != "later" || q.running != 2 {
		t.Errorf("%s and %s started, and %d run", b.delivery, later.delivery, q.running)
	}
	release(b)
	release(later)
	if q.draining || q.running != 0 {
		t.Errorf("%d run", q.running)
	}
	q.close()
}

// TestBodiesOfWhatWasKeptBackAreBounded, as those of all that waits: what is in the history
// is read from there again.
func TestBodiesOfWhatWasKeptBackAreBounded(t *testing.T) {
	q, started, release := startedQueue(1)
	q.submit(&job{generation: 1, seq: 1})
	running := <-started
	var all []*job
	for i, c := range []struct{ recorded, loaded bool }{{true, true}, {true, true}, {true, false}, {false, true}, {true, false}} {
		j := &job{generation: 1, seq: uint64(i + 2), body: new(event.Request), recorded: make(chan bool, 1)}
		if c.recorded {
			j.recorded <- true
		}
		q.resubmit(j, maxQueuedBytes/2)
		if (j.body != nil) != c.loaded || len(j.recorded) == 1 != c.recorded {
			t.Errorf("number %d: its body waits: %v; %d values", i, j.body != nil, len(j.recorded))
		}
		all = append(all, j)
	}
	for range all {
		release(running)
		running = <-started
	}
	release(running)
	if q.bytes != 0 || q.running != 0 {
		t.Errorf("%d bytes wait, %d run", q.bytes, q.running)
	}
	q.close()
}

// TestAPausedQueueStartsNothing: neither first attempts nor retries, and all of it in order
// once it goes on.
func TestAPausedQueueStartsNothing(t *testing.T) {
	q, started, release := startedQueue(1)
	early, retry := &job{delivery: "early", generation: 1, seq: 1}, &job{delivery: "retry", retry: true}
	q.submit(early)
	running := <-started
	if n, unanswered := q.pause(true); n != 0 || len(unanswered) > 0 || q.note(early, true) {
		t.Errorf("%d wait, and what has started does", n)
	}
	q.submit(retry)
	for _, seq := range []uint64{3, 2} {
		q.submit(&job{delivery: "later", generation: 1, seq: seq})
	}
	release(running)
	if n, unanswered := q.pause(true); n != 3 || q.length() != 3 || len(unanswered) > 0 || len(started) > 0 || q.running != 0 {
		t.Errorf("%d wait, %d run", n, q.running)
	}
	q.pause(false)
	var got []uint64
	for range 3 {
		running = <-started
		got = append(got, running.seq)
		release(running)
	}
	if !slices.Equal(got, []uint64{2, 3, 0}) {
		t.Errorf("started %v", got)
	}
	q.close()
}

// TestASenderIsExcusedOnce: when its request is recorded and waits for a paused queue, in
// whatever order that comes, and after a fault kept it back too.
func TestASenderIsExcusedOnce(t *testing.T) {
	q, started, release := startedQueue(1)
	first := &job{generation: 1, seq: 1, answer: true, recorded: make(chan bool, 1)}
	q.submit(first)
	<-started
	waits := &job{generation: 1, seq: 2, answer: true}
	q.submit(waits)
	if q.note(first, true) || q.note(waits, true) {
		t.Error("one is excused though the queue goes on")
	}
	if _, unanswered := q.pause(true); !slices.Equal(unanswered, []*job{waits}) || q.answers(waits) {
		t.Errorf("%d are excused when it is paused", len(unanswered))
	}
	if _, unanswered := q.pause(true); len(unanswered) > 0 || q.note(waits, true) {
		t.Error("it is excused twice")
	}
	later := &job{generation: 1, seq: 3, answer: true}
	q.submit(later)
	if q.note(later, false) || !q.note(later, true) {
		t.Error("one that comes later is excused before it is recorded, or never")
	}
	q.resubmit(first, 0) // a fault kept it back
	release(first)
	if !q.note(first, false) || q.note(first, false) || q.answers(first) {
		t.Error("one that was kept back is not excused once")
	}
	q.close()
}
