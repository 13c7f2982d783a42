// Package delivery says what becomes of a request on its way to one target: the
// states it passes through, the attempts that are made, and how each ended.
//
// It is pure: no I/O, and time is an argument. Package send makes the attempts,
// package history keeps them.
package delivery

import (
	"fmt"
	"time"
)

// State is where a delivery stands.
type State string

// The states. Pending is the only one that leads anywhere else by itself.
const (
	Pending   State = "pending"   // an attempt is to be made, or under way
	Succeeded State = "succeeded" // the target answered 2xx in time
	Failed    State = "failed"    // it did not, and nothing further is planned
	Exhausted State = "exhausted" // all retries of the schedule were made in vain
	Held      State = "held"      // waiting for a disabled webhook to be enabled again
	Cancelled State = "cancelled" // given up by the developer, as with --skip-backlog
)

// Final reports whether nothing further will happen to a delivery in this state.
func (s State) Final() bool { return s != Pending && s != Held }

// Origin says where a delivery came from.
type Origin string

// The origins.
const (
	Received Origin = "received" // came in on the endpoint
	Trigger  Origin = "trigger"  // made by solatis trigger and sent straight to a URL
	Replay   Origin = "replay"   // a recorded request, sent once more
)

// Kind is how an attempt ended.
type Kind string

// The kinds of outcome.
const (
	Answered    Kind = "answered"    // the target sent a response, whatever its status
	NoConnect   Kind = "no-connect"  // no connection to the target could be made
	Timeout     Kind = "timeout"     // connected, but no complete answer in time
	BrokenOff   Kind = "broken-off"  // the connection broke before the answer was complete
	Interrupted Kind = "interrupted" // solatis was stopped while the attempt was under way
	Refused     Kind = "refused"     // the request can't be sent to this target at all
)

// Outcome is how one attempt ended and what the target answered.
type Outcome struct {
	Kind      Kind
	Error     string              // for the developer, what failed and what to do; empty when Answered
	Status    int                 // HTTP status code; 0 unless Answered
	Header    map[string][]string // of the response; nil unless Answered
	Body      []byte              // at most the first MaxRecordedBody bytes of the response
	Truncated bool                // whether the response body was longer
	Duration  time.Duration       // from the first byte written until the answer was complete
	Fault     string              // what went wrong on purpose, such as "delay, bad-signature"; "" for nothing
}

// MaxRecordedBody is how much of a response body is kept, in bytes.
const MaxRecordedBody = 1 << 20

// Success reports whether the target took the event: a 2xx within the timeout (the
// provider's guide, "Webhook Retries"). A redirect is a failure, since Solatis
// follows none.
func (o Outcome) Success() bool {
	return o.Kind == Answered && o.Status >= 200 && o.Status <= 299
}

// Label names the outcome in a word or a status, as in "200" or "timeout".
func (o Outcome) Label() string {
	if o.Kind == Answered {
		return fmt.Sprint(o.Status)
	}
	return string(o.Kind)
}

// Next returns the state of a pending delivery after an attempt without retries. An
// interrupted attempt decides nothing: the delivery stays pending and is resumed by
// the next listen.
func (o Outcome) Next() State {
	switch {
	case o.Kind == Interrupted:
		return Pending
	case o.Success():
		return Succeeded
	default:
		return Failed
	}
}

// Attempt is one HTTP try of a delivery.
type Attempt struct {
	Number  int // 1 for the first
	Started time.Time
	Outcome Outcome
}
