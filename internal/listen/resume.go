package listen

import (
	"context"
	"slices"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/tunnel"
)

// resume reads what an earlier session left for this one's targets, or cancels it. What is
// left for other targets stays. Replays ended with their session.
func (s *Session) resume(ctx context.Context) error {
	if _, err := s.History.CancelReplays(ctx, s.Relay.position()); err != nil {
		return err
	}
	s.left.Cancelled = s.SkipBacklog
	for _, l := range s.lanes.all {
		if s.SkipBacklog {
			n, err := s.History.CancelPending(ctx, s.Relay.position(), l.target.String())
			if err != nil {
				return err
			}
			s.left.Pending += n
		}
		if err := s.resumeLane(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// resumeLane takes up what is left for one target. What never failed goes its usual way,
// and the lane's retries decide about the rest.
func (s *Session) resumeLane(ctx context.Context, l *lane) error {
	at, err := s.History.Position(ctx, s.Relay.position())
	if err != nil {
		return err
	}
	pending, err := s.History.Pending(ctx, s.Relay.position(), l.target.String())
	if err != nil {
		return err
	}
	var left []history.Pending
	for _, p := range pending {
		if p.Standing != delivery.New() {
			left = append(left, p)
		}
	}
	starts, effects, err := l.retries.take(ctx, left)
	if err != nil {
		return err
	}
	l.retries.places = uint64(len(pending))
	for i, p := range pending {
		start := slices.IndexFunc(starts, func(o delivery.Start) bool { return o.ID == p.Delivery })
		if p.Standing == delivery.New() || start >= 0 {
			j := leftJob(l, p, uint64(i), at)
			if start >= 0 {
				j.start, j.held = &starts[start], true
			}
			s.resumed = append(s.resumed, j)
		}
	}
	s.count(l, len(pending), len(starts), effects.Webhook)
	return nil
}

// leftJob is the job of what is left in the given place.
func leftJob(l *lane, p history.Pending, place uint64, at event.Position) *job {
	j := &job{
		lane:     l,
		delivery: p.Delivery,
		number:   p.Attempts + 1,
		request:  p.Request,
		name:     eventName{p.EventID, p.EventType},
		origin:   delivery.Received,
		recorded: make(chan bool, 1),
		seq:      place,
	}
	if p.At.Seq > at.Seq {
		j.behind = p.At.Seq
	}
	j.recorded <- true
	return j
}

// count counts what is left for a lane, and notes what there is to say of its webhook.
func (s *Session) count(l *lane, open, released int, changed *delivery.Webhook) {
	now, target, w := s.Now(), l.target.String(), l.retries.line.Webhook()
	held := l.retries.line.Held()
	s.left.Pending += open - held
	s.left.Retries += len(l.retries.line.Open()) - held - released
	switch {
	case w.Disabled():
		s.findings = append(s.findings, activity.Disabled{Target: target, Delivery: w.Cause, Held: held, Since: w.Since, At: now})
	case changed != nil:
		s.findings = append(s.findings, activity.Enabled{Target: target, Released: released, NoRetries: true, At: now})
	}
}

// endReplays cancels the replays that wait for a retry, when the session ends.
func (s *Session) endReplays(ctx context.Context) error {
	if !s.Retry.Retries() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastRecord)
	defer cancel()
	_, err := s.History.CancelReplays(ctx, s.Relay.position())
	return err
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
	for _, u := range s.findings {
		s.Bus.Publish(u)
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
	for _, l := range s.lanes.all {
		l.retries.begin()
	}
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
