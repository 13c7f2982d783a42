package listen

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/send"
)

// lastRecord is how long the record of an attempt may take when the session is ending.
const lastRecord = 500 * time.Millisecond

// deliver makes one attempt: it sends, gives its slot back, and records the outcome once
// the delivery itself is recorded.
func (s *Session) deliver(j *job) {
	r := j.body
	if r == nil {
		var err error
		if r, err = s.History.Request(s.attempts, j.request); err != nil {
			j.lane.queue.done()
			s.warn(fmt.Sprintf("%s is not delivered: %v", j.request, err))
			return
		}
	}
	started := s.Now()
	outcome := s.Sender.Send(s.attempts, j.lane.target, r)
	j.lane.queue.done()
	if j.answer && outcome.Kind != delivery.Interrupted {
		s.answer(j.request, outcome)
	}
	up, down := j.lane.health.see(j.lane.target, outcome, s.Now())
	recorded := <-j.recorded // and the request's arrival published, before what became of it
	if down != nil {
		s.Bus.Publish(*down)
	} else if up != nil {
		s.Bus.Publish(*up)
	}
	if !recorded {
		return // known already, or the relay will send it again
	}
	a := attempted{
		sent:    sent{j.delivery, r.ID, r.Method, r.Path, r.RawQuery, j.name},
		origin:  delivery.Received,
		target:  j.lane.target,
		attempt: delivery.Attempt{Number: j.number, Started: started, Outcome: outcome},
		ended:   s.Now(),
	}
	if err := keep(s.attempts, s.History, a); err != nil {
		s.warn(fmt.Sprintf("the attempt of %s is not recorded: %v", j.delivery, err))
		return
	}
	u := a.update()
	s.advise(&u, j.lane.target, r)
	s.Bus.Publish(u)
	if u.Hint != "" && !outcome.Success() {
		if _, said := s.hinted.LoadOrStore(u.Hint, true); !said {
			s.warn(u.Hint)
		}
	}
}

// answer gives the app's answer to the sender that waits for it.
func (s *Session) answer(request string, o delivery.Outcome) {
	status, header, body := o.Status, o.Header, o.Body
	switch o.Kind {
	case delivery.Answered:
	case delivery.Timeout:
		status = http.StatusGatewayTimeout
	case delivery.Refused:
		status = http.StatusBadRequest
	default:
		status = http.StatusBadGateway
	}
	if o.Kind != delivery.Answered {
		header, body = plainText, []byte("solatis: "+o.Error+"\n")
	}
	s.tunnel.Respond(request, status, header, body)
}

// attempted is an attempt that has ended, with all that its record and its update hold.
type attempted struct {
	sent    sent
	origin  delivery.Origin
	target  send.Target
	attempt delivery.Attempt
	ended   time.Time
}

type sent struct {
	delivery, request      string
	method, path, rawQuery string
	name                   eventName
}

// keep records an attempt, in a short time of grace even if ctx has ended.
func keep(ctx context.Context, h *history.History, a attempted) error {
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), lastRecord)
		defer cancel()
	}
	return h.AddAttempt(ctx, a.sent.delivery, a.attempt, a.attempt.Outcome.Next())
}

func (a attempted) update() activity.Attempted {
	o := a.attempt.Outcome
	url, err := a.target.URL(a.sent.path, a.sent.rawQuery)
	if err != nil {
		url = a.target.String()
	}
	u := activity.Attempted{
		Delivery:  a.sent.delivery,
		Request:   a.sent.request,
		Event:     a.sent.name.id,
		EventType: a.sent.name.typ,
		Origin:    a.origin,
		Method:    a.sent.method,
		Target:    url,
		Attempt:   a.attempt.Number,
		Outcome:   o.Kind,
		Status:    o.Status,
		Error:     o.Error,
		Hint:      send.Hint(a.target, o),
		Duration:  o.Duration,
		State:     o.Next(),
		At:        a.ended,
	}
	if !o.Success() {
		u.Response = string(o.Body[:min(len(o.Body), activity.MaxExcerpt)])
	}
	return u
}
