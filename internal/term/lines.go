package term

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
)

const timeLayout = "2006-01-02 15:04:05"

// received returns, for instance,
//
//	2026-01-02 15:04:05   --> document.analyzed [evt_1]  duplicate of req_1
//
// and a second line if it is known what is wrong with a signature.
func (p *Plain) received(u activity.Received) string {
	name := u.EventType
	if name == "" {
		path := u.Path
		if path == "" {
			path = "/"
		}
		name = u.Method + " " + path
	}
	line := fmt.Sprintf("%s   --> %s [%s]", p.time(u.At), p.out.Strong(Sanitize(name)), id(u.Event, u.Request))
	line += p.marks(receivedMarks(u))
	if u.Diagnosis != "" {
		line += "\n    " + p.out.Faint(Sanitize(u.Diagnosis))
	}
	return line
}

func receivedMarks(u activity.Received) []string {
	var marks []string
	if u.Signature != "" && !u.Signature.OK() {
		marks = append(marks, u.Signature.Explain())
		if u.Reason == u.Signature.Explain() {
			u.Reason = "" // said already
		}
	}
	switch {
	case u.DuplicateOf != "" && u.OtherBody:
		marks = append(marks, "same id as "+u.DuplicateOf+", other body")
	case u.DuplicateOf != "":
		marks = append(marks, "duplicate of "+u.DuplicateOf)
	}
	switch u.Disposition {
	case activity.RecordOnly:
		if u.Reason != "" { // else there is no target at all, which the ready line says
			marks = append(marks, because("recorded only", u.Reason))
		}
	case activity.Filtered:
		marks = append(marks, because("filtered out", u.Reason))
	case activity.BadSign:
		marks = append(marks, because("refused", u.Reason))
	case activity.BadRequest:
		marks = append(marks, because("not forwarded", u.Reason))
	}
	return append(marks, driftMarks(u.Drift)...)
}

// attempted returns, for instance,
//
//	2026-01-02 15:04:05  <--  [200] POST http://localhost:3000/ [evt_1] (23ms)  replay
//
// and a second line if a refusing answer has something to say.
func (p *Plain) attempted(u activity.Attempted) string {
	o := delivery.Outcome{Kind: u.Outcome, Status: u.Status}
	paint := p.out.Bad
	if o.Success() {
		paint = p.out.Good
	}
	line := fmt.Sprintf("%s  <--  %s %s %s [%s] (%s)", p.time(u.At), paint("["+Sanitize(o.Label())+"]"),
		Sanitize(u.Method), Sanitize(u.Target), id(u.Event, u.Request), span(u.Duration))
	line += p.marks(p.attemptedMarks(u))
	if text := excerpt(u.Response); text != "" && !o.Success() {
		line += "\n    " + p.out.Faint(text)
	}
	return line
}

func (p *Plain) attemptedMarks(u activity.Attempted) []string {
	var marks []string
	if u.Origin == delivery.Replay || u.Origin == delivery.Trigger {
		marks = append(marks, string(u.Origin))
	}
	if u.Attempt > 1 {
		marks = append(marks, fmt.Sprintf("attempt %d", u.Attempt))
	}
	if u.Status == http.StatusCreated || u.Status == http.StatusNoContent {
		marks = append(marks, "counts as success; the provider's guide advises exactly 200")
	}
	// The banner of a target that is down has told it, once and for all attempts.
	told := u.Outcome == delivery.NoConnect && p.down[address(u.Target)]
	if u.Error != "" && !told {
		marks = append(marks, u.Error)
	}
	if u.Fault != "" {
		marks = append(marks, "fault on purpose: "+u.Fault)
	}
	return append(marks, retryMarks(u)...)
}

func (p *Plain) time(t time.Time) string {
	return p.out.Faint(t.In(p.Zone).Format(timeLayout))
}

func (p *Plain) marks(marks []string) string {
	if len(marks) == 0 {
		return ""
	}
	return "  " + p.out.Warn(Sanitize(strings.Join(marks, "; ")))
}

// id returns what a request is known by: its event's id, if it has one.
func id(event, request string) string {
	if event != "" {
		return Sanitize(event)
	}
	return Sanitize(request)
}

func because(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + ": " + reason
}

// maxExcerpt is how much of an answer is shown, in characters.
const maxExcerpt = 160

// excerpt returns the first line of an answer that has text in it. A page of HTML says
// nothing in its first line.
func excerpt(body string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(body), "\n")
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "<") {
		return ""
	}
	n := 0
	for i := range line {
		if n++; n > maxExcerpt {
			return Sanitize(line[:i]) + "…"
		}
	}
	return Sanitize(line)
}

// address returns what send.Target has for its Address, from a target's URL: host and
// port, or "unix:" and the path of a socket. An address is returned as it is.
func address(target string) string {
	if rest, ok := strings.CutPrefix(target, "unix:"); ok {
		drive := min(len("C:"), len(rest)) // there may be one, and no socket's path is shorter
		if i := strings.Index(rest[drive:], ":/"); i >= 0 {
			rest = rest[:drive+i]
		}
		return "unix:" + rest
	}
	if _, rest, ok := strings.Cut(target, "://"); ok {
		target = rest
	}
	if i := strings.IndexAny(target, "/?"); i >= 0 {
		target = target[:i]
	}
	return target
}

// span shows a duration as short as a reader wants it.
func span(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(time.Millisecond).String()
	case d > 0:
		return "<1ms"
	}
	return "0s"
}

func count(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(what, "y"))
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func gone(u activity.Gap) string {
	if u.From == u.To {
		return fmt.Sprintf("request %d of the relay's log is gone", u.From)
	}
	return fmt.Sprintf("requests %d to %d of the relay's log are gone", u.From, u.To)
}
