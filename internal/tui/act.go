package tui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/history"
)

// act runs an action, and tells how it ended.
func (m *root) act(what string, do func(context.Context) (toastNote, error)) tea.Cmd {
	return m.actThen(what, do, nil)
}

// actThen is act that changes the state if the action succeeds.
func (m *root) actThen(what string, do func(context.Context) (toastNote, error), then func(*root)) tea.Cmd {
	m.acting++
	m.toast.show(note(what + " …"))
	return m.work.do(func(ctx context.Context) tea.Msg {
		n, err := do(ctx)
		if err != nil {
			return doneMsg{note: bad(err.Error())}
		}
		return doneMsg{note: n, then: then}
	})
}

// actOn does what a key asks for that works in the list and in a delivery alike. known
// says whether there is such a key.
func (m *root) actOn(k tea.KeyPressMsg) (cmd tea.Cmd, known bool) {
	keys := &m.keys
	switch {
	case key.Matches(k, keys.trigger):
		return m.openPicker(), true
	case key.Matches(k, keys.pause):
		return m.pause(), true
	case key.Matches(k, keys.copyURL):
		return m.copied(clipboardMsg{m.header.ready.URL, "the URL"}), true
	case key.Matches(k, keys.info):
		var more []Fact
		if m.actions.Info != nil {
			more = m.actions.Info()
		}
		m.overlay = newInfo(&m.header, m.config.History, more)
	case key.Matches(k, keys.help):
		m.overlay = newHelp(keys)
	case key.Matches(k, keys.suspend):
		return tea.Suspend, true
	case key.Matches(k, keys.quit):
		return m.askQuit(), true
	default:
		return m.actOnRow(k)
	}
	return nil, true
}

// actOnRow does what a key asks for that is about one delivery.
func (m *root) actOnRow(k tea.KeyPressMsg) (cmd tea.Cmd, known bool) {
	keys := &m.keys
	if !key.Matches(k, keys.replay, keys.edit, keys.enable, keys.curl, keys.copy, keys.mark, keys.save) {
		return nil, false
	}
	row, ok := m.subject()
	if !ok {
		return m.tell(note("there is no delivery to act on yet")), true
	}
	switch {
	case key.Matches(k, keys.replay):
		return m.replay(row), true
	case key.Matches(k, keys.edit):
		return m.withDetails(row, func(d history.Details) tea.Msg {
			return editAskedMsg{&edit{name: nameOf(&row), request: row.Request, body: d.Request.Body}}
		}), true
	case key.Matches(k, keys.enable):
		return m.enable(row), true
	case key.Matches(k, keys.curl):
		return m.withDetails(row, func(d history.Details) tea.Msg {
			text, err := m.actions.Curl(d)
			if err != nil {
				return failedMsg{err}
			}
			return clipboardMsg{text, "a curl command"}
		}), true
	case key.Matches(k, keys.copy):
		m.overlay = m.copyMenu(row)
	case key.Matches(k, keys.mark):
		return m.mark(row), true
	case key.Matches(k, keys.save):
		m.overlay = &prompt{title: "Save the body to a file", input: newInput(fileName(&row)), do: func(m *root, path string) tea.Cmd {
			return m.save(row.Request, path, false)
		}}
	}
	return nil, true
}

// subject is what an action is about: the open delivery, or else the selected row.
func (m *root) subject() (history.Summary, bool) {
	if m.where == onDetail {
		return m.detail.details.Summary, m.detail.loaded
	}
	row, ok := m.list.current()
	return row.Summary, ok
}

// withDetails reads a request for an action.
func (m *root) withDetails(s history.Summary, then func(history.Details) tea.Msg) tea.Cmd {
	r := m.config.Reader
	return m.work.do(func(ctx context.Context) tea.Msg {
		d, err := r.Show(ctx, s.Request)
		if err != nil {
			return failedMsg{err}
		}
		return then(d)
	})
}

func (m *root) replay(s history.Summary) tea.Cmd {
	return m.act("replaying "+nameOf(&s), func(ctx context.Context) (toastNote, error) {
		a, err := m.actions.Replay(ctx, s.Request)
		return attemptNote("replayed", a), err
	})
}

// attemptNote tells how an action's attempt ended, and what may be done about it.
func attemptNote(what string, a activity.Attempted) toastNote {
	o := delivery.Outcome{Kind: a.Outcome, Status: a.Status}
	if o.Success() {
		return good(fmt.Sprintf("%s: %s in %s", what, o.Label(), spanText(a.Duration)))
	}
	n := bad(fmt.Sprintf("%s: %s in %s; the tab Response has the answer", what, o.Label(), spanText(a.Duration)))
	if a.Error != "" {
		n = bad(fmt.Sprintf("%s: %s", what, a.Error))
	}
	if a.Hint != "" {
		n.text += "; " + a.Hint
	}
	return n
}

func (m *root) trigger(name string, body []byte) tea.Cmd {
	return m.act("triggering "+name, func(ctx context.Context) (toastNote, error) {
		text, err := m.actions.Trigger(ctx, body)
		if text == "" {
			text = "triggered " + name
		}
		return good(text), err
	})
}

// pause stops forwarding, or goes on with it. What comes of it is seen by the update that
// follows. Until then a further key would ask for the same once more, and does nothing.
func (m *root) pause() tea.Cmd {
	if m.pausing {
		return nil
	}
	m.pausing = true
	to := !m.header.paused
	what, done := "going on", "forwarding again"
	if to {
		what, done = "pausing", "paused: requests are recorded, and p forwards them"
	}
	return m.actThen(what, func(ctx context.Context) (toastNote, error) {
		if err := m.actions.Pause(ctx, to); err != nil {
			return bad(err.Error()), nil
		}
		return good(done), nil
	}, func(m *root) { m.pausing = false })
}

func (m *root) enable(s history.Summary) tea.Cmd {
	target := s.Last.Target
	if target == "" {
		return m.tell(note("this delivery has no target"))
	}
	return m.act("enabling "+target, func(ctx context.Context) (toastNote, error) {
		held, err := m.actions.Enable(ctx, target)
		return good(fmt.Sprintf("%s is enabled; %s to deliver", target, plural(held, "held delivery"))), err
	})
}

// mark marks a delivery, or takes its mark away. There is one mark.
func (m *root) mark(s history.Summary) tea.Cmd {
	text := "marked: the tab Diff of others compares with it"
	if m.marked == s.Request {
		m.marked, text = "", "no longer marked"
	} else {
		m.marked = s.Request
	}
	cmd := m.tell(note(text))
	if m.detail.request != "" {
		cmd = tea.Batch(cmd, m.show(m.detail.request))
	}
	return cmd
}

func (m *root) copyMenu(s history.Summary) overlay {
	choices := []choice{
		{"i", "the id " + say(kindPlain, idOf(&s)).text, func(m *root) tea.Cmd { return m.copied(clipboardMsg{idOf(&s), "the id"}) }},
		{"b", "the body, " + bytesText(s.Bytes), func(m *root) tea.Cmd {
			return m.withDetails(s, func(d history.Details) tea.Msg { return clipboardMsg{string(d.Request.Body), "the body"} })
		}},
	}
	if url := m.header.ready.URL; url != "" {
		choices = append(choices, choice{"u", "the URL " + say(kindPlain, url).text, func(m *root) tea.Cmd { return m.copied(clipboardMsg{url, "the URL"}) }})
	}
	return &menu{title: "Copy", choices: choices}
}

// maxClipboard is how much terminals take at least by OSC 52, in bytes.
const maxClipboard = 74_000

// copied hands text to the terminal's clipboard, which works over ssh too.
func (m *root) copied(msg clipboardMsg) tea.Cmd {
	switch {
	case msg.text == "":
		return m.tell(note(msg.what + " is empty: nothing to copy"))
	case len(msg.text) > maxClipboard:
		return m.tell(bad(fmt.Sprintf("%s is too long for the clipboard (%s); s saves the body to a file", msg.what, bytesText(len(msg.text)))))
	}
	return tea.Batch(tea.SetClipboard(msg.text), m.tell(good("copied "+msg.what)))
}

// fileName is a name for a body's file, made of what is safe in one.
func fileName(s *history.Summary) string {
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z') {
			return r
		}
		return '_'
	}, idOf(s))
	if len(name) > 80 {
		name = name[:80]
	}
	if s.EventID == "" {
		return name + ".body"
	}
	return name + ".json"
}

// save writes a body to a file, over one that is there only if that was agreed to.
func (m *root) save(request, path string, over bool) tea.Cmd {
	path = strings.TrimSpace(path)
	if path == "" {
		return nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(m.config.Dir, path)
	}
	r := m.config.Reader
	return m.work.do(func(ctx context.Context) tea.Msg {
		d, err := r.Show(ctx, request)
		if err != nil {
			return failedMsg{err}
		}
		msg := savedMsg{path: path, request: request, size: len(d.Request.Body)}
		msg.err = writeNew(path, d.Request.Body, over)
		msg.exists = errors.Is(msg.err, fs.ErrExist)
		return msg
	})
}

// writeNew writes a file that only its owner can read, since a body may be private.
func writeNew(path string, body []byte, over bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if over {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	return errors.Join(err, f.Close())
}

func (m *root) saved(msg savedMsg) tea.Cmd {
	switch {
	case msg.exists:
		m.overlay = confirm("There is such a file", msg.path, "write over it", func(m *root) tea.Cmd {
			return m.save(msg.request, msg.path, true)
		})
		return nil
	case msg.err != nil:
		return m.tell(bad("not saved: " + msg.err.Error() + "; s asks for another name"))
	}
	return m.tell(good(fmt.Sprintf("saved %s to %s", bytesText(msg.size), msg.path)))
}

// askQuit ends the view, and asks first while the app is answering.
func (m *root) askQuit() tea.Cmd {
	n := m.header.inFlight(m.at) + m.acting
	if n == 0 {
		return tea.Quit
	}
	m.overlay = &quitMenu{menu{
		title: "Quit?",
		text:  append(lines(kindPlain, plural(n, "delivery")+" under way. The next session resumes what is interrupted."), nil),
		choices: []choice{
			{"y", "quit", func(*root) tea.Cmd { return tea.Quit }},
			{"n", "stay", func(*root) tea.Cmd { return nil }},
		},
	}}
	return nil
}

// quitMenu is a menu that a second ^C agrees to.
type quitMenu struct{ menu }

func (o *quitMenu) key(m *root, k tea.KeyPressMsg) tea.Cmd {
	if k.String() == "ctrl+c" {
		return tea.Quit
	}
	return o.menu.key(m, k)
}
