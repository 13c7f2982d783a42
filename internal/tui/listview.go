package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/term"
)

// rowContext is what a row's looks depend on beside the row.
type rowContext struct {
	now    time.Time
	zone   *time.Location
	marked string             // the request that is marked, "" for none
	next   map[string]nextTry // the retries that come, by their delivery
}

// columns is where the parts of a row go. A width of 0 leaves the part out.
type columns struct{ time, kind, id, signature, state, duration, rest int }

// columnsFor shares out the cells that follow the two for the cursor and the mark. What
// may go first is what the open delivery shows as well.
func columnsFor(width int) columns {
	c := columns{time: 12, signature: 11, state: 13, duration: 7}
	switch {
	case width < 80:
		c.time, c.signature, c.state = 9, 8, 12
	case width < 110:
		c.time = 9
	default:
		c.state = 16
	}
	room := width - 2 - c.time - c.signature - c.state - c.duration
	c.kind = min(room, 25)
	room -= c.kind
	if room >= 33 { // of an id, whose beginning tells it from others, and the marks in full
		c.id = min(max(room-27, 17), 31)
		room -= c.id
	}
	if room >= 6 {
		c.rest = room
	} else {
		c.kind += room
	}
	return c
}

// view draws the seen rows in the list's height.
func (l *list) view(look *look, c rowContext, width int, focused bool) []string {
	out := make([]string, 0, l.height)
	cols := columnsFor(width)
	for i := l.top; i < min(l.top+l.height, len(l.rows)); i++ {
		out = append(out, drawRow(look, c, cols, &l.rows[i], i == l.selected, focused, width))
	}
	for len(out) < l.height {
		out = append(out, strings.Repeat(" ", width))
	}
	return out
}

// drawRow draws a row. The selected one has a cursor besides being inverse.
func drawRow(look *look, c rowContext, cols columns, r *history.Row, selected, focused bool, width int) string {
	text := rowLine(look, c, cols, r)
	switch {
	case selected && focused:
		return look.selected.Render(look.fit("▸"+text.text(), width))
	case selected:
		return look.draw(append(line{{kindStrong, "▸"}}, text...), width)
	}
	return look.draw(append(line{{kindPlain, " "}}, text...), width)
}

func rowLine(look *look, c rowContext, cols columns, r *history.Row) line {
	cell := func(k kind, text string, width int) span {
		if width == 0 {
			return span{}
		}
		return span{k, look.fit(term.Sanitize(text), width-1) + " "}
	}
	mark := span{kindPlain, " "}
	if c.marked == r.Request {
		mark = span{kindWarn, "◆"}
	}
	sign, signText := signatureOf(r.Verdict, cols.signature < 10)
	state, stateText := stateOf(&r.Summary, c.now.Sub(r.At))
	duration := ""
	if r.Last.Outcome.Kind == delivery.Answered {
		duration = spanText(r.Last.Outcome.Duration)
	}
	marks := rowMarks(&r.Summary, c, cols.rest < 24)
	return line{
		mark,
		cell(kindFaint, timeText(r.At.In(c.zone), c.now.In(c.zone), cols.time), cols.time),
		cell(familyOf(r.EventType), nameOf(&r.Summary), cols.kind),
		cell(kindFaint, idOf(&r.Summary), cols.id),
		cell(sign, signText, cols.signature),
		cell(state, stateText, cols.state),
		span{kindFaint, look.right(duration, max(cols.duration-1, 0)) + " "},
		cell(kindWarn, marks, cols.rest),
	}
}

// timeText is the time of day, or the date where the row isn't of today. A narrow column
// has room for one of them.
func timeText(at, now time.Time, width int) string {
	today := at.Format(time.DateOnly) == now.Format(time.DateOnly)
	switch {
	case today && width >= 12:
		return at.Format("15:04:05.00")
	case today:
		return at.Format("15:04:05")
	case width >= 12 && at.Year() == now.Year():
		return at.Format("01-02 15:04")
	case width >= 12:
		return at.Format("2006-01-02")
	}
	return at.Format("06-01-02")
}

// nameOf is what a row is called: its event's type, or else its request.
func nameOf(s *history.Summary) string {
	if s.EventType != "" {
		return s.EventType
	}
	path := s.Path
	if path == "" {
		path = "/"
	}
	return s.Method + " " + path
}

func idOf(s *history.Summary) string {
	if s.EventID != "" {
		return s.EventID
	}
	return s.Request
}

// familyOf is the colour of an event's family.
func familyOf(eventType string) kind {
	family, _, _ := strings.Cut(eventType, ".")
	switch family {
	case "document":
		return kindDocument
	case "transcription", "meeting", "action_items":
		return kindMeeting
	case "task":
		return kindTask
	case "content", "brainstorm":
		return kindGeneration
	}
	return kindOther
}

func signatureOf(v signature.Verdict, short bool) (kind, string) {
	switch {
	case v == signature.Valid && short:
		return kindGood, "sig ok"
	case v == signature.Valid:
		return kindGood, "✓ signed"
	case v.OK() && short:
		return kindFaint, "sig -"
	case v.OK():
		return kindFaint, "unchecked"
	case short:
		return kindBad, "bad sig"
	case v == signature.Missing:
		return kindBad, "✗ unsigned"
	case v == signature.Several:
		return kindBad, "✗ signed 2×"
	}
	return kindBad, "✗ bad sig"
}

// stateOf says in a symbol and a word how a delivery stands that began so long ago.
func stateOf(s *history.Summary, age time.Duration) (kind, string) {
	o := s.Last.Outcome
	switch {
	case s.Last.Delivery == "":
		if s.Disposition == "record-only" {
			return kindFaint, "– recorded"
		}
		return kindFaint, "– " + s.Disposition
	case s.Last.State == delivery.Succeeded:
		return kindGood, "✓ " + o.Label()
	case s.Last.State == delivery.Failed:
		return kindBad, "✗ " + o.Label()
	case s.Last.State == delivery.Exhausted:
		return kindBad, "✗ exhausted"
	case s.Last.State == delivery.Held:
		return kindWarn, "‖ held"
	case s.Last.State == delivery.Cancelled:
		return kindFaint, "– cancelled"
	case o.Kind != "" && o.Kind != delivery.Interrupted:
		return kindWarn, "↻ " + o.Label()
	case age < appearAfter:
		return kindFaint, "…"
	}
	return kindWarn, "… pending"
}

// rowMarks are what else is worth a word, or a short one.
func rowMarks(s *history.Summary, c rowContext, short bool) string {
	var marks []string
	next, waits := c.next[s.Last.Delivery]
	switch {
	case waits && next.Retry > 0 && short:
		marks = append(marks, fmt.Sprintf("%d/%d in %s", s.Last.Attempts, next.Of+1, secondsText(next.Due.Sub(c.now))))
	case waits && next.Retry > 0:
		marks = append(marks, fmt.Sprintf("%d/%d · next in %s", s.Last.Attempts, next.Of+1, secondsText(next.Due.Sub(c.now))))
	case s.Last.Attempts > 1:
		marks = append(marks, fmt.Sprintf("attempt %d", s.Last.Attempts))
	}
	copied := strings.Contains(s.Last.Outcome.Fault, string(fault.Duplicate)) // nobody asked for that replay
	if s.Last.Origin == delivery.Trigger || s.Last.Origin == delivery.Replay && !copied {
		marks = append(marks, string(s.Last.Origin))
	}
	switch {
	case s.OtherBody:
		marks = append(marks, "same id, other body")
	case s.DuplicateOf != "":
		marks = append(marks, "duplicate")
	}
	if s.Drift != "" {
		marks = append(marks, "drift")
	}
	if s.Last.Outcome.Fault != "" {
		marks = append(marks, "fault "+s.Last.Outcome.Fault)
	}
	if c.marked == s.Request {
		marks = append(marks, "marked")
	}
	return strings.Join(marks, ", ")
}
