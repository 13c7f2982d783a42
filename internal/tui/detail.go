package tui

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// detail is the delivery that is open, in tabs.
type detail struct {
	pages
	request string // the one that is open or on its way; "" for none
	gen     int    // goes up with each that is asked for
	loading bool
	dirty   bool // whether it changed since it was asked for
	loaded  bool // whether pages are those of request
	err     error

	tab    int
	wanted form // of bodies; what can't be shown in it is shown in another
	height int  // of the text
	width  int
	method ansi.Method
}

// ask notes that a request is on its way. The one that is seen stays until it is there.
func (d *detail) ask(request string) {
	if d.request != request {
		d.request, d.loaded, d.err = request, false, nil
	}
	d.gen++
	d.loading, d.dirty = true, false
}

// arrived takes what was asked for. Where the same delivery was read again, each tab
// stays where it was scrolled to.
func (d *detail) arrived(p pages) {
	if d.loaded {
		for i := range p.tabs {
			p.tabs[i].goOn(&d.tabs[i], d.width, d.height, d.method)
		}
	}
	d.pages, d.loaded, d.err = p, true, nil
	d.layOut()
}

// page is the one of the open tab.
func (d *detail) page() *page { return &d.tabs[d.tab] }

// resize lays the open tab out for another size.
func (d *detail) resize(width, height int) {
	d.width, d.height = width, max(height, 1)
	d.layOut()
}

func (d *detail) layOut() {
	p := d.page()
	p.layOut(d.width, d.method)
	p.scroll(0, d.height)
}

// fold changes what is folded in the open tab.
func (d *detail) fold(change func(*page)) {
	change(d.page())
	d.page().scroll(0, d.height) // it may end before the top now
}

// turn opens another tab.
func (d *detail) turn(to int) {
	d.tab = (to + tabs) % tabs
	d.layOut()
}

// headingHeight is how many lines stand above the text.
const headingHeight = 2

// view draws the delivery in so many lines, the heading included.
func (d *detail) view(l *look, width, height int, focused bool) []string {
	out := []string{l.draw(d.title(), width), d.tabLine(l, width, focused)}
	if height < len(out) {
		return out[:max(height, 0)]
	}
	switch {
	case d.err != nil:
		p := newPage(lines(kindBad, d.err.Error()))
		p.layOut(width, l.method)
		return append(out, p.view(l, width, height-len(out))...)
	case !d.loaded:
		p := newPage([]line{sayLine(kindFaint, "reading …")})
		p.layOut(width, l.method)
		return append(out, p.view(l, width, height-len(out))...)
	}
	return append(out, d.page().view(l, width, height-len(out))...)
}

func (d *detail) title() line {
	if !d.loaded {
		return sayLine(kindStrong, d.request)
	}
	s := &d.details.Summary
	return line{say(familyOf(s.EventType), nameOf(s)), say(kindFaint, "  "+idOf(s)), say(kindFaint, "  "+bytesText(s.Bytes))}
}

// tabLine names the tabs, and says which part of the open one is seen.
func (d *detail) tabLine(l *look, width int, focused bool) string {
	return l.sides(d.tabSpans(l, focused), sayLine(kindFaint, d.whereText()), width)
}

// whereText says which part of the open tab is seen, and what a search found in it.
func (d *detail) whereText() string {
	if !d.loaded {
		return ""
	}
	p := d.page()
	where := p.where(d.height)
	if p.pattern != "" {
		where = foundText(p) + "  " + where
	}
	return strings.TrimSpace(where)
}

// tabSpans are the names of the tabs, a span for each. The open one stands in brackets.
// Where there is little room they stand closer together, and where that isn't enough the
// others are numbers.
func (d *detail) tabSpans(l *look, focused bool) line {
	room := d.width - l.width(d.whereText()) - 2
	named := d.tabsAs(focused, "", func(i int) string { return " " + tabNames[i] + " " })
	if l.width(named.text()) > room {
		named = d.tabsAs(focused, " ", func(i int) string { return tabNames[i] + " " })
	}
	if l.width(named.text()) > room {
		named = d.tabsAs(focused, "", func(i int) string { return fmt.Sprintf(" %d ", i+1) })
	}
	return named
}

// tabsAs has the open tab followed by a text, and the others as written by other.
func (d *detail) tabsAs(focused bool, behind string, other func(i int) string) line {
	all := make(line, tabs)
	for i := range all {
		all[i] = span{kindFaint, other(i)}
	}
	name, k := tabNames[d.tab], kindStrong
	if focused {
		k = kindTitle
	}
	if d.tab == tabBody && d.loaded && d.form != formPretty {
		name += ", " + d.form.String()
	}
	all[d.tab] = span{k, "[" + name + "]" + behind}
	return all
}

func foundText(p *page) string {
	if len(p.matches) == 0 {
		return "not found"
	}
	return fmt.Sprintf("found %d of %d", p.current+1, len(p.matches))
}
