package tui

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// look is how things are drawn: the styles for a dark or a light terminal, and how many
// cells the terminal gives to a character. The styles keep to the 16 colours that every
// terminal has and lets its user choose. Colour never says anything alone: without it,
// each word is still there.
type look struct {
	styles   [kinds]lipgloss.Style
	selected lipgloss.Style // of the row that keys act on
	method   ansi.Method
}

func newLook(dark bool, method ansi.Method) look {
	choose := lipgloss.LightDark(dark)
	plain := lipgloss.NewStyle()
	red, green := choose(lipgloss.Red, lipgloss.BrightRed), choose(lipgloss.Green, lipgloss.BrightGreen)
	yellow, blue := choose(lipgloss.Yellow, lipgloss.BrightYellow), choose(lipgloss.Blue, lipgloss.BrightBlue)
	magenta, cyan := choose(lipgloss.Magenta, lipgloss.BrightMagenta), choose(lipgloss.Cyan, lipgloss.BrightCyan)
	l := look{
		selected: plain.Reverse(true),
		method:   method,
	}
	l.styles = [kinds]lipgloss.Style{
		kindFaint:      plain.Faint(true),
		kindStrong:     plain.Bold(true),
		kindGood:       plain.Foreground(green),
		kindBad:        plain.Foreground(red),
		kindWarn:       plain.Foreground(yellow),
		kindTitle:      plain.Bold(true).Foreground(cyan),
		kindKey:        plain.Foreground(blue),
		kindString:     plain.Foreground(green),
		kindNumber:     plain.Foreground(magenta),
		kindWord:       plain.Foreground(yellow),
		kindPunct:      plain.Faint(true),
		kindAdded:      plain.Foreground(green),
		kindRemoved:    plain.Foreground(red),
		kindDocument:   plain.Foreground(blue),
		kindMeeting:    plain.Foreground(magenta),
		kindTask:       plain.Foreground(cyan),
		kindGeneration: plain.Foreground(yellow),
		kindFound:      plain.Reverse(true).Bold(true),
	}
	return l
}

// paint draws a span.
func (l *look) paint(s span) string {
	if s.kind == kindPlain || s.kind == kindOther || s.text == "" {
		return s.text
	}
	return l.styles[s.kind].Render(s.text)
}

// width is how many cells a text takes, drawn or not.
func (l *look) width(s string) int { return cells(s, l.method) }

// fit returns s in exactly width cells: cut with an ellipsis, or filled with blanks.
func (l *look) fit(s string, width int) string {
	s = l.cut(s, width)
	return s + strings.Repeat(" ", max(width-l.width(s), 0))
}

// cut returns s in at most width cells, with an ellipsis where something is left out. It
// is for text without styles. Package ansi has such a function, which measures by another
// method than it cuts by.
func (l *look) cut(s string, width int) string {
	if width <= 0 {
		return ""
	}
	n, _ := fitting(s, width, l.method)
	if n == len(s) {
		return s
	}
	n, _ = fitting(s, width-1, l.method)
	return s[:n] + "…"
}

// right returns s in exactly width cells, its end at the right.
func (l *look) right(s string, width int) string {
	s = l.cut(s, width)
	return strings.Repeat(" ", max(width-l.width(s), 0)) + s
}

// draw draws a line in exactly width cells.
func (l *look) draw(text line, width int) string {
	var b strings.Builder
	room := width
	for _, s := range text {
		w := l.width(s.text)
		if w > room {
			s.text = l.cut(s.text, room)
			room -= l.width(s.text)
			b.WriteString(l.paint(s))
			break
		}
		b.WriteString(l.paint(s))
		room -= w
	}
	if room > 0 {
		b.WriteString(strings.Repeat(" ", room))
	}
	return b.String()
}

// sides draws two lines within width cells, one from the left and one to the right edge.
// Where there is no room for both, the right one goes.
func (l *look) sides(left, right line, width int) string {
	w := l.width(right.text())
	if l.width(left.text())+w+2 > width {
		return l.draw(left, width)
	}
	return l.draw(left, width-w) + l.draw(right, w)
}

// rule is a horizontal line with a title in it.
func (l *look) rule(title line, width int) string {
	if len(title) == 0 {
		return l.paint(span{kindFaint, strings.Repeat("─", width)})
	}
	w := l.width(title.text())
	if w+5 > width {
		return l.draw(title, width)
	}
	return l.paint(span{kindFaint, "── "}) + l.draw(title, w) + l.paint(span{kindFaint, " " + strings.Repeat("─", width-w-4)})
}

// part returns what stands in the cells from one column up to another of a drawn line,
// its styles with it. Of a wide character that is cut through, a blank is left.
func (l *look) part(s string, from, to int) string {
	var b strings.Builder
	at := 0
	for state := byte(0); s != ""; {
		seq, w, n, next := l.method.DecodeSequenceInString(s, state, nil)
		inside := min(at+w, to) - max(at, from)
		switch {
		case w == 0 && seq[0] == '\x1b', w > 0 && inside == w, w == 0 && at > from && at <= to:
			b.WriteString(seq)
		case inside > 0:
			b.WriteString(strings.Repeat(" ", inside))
		}
		at, s, state = at+w, s[n:], next
	}
	if rest := to - max(at, from); rest > 0 {
		b.WriteString(strings.Repeat(" ", rest))
	}
	return b.String()
}
