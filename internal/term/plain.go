package term

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
)

// Printer shows what happens in a session.
type Printer interface {
	Print(activity.Update)
}

// PlainOptions say where and how Plain prints.
type PlainOptions struct {
	Out, Err           io.Writer      // requests and attempts; all else
	OutColor, ErrColor bool           // as UseColor decided for each
	Zone               *time.Location // of the times shown; nil means local time
}

// Plain prints lines for people: requests and attempts on one stream, so that these can
// be piped and searched, and what is said about the session on another. Everything in
// an update passes the sanitizer. It is meant for one goroutine.
type Plain struct {
	PlainOptions
	out, err Palette
	dialled  bool // whether it was said that the relay is dialled
	lost     lost
	down     map[string]bool // addresses of targets whose banner was shown and that aren't up again
}

// lost is what was said of a relay that is away.
type lost struct {
	since  time.Time // zero while it is there
	reason string
	said   time.Time
}

// sayLostEvery is how often it is said again that the relay is away for the same reason.
const sayLostEvery = time.Minute

// NewPlain returns a printer of lines.
func NewPlain(o PlainOptions) *Plain {
	if o.Zone == nil {
		o.Zone = time.Local
	}
	return &Plain{
		PlainOptions: o,
		out:          NewPalette(o.OutColor),
		err:          NewPalette(o.ErrColor),
		down:         make(map[string]bool),
	}
}

// Print implements Printer. What one update has to say on a stream is one Write.
func (p *Plain) Print(u activity.Update) {
	switch u := u.(type) {
	case activity.Received:
		io.WriteString(p.Out, p.received(u)+"\n")
	case activity.Attempted:
		io.WriteString(p.Out, p.attempted(u)+"\n")
	case activity.Held:
		io.WriteString(p.Out, p.held(u)+"\n")
	default:
		if text := p.session(u); text != "" {
			io.WriteString(p.Err, text+"\n")
		}
	}
}

// session returns what is said of an update about the session, or "".
func (p *Plain) session(u activity.Update) string {
	switch u := u.(type) {
	case activity.Ready:
		return p.ready(u)
	case activity.Connecting:
		return p.connecting(u)
	case activity.Connected:
		return p.connected(u)
	case activity.Disconnected:
		return p.disconnected(u)
	case activity.Gap:
		return p.alert("%s: %s", gone(u), Sanitize(u.Reason))
	case activity.Resumed:
		return p.resumed(u)
	case activity.TargetDown:
		return p.targetDown(u)
	case activity.TargetUp:
		delete(p.down, address(u.Target))
		return p.note(p.err.Good(fmt.Sprintf("%s is up again (was down %s)", Sanitize(address(u.Target)), span(u.DownFor))))
	case activity.Disabled:
		return p.disabled(u)
	case activity.Enabled:
		return p.enabled(u)
	case activity.Forwarding:
		return p.forwarding(u)
	case activity.Warning:
		return p.alert("warning: %s", Sanitize(u.Message))
	case activity.Missed:
		return p.alert("this view fell behind and does not show %s; all are in the history: solatis events list", count(u.Count, "update"))
	}
	return ""
}

func (p *Plain) note(text string) string { return p.err.Faint(">") + " " + text }

func (p *Plain) alert(format string, args ...any) string {
	return p.err.Warn("! " + fmt.Sprintf(format, args...))
}

func (p *Plain) ready(u activity.Ready) string {
	on := "Listening on " + p.err.Strong(Sanitize(u.URL))
	if u.Session != "" {
		on += p.err.Faint(" (session " + Sanitize(u.Session) + ")")
	}
	lines := append([]string{p.note(on)}, p.ways(u)...)
	lines = append(lines, p.retries(u)...)
	switch u.Verify {
	case "strict":
		lines = append(lines, p.note("Requests with a bad signature are refused (--verify strict)"))
	case "off":
		lines = append(lines, p.note("Signatures are not checked (--verify off)"))
	}
	last := "Ready! (^C to quit)"
	if u.Secret != "" {
		last = fmt.Sprintf("Ready! Your webhook signing secret is %s (^C to quit)", p.err.Strong(Sanitize(u.Secret)))
	}
	return strings.Join(append(lines, p.note(last)), "\n")
}

// ways are lines that say where requests go: by each route, and what no route takes.
func (p *Plain) ways(u activity.Ready) (lines []string) {
	for _, route := range u.Routes {
		events, target, _ := strings.Cut(route, "=")
		lines = append(lines, p.note(fmt.Sprintf("Forwarding %s to %s", Sanitize(events), p.err.Strong(Sanitize(target)))))
	}
	targets := slices.Clone(u.Targets)
	if targets == nil && u.Routes == nil && u.Target != "" {
		targets = []string{u.Target} // an older session says no more
	}
	for i, target := range targets {
		targets[i] = p.err.Strong(Sanitize(target))
	}
	to := strings.Join(targets, " and ")
	switch {
	case to != "" && lines != nil:
		to = "Forwarding all else to " + to
	case to != "":
		to = "Forwarding to " + to
	case lines != nil:
		to = "No --forward was given: what no route takes is recorded and shown, not forwarded"
	default:
		to = "No --forward was given: webhooks are recorded and shown, not forwarded"
	}
	return append(lines, p.note(to))
}

// connecting is said once: what follows tells of each further try.
func (p *Plain) connecting(u activity.Connecting) string {
	if p.dialled {
		return ""
	}
	p.dialled = true
	return p.note("Connecting to " + p.err.Strong(Sanitize(u.Relay)) + " …")
}

// connected says nothing of the first connection: the ready line implies it.
func (p *Plain) connected(u activity.Connected) string {
	again := !p.lost.since.IsZero()
	p.lost = lost{}
	backlog := count(u.Backlog, "request") + " missed while offline, delivering"
	switch {
	case again && u.Backlog > 0:
		return p.note(p.err.Good("connected to the relay again") + "; " + backlog)
	case again:
		return p.note(p.err.Good("connected to the relay again"))
	case u.Backlog > 0:
		return p.note(backlog)
	}
	return ""
}

// disconnected says a new reason at once, and the same one again from time to time.
func (p *Plain) disconnected(u activity.Disconnected) string {
	if u.Final {
		return p.err.Bad("! gave up on the relay: " + Sanitize(u.Reason))
	}
	text := fmt.Sprintf("no connection to the relay: %s; trying again in %s", Sanitize(u.Reason), span(u.RetryIn))
	switch {
	case p.lost.since.IsZero():
		p.lost.since = u.At
	case u.Reason == p.lost.reason && u.At.Sub(p.lost.said) < sayLostEvery:
		return ""
	case u.Reason == p.lost.reason:
		text = fmt.Sprintf("no connection to the relay for %s: %s; trying on", span(u.At.Sub(p.lost.since)), Sanitize(u.Reason))
	}
	p.lost.reason, p.lost.said = u.Reason, u.At
	return p.alert("%s", text)
}

func (p *Plain) resumed(u activity.Resumed) string {
	left := count(u.Pending, "delivery") + " left over from an earlier run"
	switch {
	case u.Pending == 0:
		return ""
	case u.Cancelled:
		return p.note("cancelled " + left + " (--skip-backlog)")
	}
	if u.Retries > 0 {
		left += fmt.Sprintf(", %d of them when the time of their retry has come", u.Retries)
	}
	return p.note("sending " + left + " (--skip-backlog cancels)")
}

func (p *Plain) targetDown(u activity.TargetDown) string {
	at := address(u.Target)
	if p.down[at] {
		return ""
	}
	p.down[at] = true
	text := u.Error
	if text == "" {
		text = "could not connect to " + at + ": is your app running?"
	}
	return p.err.Bad("! " + Sanitize(text))
}
