package tui

import (
	"context"
	"fmt"
	"maps"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/history"
)

// requestOf is the request that an update is about; "" for what doesn't change the list.
func requestOf(u activity.Update) string {
	switch u := u.(type) {
	case activity.Received:
		return u.Request
	case activity.Attempted:
		return u.Request
	case activity.Held:
		return u.Request
	case activity.Resumed, activity.Disabled, activity.Enabled:
		return "several" // of those that are there already
	}
	return ""
}

// announce tells of what has no place of its own on the screen: the newest such thing in
// a batch.
func (m *root) announce(msg updatesMsg) tea.Cmd {
	var n toastNote
	for _, u := range msg.updates {
		switch u := u.(type) {
		case activity.Warning: // a hint of an attempt too, which says it each time
			n = toastNote{kindWarn, "! " + u.Message}
		case activity.Gap:
			n = toastNote{kindWarn, fmt.Sprintf("! requests %d to %d of the relay's log are gone: %s", u.From, u.To, u.Reason)}
		case activity.Disabled:
			n = toastNote{kindWarn, "! the webhook to " + place(u.Target) + " is disabled; what comes is held, and E delivers it"}
			if u.Held > 0 {
				n.text += ": " + plural(u.Held, "delivery") + " so far"
			}
		case activity.Enabled:
			n = note("the webhook to " + place(u.Target) + " is enabled; " + plural(u.Released, "held delivery") + " to deliver")
		case activity.Forwarding:
			switch {
			case !u.Changed:
			case u.Paused:
				n = toastNote{kindWarn, "‖ paused: requests are recorded, and p forwards them"}
			case u.Waiting == 0:
				n = note("forwarding again; nothing was waiting")
			default:
				n = note("forwarding again; " + plural(u.Waiting, "delivery") + " waited")
			}
		case activity.Resumed:
			n = note(plural(u.Pending, "delivery") + " of an earlier session resumed")
			if u.Cancelled {
				n = note(plural(u.Pending, "delivery") + " of an earlier session cancelled")
			}
		case activity.Connected:
			if u.Backlog > 0 {
				n = note(plural(u.Backlog, "request") + " came while offline")
			}
		case activity.TargetDown:
			n = bad(u.Error)
		}
	}
	return m.tell(n)
}

// loadPause is the least time between two loads of the list. One that took long is
// followed by a longer pause, so that a burst doesn't keep a core busy.
const loadPause = 100 * time.Millisecond

// load reads the list's window again. Only one is read at a time.
func (m *root) load() tea.Cmd {
	l := &m.list
	if l.loading {
		l.dirty = true
		return nil
	}
	l.loading, l.dirty = true, false
	gen, q, n, ctx, r := l.gen, l.query, l.reach(), m.reading, m.config.Reader
	at, known := l.current()
	edge := l.edge
	following := l.following || !known
	return m.work.do(func(context.Context) tea.Msg {
		began := time.Now()
		var w window
		var err error
		switch {
		case edge:
			w, err = oldestWindow(ctx, r, q, n)
		case following:
			w, err = newestWindow(ctx, r, q, n)
		default:
			w, err = windowAround(ctx, r, q, at.Key, n)
		}
		return windowMsg{gen: gen, window: w, err: err, edge: edge, took: time.Since(began)}
	})
}

// windowArrived shows a window.
func (m *root) windowArrived(msg windowMsg) tea.Cmd {
	l := &m.list
	if msg.gen != l.gen {
		return nil // it belongs to an earlier filter
	}
	if msg.err != nil {
		l.loading, l.err, l.begun = false, msg.err, true
		l.window = window{newest: true}
		l.clamp()
		return nil
	}
	if msg.edge == l.edge {
		l.arrived(msg.window)
	}
	cmds := []tea.Cmd{m.count(), m.followDetail()}
	switch {
	case !msg.window.rest.IsZero() && !l.dirty:
		cmds = append(cmds, m.searchOn(msg.window))
	case l.dirty:
		cmds = append(cmds, m.work.after(max(loadPause, 2*msg.took), reloadMsg{l.gen}))
	default:
		l.loading = false
		if l.nearEdge() && !l.following {
			cmds = append(cmds, m.load())
		}
	}
	return tea.Batch(cmds...)
}

// searchOn goes on with a search that stopped halfway. What it finds is shown as it is
// found.
func (m *root) searchOn(w window) tea.Cmd {
	l := &m.list
	gen, q, n, ctx, r := l.gen, l.query, l.reach(), m.reading, m.config.Reader
	return m.work.do(func(context.Context) tea.Msg {
		began := time.Now()
		w, err := w.extended(ctx, r, q, max(n-len(w.rows), 1))
		return windowMsg{gen: gen, window: w, err: err, took: time.Since(began)}
	})
}

// countPause is the least time between two counts: each looks at all that the query
// matches.
const countPause = time.Second

// count counts what the query matches.
func (m *root) count() tea.Cmd {
	l := &m.list
	if l.counting {
		return nil
	}
	l.counting = true
	gen, q, ctx, r := l.gen, l.query, m.reading, m.config.Reader
	var pause time.Duration
	if l.total >= 0 {
		pause = countPause - m.at.Sub(l.counted)
	}
	return m.work.do(func(context.Context) tea.Msg {
		if !m.work.sleep(ctx, pause) {
			return nil
		}
		n, err := r.Count(ctx, q)
		return countMsg{gen, n, err}
	})
}

func (m *root) counted(msg countMsg) {
	if msg.gen != m.list.gen {
		return
	}
	m.list.counting, m.list.counted = false, m.at
	if msg.err == nil {
		m.list.total = msg.n
	}
}

// followDetail opens what is selected now, where the list and a delivery are seen side by
// side.
func (m *root) followDetail() tea.Cmd {
	if m.detail.request == "" {
		return nil
	}
	row, ok := m.list.current()
	if !ok || row.Request == m.detail.request || m.where == onDetail {
		return nil
	}
	return m.show(row.Request)
}

// show reads a request and makes its tabs.
func (m *root) show(request string) tea.Cmd {
	d := &m.detail
	d.ask(request)
	gen, r := d.gen, m.config.Reader
	want := material{form: d.wanted, zone: m.config.zone(), next: maps.Clone(m.header.retrying)}
	marked, diagnose := m.marked, m.actions.Diagnose
	return m.work.do(func(ctx context.Context) tea.Msg {
		var err error
		if want.details, err = r.Show(ctx, request); err != nil {
			return detailMsg{gen: gen, err: err}
		}
		if marked != "" && marked != request {
			if other, err := r.Show(ctx, marked); err == nil {
				want.marked = &other
			}
		}
		want.diagnosis = diagnosis(ctx, want.details, diagnose)
		return detailMsg{gen: gen, pages: want.pages()}
	})
}

// diagnosis explains a bad signature, as far as somebody can.
func diagnosis(ctx context.Context, d history.Details, diagnose func(context.Context, history.Details) (string, error)) string {
	if diagnose == nil || d.Summary.Verdict.OK() {
		return ""
	}
	text, err := diagnose(ctx, d)
	if err != nil {
		return "what is wrong with it can't be said: " + err.Error()
	}
	return text
}

func (m *root) detailArrived(msg detailMsg) tea.Cmd {
	d := &m.detail
	if msg.gen != d.gen {
		return nil // another one was opened meanwhile
	}
	d.loading = false
	if msg.err != nil {
		d.err = msg.err
		return nil
	}
	d.arrived(msg.pages)
	if d.dirty {
		return m.show(d.request)
	}
	return nil
}
