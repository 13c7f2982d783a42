package tui

import (
	"unicode"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// key hands a key to whoever takes it now: an overlay, the bar, or what is seen.
func (m *root) key(k tea.KeyPressMsg) tea.Cmd {
	switch {
	case tooSmall(m.width, m.height):
		if key.Matches(k, m.keys.quit) {
			return tea.Quit
		}
		return nil
	case m.overlay != nil:
		return m.overlay.key(m, k)
	case m.bar != nil:
		return m.bar.key(m, k)
	case k.Mod == tea.ModAlt:
		// No key here has alt: it is esc and a key that came together.
		k.Mod = 0
		if unicode.IsPrint(k.Code) {
			k.Text = string(k.Code)
		}
		return tea.Batch(m.key(tea.KeyPressMsg{Code: tea.KeyEscape}), m.key(k))
	}
	if cmd, known := m.actOn(k); known {
		return cmd
	}
	if m.where == onDetail {
		return m.keyInDetail(k)
	}
	return m.keyInList(k)
}

// paste puts text where something is typed.
func (m *root) paste(text string) tea.Cmd {
	switch o := m.overlay.(type) {
	case *picker:
		o.insert(text)
		return o.search(m)
	case *prompt:
		o.insert(text)
		return nil
	}
	if m.bar != nil && m.overlay == nil {
		m.bar.insert(text)
		return m.bar.changed(m)
	}
	return nil
}

func (m *root) keyInList(k tea.KeyPressMsg) tea.Cmd {
	l, keys := &m.list, &m.keys
	switch {
	case key.Matches(k, keys.up):
		return m.moveList(-1)
	case key.Matches(k, keys.down):
		return m.moveList(1)
	case key.Matches(k, keys.pageUp):
		return m.moveList(-l.height)
	case key.Matches(k, keys.pageDown):
		return m.moveList(l.height)
	case key.Matches(k, keys.top):
		if l.toOldest() {
			return m.load()
		}
		return m.followDetail()
	case key.Matches(k, keys.bottom):
		l.follow()
		return m.load()
	case key.Matches(k, keys.open):
		return m.open()
	case key.Matches(k, keys.filter):
		m.bar = &bar{input: newInput(m.filters.text), before: m.filters.text}
	case key.Matches(k, keys.back):
		return m.backFromList()
	}
	return nil
}

// moveList moves the selection, and reads more where the window ends.
func (m *root) moveList(by int) tea.Cmd {
	m.list.move(by)
	cmd := m.followDetail()
	if m.list.nearEdge() {
		cmd = tea.Batch(cmd, m.load())
	}
	return cmd
}

// backFromList closes what is open beside the list, or else takes the filter away.
func (m *root) backFromList() tea.Cmd {
	if m.detail.request != "" {
		m.closeDetail()
		return nil
	}
	return m.applyFilter("")
}

func (m *root) closeDetail() {
	m.detail.request, m.detail.loaded, m.detail.dirty = "", false, false
	m.detail.gen++ // what is on its way is dropped
	m.detail.loading = false
	m.where = onList
}

// open opens the selected row.
func (m *root) open() tea.Cmd {
	row, ok := m.list.current()
	if !ok {
		return nil
	}
	m.where = onDetail
	if m.detail.request == row.Request {
		return nil
	}
	return m.show(row.Request)
}

func (m *root) keyInDetail(k tea.KeyPressMsg) tea.Cmd {
	d, keys := &m.detail, &m.keys
	switch {
	case key.Matches(k, keys.back):
		if d.page().pattern != "" {
			d.page().search("", d.height)
			return nil
		}
		if m.split() > 0 {
			m.where = onList
			return nil
		}
		m.closeDetail()
	case key.Matches(k, keys.nextTab):
		d.turn(d.tab + 1)
	case key.Matches(k, keys.prevTab):
		d.turn(d.tab - 1)
	case key.Matches(k, keys.tab):
		d.turn(int(k.Code - '1'))
	case key.Matches(k, keys.search):
		m.bar = &bar{search: true, input: newInput("")}
	case key.Matches(k, keys.nextFound):
		d.page().next(1, d.height)
	case key.Matches(k, keys.prevFound):
		d.page().next(-1, d.height)
	case key.Matches(k, keys.fold):
		d.fold(func(p *page) { p.toggle(d.height) })
	case key.Matches(k, keys.foldMore):
		d.fold((*page).closeLevel)
	case key.Matches(k, keys.foldLess):
		d.fold((*page).openLevel)
	case key.Matches(k, keys.form):
		d.wanted = (d.form + 1) % forms
		return m.show(d.request)
	case key.Matches(k, keys.newer):
		return m.neighbour(1)
	case key.Matches(k, keys.older):
		return m.neighbour(-1)
	default:
		m.scrollDetail(k)
	}
	return nil
}

func (m *root) scrollDetail(k tea.KeyPressMsg) {
	d, keys := &m.detail, &m.keys
	switch {
	case key.Matches(k, keys.up):
		d.page().scroll(-1, d.height)
	case key.Matches(k, keys.down):
		d.page().scroll(1, d.height)
	case key.Matches(k, keys.pageUp):
		d.page().scroll(-d.height, d.height)
	case key.Matches(k, keys.pageDown):
		d.page().scroll(d.height, d.height)
	case key.Matches(k, keys.top):
		d.page().scroll(-len(d.page().rows), d.height)
	case key.Matches(k, keys.bottom):
		d.page().scroll(len(d.page().rows), d.height)
	}
}

// neighbour opens the next row of the list, or the one before.
func (m *root) neighbour(by int) tea.Cmd {
	cmd := m.moveList(by)
	row, ok := m.list.current()
	if !ok || row.Request == m.detail.request {
		return cmd
	}
	return tea.Batch(cmd, m.show(row.Request))
}
