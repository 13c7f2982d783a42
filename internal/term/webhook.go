package term

import (
	"fmt"
	"strings"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
)

// retries says in the ready lines what becomes of failures, or nothing.
func (p *Plain) retries(u activity.Ready) []string {
	if u.DisableAfter == 0 {
		return nil
	}
	text := "Failures are not retried, and the first disables the webhook"
	if u.Retry != "" {
		text = fmt.Sprintf("Failures are retried after %s, %s; %s of one event disable the webhook",
			strings.ReplaceAll(Sanitize(u.Retry), ",", ", "), pace(u.Speed), count(u.DisableAfter, "failure"))
	}
	return []string{p.note(text)}
}

// pace says how fast a retry speed is.
func pace(speed string) string {
	switch speed {
	case delivery.MaxSpeed.String():
		return "without waiting"
	case delivery.RealSpeed.String():
		return "in real time"
	}
	return Sanitize(speed) + " times as fast"
}

// retryMarks say what comes after an attempt that failed.
func retryMarks(u activity.Attempted) []string {
	next, ok := u.Upcoming()
	switch {
	case ok:
		return []string{next.String()}
	case u.State == delivery.Exhausted:
		return []string{"exhausted after " + count(u.Attempt, "attempt")}
	case u.State == delivery.Held:
		return []string{"held: the webhook is disabled"}
	}
	return nil
}

// maxDrift is how many departures of an event are shown in its line.
const maxDrift = 3

func driftMarks(drift []string) []string {
	marks := make([]string, 0, maxDrift+1)
	for i, warning := range drift {
		if i == maxDrift {
			return append(marks, fmt.Sprintf("and %d more fields are not as expected", len(drift)-maxDrift))
		}
		marks = append(marks, warning)
	}
	return marks
}

// held returns, for instance,
//
//	2026-01-02 15:04:05  <--  [held] http://localhost:3000 [evt_1]  the webhook is disabled, 3 deliveries are held
func (p *Plain) held(u activity.Held) string {
	return fmt.Sprintf("%s  <--  %s %s [%s]", p.time(u.At), p.out.Warn("[held]"), Sanitize(u.Target), id(u.Event, u.Request)) +
		p.marks([]string{"the webhook is disabled, " + are(u.Held) + " held"})
}

func are(n int) string {
	if n == 1 {
		return "1 delivery is"
	}
	return count(n, "delivery") + " are"
}

func (p *Plain) disabled(u activity.Disabled) string {
	why := "it was disabled by hand"
	if u.Delivery != "" {
		why = "the last retry of " + Sanitize(u.Delivery) + " failed"
	}
	when := ""
	if !u.Since.IsZero() && u.At.Sub(u.Since) > sayLostEvery {
		when = " since " + u.Since.In(p.Zone).Format(timeLayout)
	}
	return p.alert("the webhook to %s is disabled%s: %s; %s held, and what comes is held too. solatis session enable delivers it",
		Sanitize(u.Target), when, why, are(u.Held))
}

func (p *Plain) forwarding(u activity.Forwarding) string {
	switch {
	case !u.Changed:
		return ""
	case u.Paused:
		return p.alert("forwarding is paused: what comes is recorded, and forwarded after solatis session resume")
	case u.Waiting == 0:
		return p.note("forwarding again; nothing was waiting")
	}
	return p.note("forwarding again: " + count(u.Waiting, "delivery") + " waited")
}

func (p *Plain) enabled(u activity.Enabled) string {
	text := "the webhook to " + Sanitize(u.Target) + " is enabled"
	if u.NoRetries {
		text = "the webhook to " + Sanitize(u.Target) + " was disabled by an earlier run with --retry, and is enabled again"
	}
	if u.Released > 0 {
		text += ": delivering what was held, " + count(u.Released, "delivery")
	}
	return p.note(text)
}
