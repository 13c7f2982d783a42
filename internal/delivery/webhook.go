package delivery

import "time"

// WebhookState says whether Solatis delivers to a webhook.
type WebhookState string

// The states of a webhook. The zero one is Enabled.
const (
	Enabled  WebhookState = "enabled"
	Disabled WebhookState = "disabled" // its deliveries are held until somebody enables it
)

// Webhook is what Solatis knows of one registration, which here is an endpoint and a
// target. It is kept, like a Standing, so that a new session finds it as it was.
type Webhook struct {
	State WebhookState
	Since time.Time // when it was last enabled or disabled; zero if it never was
	Cause string    // the delivery whose exhaustion disabled it; "" where somebody did
}

// Disabled reports whether its deliveries are held.
func (w Webhook) Disabled() bool { return w.State == Disabled }

// after returns the webhook after a delivery of it has come to stand at s.
func (w Webhook) after(id string, s Standing, now time.Time) Webhook {
	if s.State != Exhausted || w.Disabled() {
		return w
	}
	return Webhook{State: Disabled, Since: wall(now), Cause: id}
}

// set returns the webhook as somebody sets it.
func (w Webhook) set(state WebhookState, now time.Time) Webhook {
	if w.Disabled() == (state == Disabled) {
		return w
	}
	return Webhook{State: state, Since: wall(now)}
}
