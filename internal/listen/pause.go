package listen

import (
	"net/http"

	"github.com/solatis/solatis-cli/internal/activity"
)

// Pause stops forwarding, or goes on with it. What comes meanwhile is recorded, and goes out
// in its order later: in this session, or in the next one if this one ends before. Attempts
// that are under way come to their end, and what somebody replays is sent all the same.
//
// It returns how many deliveries wait, or were waiting.
func (s *Session) Pause(paused bool) (waiting int) {
	s.pausing.Lock()
	defer s.pausing.Unlock()
	for _, l := range s.lanes.all {
		waiting += l.queue.pause(paused || s.paused)
	}
	if s.paused == paused {
		return waiting
	}
	s.paused = paused
	s.Bus.Publish(activity.Forwarding{Paused: paused, Waiting: waiting, At: s.Now()})
	if !paused {
		for _, l := range s.lanes.all {
			l.queue.pause(false) // behind the word of it
		}
	}
	return waiting
}

// Paused reports whether forwarding is paused.
func (s *Session) Paused() bool {
	s.pausing.Lock()
	defer s.pausing.Unlock()
	return s.paused
}

// answerPaused answers the sender who waits for the app's answer to what is recorded, and
// waits until the session is no longer paused. It shall not send the same once more.
func (s *Session) answerPaused(j *job) {
	if j.answer && j.lane.queue.keeps(j) {
		s.tunnel.Respond(j.request, http.StatusOK, plainText, []byte("solatis: recorded; forwarding is paused\n"))
	}
}
