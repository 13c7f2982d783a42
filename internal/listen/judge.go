package listen

import (
	"slices"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/drift"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/signature"
)

// judged is a received request and what the session makes of it.
type judged struct {
	request     *event.Request
	name        eventName
	verdict     signature.Verdict
	disposition activity.Disposition
	reason      string
	lanes       []*lane // where it goes, with disposition Forward
	drift       []string
}

// departures looks where the event is not what the catalogue says of its type. That is the
// recorder's work, which nothing that is forwarded waits for.
func (in *judged) departures() []string {
	in.drift = drift.Lines(in.name.typ, in.request.Body)
	return in.drift
}

func (s *Session) judge(r *event.Request) *judged {
	in := &judged{request: r, name: nameOf(r), verdict: signature.Unchecked}
	if s.Verify != VerifyOff {
		in.verdict = signature.Verify(s.Secret, r.Body, r.Header[signature.HeaderName])
	}
	if in.disposition, in.reason = s.dispose(in); in.disposition == activity.Forward {
		in.lanes = s.lanes.of(in.name.typ)
	}
	return in
}

// nameOf returns the id and the type of the event that a request carries, if it does.
func nameOf(r *event.Request) eventName {
	e, err := event.Parse(r.Body)
	if err != nil {
		return eventName{}
	}
	return eventName{e.ID, e.Type}
}

func (s *Session) dispose(in *judged) (activity.Disposition, string) {
	switch {
	case s.Verify == VerifyStrict && !in.verdict.OK():
		return activity.BadSign, in.verdict.Explain()
	case !s.takes(in.request.Method):
		// The relay refuses them as well; but what a relay sends is not to be trusted.
		return activity.Filtered, "the method " + in.request.Method + " is not among --methods"
	case len(s.Events) > 0 && !slices.Contains(s.Events, in.name.typ):
		return activity.Filtered, "not among --events"
	case len(s.lanes.all) == 0:
		return activity.RecordOnly, ""
	}
	ways := s.lanes.of(in.name.typ)
	if len(ways) == 0 {
		return activity.RecordOnly, errNoRoute.Error()
	}
	// What may not be appended to one target may not be to any.
	if _, err := ways[0].target.URL(in.request.Path, in.request.RawQuery); err != nil {
		return activity.BadRequest, err.Error()
	}
	return activity.Forward, ""
}

func (s *Session) takes(method string) bool {
	if len(s.Methods) == 0 {
		return method == "POST"
	}
	return slices.Contains(s.Methods, method)
}
