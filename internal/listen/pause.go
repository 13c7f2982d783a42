package listen

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/solatis/solatis-cli/internal/activity"
)

// pausing says whether forwarding is paused.
type pausing struct {
	mu     sync.Mutex // held while paused changes, and while it is told
	paused atomic.Bool
}

// Pause stops forwarding, or goes on with it. What comes meanwhile is recorded, and goes out
// later as it would have: in this session, or in the next one if this one ends before.
// Attempts that are under way come to their end, and what somebody replays is sent all the
// same.
//
// It returns how many deliveries wait, or were waiting.
func (s *Session) Pause(paused bool) (waiting int) {
	p := &s.pausing
	p.mu.Lock()
	defer p.mu.Unlock()
	if !paused && !p.paused.Load() || len(s.lanes.all) == 0 {
		return 0
	}
	for _, l := range s.lanes.all {
		n, unanswered := l.queue.pause(true)
		waiting += n
		for _, j := range unanswered {
			s.excuse(j)
		}
	}
	if !p.paused.CompareAndSwap(!paused, paused) {
		return waiting
	}
	s.Bus.Publish(activity.Forwarding{Paused: paused, Changed: true, Waiting: waiting, At: s.Now()})
	if !paused {
		for _, l := range s.lanes.all {
			l.queue.pause(false) // behind the word of it
		}
	}
	return waiting
}

// Paused reports whether forwarding is paused.
func (s *Session) Paused() bool { return s.pausing.paused.Load() }

// note notes that a job which waits is in the history, if it is, and answers its sender
// where forwarding is paused.
func (s *Session) note(j *job, stored bool) {
	if j.lane.queue.note(j, stored) {
		s.excuse(j)
	}
}

// excuse answers a sender who would wait in vain, so that the same isn't sent once more.
func (s *Session) excuse(j *job) {
	s.tunnel.Respond(j.request, http.StatusOK, plainText, []byte("solatis: recorded; forwarding is paused\n"))
}

// tellWaiting tells how many deliveries wait, where forwarding is paused.
func (s *Session) tellWaiting() {
	p := &s.pausing
	if !p.paused.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.paused.Load() {
		return
	}
	waiting := 0
	for _, l := range s.lanes.all {
		waiting += l.queue.length()
	}
	s.Bus.Publish(activity.Forwarding{Paused: true, Waiting: waiting, At: s.Now()})
}
