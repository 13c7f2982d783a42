package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// overlay is what stands before the list, and takes all keys while it does.
type overlay interface {
	// key handles a key. To leave, it sets root.overlay.
	key(m *root, k tea.KeyPressMsg) tea.Cmd
	// view returns the text to show in a frame, at most so large.
	view(l *look, width, height int) box
}

// box is the text of an overlay.
type box struct {
	title string
	rows  []string // drawn, all equally wide
	hint  string   // which keys there are
	// cursor is where something is typed, as a row and a column; nil for nowhere.
	cursor *[2]int
}

// over draws a box in a frame in the middle of a screen, and returns where its text
// begins there.
func (l *look) over(screen []string, b box, width int) (x, y int) {
	inner := 0
	for _, r := range b.rows {
		inner = max(inner, l.width(r))
	}
	inner = min(max(inner, l.width(b.title)+4, l.width(b.hint)+2), width-4)
	frame := make([]string, 0, len(b.rows)+2)
	frame = append(frame, l.edge("╭", b.title, "╮", inner))
	for _, r := range b.rows {
		frame = append(frame, l.paint(span{kindFaint, "│ "})+r+strings.Repeat(" ", max(inner-l.width(r), 0))+l.paint(span{kindFaint, " │"}))
	}
	frame = append(frame, l.edge("╰", b.hint, "╯", inner))
	x, y = (width-inner-4)/2, max((len(screen)-len(frame))/2, 0)
	for i, row := range frame {
		if y+i < len(screen) {
			under := screen[y+i]
			screen[y+i] = l.part(under, 0, x) + row + l.part(under, x+inner+4, width)
		}
	}
	return x + 2, y + 1
}

// edge is the upper or the lower side of a frame, with a text in it.
func (l *look) edge(left, text, right string, inner int) string {
	if text == "" {
		return l.paint(span{kindFaint, left + strings.Repeat("─", inner+2) + right})
	}
	text = l.cut(text, max(inner-2, 0))
	fill := strings.Repeat("─", max(inner-1-l.width(text), 0))
	return l.paint(span{kindFaint, left + "─ "}) + l.paint(span{kindStrong, text}) + l.paint(span{kindFaint, " " + fill + right})
}

// textOverlay is an overlay of text that is only read, and scrolls.
type textOverlay struct {
	title string
	page  page
	seen  int // rows at the last view
}

func (o *textOverlay) key(m *root, k tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(k, m.keys.up):
		o.page.scroll(-1, o.seen)
	case key.Matches(k, m.keys.down):
		o.page.scroll(1, o.seen)
	case key.Matches(k, m.keys.pageUp):
		o.page.scroll(-o.seen, o.seen)
	case key.Matches(k, m.keys.pageDown):
		o.page.scroll(o.seen, o.seen)
	default:
		m.overlay = nil
	}
	return nil
}

func (o *textOverlay) view(l *look, width, height int) box {
	inner := 0
	for _, text := range o.page.lines {
		inner = max(inner, l.width(text.text()))
	}
	inner = min(inner, width-4)
	o.page.layOut(inner, l.method)
	o.seen = max(min(height-2, len(o.page.rows)), 1)
	o.page.scroll(0, o.seen)
	hint := "any key closes"
	if len(o.page.rows) > o.seen {
		hint = "↑ ↓ scroll, any other key closes"
	}
	return box{title: o.title, rows: o.page.view(l, inner, o.seen), hint: hint}
}

// newHelp makes the help from the key map.
func newHelp(keys *keyMap) overlay {
	var all []line
	for i, g := range keys.groups() {
		if i > 0 {
			all = append(all, nil)
		}
		all = append(all, line{{kindTitle, g.title}})
		for _, b := range g.keys {
			h := b.Help()
			pad := max(12-len([]rune(h.Key)), 1)
			all = append(all, line{{kindStrong, "  " + h.Key}, {kindPlain, strings.Repeat(" ", pad) + h.Desc}})
		}
	}
	return &textOverlay{title: "Keys", page: newPage(all)}
}

// newInfo tells about the session.
func newInfo(h *header, history string, more []Fact) overlay {
	r := h.ready
	facts := []Fact{
		{"session", r.Session}, {"URL", r.URL}, {"relay", r.Relay}, {"endpoint", r.Endpoint},
	}
	for _, target := range r.Targets {
		facts = append(facts, Fact{"forwards to", target})
	}
	if len(r.Targets) == 0 {
		facts = append(facts, Fact{"forwards to", r.Target})
	}
	for _, route := range r.Routes {
		facts = append(facts, Fact{"route", route})
	}
	facts = append(facts, Fact{"answers by", r.Respond}, Fact{"signatures", r.Verify}, Fact{"secret", r.Secret}, Fact{"history", history})
	facts = append(facts, more...)
	var all []line
	for _, f := range facts {
		if f.Value != "" {
			pad := max(14-len([]rune(f.Name)), 1)
			all = append(all, line{say(kindKey, f.Name), {kindPlain, strings.Repeat(" ", pad)}, say(kindPlain, f.Value)})
		}
	}
	if len(all) == 0 {
		all = []line{sayLine(kindFaint, "the session has not begun yet")}
	}
	return &textOverlay{title: "Session", page: newPage(all)}
}
