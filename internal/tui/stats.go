package tui

import (
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
)

// stats count what happened while the view was open. They keep a little for each
// delivery that isn't done, and nothing for those that are.
type stats struct {
	received, ok, failed, missed int

	waiting   map[string]time.Time // requests that were forwarded and not answered yet, since when
	retrying  map[string]bool      // deliveries that failed and will be tried again
	held      map[string]bool      // deliveries that wait for their target to be enabled
	latency   latency
	durations []time.Duration    // of the batch under way
	lastBad   activity.Attempted // the newest failure; zero for none
}

// maxWaiting bounds what is remembered of requests under way, should their ends be missed.
const maxWaiting = 10_000

func newStats() stats {
	return stats{waiting: make(map[string]time.Time), retrying: make(map[string]bool), held: make(map[string]bool)}
}

// take counts one update.
func (s *stats) take(u activity.Update) {
	switch u := u.(type) {
	case activity.Received:
		s.received++
		if u.Disposition == activity.Forward && len(s.waiting) < maxWaiting {
			s.waiting[u.Request] = u.At
		}
	case activity.Attempted:
		s.attempted(u)
	case activity.Missed:
		s.missed += u.Count
		clear(s.waiting) // their ends may be among what is lost
	}
}

func (s *stats) attempted(u activity.Attempted) {
	delete(s.waiting, u.Request)
	delete(s.retrying, u.Delivery)
	delete(s.held, u.Delivery)
	if u.Outcome == delivery.Answered {
		s.durations = append(s.durations, u.Duration)
	}
	success := delivery.Outcome{Kind: u.Outcome, Status: u.Status}.Success()
	switch {
	case success:
		s.ok++
	case u.State == delivery.Pending && u.Outcome != delivery.Interrupted:
		s.retrying[u.Delivery] = true
	case u.State == delivery.Held:
		s.held[u.Delivery] = true
	case u.State.Final():
		s.failed++
	}
	if !success && u.Outcome != delivery.Interrupted {
		s.lastBad = u
	}
}

// batched ends a batch of updates.
func (s *stats) batched() {
	s.latency.add(s.durations)
	s.durations = s.durations[:0]
}

// unanswered is for how long a request may be under way before it is thought lost, since
// a session tells of each end, but a slow view may miss it.
const unanswered = time.Minute

// inFlight is how many requests the app is answering now.
func (s *stats) inFlight(now time.Time) int {
	n := 0
	for _, since := range s.waiting {
		if now.Sub(since) < unanswered {
			n++
		}
	}
	return n
}
