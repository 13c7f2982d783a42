package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// The smallest screen on which the view makes sense.
const (
	minWidth  = 60
	minHeight = 15
)

func tooSmall(width, height int) bool { return width < minWidth || height < minHeight }

// splitFrom is the width from which an open delivery stands beside the list.
const splitFrom = 120

// split is the width of the list while a delivery stands beside it; 0 while none does.
func (m *root) split() int {
	if m.detail.request == "" || m.width < splitFrom {
		return 0
	}
	return max(56, m.width*45/100)
}

// bottom is how many lines the bar and the last line take.
func (m *root) bottom() int {
	n := max(len(m.toast.lines(m.width, m.look.method)), 1)
	if m.bar != nil {
		n++
		if m.bar.err != nil {
			n++
		}
	} else if m.filters.text != "" {
		n++
	}
	return n
}

// body is how many lines there are between the header and the bottom.
func (m *root) body() int {
	return max(m.height-m.header.height(m.width, m.height)-m.bottom(), 1)
}

// arrange gives the children their sizes. It comes after every message, since any may
// have opened or closed something.
func (m *root) arrange() {
	if tooSmall(m.width, m.height) {
		return
	}
	m.list.resize(m.body())
	width := m.width
	if left := m.split(); left > 0 {
		width -= left + 1
	}
	m.detail.resize(width, m.body()-headingHeight)
}

// View implements tea.Model.
func (m *root) View() (v tea.View) {
	defer func() {
		if p := recover(); p != nil {
			m.crash = newCrash(p)
			v = tea.NewView("")
			go m.quit() // the program waits for this view, so it can't be told here
		}
	}()
	v.AltScreen = true
	v.WindowTitle = "solatis"
	if m.crash != nil || m.width == 0 {
		return v
	}
	screen, cursor := m.screen()
	v.SetContent(strings.Join(screen, "\n"))
	v.Cursor = cursor
	v.MouseMode = tea.MouseModeCellMotion
	return v
}

// screen draws every line of the screen.
func (m *root) screen() (out []string, cursor *tea.Cursor) {
	l := &m.look
	if tooSmall(m.width, m.height) {
		return m.smallScreen(), nil
	}
	out = m.header.view(l, m.at, m.width, m.height)
	out = append(out, m.middle()...)
	bottom, column := m.bottomLines()
	out = append(out, bottom...)
	if m.bar != nil {
		cursor = tea.NewCursor(column, len(out)-1-max(len(m.toast.lines(m.width, l.method)), 1))
	}
	if m.overlay != nil {
		cursor = nil
		b := m.overlay.view(l, m.width, m.height-2)
		x, y := l.over(out, b, m.width)
		if b.cursor != nil {
			cursor = tea.NewCursor(x+b.cursor[1], y+b.cursor[0])
		}
	}
	return out, cursor
}

// smallScreen says why there is nothing to see.
func (m *root) smallScreen() []string {
	out := make([]string, 0, m.height)
	for _, text := range []string{
		fmt.Sprintf("solatis needs %d×%d characters,", minWidth, minHeight),
		fmt.Sprintf("and this window has %d×%d.", m.width, m.height),
		"The session goes on; q quits.",
	} {
		if len(out) < m.height {
			out = append(out, m.look.fit(text, m.width))
		}
	}
	return out
}

// middle draws the list, the open delivery, or both.
func (m *root) middle() []string {
	l, height := &m.look, m.body()
	c := rowContext{now: m.at, zone: m.config.zone(), marked: m.marked, next: m.header.retrying}
	left := m.split()
	switch {
	case left > 0:
		list := m.listView(c, left)
		detail := m.detail.view(l, m.width-left-1, height, m.where == onDetail)
		for i := range list {
			list[i] += l.paint(span{kindFaint, "│"}) + detail[i]
		}
		return list
	case m.detail.request != "":
		return m.detail.view(l, m.width, height, true)
	}
	return m.listView(c, m.width)
}

func (m *root) listView(c rowContext, width int) []string {
	if len(m.list.rows) == 0 {
		p := newPage(m.emptyLines())
		p.layOut(width-2, m.look.method)
		rows := p.view(&m.look, width-2, m.body())
		for i := range rows {
			rows[i] = "  " + rows[i]
		}
		return rows
	}
	return m.list.view(&m.look, c, width, m.where == onList)
}

// emptyLines say what to do while there is nothing to see.
func (m *root) emptyLines() []line {
	h := &m.header
	switch {
	case m.list.err != nil && m.filters.text != "":
		return append([]line{nil}, lines(kindBad, "The filter can't be used: "+m.list.err.Error())...)
	case m.list.err != nil:
		return append([]line{nil}, lines(kindBad, "The history can't be read: "+m.list.err.Error())...)
	case !m.list.begun:
		return []line{nil, sayLine(kindFaint, "reading the history …")}
	case m.filters.text != "":
		return []line{nil, sayLine(kindPlain, "Nothing matches the filter."), sayLine(kindFaint, "esc takes it away."), m.filters.hint()}
	case h.history != "":
		return []line{nil, sayLine(kindPlain, "Nothing is recorded yet."), sayLine(kindFaint, "solatis listen records what comes; solatis trigger sends a sample to it.")}
	case h.ready.URL == "":
		return []line{nil, sayLine(kindFaint, "connecting …")}
	}
	all := []line{
		nil,
		sayLine(kindPlain, "Waiting for webhooks at"),
		{say(kindStrong, "  "+h.ready.URL)},
		nil,
	}
	if h.ready.Secret != "" {
		all = append(all, sayLine(kindPlain, "signed with"), line{say(kindStrong, "  "+h.ready.Secret)}, nil)
	}
	if m.keys.trigger.Enabled() {
		all = append(all, line{{kindStrong, "t"}, {kindPlain, " sends a sample of any event."}})
	}
	return all
}

// bottomLines are the bar, if something is typed or filtered, and the last line.
func (m *root) bottomLines() (out []string, column int) {
	l := &m.look
	switch {
	case m.bar != nil:
		out, column = m.bar.lines(l, m.width, m.matchText())
	case m.filters.text != "":
		out = append(out, l.sides(line{{kindTitle, "filter: "}, say(kindPlain, m.filters.text)}, sayLine(kindFaint, m.matchText()), m.width))
	}
	return append(out, m.lastLines()...), column
}

// matchText says how much the filter, or the search, has found.
func (m *root) matchText() string {
	l := &m.list
	switch {
	case m.bar != nil && m.bar.search:
		return foundText(m.detail.page())
	case !l.searched.IsZero():
		return "searching before " + l.searched.In(m.config.zone()).Format("01-02 15:04") + " …"
	case l.total < 0 || !l.begun:
		return "searching …"
	case l.total == 1:
		return "1 match"
	}
	return countText(l.total) + " matches"
}

// lastLines are the toast or, without one, the keys that matter here.
func (m *root) lastLines() (out []string) {
	l := &m.look
	toast := m.toast.lines(m.width, l.method)
	if len(toast) == 0 {
		toast = []line{m.hints()}
	}
	for _, text := range toast[:len(toast)-1] {
		out = append(out, l.draw(text, m.width))
	}
	return append(out, l.sides(toast[len(toast)-1], sayLine(kindFaint, m.list.place()), m.width))
}

func (m *root) hints() line {
	k := &m.keys
	hints := []hint{{"enter", "open"}, {"/", "filter"}}
	if m.where == onDetail {
		hints = []hint{{"esc", "back"}, {"tab", "next tab"}, {"/", "search"}}
	}
	for _, h := range []struct {
		on bool
		hint
	}{
		{k.replay.Enabled(), hint{"r", "replay"}}, {k.trigger.Enabled(), hint{"t", "trigger"}},
		{true, hint{"?", "keys"}}, {true, hint{"q", "quit"}},
	} {
		if h.on {
			hints = append(hints, h.hint)
		}
	}
	// What doesn't fit is left out from the middle: how to get help stays.
	room := m.width - m.look.width(m.list.place()) - 2
	for len(hints) > 2 && hintsWidth(hints) > room {
		hints = append(hints[:len(hints)-3], hints[len(hints)-2:]...)
	}
	var all line
	for _, h := range hints {
		all = append(all, span{kindStrong, h.key}, span{kindFaint, " " + h.what + "  "})
	}
	return all
}

// hint is a key that the last line tells of.
type hint struct{ key, what string }

// hintsWidth is how many cells hints take; they are of ASCII.
func hintsWidth(hints []hint) int {
	n := 0
	for _, h := range hints {
		n += len(h.key) + len(h.what) + 3
	}
	return n
}
