package tui

import tea "charm.land/bubbletea/v2"

// wheelRows is how far the wheel moves at once.
const wheelRows = 3

// mouse does with the mouse what keys do: the wheel moves what is under it, a click
// selects a row, one on the selected row opens it, one on a tab's name opens the tab, and one
// on the first line of an object or an array folds it.
func (m *root) mouse(msg tea.MouseMsg) tea.Cmd {
	if m.overlay != nil || m.bar != nil || tooSmall(m.width, m.height) {
		return nil
	}
	at := msg.Mouse()
	y := at.Y - m.header.height(m.width, m.height)
	if y < 0 || y >= m.body() {
		return nil
	}
	left := m.split()
	inDetail := m.detail.request != "" && at.X >= left
	switch msg := msg.(type) {
	case tea.MouseWheelMsg:
		by := wheelRows
		if msg.Button == tea.MouseWheelUp {
			by = -by
		} else if msg.Button != tea.MouseWheelDown {
			return nil
		}
		if inDetail {
			m.detail.page().scroll(by, m.detail.height)
			return nil
		}
		return m.moveList(by)
	case tea.MouseClickMsg:
		if msg.Button != tea.MouseLeft {
			return nil
		}
		if inDetail {
			focused := m.where == onDetail
			m.where = onDetail
			if y == 1 {
				m.clickTab(at.X - left)
			} else if y >= headingHeight && focused {
				m.detail.fold(func(p *page) { p.toggleLine(y - headingHeight) })
			}
			return nil
		}
		return m.clickRow(m.list.top + y)
	}
	return nil
}

func (m *root) clickRow(i int) tea.Cmd {
	l := &m.list
	if i >= len(l.rows) {
		return nil
	}
	m.where = onList
	if i == l.selected {
		return m.open()
	}
	return m.moveList(i - l.selected)
}

// clickTab opens the tab whose name is at a column.
func (m *root) clickTab(x int) {
	if m.split() > 0 {
		x-- // the line between the halves
	}
	for i, tab := range m.detail.tabSpans(&m.look, true) {
		w := m.look.width(tab.text)
		if x < w {
			m.detail.turn(i)
			return
		}
		x -= w
	}
}
