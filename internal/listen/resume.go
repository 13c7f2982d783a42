package listen

import (
	"context"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/tunnel"
)

// resume reads what an earlier session left pending for this one's targets, or cancels
// it. What is left for other targets stays.
func (s *Session) resume(ctx context.Context) error {
	s.left.Cancelled = s.SkipBacklog
	for _, l := range s.lanes.all {
		n, err := 0, error(nil)
		if s.SkipBacklog {
			n, err = s.History.CancelPending(ctx, s.Relay.position(), l.target.String())
		} else {
			n, err = s.resumeLane(ctx, l)
		}
		if err != nil {
			return err
		}
		s.left.Pending += n
	}
	return nil
}

// resumeLane makes jobs of what is pending for one target, and returns how many.
func (s *Session) resumeLane(ctx context.Context, l *lane) (int, error) {
	at, err := s.History.Position(ctx, s.Relay.position())
	if err != nil {
		return 0, err
	}
	pending, err := s.History.Pending(ctx, s.Relay.position(), l.target.String())
	for i, p := range pending {
		j := &job{
			lane:     l,
			delivery: p.Delivery,
			number:   p.Attempts + 1,
			request:  p.Request,
			name:     eventName{p.EventID, p.EventType},
			recorded: make(chan bool, 1),
			seq:      uint64(i),
		}
		if p.At.Seq > at.Seq {
			j.behind = p.At.Seq
		}
		j.recorded <- true
		s.resumed = append(s.resumed, j)
	}
	return len(pending), err
}

// begin says that the session is ready, before anything else is said, and takes up what
// was left.
func (s *Session) begin(w tunnel.Welcome) {
	ready := s.Ready
	ready.At = s.Now()
	if ready.URL == "" {
		ready.URL = w.URL
	}
	s.Bus.Publish(ready)
	if s.OnReady != nil {
		s.OnReady(ready)
	}
	if w.Notice != "" {
		s.warn("the relay says: " + w.Notice)
	}
	for _, notice := range s.Notices {
		s.warn(notice)
	}
	if s.left.Pending > 0 {
		s.left.At = s.Now()
		s.Bus.Publish(s.left)
	}
	for _, j := range s.resumed {
		// A request before it hadn't come whole when the earlier session ended, and comes
		// again: the job has its place behind that one.
		if 0 < j.behind && j.behind <= s.comesAgain(w) {
			j.generation, j.seq = j.lane.queue.current()+1, j.behind
		}
		j.lane.queue.submit(j)
	}
	s.resumed = nil
}

// comesAgain returns the seq up to which the relay sends again what this agent may have: 0
// where it doesn't go on from the position that it was asked for, since the same numbers may
// be those of other requests then.
func (s *Session) comesAgain(w tunnel.Welcome) uint64 {
	if w.At.Seq != s.asked.Seq {
		return 0
	}
	return w.At.Seq + w.Backlog
}

// warn says something that has no update of its own.
func (s *Session) warn(message string) {
	s.Bus.Publish(activity.Warning{Message: message, At: s.Now()})
}
