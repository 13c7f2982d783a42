package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// root is the whole view's state. Bubbletea calls its methods from one goroutine.
type root struct {
	config  *Config
	actions *Actions // of config
	work    *work
	feed    feed

	look          look
	dark          bool
	keys          keyMap
	width, height int       // of the screen; 0 until they are known
	at            time.Time // now, as of the message that is handled

	header  header
	list    list
	detail  detail
	toast   toast
	filters filters

	where   focus
	bar     *bar    // nil while nothing is typed at the bottom
	overlay overlay // nil for none
	marked  string  // a request; "" for none

	pickers int                // generation of what the picker asks for
	acting  int                // actions under way
	cancel  context.CancelFunc // ends the reading of the list's query
	reading context.Context    // of that query
	tick    tick
	pausing bool   // whether a pause, or its end, is under way
	crash   *crash // what made the view end; nil for nothing
	quit    func() // ends the program from outside of Update
}

// focus says where the keys go that move.
type focus uint8

const (
	onList focus = iota
	onDetail
)

// tick is the wake-up that is under way.
type tick struct {
	gen int
	due time.Time // zero for none
}

func newRoot(c *Config, w *work) *root {
	m := &root{
		config: c, actions: &c.Actions, work: w,
		dark: true, at: c.Now(),
		list:   newList(),
		header: header{stats: newStats(), history: c.History},
		keys:   newKeyMap(&c.Actions, c.Updates != nil),
		quit:   func() {},
	}
	if c.Updates != nil {
		m.feed.updates, m.header.history = c.Updates.Updates(), ""
	}
	m.look = newLook(m.dark, ansi.WcWidth)
	m.detail.method = m.look.method
	m.reading, m.cancel = context.WithCancel(w.ctx)
	return m
}

// Init implements tea.Model.
func (m *root) Init() tea.Cmd {
	return tea.Batch(tea.RequestBackgroundColor, m.load(), m.feed.next(m.work))
}

// Update implements tea.Model.
func (m *root) Update(msg tea.Msg) (next tea.Model, cmd tea.Cmd) {
	defer func() {
		if p := recover(); p != nil {
			m.crash, next, cmd = newCrash(p), m, tea.Quit
		}
	}()
	m.at = m.config.Now()
	cmd = m.handle(msg)
	m.arrange()
	return m, tea.Batch(cmd, m.wake())
}

// handle does what a message asks for.
func (m *root) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return m.key(msg)
	case tea.PasteMsg:
		return m.paste(msg.Content)
	case tea.MouseMsg:
		return m.mouse(msg)
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.arrange()
		if m.list.begun && m.list.nearEdge() {
			return m.load()
		}
		return nil
	case tea.BackgroundColorMsg:
		m.dark = msg.IsDark()
		m.look = newLook(m.dark, m.look.method)
	case tea.ModeReportMsg:
		return m.modeReported(msg)
	case crashedMsg:
		m.crash = msg.crash
		return tea.Quit
	}
	return m.result(msg)
}

// result takes what the feed and the commands bring.
func (m *root) result(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case updatesMsg:
		return m.updated(msg)
	case windowMsg:
		return m.windowArrived(msg)
	case reloadMsg:
		if msg.gen == m.list.gen {
			m.list.loading = false
			return m.load()
		}
	case countMsg:
		m.counted(msg)
	case detailMsg:
		return m.detailArrived(msg)
	case tickMsg:
		if msg.gen == m.tick.gen {
			m.tick.due = time.Time{}
		}
	case doneMsg:
		m.acting--
		if msg.then != nil {
			msg.then(m)
		}
		return tea.Batch(m.tell(msg.note), m.refresh())
	case failedMsg:
		return m.tell(bad(msg.err.Error()))
	case toastOverMsg:
		m.toast.over(msg.gen)
	case clipboardMsg:
		return m.copied(msg)
	case savedMsg:
		return m.saved(msg)
	default:
		return m.overlayResult(msg)
	}
	return nil
}

// overlayResult takes what the picker and the editor asked for.
func (m *root) overlayResult(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case samplesMsg:
		if p, ok := m.overlay.(*picker); ok && p.gen == msg.gen {
			return p.arrived(m, msg)
		}
	case previewMsg:
		if p, ok := m.overlay.(*picker); ok && p.gen == msg.gen {
			p.previewed(msg)
		}
	case editAskedMsg:
		return m.startEdit(msg.edit)
	case editMsg:
		if msg.err != nil {
			return m.tell(bad(msg.err.Error()))
		}
		return m.runEditor(msg.edit)
	case editorClosedMsg:
		return m.readEdit(msg)
	case editedMsg:
		return m.edited(msg)
	}
	return nil
}

// modeReported learns how the terminal counts the cells of joined characters, just as
// bubbletea does.
func (m *root) modeReported(msg tea.ModeReportMsg) tea.Cmd {
	if msg.Mode != ansi.ModeUnicodeCore || msg.Value != ansi.ModeReset && msg.Value != ansi.ModeSet && msg.Value != ansi.ModePermanentlySet {
		return nil
	}
	m.look = newLook(m.dark, ansi.GraphemeWidth)
	m.detail.method = m.look.method
	if m.detail.request != "" {
		return m.show(m.detail.request)
	}
	return nil
}

// updated takes a batch of what happened.
func (m *root) updated(msg updatesMsg) tea.Cmd {
	changed, missed := false, m.header.missed
	for _, u := range msg.updates {
		m.header.take(u)
		request := requestOf(u)
		changed = changed || request != ""
		if request != "" && request == m.detail.request {
			m.detail.dirty = true
		}
	}
	m.header.batched()
	cmds := []tea.Cmd{m.announce(msg)}
	if changed || m.header.missed > missed {
		cmds = append(cmds, m.load())
	}
	if m.detail.dirty && !m.detail.loading {
		cmds = append(cmds, m.show(m.detail.request))
	}
	if msg.over {
		return tea.Quit
	}
	return tea.Batch(append(cmds, m.feed.next(m.work))...)
}

// refresh reads what an action may have changed.
func (m *root) refresh() tea.Cmd {
	cmd := m.load()
	if m.detail.request != "" {
		cmd = tea.Batch(cmd, m.show(m.detail.request))
	}
	return cmd
}

// tell shows a toast. An empty one leaves the one that is there.
func (m *root) tell(n toastNote) tea.Cmd {
	if n.text == "" {
		return nil
	}
	long := m.toast.show(n)
	return m.work.after(long, toastOverMsg{m.toast.gen})
}

// wake asks to be woken when something on the screen is to change with time alone.
func (m *root) wake() tea.Cmd {
	next := m.list.appearing(m.at)
	if m.header.counts() {
		if second := m.at.Truncate(time.Second).Add(time.Second); next.IsZero() || second.Before(next) {
			next = second
		}
	}
	if next.IsZero() || !m.tick.due.IsZero() && !m.tick.due.After(next) {
		return nil
	}
	m.tick.gen++
	m.tick.due = next
	return m.work.after(next.Sub(m.at), tickMsg{m.tick.gen})
}
