package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/solatis/solatis-cli/internal/filter"
)

// bar is the line at the bottom that is typed into: a filter for the list, or what to
// search for in the open tab.
type bar struct {
	input
	search bool   // whether it is for a search
	before string // the filter as it was when the bar was opened
	err    error  // what is wrong with the filter so far
	recall int    // how far back in the earlier filters it is; 0 for none of them
	typed  string // what was typed before looking back
}

// filters is the filter of the list and those before it.
type filters struct {
	text    string   // in force; "" for none
	earlier []string // oldest first, each once
}

// hint says of a filter for one type how it may have been meant.
func (f *filters) hint() line {
	q, err := filter.Parse(f.text, time.Time{})
	if err != nil {
		return nil
	}
	if len(q.Terms) != 1 {
		return nil
	}
	if t := q.Terms[0]; t.Key == filter.Type && !t.Not && !strings.ContainsAny(t.Value, "*?[") {
		return line{say(kindFaint, fmt.Sprintf("type:%s is that type alone; type:%s* is all that begin with it.", t.Value, t.Value))}
	}
	return nil
}

// maxEarlier is how many earlier filters are kept.
const maxEarlier = 50

// keep notes a filter as one that was used.
func (f *filters) keep(text string) {
	if text == "" {
		return
	}
	f.earlier = slices.DeleteFunc(f.earlier, func(s string) bool { return s == text })
	f.earlier = append(f.earlier, text)
	if over := len(f.earlier) - maxEarlier; over > 0 {
		f.earlier = slices.Delete(f.earlier, 0, over)
	}
}

// key handles a key while the bar is open.
func (b *bar) key(m *root, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "enter":
		m.bar = nil
		if b.search {
			m.detail.page().search(b.value(), m.detail.height)
			return nil
		}
		if b.err != nil {
			m.bar = b // it can't be used
			return nil
		}
		m.filters.keep(b.value())
		return m.applyFilter(b.value())
	case "esc", "ctrl+c":
		m.bar = nil
		if b.search {
			m.detail.page().search("", m.detail.height)
			return nil
		}
		return m.applyFilter(b.before)
	case "up", "down":
		if !b.search {
			return b.look(m, k.String() == "up")
		}
		return nil
	}
	if b.input.key(k) {
		return b.changed(m)
	}
	return nil
}

// look goes to an earlier filter, or back.
func (b *bar) look(m *root, back bool) tea.Cmd {
	n := b.recall - 1
	if back {
		n = b.recall + 1
	}
	if n < 0 || n > len(m.filters.earlier) {
		return nil
	}
	if b.recall == 0 {
		b.typed = b.value()
	}
	b.recall = n
	text := b.typed
	if n > 0 {
		text = m.filters.earlier[len(m.filters.earlier)-n]
	}
	b.input = newInput(text)
	return b.changed(m)
}

// changed does what the text says by now.
func (b *bar) changed(m *root) tea.Cmd {
	if b.search {
		m.detail.page().search(b.value(), m.detail.height)
		return nil
	}
	return m.applyFilter(withoutBegunKey(b.value()))
}

// filterKeys are what a term of a filter may begin with.
var filterKeys = []filter.Key{
	filter.Type, filter.Status, filter.Sig, filter.Drift, filter.Dup, filter.Origin, filter.Target, filter.ID, filter.Since, filter.Until,
}

// withoutBegunKey leaves the last word out if it is the beginning of a key. While one
// types "status:500", nobody looks for "stat".
func withoutBegunKey(text string) string {
	at := strings.LastIndexByte(text, ' ') + 1
	word := strings.ToLower(strings.TrimPrefix(text[at:], "-"))
	for _, k := range filterKeys {
		if strings.HasPrefix(string(k), word) {
			return strings.TrimRight(text[:at], " ")
		}
	}
	return text
}

// applyFilter shows what a text says, unless something is wrong with it.
func (m *root) applyFilter(text string) tea.Cmd {
	q, err := filter.Parse(text, m.at.In(m.config.zone()))
	if m.bar != nil {
		m.bar.err = err
	}
	if err != nil || text == m.filters.text {
		return nil
	}
	m.filters.text = text
	m.cancel()
	m.reading, m.cancel = context.WithCancel(m.work.ctx)
	m.list.filterBy(q)
	return m.load()
}

// lines are the bar as it is drawn: what is wrong, if anything is, and the line itself.
// The cursor is in the last line.
func (b *bar) lines(l *look, width int, matches string) (out []string, column int) {
	prompt := "filter: "
	if b.search {
		prompt = "search: "
	}
	if b.err != nil {
		at := 0
		var placed *filter.Error
		if errors.As(b.err, &placed) {
			at = l.width(placed.Text[:placed.At])
		}
		out = append(out, l.draw(line{{kindBad, strings.Repeat(" ", min(len(prompt)+at, width/2)) + "^ "}, say(kindBad, b.err.Error())}, width))
	}
	right := line{say(kindFaint, matches)}
	room := max(width-len(prompt)-l.width(right.text())-2, 2)
	text, column := b.view(l, room)
	left := line{{kindTitle, prompt}, {kindPlain, text}}
	return append(out, l.sides(left, right, width)), len(prompt) + column
}
