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
	Session  string   `json:"session"`            // the session's id, for --session
	URL      string   `json:"url"`                // where webhooks are to be sent
	Relay    string   `json:"relay,omitempty"`    // the relay's origin; empty for the embedded one
	Endpoint string   `json:"endpoint,omitempty"` // its name at that relay
	Target   string   `json:"target,omitempty"`   // the first of Targets, else that of the first route; empty where nothing is forwarded
	Targets  []string `json:"targets,omitempty"`  // each gets what no route takes
	Routes   []string `json:"routes,omitempty"`   // such as "document.*=http://localhost:3000/docs"; the first that matches takes an event
	Respond  string   `json:"respond"`            // "relay" or "app"
	Verify   string   `json:"verify"`             // "warn", "strict" or "off"
	Retry    string   `json:"retry,omitempty"`    // the delays of the retries in production, such as "1m,5m,30m,2h,24h"; empty where nothing is retried
	Speed    string   `json:"speed,omitempty"`    // by how much they are compressed, such as "60" or "max"
	// DisableAfter is how many failed attempts of a delivery disable its webhook; 0 where none do.
	DisableAfter int `json:"disable_after,omitempty"`

	Secret    string    `json:"secret,omitempty"` // in full only where the user may see it, else masked
	Generated bool      `json:"-"`                // whether solatis made the secret itself
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
// about them. Those that stay held are told by a Disabled.
type Resumed struct {
	Pending   int       `json:"pending"`
	Retries   int       `json:"retries,omitempty"` // of these, how many wait for a retry's time
	Cancelled bool      `json:"cancelled"`         // by --skip-backlog, and what was held too
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
	Drift       []string          `json:"drift,omitempty"`        // where the event is not what the catalogue says of its type
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
	Fault     string          `json:"fault,omitempty"` // what went wrong on purpose; empty for nothing
	State     delivery.State  `json:"state"`
	At        time.Time       `json:"at"`

	// The retry that comes next, as in 2 of 5. All are zero where none does.
	Retry      int           `json:"retry,omitempty"`
	Of         int           `json:"of,omitempty"`
	Due        time.Time     `json:"due,omitzero"`
	Wait       time.Duration `json:"wait_ns,omitempty"`       // from At until Due
	Production time.Duration `json:"production_ns,omitempty"` // how long production waits there
}

// Upcoming returns the retry that comes next, if one does.
func (a Attempted) Upcoming() (delivery.Upcoming, bool) {
	return delivery.Upcoming{Retry: a.Retry, Of: a.Of, In: a.Wait, Due: a.Due, Production: a.Production}, a.Retry > 0
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

// Held says that a delivery waits until its webhook is enabled: it is recorded, and nothing
// was sent. Deliveries that were under way to a target when its webhook was disabled are
// told together by Disabled.
type Held struct {
	Delivery  string    `json:"delivery"`
	Request   string    `json:"request"`
	Event     string    `json:"event,omitempty"`
	EventType string    `json:"event_type,omitempty"`
	Target    string    `json:"target"`
	Held      int       `json:"held"` // how many deliveries to the target are held now
	At        time.Time `json:"at"`
}

// Disabled says that the webhook to a target is disabled, which is told when it happens and
// when a session finds it so. What arrives is held.
type Disabled struct {
	Target   string    `json:"target"`
	Delivery string    `json:"delivery,omitempty"` // the one whose last retry failed; empty where somebody disabled it
	Held     int       `json:"held"`               // how many deliveries are held
	Since    time.Time `json:"since"`
	At       time.Time `json:"at"`
}

// Enabled says that a webhook was enabled again, and that what was held is on its way.
type Enabled struct {
	Target    string    `json:"target"`
	Released  int       `json:"released"`             // how many deliveries were held
	NoRetries bool      `json:"no_retries,omitempty"` // because this session has no retries, and so nothing to disable
	At        time.Time `json:"at"`
}

// Forwarding says that somebody paused forwarding, or that it goes on, and while it is
// paused that more deliveries wait.
type Forwarding struct {
	Paused  bool      `json:"paused"`
	Changed bool      `json:"changed"` // whether it is paused, or goes on, since now
	Waiting int       `json:"waiting"` // deliveries that wait, or were waiting until now
	At      time.Time `json:"at"`
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

// Type returns "held".
func (Held) Type() string { return "held" }

// Type returns "disabled".
func (Disabled) Type() string { return "disabled" }

// Type returns "enabled".
func (Enabled) Type() string { return "enabled" }

// Type returns "forwarding".
func (Forwarding) Type() string { return "forwarding" }

// Type returns "warning".
func (Warning) Type() string { return "warning" }

// Type returns "missed".
func (Missed) Type() string { return "missed" }
