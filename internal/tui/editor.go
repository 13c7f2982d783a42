package tui

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	tea "charm.land/bubbletea/v2"
)

// edit is a body that is changed in the person's editor, and then sent.
type edit struct {
	name    string // of what is edited, for people
	request string // the recorded request that it is of; "" for an event to trigger
	body    []byte // as it was
	shown   []byte // what the editor gets: JSON indented
	compact bool   // whether the body is JSON without white space, and is to be so again
	path    string // the file that the editor gets, alone in its folder; gone once it was read
}

// startEdit puts the body into a file.
func (m *root) startEdit(e *edit) tea.Cmd {
	if len(m.config.Editor) == 0 {
		return m.tell(bad("there is no editor: set EDITOR, such as EDITOR=vi, and start again"))
	}
	return m.work.do(func(context.Context) tea.Msg {
		e.unfold()
		dir, err := os.MkdirTemp("", "solatis-edit-")
		if err != nil {
			return editMsg{err: fmt.Errorf("the body can't be edited: %w", err)}
		}
		e.path = filepath.Join(dir, "body.json")
		if err := os.WriteFile(e.path, e.shown, 0o600); err != nil {
			e.remove()
			return editMsg{err: fmt.Errorf("the body can't be edited: %w", err)}
		}
		return editMsg{edit: e}
	})
}

// remove removes the file, and what the editor left beside it. If it fails, the system
// clears such folders some day.
func (e *edit) remove() { os.RemoveAll(filepath.Dir(e.path)) }

// unfold makes the text for the editor: nobody edits JSON in one line.
func (e *edit) unfold() {
	var compact, indented bytes.Buffer
	e.shown, e.compact = e.body, false
	if json.Compact(&compact, e.body) == nil && bytes.Equal(compact.Bytes(), e.body) && json.Indent(&indented, e.body, "", "  ") == nil {
		e.shown, e.compact = append(indented.Bytes(), '\n'), true
	}
}

// fold makes the body of an edited text.
func (e *edit) fold(text []byte) []byte {
	var compact bytes.Buffer
	switch {
	case sameText(text, e.shown):
		return e.body
	case e.compact && json.Compact(&compact, text) == nil:
		return compact.Bytes()
	}
	return text
}

// editorPatience is how long an editor has to end when the view does.
const editorPatience = 2 * time.Second

// runEditor hands the screen to the editor.
func (m *root) runEditor(e *edit) tea.Cmd {
	args := append(m.config.Editor[1:len(m.config.Editor):len(m.config.Editor)], e.path)
	cmd := exec.CommandContext(m.work.ctx, m.config.Editor[0], args...)
	cmd.Cancel = func() error { return interrupt(cmd.Process) }
	cmd.WaitDelay = editorPatience
	return tea.ExecProcess(cmd, func(err error) tea.Msg { return editorClosedMsg{e, err} })
}

// readEdit reads what the editor left.
func (m *root) readEdit(msg editorClosedMsg) tea.Cmd {
	return m.work.do(func(context.Context) tea.Msg {
		if msg.err != nil {
			msg.edit.remove()
			return editedMsg{edit: msg.edit, err: fmt.Errorf("%s failed, and nothing was sent: %w", m.config.Editor[0], msg.err)}
		}
		body, err := os.ReadFile(msg.edit.path)
		return editedMsg{msg.edit, body, err}
	})
}

// edited sends a changed body. One that broke as JSON is asked about.
func (m *root) edited(msg editedMsg) tea.Cmd {
	e := msg.edit
	switch {
	case msg.err != nil:
		return m.tell(bad(msg.err.Error()))
	case len(bytes.TrimSpace(msg.body)) == 0:
		return tea.Batch(m.dropEdit(e), m.tell(note("the body was emptied: nothing was sent")))
	case e.request != "" && sameText(msg.body, e.shown):
		return tea.Batch(m.dropEdit(e), m.tell(note("the body is unchanged: nothing was sent; r replays it")))
	}
	body := e.fold(msg.body)
	if json.Valid(e.body) && !json.Valid(body) {
		m.overlay = m.askBroken(e, body)
		return nil
	}
	return tea.Batch(m.dropEdit(e), m.sendEdited(e, body))
}

// sameText reports whether an editor left a text as it was, but for the line break that
// many put at the end.
func sameText(after, before []byte) bool {
	return bytes.Equal(after, before) || bytes.Equal(after, append(before[:len(before):len(before)], '\n'))
}

func (m *root) askBroken(e *edit, body []byte) overlay {
	var v any
	why := json.Unmarshal(body, &v)
	return &menu{
		title: "This is no longer JSON",
		text:  append(lines(kindBad, fmt.Sprint(why)), nil),
		choices: []choice{
			{"e", "edit it again", func(m *root) tea.Cmd { return m.runEditor(e) }},
			{"s", "send it as it is", func(m *root) tea.Cmd { return tea.Batch(m.dropEdit(e), m.sendEdited(e, body)) }},
			{"d", "drop it", func(m *root) tea.Cmd { return m.dropEdit(e) }},
		},
		fallback: func(m *root) tea.Cmd { return m.dropEdit(e) },
	}
}

// dropEdit removes the file, which may hold what is nobody else's business.
func (m *root) dropEdit(e *edit) tea.Cmd {
	return m.work.do(func(context.Context) tea.Msg {
		e.remove()
		return nil
	})
}

func (m *root) sendEdited(e *edit, body []byte) tea.Cmd {
	if e.request == "" {
		return m.trigger(e.name, body)
	}
	return m.act("sending "+e.name, func(ctx context.Context) (toastNote, error) {
		a, err := m.actions.Send(ctx, e.request, body)
		return attemptNote("sent", a), err
	})
}
