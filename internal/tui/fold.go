package tui

import (
	"fmt"
	"slices"
	"strings"
)

// fold is an object or an array of a page of JSON, which can be shown in one line.
type fold struct {
	from, to int // its first line, and the last one
	depth    int // 0 for the whole
	members  int
	closed   bool
}

// foldAt returns the place of the fold that begins with a line, or -1.
func (p *page) foldAt(line int) int {
	n, found := slices.BinarySearchFunc(p.folds, line, func(f fold, line int) int { return f.from - line })
	if !found {
		return -1
	}
	return n
}

// foldAround returns the place of the innermost fold that a line is in, or -1.
func (p *page) foldAround(line int) int {
	around := -1
	for i, f := range p.folds {
		if f.from > line {
			break
		}
		if line <= f.to {
			around = i
		}
	}
	return around
}

// folded is the first line of a closed fold, with what stands for the rest.
func (p *page) folded(f fold) line {
	last := slices.Clone(p.lines[f.to])
	if len(last) > 0 && strings.TrimSpace(last[0].text) == "" {
		last = last[1:] // the indent
	}
	return slices.Concat(p.lines[f.from], line{{kindFaint, fmt.Sprintf(" … %d ", f.members)}}, last)
}

// toggle closes the fold that is meant, or opens it: that around the place which was found,
// if it is on the screen, or else the first on the screen that isn't the whole.
func (p *page) toggle(height int) {
	if i := p.foldFound(height); i >= 0 {
		p.toggleFold(i)
		return
	}
	for n := p.top; n < min(p.top+height, len(p.rows)); n++ {
		if i := p.foldAt(p.rows[n].line); i >= 0 && p.folds[i].depth > 0 {
			p.toggleFold(i)
			return
		}
	}
}

// foldFound returns the place of the fold around what was found, or of the closed one that
// hides it; -1 where that isn't on the screen.
func (p *page) foldFound(height int) int {
	if len(p.matches) == 0 {
		return -1
	}
	m := p.matches[p.current]
	n := p.rowOf(m.line, m.at)
	switch {
	case n < p.top || n >= min(p.top+height, len(p.rows)):
		return -1
	case p.rows[n].line != m.line:
		return p.foldAt(p.rows[n].line)
	}
	return p.foldAround(m.line)
}

// toggleLine closes or opens the fold that begins with the row at a height of the screen.
func (p *page) toggleLine(y int) {
	if n := p.top + y; n < len(p.rows) && p.rows[n].at == 0 {
		p.toggleFold(p.foldAt(p.rows[n].line))
	}
}

func (p *page) toggleFold(i int) {
	if i >= 0 {
		p.folds[i].closed = !p.folds[i].closed
		p.wrap()
	}
}

// closeLevel closes the deepest level that is open, but not the whole.
func (p *page) closeLevel() {
	deepest := 0
	for _, f := range p.folds {
		if !f.closed {
			deepest = max(deepest, f.depth)
		}
	}
	if deepest > 0 {
		p.setLevel(deepest, true)
	}
}

// openLevel opens the least deep level that is closed somewhere.
func (p *page) openLevel() {
	least := -1
	for _, f := range p.folds {
		if f.closed && (least < 0 || f.depth < least) {
			least = f.depth
		}
	}
	p.setLevel(least, false)
}

func (p *page) setLevel(depth int, closed bool) {
	for i := range p.folds {
		if p.folds[i].depth == depth {
			p.folds[i].closed = closed
		}
	}
	p.wrap()
}

// reveal opens what hides a line.
func (p *page) reveal(line int) {
	hidden := false
	for i, f := range p.folds {
		if f.closed && f.from < line && line <= f.to {
			p.folds[i].closed, hidden = false, true
		}
	}
	if hidden {
		p.wrap()
	}
}

// keepFolds closes what was closed in an earlier reading of the same page.
func (p *page) keepFolds(old *page) {
	if len(old.folds) != len(p.folds) || len(old.lines) != len(p.lines) {
		return
	}
	for i, f := range old.folds {
		p.folds[i].closed = f.closed
	}
}
