package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// picker is the overlay that asks what to trigger: the samples that match what is typed,
// and the body of the selected one, which is what will be sent.
type picker struct {
	input
	gen      int // of the samples, and of each preview
	samples  []Sample
	loaded   bool
	err      error
	found    []int // indices of samples
	selected int   // of found
	top      int   // the first of found that is seen
	seen     int   // how many were seen at the last view

	body  []byte // of the selected one; nil until it is there
	lines []line // of body
}

// openPicker asks for the samples.
func (m *root) openPicker() tea.Cmd {
	m.pickers++
	p := &picker{gen: m.pickers}
	m.overlay = p
	gen := p.gen
	return m.work.do(func(ctx context.Context) tea.Msg {
		samples, err := m.actions.Samples(ctx)
		return samplesMsg{gen, samples, err}
	})
}

// arrived takes the samples.
func (p *picker) arrived(m *root, msg samplesMsg) tea.Cmd {
	p.samples, p.loaded, p.err = msg.samples, true, msg.err
	return p.search(m)
}

// search finds the samples that have the typed characters in this order.
func (p *picker) search(m *root) tea.Cmd {
	p.found, p.selected, p.top = p.found[:0], 0, 0
	for i, s := range p.samples {
		if hasInOrder(lowerASCII(s.Name), lowerASCII(p.value())) {
			p.found = append(p.found, i)
		}
	}
	return p.preview(m)
}

func hasInOrder(s, typed string) bool {
	for _, r := range typed {
		n := strings.IndexRune(s, r)
		if n < 0 {
			return false
		}
		s = s[n+len(string(r)):]
	}
	return true
}

// preview asks for the body of the selected sample.
func (p *picker) preview(m *root) tea.Cmd {
	p.body, p.lines = nil, nil
	m.pickers++
	p.gen = m.pickers
	if p.selected >= len(p.found) {
		return nil
	}
	gen, make := p.gen, p.samples[p.found[p.selected]].Body
	return m.work.do(func(context.Context) tea.Msg {
		body, err := make()
		return previewMsg{gen, body, err}
	})
}

func (p *picker) previewed(msg previewMsg) {
	p.body, p.err = msg.body, msg.err
	p.lines = textOf(msg.body, formPretty).lines
}

// key implements overlay.
func (p *picker) key(m *root, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "esc", "ctrl+c":
		m.overlay = nil
	case "enter":
		return p.send(m)
	case "ctrl+o", "tab":
		return p.edit(m)
	case "up", "ctrl+p":
		return p.move(m, -1)
	case "down", "ctrl+n":
		return p.move(m, 1)
	case "pgup":
		return p.move(m, -p.seen)
	case "pgdown":
		return p.move(m, p.seen)
	default:
		if p.input.key(k) {
			return p.search(m)
		}
	}
	return nil
}

func (p *picker) move(m *root, by int) tea.Cmd {
	to := max(0, min(p.selected+by, len(p.found)-1))
	if to == p.selected {
		return nil
	}
	p.selected = to
	return p.preview(m)
}

// send triggers the body that is seen.
func (p *picker) send(m *root) tea.Cmd {
	if p.body == nil {
		return nil // it isn't there yet
	}
	m.overlay = nil
	return m.trigger(p.samples[p.found[p.selected]].Name, p.body)
}

// edit opens that body in the editor first.
func (p *picker) edit(m *root) tea.Cmd {
	if p.body == nil {
		return nil
	}
	m.overlay = nil
	return m.startEdit(&edit{name: p.samples[p.found[p.selected]].Name, body: p.body})
}

// view implements overlay.
func (p *picker) view(l *look, width, height int) box {
	inner := min(width-6, 110)
	left := min(34, inner)
	right := max(inner-left-3, 0)
	if right < 20 {
		left, right = inner, 0
	}
	p.seen = max(min(height-4, 24)-1, 1)
	p.top = max(p.selected-p.seen+1, min(p.top, p.selected))
	text, column := p.input.view(l, inner-8)
	rows := []string{l.draw(line{{kindTitle, "search: "}, {kindPlain, text}}, inner)}
	for i := range p.seen {
		row := p.row(l, p.top+i, left)
		if right > 0 {
			row += l.paint(span{kindFaint, " │ "}) + p.previewRow(l, i, right)
		}
		rows = append(rows, row)
	}
	return box{title: "Trigger an event", rows: rows, hint: "enter sends, tab edits first, esc goes back", cursor: &[2]int{0, 8 + column}}
}

func (p *picker) row(l *look, i, width int) string {
	switch {
	case !p.loaded && i == 0:
		return l.draw(sayLine(kindFaint, "reading …"), width)
	case p.err != nil && i == 0:
		return l.draw(sayLine(kindBad, p.err.Error()), width)
	case len(p.found) == 0 && i == 0:
		return l.draw(sayLine(kindFaint, "nothing has these letters"), width)
	case i >= len(p.found):
		return strings.Repeat(" ", width)
	}
	s := p.samples[p.found[i]]
	if i == p.selected {
		return l.selected.Render(l.fit("▸ "+say(kindPlain, s.Name).text, width))
	}
	return l.draw(line{{kindPlain, "  "}, say(familyOf(s.Name), s.Name)}, width)
}

// previewRow is a line of what the selected sample is, and of its body.
func (p *picker) previewRow(l *look, i, width int) string {
	if p.selected >= len(p.found) {
		return strings.Repeat(" ", width)
	}
	if i == 0 {
		return l.draw(sayLine(kindFaint, p.samples[p.found[p.selected]].Note), width)
	}
	if i-1 < len(p.lines) {
		return l.draw(p.lines[i-1], width)
	}
	return strings.Repeat(" ", width)
}
