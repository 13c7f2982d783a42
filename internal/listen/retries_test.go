package listen

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/tunnel"
)

// alone is a session's retries of one lane, whose jobs go to started.
func alone(t *testing.T, h *history.History) (s *Session, started chan *job, updates *activity.Subscription) {
	target, err := send.ParseTarget("localhost:3000")
	if err != nil {
		t.Fatal(err)
	}
	bus := new(activity.Bus)
	s = New(Config{
		Relay: Relay{Agent: "a"}, History: h, Bus: bus, Forward: []send.Target{target}, Concurrency: 4,
		Retry: delivery.Policy{Schedule: delivery.Schedule{time.Minute}, Speed: delivery.MaxSpeed},
	})
	s.attempts = t.Context()
	started = make(chan *job, 10)
	s.lanes.all[0].queue.start = func(j *job) { started <- j }
	if err := s.resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	go s.lanes.all[0].retries.run()
	return s, started, bus.Subscribe(100, nil)
}

func (s *Session) finishTest() {
	s.lanes.all[0].queue.close()
	s.lanes.all[0].retries.close()
}

// first is a job of a delivery that may not be recorded.
func (s *Session) first(id string, recorded bool) *job {
	j := &job{lane: s.lanes.all[0], delivery: id, number: 1, request: "req_1", origin: delivery.Received, recorded: make(chan bool, 1)}
	j.recorded <- recorded
	return j
}

func openTest(t *testing.T) *history.History {
	h, err := history.Open(t.Context(), filepath.Join(t.TempDir(), "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// TestWhatIsNotRecordedIsNotRetried: the session forgets it, as the relay sends it again or it
// was known before.
func TestWhatIsNotRecordedIsNotRetried(t *testing.T) {
	s, started, updates := alone(t, openTest(t))
	s.lanes.all[0].retries.begin()
	r := s.lanes.all[0].retries
	failed := s.first("dlv_failed", false)
	if !s.admit(failed) {
		t.Fatal("it is held")
	}
	now := s.Now()
	outcome := delivery.Outcome{Kind: delivery.NoConnect, Error: "no app"}
	done := make(chan bool)
	r.finish(failed, attempted{origin: delivery.Received, target: failed.lane.target, attempt: delivery.Attempt{Number: 1, Started: now, Outcome: outcome}, ended: now},
		new(event.Request), func(kept, activity.Attempted) { close(done) })
	<-done
	if _, err := r.set(t.Context(), delivery.Disabled); err != nil {
		t.Fatal(err)
	}
	if s.admit(s.first("dlv_held", false)) {
		t.Error("it is not held")
	}
	if _, err := r.set(t.Context(), delivery.Enabled); err != nil { // behind all that was decided
		t.Fatal(err)
	}
	s.finishTest()
	if open := r.line.Open(); len(open) > 0 || len(r.subjects) > 0 || len(started) > 0 {
		t.Errorf("left are %+v, and %d started", open, len(started))
	}
	s.Bus.Close()
	for u := range updates.Updates() {
		switch u.(type) {
		case activity.Attempted, activity.Held:
			t.Errorf("told %+v", u)
		}
	}
}

// TestNothingIsRetriedBeforeTheSessionIsReady, whatever is due.
func TestNothingIsRetriedBeforeTheSessionIsReady(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	synctest.Test(t, func(t *testing.T) {
		h, err := history.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		_, err = h.Record(t.Context(), history.Batch{Agent: "a", Records: []history.Record{{
			Request: &event.Request{ID: "req_1"}, Seq: 1, Delivery: "dlv_1", Target: "http://localhost:3000",
		}}})
		overdue := delivery.Standing{State: delivery.Pending, Failed: 1, Due: time.Now().Add(-time.Hour), Wait: time.Minute}
		if err == nil {
			err = h.Keep(t.Context(), "a", "http://localhost:3000", history.Step{Effects: delivery.Effects{Keep: []delivery.Open{{ID: "dlv_1", Standing: overdue}}}})
		}
		if err != nil {
			t.Fatal(err)
		}
		s, started, _ := alone(t, h)
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(started) > 0 {
			t.Error("it started")
		}
		s.begin(tunnel.Welcome{})
		if j := <-started; j.delivery != "dlv_1" || !j.retry || j.number != 1 {
			t.Errorf("%+v started", j)
		}
		s.finishTest()
	})
}
