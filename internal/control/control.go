// Package control is how one solatis process talks to a running session: HTTP over the
// session's Unix socket, never over TCP. Who may open the socket file is the user
// alone, which is all the authentication there is.
//
// The requests, all to the host "solatis":
//
//	GET  /v1/info        200 session.Info
//	POST /v1/sign        body: any bytes             200 {"signature": hex}
//	POST /v1/faults      body: FaultRequest          200 {}
//	POST /v1/replay      body: ReplayRequest         200 activity.Attempted, as activity.AppendJSON writes it
//	POST /v1/webhooks    body: WebhookRequest        200 [WebhookChange]
//	POST /v1/forwarding  body: {"paused": bool}      200 Forwarding
//	GET  /v1/follow      ?event=evt_… to narrow it   200 lines: {"type":"subscribed"}, then an update each
//
// Whatever fails is answered with {"error": text, "code": Code}. Bodies are bounded by
// MaxBody. As defence in depth, a request for another host, or with an Origin, which
// only a browser sends, is refused: no page ever has business here, even if something
// bridges the socket to TCP.
//
// The session's signing secret never crosses the socket; signatures do.
package control

import (
	"context"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/session"
)

// Session is what a running session offers. All methods are called concurrently.
type Session interface {
	// Info describes the session.
	Info() session.Info
	// Sign returns the signature of body by the session's secret.
	Sign(body []byte) string
	// Subscribe is that of an activity.Bus.
	Subscribe(buffer int, keep func(activity.Update) bool) *activity.Subscription
	// Replay sends a recorded request to the first of the session's targets that it would
	// go to if it came in now, and returns the attempt when it has ended; a target that refuses is no error. ctx ends when the client
	// goes away or the session ends, and then Replay has to return. An *Error reaches
	// the client with its code, any other error as CodeFailed.
	Replay(ctx context.Context, r ReplayRequest) (activity.Attempted, error)
	// PlanFaults takes what is to go wrong. Errors are as in Replay.
	PlanFaults(r FaultRequest) error
	// SetWebhooks enables or disables webhooks, durably. Enabling delivers what is held.
	// ctx and errors are as in Replay.
	SetWebhooks(ctx context.Context, r WebhookRequest) ([]WebhookChange, error)
	// Pause stops forwarding or goes on with it, and returns how many deliveries wait, or
	// were waiting.
	Pause(paused bool) (waiting int)
}

// FaultRequest says what is to go wrong on purpose with the next request that brings an
// event in the next ten minutes. It is not kept back for that.
type FaultRequest struct {
	Event  string   `json:"event"`  // "evt_…"
	Faults []string `json:"faults"` // as fault.Faults.Specs writes them
}

// WebhookRequest says what is to become of which webhooks.
type WebhookRequest struct {
	Target string                `json:"target"` // as in session.Info; empty for each that the session has
	State  delivery.WebhookState `json:"state"`
}

// WebhookChange is what became of the webhook to one target.
type WebhookChange struct {
	Target  string `json:"target"`
	Changed bool   `json:"changed"` // false where it stood like that before
	Held    int    `json:"held"`    // deliveries that are held now or, if it was enabled, were
}

// Forwarding says whether a session forwards what it receives.
type Forwarding struct {
	Paused  bool `json:"paused"`
	Waiting int  `json:"waiting,omitempty"` // deliveries that wait or, if it goes on, were waiting
}

// ReplayRequest says what to replay.
type ReplayRequest struct {
	ID     string   `json:"id"`               // "req_…" or "evt_…"
	Faults []string `json:"faults,omitempty"` // what is to go wrong on purpose, as fault.Faults.Specs writes it
}

// Filter says which updates a stream is to carry.
type Filter struct {
	Event string // only what became of this event ("evt_…"); empty for everything
}

// keep is the filter as a Bus wants it.
func (f Filter) keep() func(activity.Update) bool {
	if f.Event == "" {
		return nil
	}
	return func(u activity.Update) bool {
		switch u := u.(type) {
		case activity.Received:
			return u.Event == f.Event
		case activity.Attempted:
			return u.Event == f.Event
		case activity.Held:
			return u.Event == f.Event
		}
		return false
	}
}

// MaxBody is the largest body of a request, in bytes: the relay's 32 MiB and some.
const MaxBody = 33 << 20

// Code classifies an Error for callers that branch on it.
type Code string

// The codes.
const (
	CodeFailed    Code = "failed"       // the session could not do it
	CodeNotFound  Code = "not-found"    // there is nothing by this id
	CodeForbidden Code = "forbidden"    // the request did not come from solatis
	CodeUnknown   Code = "unknown-path" // the session's version knows no such request
	CodeInvalid   Code = "invalid"      // the request makes no sense
	CodeTooLarge  Code = "too-large"    // the body is over MaxBody
)

// Error is a failure as it travels over the socket: the client returns an error with
// the text that the session gave.
type Error struct {
	Message string `json:"error"`
	Code    Code   `json:"code"`
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

const (
	host           = "solatis"
	subscribedLine = `{"type":"subscribed"}`
)
