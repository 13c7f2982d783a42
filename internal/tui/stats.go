package tui

import (
	"maps"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
)

// stats count what happened while the view was open. They keep a little for each
// delivery that isn't done, and nothing for those that are.
type stats struct {
	received, ok, failed, missed int

	paused    bool                 // whether forwarding is
	kept      int                  // deliveries that wait for it
	waiting   map[string]time.Time // requests that are to be answered, since when they were forwarded; zero before that
	retrying  map[string]nextTry   // deliveries that failed and will be tried again
	held      map[string]int       // how many deliveries wait for a target to be enabled, by its URL
	latency   latency
	durations []time.Duration    // of the batch under way
	lastBad   activity.Attempted // the newest failure; zero for none
}

// nextTry is the retry that a delivery waits for. Its number is 0 where that isn't known.
type nextTry struct {
	delivery.Upcoming
	target string
}

// maxWaiting bounds what is remembered of requests under way, should their ends be missed.
const maxWaiting = 10_000

func newStats() stats {
	return stats{waiting: make(map[string]time.Time), retrying: make(map[string]nextTry), held: make(map[string]int)}
}

// take counts one update.
func (s *stats) take(u activity.Update) {
	switch u := u.(type) {
	case activity.Received:
		s.received++
		if u.Disposition == activity.Forward && len(s.waiting) < maxWaiting {
			s.waiting[u.Request] = u.At
			if s.paused {
				s.waiting[u.Request] = time.Time{}
			}
		}
	case activity.Attempted:
		s.attempted(u)
	case activity.Held:
		delete(s.waiting, u.Request)
		s.held[u.Target] = u.Held
	case activity.Disabled:
		maps.DeleteFunc(s.retrying, func(_ string, n nextTry) bool { return n.target == u.Target }) // they are held too
		s.held[u.Target] = u.Held
	case activity.Enabled:
		delete(s.held, u.Target)
	case activity.Forwarding:
		s.paused, s.kept = u.Paused, u.Waiting
		for request, since := range s.waiting {
			if since.IsZero() && !u.Paused {
				s.waiting[request] = u.At
			}
		}
	case activity.Missed:
		s.missed += u.Count
		clear(s.waiting) // their ends may be among what is lost
	}
}

func (s *stats) attempted(u activity.Attempted) {
	if u.Origin != delivery.Replay { // of which the request may still wait
		delete(s.waiting, u.Request)
	}
	delete(s.retrying, u.Delivery)
	if u.Outcome == delivery.Answered {
		s.durations = append(s.durations, u.Duration)
	}
	success := delivery.Outcome{Kind: u.Outcome, Status: u.Status}.Success()
	switch {
	case success:
		s.ok++
	case u.State == delivery.Pending && u.Outcome != delivery.Interrupted:
		next, _ := u.Upcoming()
		s.retrying[u.Delivery] = nextTry{next, u.Target}
	case u.State.Final():
		s.failed++
	}
	if !success && u.Outcome != delivery.Interrupted {
		s.lastBad = u
	}
}

// heldNow is how many deliveries wait for their target to be enabled.
func (s *stats) heldNow() (n int) {
	for _, held := range s.held {
		n += held
	}
	return n
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
