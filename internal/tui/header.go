package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/send"
)

// link is where the session stands with its relay.
type link uint8

// The links.
const (
	linkNone       link = iota // the session hasn't begun
	linkConnecting             // the relay is dialled
	linkConnected
	linkLost // it will be dialled again
	linkOver // the session has given up
)

// health is what is known of a target.
type health struct {
	address string
	state   healthState
	since   time.Time // when it went down; zero otherwise
	// disabled says that its webhook is: what comes is held.
	disabled bool
}

type healthState uint8

const (
	healthUnknown healthState = iota // nothing was sent there yet
	healthUp
	healthDown
)

// header is what stands at the top: the session, its relay and targets, and the counters.
type header struct {
	stats
	ready   activity.Ready
	link    link
	reason  string    // why the relay was lost
	retryAt time.Time // when it is dialled again
	targets []health
	history string // where there is no session: what is shown instead of one
}

// take changes the header by one update.
func (h *header) take(u activity.Update) {
	h.stats.take(u)
	switch u := u.(type) {
	case activity.Ready:
		h.ready = u
		h.know(u)
		if u.Relay == "" {
			h.link = linkConnected
		}
	case activity.Connecting:
		h.link = linkConnecting
	case activity.Connected:
		h.link = linkConnected
	case activity.Disconnected:
		h.link, h.reason, h.retryAt = linkLost, u.Reason, u.At.Add(u.RetryIn)
		if u.Final {
			h.link = linkOver
		}
	case activity.Attempted:
		if u.Outcome != delivery.NoConnect && u.Outcome != delivery.Interrupted && u.Outcome != delivery.Refused {
			h.mark(u.Target, healthUp, time.Time{})
		}
	case activity.Held:
		h.find(u.Target).disabled = true
	case activity.Disabled:
		h.find(u.Target).disabled = true
	case activity.Enabled:
		h.find(u.Target).disabled = false
	case activity.TargetDown:
		h.mark(u.Target, healthDown, u.At)
	case activity.TargetUp:
		h.mark(u.Target, healthUp, time.Time{})
	}
}

// know notes the targets of a session.
func (h *header) know(r activity.Ready) {
	all := slices.Clone(r.Targets)
	for _, route := range r.Routes {
		_, target, _ := strings.Cut(route, "=")
		all = append(all, target)
	}
	if len(all) == 0 && r.Target != "" {
		all = []string{r.Target}
	}
	for _, target := range all {
		h.find(target)
	}
}

// find returns what is known of a target, by its address.
func (h *header) find(target string) *health {
	address := target
	if t, err := send.ParseTarget(target); err == nil {
		address = t.Address()
	}
	for i := range h.targets {
		if h.targets[i].address == address {
			return &h.targets[i]
		}
	}
	h.targets = append(h.targets, health{address: address})
	return &h.targets[len(h.targets)-1]
}

func (h *header) mark(target string, state healthState, since time.Time) {
	t := h.find(target)
	if t.state == healthDown && state == healthDown {
		return // it is still the same outage
	}
	t.state, t.since = state, since
}

// counts reports whether something in the header changes with time alone.
func (h *header) counts() bool {
	if h.link == linkLost || len(h.retrying) > 0 {
		return true
	}
	for _, t := range h.targets {
		if t.state == healthDown {
			return true
		}
	}
	return false
}

// height is how many lines the header takes on a screen.
func (h *header) height(width, height int) int {
	switch {
	case h.history != "":
		return 2
	case width < 80 || height < 24:
		return 3
	}
	return 4
}

// view draws the header, with a rule below it.
func (h *header) view(l *look, now time.Time, width, height int) []string {
	var out []string
	switch h.height(width, height) {
	case 2:
		out = []string{l.sides(line{{kindTitle, "solatis history"}}, sayLine(kindFaint, h.history), width)}
	case 3:
		out = []string{
			l.sides(append(h.linkLine(now, true), h.targetLine(now, "  ")...), sayLine(kindFaint, h.ready.URL), width),
			l.sides(h.counters(true), line{{kindFaint, h.latency.words()}}, width),
		}
	default:
		out = []string{
			l.sides(append(line{{kindTitle, "solatis "}}, say(kindStrong, h.ready.URL)), h.linkLine(now, false), width),
			l.sides(h.targetLine(now, ""), h.sessionLine(), width),
			l.sides(h.counters(false), line{{kindTitle, h.latency.sparkline(max(10, width/4-10))}, {kindFaint, "  " + h.latency.words()}}, width),
		}
	}
	return append(out, l.rule(nil, width))
}

// linkLine says where the session stands with its relay and, where there is room, why.
func (h *header) linkLine(now time.Time, small bool) line {
	why := say(kindFaint, ": "+h.reason)
	if small {
		why = span{}
	}
	switch h.link {
	case linkConnecting:
		return line{{kindWarn, "◌ connecting"}}
	case linkConnected:
		if h.paused {
			return line{{kindWarn, h.pausedText()}}
		}
		if h.ready.Relay == "" {
			return line{{kindGood, "● listening"}}
		}
		return line{{kindGood, "● connected"}}
	case linkLost:
		lost := line{{kindBad, "✗ offline"}, {kindWarn, ", again in " + secondsText(h.retryAt.Sub(now))}, why}
		if h.paused {
			lost = append(line{{kindWarn, h.pausedText() + "  "}}, lost...)
		}
		return lost
	case linkOver:
		return line{{kindBad, "✗ given up"}, why}
	}
	return line{{kindFaint, "◌ starting"}}
}

func (h *header) pausedText() string {
	if h.kept == 0 {
		return "‖ paused, recording only"
	}
	return "‖ paused, " + countText(h.kept) + " waiting"
}

// targetLine says where requests go, and whether they can.
func (h *header) targetLine(now time.Time, before string) line {
	if len(h.targets) == 0 {
		if h.link == linkNone {
			return nil
		}
		return line{{kindPlain, before}, {kindWarn, "→ no target: recording only"}}
	}
	var all line
	for _, t := range h.targets {
		all = append(all, span{kindPlain, before}, say(kindPlain, "→ "+t.address+" "))
		switch {
		case t.disabled:
			all = append(all, span{kindBad, "‖ disabled"}, span{kindFaint, ", what comes is held"})
		case t.state == healthUp:
			all = append(all, span{kindGood, "✓ up"})
		case t.state == healthDown:
			all = append(all, span{kindBad, "✗ down for " + spanText(now.Sub(t.since).Truncate(time.Second))})
		default:
			all = append(all, span{kindFaint, "not called yet"})
		}
		before = "  "
	}
	return all
}

// sessionLine tells two sessions apart.
func (h *header) sessionLine() line {
	if h.ready.Session == "" {
		return nil
	}
	text := "session " + h.ready.Session
	if h.ready.Endpoint != "" {
		text = h.ready.Endpoint + ", " + text
	}
	return sayLine(kindFaint, text)
}

// counters are the numbers. On a small screen those that are 0 are left out.
func (h *header) counters(small bool) line {
	all := line{{kindPlain, "received "}, {kindStrong, countText(h.received)}}
	for _, c := range []struct {
		name string
		n    int
		kind kind
	}{
		{"ok", h.ok, kindGood},
		{"failed", h.failed, kindBad},
		{"retrying", len(h.retrying), kindWarn},
		{"held", h.heldNow(), kindWarn},
		{"not shown", h.missed, kindWarn},
	} {
		switch {
		case c.n > 0:
			all = append(all, span{kindPlain, fmt.Sprintf("  %s ", c.name)}, span{c.kind, countText(c.n)})
		case !small && c.name != "not shown":
			all = append(all, span{kindFaint, fmt.Sprintf("  %s 0", c.name)})
		}
	}
	return all
}
