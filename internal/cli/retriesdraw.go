package cli

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/term"
)

// draw draws a timeline, a line for each step, such as
//
//	✗ first    15:04:05      +0s  in production +0s  503 in 12ms
//	▸ retry 1  15:04:06      +1s  in production +1m  next
//	· retry 2  15:04:11      +6s  in production +6m
func (v retriesView) draw(t delivery.Timeline) {
	p := v.app.palette(v.app.streams.OutTTY)
	for _, s := range t.Steps {
		mark, says := look(s)
		paint := p.Faint
		switch {
		case s.Fate == delivery.Made && s.Outcome.Success():
			paint = p.Good
		case s.Fate == delivery.Made:
			paint = p.Bad
		case s.Fate == delivery.Next || s.Fate == delivery.Stopped:
			paint = p.Warn
		}
		line := fmt.Sprintf("  %s %s  %s %s  in production %s  %s", paint(mark), padded(stepName(s), 8),
			padded(clockOf(s.At), 8), left(realAfter(s), 10), padded("+"+delivery.Brief(s.ProductionAfter), 9), paint(says))
		fmt.Fprintln(v.app.streams.Out, strings.TrimRight(line, " "))
	}
	if t.Left > 0 {
		fmt.Fprintf(v.app.streams.Out, "  at most %s to come\n", times(t.Left, "attempt"))
	}
}

func stepName(s delivery.Step) string {
	if s.Retry == 0 {
		return "first"
	}
	return fmt.Sprintf("retry %d", s.Retry)
}

// look is how a step is marked, and what is said of it.
func look(s delivery.Step) (mark, says string) {
	switch s.Fate {
	case delivery.Made:
		mark = "✗"
		if s.Outcome.Success() {
			mark = "✓"
		}
		says = fmt.Sprintf("%s in %v", s.Outcome.Label(), s.Outcome.Duration.Round(time.Millisecond))
		if s.Outcome.Fault != "" {
			says += ", fault on purpose: " + s.Outcome.Fault
		}
		return mark, term.Sanitize(says)
	case delivery.Stopped:
		return "!", "interrupted, which doesn't count"
	case delivery.Next:
		return "▸", "next"
	case delivery.Later:
		return "·", ""
	}
	return "-", "not made"
}

// clockOf is the time of day, or nothing where none is planned.
func clockOf(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Local().Format(time.TimeOnly)
}

func realAfter(s delivery.Step) string {
	if s.At.IsZero() {
		return ""
	}
	after := s.After.Round(time.Second)
	if s.After < 10*time.Second {
		after = s.After.Round(time.Millisecond)
	}
	return "+" + delivery.Brief(after)
}

// padded and left fill up text to n characters, behind and before it.
func padded(text string, n int) string {
	return text + strings.Repeat(" ", max(n-utf8.RuneCountInString(text), 0))
}

func left(text string, n int) string {
	return strings.Repeat(" ", max(n-utf8.RuneCountInString(text), 0)) + text
}

// retryJSON is a delivery as retries --output json shows it: with its steps if its id was
// asked for.
type retryJSON struct {
	Type       string          `json:"type"`
	Delivery   string          `json:"delivery"`
	Request    string          `json:"request"`
	Event      string          `json:"event,omitempty"`
	EventType  string          `json:"event_type,omitempty"`
	Target     string          `json:"target"`
	Origin     delivery.Origin `json:"origin"`
	State      delivery.State  `json:"state"`
	Failed     int             `json:"failed"`
	Retry      int             `json:"retry,omitempty"` // the retry that comes next, as in 2 of 5
	Of         int             `json:"of,omitempty"`
	Due        time.Time       `json:"due,omitzero"`
	In         time.Duration   `json:"in_ns,omitempty"`
	Production time.Duration   `json:"production_ns,omitempty"`
	Left       int             `json:"left,omitempty"` // attempts that may follow; of steps only
	Steps      []stepJSON      `json:"steps,omitempty"`
}

type stepJSON struct {
	Retry      int           `json:"retry"` // 0 for the first attempt
	Fate       delivery.Fate `json:"fate"`
	At         time.Time     `json:"at,omitzero"`
	After      time.Duration `json:"after_ns"`            // since the first attempt
	Production time.Duration `json:"production_after_ns"` // the same in production
	Outcome    delivery.Kind `json:"outcome,omitempty"`
	Status     int           `json:"status,omitempty"`
	Error      string        `json:"error,omitempty"`
	Fault      string        `json:"fault,omitempty"`
	Duration   time.Duration `json:"duration_ns,omitempty"`
}

func retriedJSON(r history.Retried, now time.Time) retryJSON {
	j := retryJSON{
		Type: "delivery", Delivery: r.ID, Request: r.Request, Event: r.EventID, EventType: r.EventType,
		Target: r.Target, Origin: r.Origin, State: r.Standing.State, Failed: r.Standing.Failed,
	}
	if next, ok := r.Policy.Upcoming(r.Standing, now); ok {
		j.Retry, j.Of, j.Due, j.In, j.Production = next.Retry, next.Of, next.Due, next.In, next.Production
	}
	return j
}

func stepsJSON(t delivery.Timeline) []stepJSON {
	steps := make([]stepJSON, len(t.Steps))
	for i, s := range t.Steps {
		o := s.Outcome
		steps[i] = stepJSON{s.Retry, s.Fate, s.At, s.After, s.ProductionAfter, o.Kind, o.Status, o.Error, o.Fault, o.Duration}
	}
	return steps
}
