// Package activity is what happens in a session, told as typed updates. Every view
// consumes them: the plain and the JSON printer, the session's control socket, and
// whatever is built later. An Update holds what a view needs to show, never bodies and
// never secrets.
//
// A session publishes to a Bus; a view subscribes. A slow view never slows the
// session down: see Bus.
package activity

import (
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/signature"
)

// Update is one of the types of this package. Its Type is the "type" field of its JSON
// form, which is part of the command line's contract: fields are added, never renamed.
type Update interface{ Type() string }

// Ready says that the session takes requests. It is the first update of each session.
type Ready struct {
	Session   string    `json:"session"`            // the session's id, for --session
	URL       string    `json:"url"`                // where webhooks are to be sent
	Relay     string    `json:"relay,omitempty"`    // the relay's origin; empty for the embedded one
	Endpoint  string    `json:"endpoint,omitempty"` // its name at that relay
	Target    string    `json:"target,omitempty"`   // the first of Targets, else that of the first route; empty where nothing is forwarded
	Targets   []string  `json:"targets,omitempty"`  // each gets what no route takes
	Routes    []string  `json:"routes,omitempty"`   // such as "document.*=http://localhost:3000/docs"; the first that matches takes an event
	Respond   string    `json:"respond"`            // "relay" or "app"
	Verify    string    `json:"verify"`             // "warn", "strict" or "off"
	Secret    string    `json:"secret,omitempty"`   // in full only where the user may see it, else masked
	Generated bool      `json:"-"`                  // whether solatis made the secret itself
	At        time.Time `json:"at"`
}

// Connecting says that the agent dials its relay.
type Connecting struct {
	Relay string    `json:"relay"`
	At    time.Time `json:"at"`
}

// Connected says that the agent has its relay.
type Connected struct {
	Backlog int       `json:"backlog"` // requests that came while it was away
	At      time.Time `json:"at"`
}

// Disconnected says that the relay was lost, and when the agent tries again.
type Disconnected struct {
	Reason  string        `json:"reason"`
	RetryIn time.Duration `json:"retry_in_ns"` // 0 when Final
	Final   bool          `json:"final"`       // whether it has given up
	At      time.Time     `json:"at"`
}

// Gap says that requests are gone which the relay once took.
type Gap struct {
	From   uint64    `json:"from"`
	To     uint64    `json:"to"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Resumed says how many deliveries an earlier session left pending, and what is done
// about them.
type Resumed struct {
	Pending   int       `json:"pending"`
	Cancelled bool      `json:"cancelled"` // by --skip-backlog
	At        time.Time `json:"at"`
}

// Disposition says what the session does with a received request.
type Disposition string

// The dispositions.
const (
	Forward    Disposition = "forward"     // it goes to one target or to several
	RecordOnly Disposition = "record-only" // the session has no target for it
	Filtered   Disposition = "filtered"    // --events doesn't match
	BadSign    Disposition = "refused"     // --verify strict, and the signature is bad
	BadRequest Disposition = "unsendable"  // its path may not be appended to the target
)

// Received says that a request is durable in the history.
type Received struct {
	Request     string            `json:"request"` // "req_…"
	Seq         uint64            `json:"seq,omitempty"`
	Method      string            `json:"method"`
	Path        string            `json:"path,omitempty"`
	Event       string            `json:"event,omitempty"`      // "evt_…"; empty where the body is no event
	EventType   string            `json:"event_type,omitempty"` // such as "document.analyzed"
	Bytes       int               `json:"bytes"`
	Signature   signature.Verdict `json:"signature"`
	Diagnosis   string            `json:"diagnosis,omitempty"` // what is wrong with the signature, as far as it is known
	Disposition Disposition       `json:"disposition"`
	Reason      string            `json:"reason,omitempty"`       // why it is not forwarded
	Deliveries  []string          `json:"deliveries,omitempty"`   // "dlv_…", where there are several; the first one's answer is what counts
	DuplicateOf string            `json:"duplicate_of,omitempty"` // the first request with this event id
	OtherBody   bool              `json:"other_body,omitempty"`   // that request's body was another
	At          time.Time         `json:"at"`
}

// Attempted says that an attempt has ended and is recorded.
type Attempted struct {
	Delivery  string          `json:"delivery"` // "dlv_…"
	Request   string          `json:"request"`
	Event     string          `json:"event,omitempty"`
	EventType string          `json:"event_type,omitempty"`
	Origin    delivery.Origin `json:"origin"`
	Method    string          `json:"method"`
	Target    string          `json:"target"` // the URL that was called
	Attempt   int             `json:"attempt"`
	Outcome   delivery.Kind   `json:"outcome"`
	Status    int             `json:"status,omitempty"`
	Error     string          `json:"error,omitempty"`
	Response  string          `json:"response,omitempty"` // the answer's first MaxExcerpt bytes, unless it was 2xx
	Hint      string          `json:"hint,omitempty"`     // what the developer may want to change
	Duration  time.Duration   `json:"duration_ns"`
	State     delivery.State  `json:"state"`
	At        time.Time       `json:"at"`
}

// MaxExcerpt is how much of a refusing answer Attempted carries, in bytes.
const MaxExcerpt = 4 << 10

// TargetDown says that a target can't be reached any more. It comes once, not with
// every attempt, and once for all targets with the same address.
type TargetDown struct {
	Target string    `json:"target"`
	Error  string    `json:"error"`
	At     time.Time `json:"at"`
}

// TargetUp says that a target can be reached again.
type TargetUp struct {
	Target  string        `json:"target"`
	DownFor time.Duration `json:"down_for_ns"`
	At      time.Time     `json:"at"`
}

// Warning is something that the developer should know and that has no type of its own.
type Warning struct {
	Message string    `json:"message"`
	At      time.Time `json:"at"`
}

// Missed says that this subscriber was too slow and lost Count updates.
type Missed struct {
	Count int `json:"count"`
}

// Type returns "ready".
func (Ready) Type() string { return "ready" }

// Type returns "connecting".
func (Connecting) Type() string { return "connecting" }

// Type returns "connected".
func (Connected) Type() string { return "connected" }

// Type returns "disconnected".
func (Disconnected) Type() string { return "disconnected" }

// Type returns "gap".
func (Gap) Type() string { return "gap" }

// Type returns "resumed".
func (Resumed) Type() string { return "resumed" }

// Type returns "received".
func (Received) Type() string { return "received" }

// Type returns "attempted".
func (Attempted) Type() string { return "attempted" }

// Type returns "target-down".
func (TargetDown) Type() string { return "target-down" }

// Type returns "target-up".
func (TargetUp) Type() string { return "target-up" }

// Type returns "warning".
func (Warning) Type() string { return "warning" }

// Type returns "missed".
func (Missed) Type() string { return "missed" }
