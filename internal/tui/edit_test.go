package tui

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
)

// editing opens the editor on the body of the only delivery. What the editor leaves is
// for the test to write.
func editing(t *testing.T, body string) (*driver, *edit) {
	s := newShelf(t)
	s.add(entry{eventType: "task.created", body: body, ago: time.Minute, outcomes: []delivery.Outcome{ok(7)}})
	d := open(t, s, &ready, 100, 24)
	e := &edit{name: "task.created", request: "req_0001", body: []byte(body)}
	d.send(editAskedMsg{e})
	if d.editors != 1 {
		t.Fatal("no editor was run")
	}
	return d, e
}

// leaves ends the editor, which has written text.
func (d *driver) leaves(e *edit, text string) {
	d.t.Helper()
	if err := os.WriteFile(e.path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	d.send(editorClosedMsg{edit: e})
}

func gone(t *testing.T, e *edit) {
	t.Helper()
	if _, err := os.Stat(filepath.Dir(e.path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file %s is still there: %v", e.path, err)
	}
}

func TestAnEditedBodyIsSent(t *testing.T) {
	const body = `{"id":"evt_1","n":12345678901234567890}`
	d, e := editing(t, body)
	shown, err := os.ReadFile(e.path)
	if want := "{\n  \"id\": \"evt_1\",\n  \"n\": 12345678901234567890\n}\n"; err != nil || string(shown) != want {
		t.Errorf("the editor gets %q, %v", shown, err)
	}
	if info, _ := os.Stat(e.path); info.Mode().Perm() != 0o600 {
		t.Errorf("with mode %v", info.Mode())
	}
	d.leaves(e, strings.Replace(string(shown), "evt_1", "evt_2", 1))
	if want := []string{`send req_0001 {"id":"evt_2","n":12345678901234567890}`}; !slices.Equal(d.acts, want) {
		t.Errorf("it did %q", d.acts)
	}
	d.shows("✗ sent: 500 in 5ms; the tab Response has the answer; look at the log")
	gone(t, e)
}

func TestWhatIsNotSentAfterEditing(t *testing.T) {
	for _, c := range []struct{ name, body, text, toast string }{
		{"unchanged", `{"a":1}`, "{\n  \"a\": 1\n}\n", "the body is unchanged"},
		{"unchanged but for a line break", "plain", "plain\n", "the body is unchanged"},
		{"emptied", `{"a":1}`, " \n", "the body was emptied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, e := editing(t, c.body)
			d.leaves(e, c.text)
			d.shows(c.toast)
			gone(t, e)
			if len(d.acts) > 0 {
				t.Errorf("it did %q", d.acts)
			}
		})
	}
}

func TestABodyThatBrokeIsAskedAbout(t *testing.T) {
	for key, want := range map[string][]string{"s": {"send req_0001 {broken"}, "d": nil, "esc": nil} {
		d, e := editing(t, `{"a":1}`)
		d.leaves(e, "{broken")
		d.shows("This is no longer JSON", "invalid character 'b'")
		d.press(key)
		if !slices.Equal(d.acts, want) {
			t.Errorf("after %s it did %q", key, d.acts)
		}
		gone(t, e)
	}
	d, e := editing(t, `{"a":1}`)
	d.leaves(e, "{broken")
	d.press("e")
	if text, _ := os.ReadFile(e.path); d.editors != 2 || string(text) != "{broken" {
		t.Errorf("%d editors were run, the last on %q", d.editors, text)
	}
	d.leaves(e, `{"a":2}`)
	if !slices.Equal(d.acts, []string{`send req_0001 {"a":2}`}) {
		t.Errorf("it did %q", d.acts)
	}
	gone(t, e)
}

func TestAnEditorThatFails(t *testing.T) {
	d, e := editing(t, `{"a":1}`)
	d.send(editorClosedMsg{edit: e, err: errors.New("exit status 1")})
	d.shows("✗ ed failed, and nothing was sent: exit status 1")
	gone(t, e)
	d.config.Editor = nil
	d.press("e")
	d.shows("✗ there is no editor: set EDITOR, such as EDITOR=vi, and start again")
}

func TestTriggering(t *testing.T) {
	d := open(t, newShelf(t), &ready, 100, 24)
	d.press("t")
	d.shows("▸ document.analyzed", "fired when it happens", `"event": "document.analyzed"`)
	d.press("down", "down", "down", "up")
	d.shows("▸ task.created", `"event": "task.created"`)
	d.typed("TDL")
	d.shows("▸ task.deleted")
	d.press("enter")
	if want := []string{`trigger {"id":"evt_new","event":"task.deleted","data":{"n":1}}`}; !slices.Equal(d.acts, want) {
		t.Errorf("it did %q", d.acts)
	}
	d.shows("✓ triggered task.created [evt_new]")
	d.press("t")
	d.typed("zzz")
	d.shows("nothing has these letters")
	d.press("enter", "tab", "down")
	if len(d.acts) != 1 || d.editors != 0 || d.overlay == nil {
		t.Error("it did something with nothing selected")
	}
	d.press("esc", "t")
	d.send(tea.PasteMsg{Content: "task.c\x1b"})
	d.press("backspace", "backspace", "backspace", "backspace", "tab")
	if d.editors != 1 {
		t.Errorf("tab ran %d editors", d.editors)
	}
}

// TestAnEditedSampleIsTriggered sends it even if it was left as it was: to trigger is
// what was asked for.
func TestAnEditedSampleIsTriggered(t *testing.T) {
	d := open(t, newShelf(t), &ready, 100, 24)
	for _, text := range []string{"{\n  \"a\": 1\n}\n", `{"a": 2}`} {
		e := &edit{name: "x", body: []byte(`{"a":1}`)}
		d.send(d.startEdit(e)())
		d.leaves(e, text)
		gone(t, e)
	}
	if want := []string{`trigger {"a":1}`, `trigger {"a":2}`}; !slices.Equal(d.acts, want) {
		t.Errorf("it did %q", d.acts)
	}
}

func TestFailingActionsSayWhy(t *testing.T) {
	d := open(t, varied(t), &ready, 100, 24)
	fail := errors.New("the session has no target\x1b[1m")
	d.send(failedMsg{fail})
	d.shows(`✗ the session has no target\x1b[1m`)
	d.press("t")
	d.send(samplesMsg{gen: d.pickers, err: fail})
	d.shows("the session has no target")
	d.root.actions.Replay = func(context.Context, string) (activity.Attempted, error) { return activity.Attempted{}, fail }
	d.press("esc", "r")
	d.shows(`✗ the session has no target\x1b[1m`)
	if d.acting != 0 {
		t.Errorf("%d actions seem to be under way", d.acting)
	}
}

// TestTypingALine does what line editors do.
func TestTypingALine(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{"a b c", "abc|"},
		{"a b left c", "ac|b"},
		{"a b left left left c", "c|ab"},
		{"a b home c end d", "cabd|"},
		{"a b c left backspace", "a|c"},
		{"a b c home delete", "|bc"},
		{"backspace delete left right a", "a|"},
		{"a b space c d ctrl+w", "ab |"},
		{"a b space c d ctrl+w ctrl+w", "|"},
		{"a b c left ctrl+u", "|c"},
		{"a b c left left ctrl+k", "a|"},
		{"a ctrl+a b ctrl+e c", "bac|"},
		{"ctrl+x a up", "a|"},
	} {
		in := newInput("")
		for key := range strings.FieldsSeq(c.keys) {
			in.key(keyNamed(key))
		}
		if got := string(in.text[:in.at]) + "|" + string(in.text[in.at:]); got != c.want {
			t.Errorf("%s: %q, want %q", c.keys, got, c.want)
		}
	}
	in := newInput(strings.Repeat("x", 3*maxInput))
	if len(in.text) != maxInput {
		t.Errorf("it took %d characters", len(in.text))
	}
}
