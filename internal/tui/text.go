package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/solatis/solatis-cli/internal/term"
)

// kind is what a piece of text means, and thereby how it looks.
type kind uint8

// The kinds. Those from kindKey to kindPunct are JSON's, those from kindDocument to
// kindOther the families of events.
const (
	kindPlain kind = iota
	kindFaint
	kindStrong
	kindGood
	kindBad
	kindWarn
	kindTitle
	kindKey
	kindString
	kindNumber
	kindWord // true, false and null
	kindPunct
	kindAdded
	kindRemoved
	kindDocument
	kindMeeting
	kindTask
	kindGeneration
	kindOther
	kindFound // what a search found
	kinds     // how many there are
)

// span is a piece of text of one kind. Its text is sanitized and has no line breaks.
type span struct {
	kind kind
	text string
}

// line is one line of text. The zero line is an empty one.
type line []span

// say makes a span of text that may have come over the network.
func say(k kind, text string) span { return span{k, term.Sanitize(text)} }

// sayf makes a line of one span.
func sayLine(k kind, text string) line { return line{say(k, text)} }

// lines makes lines of a text, whose tabs become blanks. They are no more than are shown.
func lines(k kind, text string) []line {
	var all []line
	for part := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		part = strings.TrimSuffix(part, "\r")
		all = append(all, line{say(k, strings.ReplaceAll(part, "\t", "    "))})
		if len(all) > maxShownLines {
			break
		}
	}
	return all
}

// text returns a line's text alone.
func (l line) text() string {
	if len(l) == 1 {
		return l[0].text
	}
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.text)
	}
	return b.String()
}

// indent is how many blanks a line begins with; no more than JSON is indented by.
func (l line) indent() int {
	if len(l) == 0 {
		return 0
	}
	return min(len(l[0].text)-len(strings.TrimLeft(l[0].text, " ")), maxIndent)
}

// wrap splits a line into such as are at most width cells wide. A short one is returned
// as it is.
func (l line) wrap(width int, m ansi.Method) []line {
	if width < 1 || l.fits(width, m) {
		return []line{l}
	}
	var all []line
	var now line
	room := width
	for _, s := range l {
		for rest := s.text; rest != ""; {
			n, cells := fitting(rest, room, m)
			if n == 0 && room == width { // a character wider than the screen
				n, cells = firstCluster(rest, m)
			}
			if n < len(rest) {
				n, cells = atBlank(rest, n, cells)
			}
			if n > 0 {
				now = append(now, span{s.kind, rest[:n]})
				rest, room = rest[n:], room-cells
			}
			if rest != "" || room <= 0 {
				all, now, room = append(all, now), nil, width
			}
		}
	}
	if len(now) > 0 {
		all = append(all, now)
	}
	return all
}

// atBlank moves the end of the first n bytes of s back behind a blank, unless that would
// leave most of the line empty.
func atBlank(s string, n, cells int) (int, int) {
	at := strings.LastIndexByte(s[:n], ' ') + 1
	if s[n] == ' ' || at <= n*2/3 {
		return n, cells
	}
	return at, cells - (n - at)
}

// fits reports whether a line is at most width cells wide. Most are known to be from
// their length alone.
func (l line) fits(width int, m ansi.Method) bool {
	n := 0
	for _, s := range l {
		n += len(s.text)
	}
	if n <= width {
		return true
	}
	n = 0
	for _, s := range l {
		if n += cells(s.text, m); n > width {
			return false
		}
	}
	return true
}

// fitting returns how many bytes of s take at most room cells, and how many they take.
func fitting(s string, room int, m ansi.Method) (n, cells int) {
	for n < len(s) && cells < room && isASCII(s[n]) && (n+1 == len(s) || isASCII(s[n+1])) {
		n, cells = n+1, cells+1
	}
	for n < len(s) {
		size, width := firstCluster(s[n:], m)
		if cells+width > room {
			break
		}
		n, cells = n+size, cells+width
		// Back on the short way, unless what follows may belong to this cluster.
		for n < len(s) && cells < room && isASCII(s[n]) && (n+1 == len(s) || isASCII(s[n+1])) {
			n, cells = n+1, cells+1
		}
	}
	return n, cells
}

// cells is how many cells a text takes, styles not counted, just as bubbletea counts them
// when it draws. ansi.Method.StringWidth differs from that in rare cases.
func cells(s string, m ansi.Method) (sum int) {
	if strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0 {
		return len(s)
	}
	for state := byte(0); s != ""; {
		_, w, n, next := m.DecodeSequenceInString(s, state, nil)
		sum, s, state = sum+w, s[n:], next
	}
	return sum
}

func isASCII(b byte) bool { return b < 0x80 }

// firstCluster returns the size and the width of what s begins with on the screen: what
// belongs together, or, where the terminal counts each character for itself, one with the
// marks that stand above or below it.
func firstCluster(s string, m ansi.Method) (n, cells int) {
	if m == ansi.GraphemeWidth {
		_, cells, n, _ = m.DecodeSequenceInString(s, 0, nil)
		return max(n, 1), cells
	}
	for i, r := range s {
		if w := m.StringWidth(string(r)); i == 0 {
			cells = w
		} else if w > 0 {
			return i, cells
		}
	}
	return len(s), cells
}
