package listen

import (
	"slices"
	"testing"
)

// started is a queue whose jobs run until they are released, one after another.
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

// TestWhatIsReleasedGoesFirst: before what waits already, in its own order.
func TestWhatIsReleasedGoesFirst(t *testing.T) {
	q, started, release := startedQueue(1)
	q.submit(&job{delivery: "first", generation: 1, seq: 1})
	running := <-started
	q.submit(&job{delivery: "later", generation: 1, seq: 2})
	for seq, id := range []string{"a", "b"} {
		q.submit(&job{delivery: id, seq: uint64(seq)})
	}
	var got []string
	for range 3 {
		release(running)
		running = <-started
		got = append(got, running.delivery)
	}
	if want := []string{"a", "b", "later"}; !slices.Equal(got, want) {
		t.Errorf("started %q, want %q", got, want)
	}
	q.close()
}
