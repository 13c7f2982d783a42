package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// page is text that scrolls and can be searched. Its lines are wrapped to the width that
// it is laid out for.
type page struct {
	lines []line
	rows  []row
	folds []fold // in the order of their first lines
	width int
	top   int // the first row that is seen

	method ansi.Method // by which rows is laid out

	pattern string
	matches []match // in order
	current int     // of matches
}

// row is a line, or a part of one that is too long, as it is seen.
type row struct {
	text line
	line int // the number of its line
	at   int // where it begins there, in bytes
	// indent is how many blanks stand before the further parts of an indented line.
	indent int
}

// match is where a pattern was found.
type match struct{ line, at int }

// newPage returns a page that isn't laid out yet.
func newPage(text []line) page { return page{lines: text} }

// layOut wraps the lines to a width. What was at the top stays there.
func (p *page) layOut(width int, m ansi.Method) {
	if p.width == width && p.rows != nil {
		return
	}
	p.width, p.method = width, m
	p.wrap()
}

// wrap makes the rows of what isn't folded.
func (p *page) wrap() {
	var anchor row
	if p.top < len(p.rows) {
		anchor = p.rows[p.top]
	}
	p.rows = make([]row, 0, len(p.lines))
	folds := p.folds
	for i := 0; i < len(p.lines); i++ {
		first, l := i, p.lines[i]
		for len(folds) > 0 && folds[0].from < i {
			folds = folds[1:]
		}
		if len(folds) > 0 && folds[0].from == i && folds[0].closed {
			l, i = p.folded(folds[0]), folds[0].to
		}
		p.wrapLine(first, l)
	}
	p.top = p.rowOf(anchor.line, anchor.at)
}

// wrapLine adds the rows of a line.
func (p *page) wrapLine(i int, l line) {
	at, indent := 0, 0
	parts := []line{l}
	if !l.fits(p.width, p.method) {
		indent = min(l.indent(), p.width/3)
		parts = l.wrap(p.width-indent, p.method)
	}
	for n, part := range parts {
		r := row{text: part, line: i, at: at}
		if n > 0 {
			r.indent = indent
		}
		p.rows = append(p.rows, r)
		at += len(part.text())
	}
}

// rowOf returns the row in which a place stands.
func (p *page) rowOf(line, at int) int {
	n, found := slices.BinarySearchFunc(p.rows, match{line, at}, func(r row, m match) int {
		if r.line != m.line {
			return r.line - m.line
		}
		return r.at - m.at
	})
	if found || n == 0 {
		return n
	}
	return n - 1
}

// scroll moves by so many rows, of a view of so many.
func (p *page) scroll(by, height int) {
	p.top = max(0, min(p.top+by, len(p.rows)-height))
}

// goOn lays out what was read again as it was seen before: folded, searched and scrolled.
func (p *page) goOn(old *page, width, height int, m ansi.Method) {
	p.keepFolds(old)
	p.layOut(width, m)
	if old.top < len(old.rows) {
		seen := old.rows[old.top]
		p.top = p.rowOf(seen.line, seen.at)
	}
	p.scroll(0, height)
	if old.pattern != "" {
		p.find(old.pattern)
		p.current = min(old.current, max(len(p.matches)-1, 0))
	}
}

// search finds all places of a pattern and goes to the first one from the top on.
func (p *page) search(pattern string, height int) {
	p.find(pattern)
	p.show(height)
}

// find finds all places of a pattern. Letters of ASCII match in either case.
func (p *page) find(pattern string) {
	p.pattern, p.matches, p.current = lowerASCII(pattern), nil, 0
	if pattern == "" {
		return
	}
	first := 0
	if p.top < len(p.rows) {
		first = p.rows[p.top].line
	}
	p.current = -1
	for i, l := range p.lines {
		text := lowerASCII(l.text())
		for at := 0; len(p.matches) < maxMatches; {
			n := strings.Index(text[at:], p.pattern)
			if n < 0 {
				break
			}
			if p.current < 0 && i >= first {
				p.current = len(p.matches)
			}
			p.matches = append(p.matches, match{i, at + n})
			at += n + len(p.pattern)
		}
	}
	p.current = max(p.current, 0)
}

// maxMatches is how many places are found at most.
const maxMatches = 10_000

// next goes to the next place, or to the one before.
func (p *page) next(by, height int) {
	if n := len(p.matches); n > 0 {
		p.current = (p.current + by + n) % n
		p.show(height)
	}
}

// show scrolls so that the current place is seen.
func (p *page) show(height int) {
	if len(p.matches) == 0 {
		return
	}
	m := p.matches[p.current]
	p.reveal(m.line)
	at := p.rowOf(m.line, m.at)
	if at < p.top || at >= p.top+height {
		p.top = at - height/3
	}
	p.scroll(0, height)
}

// view draws so many rows.
func (p *page) view(l *look, width, height int) []string {
	out := make([]string, height)
	for i := range out {
		if n := p.top + i; n < len(p.rows) {
			text := p.highlight(p.rows[n].text)
			if indent := p.rows[n].indent; indent > 0 {
				text = append(line{{kindPlain, blanks[:indent]}}, text...)
			}
			out[i] = l.draw(text, width)
		} else {
			out[i] = strings.Repeat(" ", width)
		}
	}
	return out
}

// highlight marks what the search found in a row.
func (p *page) highlight(text line) line {
	if p.pattern == "" {
		return text
	}
	lower := lowerASCII(text.text())
	if !strings.Contains(lower, p.pattern) {
		return text
	}
	var marked line
	at, until := 0, 0 // until is the end of the place that at is in
	for _, s := range text {
		for rest := s.text; rest != ""; {
			if until <= at && strings.HasPrefix(lower[at:], p.pattern) {
				until = at + len(p.pattern)
			}
			n, k := len(rest), s.kind
			if until > at {
				n, k = min(n, until-at), kindFound
			} else if next := strings.Index(lower[at:], p.pattern); next > 0 {
				n = min(n, next)
			}
			marked = append(marked, span{k, rest[:n]})
			rest, at = rest[n:], at+n
		}
	}
	return marked
}

// lowerASCII lowers the letters of ASCII alone, so that places stay where they are.
func lowerASCII(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return 'A' <= r && r <= 'Z' }) < 0 {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// where says which part of a page is seen, such as "12-40 of 300", or "" for all of it.
func (p *page) where(height int) string {
	if len(p.rows) <= height {
		return ""
	}
	last := min(p.top+height, len(p.rows))
	return countText(p.top+1) + "-" + countText(last) + " of " + countText(len(p.rows))
}
