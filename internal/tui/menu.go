package tui

import (
	tea "charm.land/bubbletea/v2"
)

// menu is an overlay that asks to choose, by a letter for each choice.
type menu struct {
	title   string
	text    []line // above the choices
	choices []choice
	// fallback is called when nothing is chosen; nil for nothing to do.
	fallback func(*root) tea.Cmd
}

// choice is one of a menu. do is called when it is taken.
type choice struct {
	key, what string
	do        func(*root) tea.Cmd
}

func (o *menu) key(m *root, k tea.KeyPressMsg) tea.Cmd {
	for _, c := range o.choices {
		if k.String() == c.key {
			m.overlay = nil
			return c.do(m)
		}
	}
	switch k.String() {
	case "esc", "ctrl+c", "q", "backspace":
		m.overlay = nil
		if o.fallback != nil {
			return o.fallback(m)
		}
	}
	return nil
}

func (o *menu) view(l *look, width, height int) box {
	var all []line
	all = append(all, o.text...)
	for _, c := range o.choices {
		all = append(all, line{{kindStrong, "  " + c.key}, {kindPlain, "  " + c.what}})
	}
	p := newPage(all)
	inner := 0
	for _, text := range all {
		inner = max(inner, l.width(text.text()))
	}
	p.layOut(min(inner, width-4), l.method)
	return box{title: o.title, rows: p.view(l, p.width, min(len(p.rows), height-2)), hint: "esc goes back"}
}

// confirm asks before something that can't be undone.
func confirm(title, text, yes string, do func(*root) tea.Cmd) overlay {
	return &menu{
		title: title, text: append(lines(kindPlain, text), nil),
		choices: []choice{
			{"y", yes, do},
			{"n", "no", func(*root) tea.Cmd { return nil }},
		},
	}
}

// prompt is an overlay that asks for a line of text.
type prompt struct {
	title string
	input
	do func(m *root, text string) tea.Cmd
}

func (o *prompt) key(m *root, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "esc", "ctrl+c":
		m.overlay = nil
	case "enter":
		m.overlay = nil
		return o.do(m, o.value())
	default:
		o.input.key(k)
	}
	return nil
}

func (o *prompt) view(l *look, width, _ int) box {
	inner := min(width-4, 60)
	text, column := o.input.view(l, inner)
	return box{title: o.title, rows: []string{text}, hint: "enter saves, esc goes back", cursor: &[2]int{0, column}}
}
