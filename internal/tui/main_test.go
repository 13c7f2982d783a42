package tui

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"go.uber.org/goleak"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/term"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	// Bubbletea's reader of keys hangs for ever with one that comes when the program has
	// ended, as a terminal's late answer does. The process ends soon after.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/charmbracelet/ultraviolet.(*TerminalReader).StreamEvents"))
}

// noon is when the tests happen.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// driver runs a root as bubbletea does, but one command after the other and without
// waiting: what would come later comes when a test says so.
type driver struct {
	t *testing.T
	*root
	now       time.Time
	acts      []string // what the actions were asked for
	clipboard string
	quitted   bool
	suspended bool
	editors   int // how often an editor was to be run
}

// open returns a driver whose view shows what h holds, in a session if ready says so.
func open(t *testing.T, h Reader, ready *activity.Ready, width, height int) *driver {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	d := &driver{t: t, now: noon}
	c := &Config{
		Reader: h, History: "/home/me/history.db", Color: true, Editor: []string{"ed"},
		Now: func() time.Time { return d.now }, Zone: time.UTC,
	}
	if ready != nil {
		bus := new(activity.Bus)
		c.Updates, c.Actions = bus.Subscribe(0, nil), d.actions()
	}
	w := newWork(ctx)
	w.sleep = func(_ context.Context, d time.Duration) bool { return d <= 0 }
	d.root = newRoot(c, w)
	d.root.feed.updates = nil // the tests send what it would bring
	t.Cleanup(func() {
		cancel()
		w.wait()
	})
	d.run(d.Init())
	d.send(tea.WindowSizeMsg{Width: width, Height: height})
	if ready != nil {
		d.send(updatesMsg{updates: []activity.Update{*ready}})
	}
	return d
}

// actions note what they are asked for.
func (d *driver) actions() Actions {
	did := func(format string, args ...any) { d.acts = append(d.acts, fmt.Sprintf(format, args...)) }
	return Actions{
		Replay: func(_ context.Context, request string) (activity.Attempted, error) {
			did("replay %s", request)
			return activity.Attempted{Outcome: "answered", Status: 200, Duration: 23 * time.Millisecond}, nil
		},
		Send: func(_ context.Context, request string, body []byte) (activity.Attempted, error) {
			did("send %s %s", request, body)
			return activity.Attempted{Outcome: "answered", Status: 500, Duration: 5 * time.Millisecond, Hint: "look at the log"}, nil
		},
		Trigger: func(_ context.Context, body []byte) (string, error) {
			did("trigger %s", body)
			return "triggered task.created [evt_new]", nil
		},
		Samples: func(context.Context) ([]Sample, error) {
			var all []Sample
			for _, name := range []string{"document.analyzed", "task.created", "task.deleted"} {
				body := fmt.Sprintf(`{"id":"evt_new","event":"%s","data":{"n":1}}`, name)
				all = append(all, Sample{name, "fired when it happens (documented)", func() ([]byte, error) { return []byte(body), nil }})
			}
			return all, nil
		},
		Pause: func(_ context.Context, pause bool) error {
			did("pause %v", pause)
			return nil
		},
		Enable: func(_ context.Context, target string) (int, error) {
			did("enable %s", target)
			return 2, nil
		},
		Info: func() []Fact { return []Fact{{"version", "1.2.3"}} },
		Curl: func(d history.Details) (string, error) { return "curl " + d.Request.ID, nil },
		Diagnose: func(context.Context, history.Details) (string, error) {
			return "The body was parsed and written again.\nFix: verify the raw body.", nil
		},
	}
}

// send hands a message over, and then whatever follows from it.
func (d *driver) send(msg tea.Msg) {
	_, cmd := d.Update(msg)
	d.run(cmd)
	d.View()
	if d.crash != nil {
		d.t.Fatalf("%T: panic: %v\n%s", msg, d.crash.value, d.crash.stack)
	}
}

func (d *driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, cmd := range msg {
			d.run(cmd)
		}
	case tea.QuitMsg:
		d.quitted = true
	case tea.SuspendMsg:
		d.suspended = true
	default:
		switch name := reflect.TypeOf(msg).String(); name {
		case "tea.setClipboardMsg":
			d.clipboard = fmt.Sprint(msg)
		case "tea.execMsg":
			d.editors++
		case "tea.backgroundColorMsg":
		default:
			d.send(msg)
		}
	}
}

// press presses keys by their names, such as "j", "enter" or "ctrl+c".
func (d *driver) press(keys ...string) {
	for _, name := range keys {
		d.send(keyNamed(name))
	}
}

// typed presses a key for each character.
func (d *driver) typed(text string) {
	for _, r := range text {
		d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

func keyNamed(name string) tea.KeyPressMsg {
	special := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft,
		"right": tea.KeyRight, "tab": tea.KeyTab, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome,
		"end": tea.KeyEnd, "backspace": tea.KeyBackspace, "delete": tea.KeyDelete,
	}
	if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: rune(rest[0]), Mod: tea.ModCtrl}
	}
	if rest, ok := strings.CutPrefix(name, "alt+"); ok {
		k := keyNamed(rest)
		k.Mod, k.Text = tea.ModAlt, ""
		return k
	}
	if rest, ok := strings.CutPrefix(name, "shift+"); ok {
		return tea.KeyPressMsg{Code: special[rest], Mod: tea.ModShift}
	}
	if name == "space" {
		return tea.KeyPressMsg{Code: ' ', Text: " "}
	}
	if code, ok := special[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	r := []rune(name)[0]
	return tea.KeyPressMsg{Code: r, Text: name}
}

// text returns the screen without its styles, after holding it to what every screen has
// to be.
func (d *driver) text() string {
	d.t.Helper()
	content := d.View().Content
	if err := wrong(d.root, strings.Split(content, "\n")); err != nil {
		d.t.Fatal(err)
	}
	return ansi.Strip(content)
}

// wrong says what is wrong with a screen, whatever it shows: its size, or something that
// could steer a terminal.
func wrong(m *root, rows []string) error {
	if m.width == 0 || m.height == 0 {
		return nil // nothing can be drawn, and strings.Split makes a row of that
	}
	if len(rows) != m.height && !tooSmall(m.width, m.height) {
		return fmt.Errorf("the screen of %d lines has %d", m.height, len(rows))
	}
	for i, row := range rows {
		text := row
		for {
			before, rest, found := strings.Cut(text, "\x1b")
			if !found {
				break
			}
			n := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("[;0123456789", r) })
			if n < 1 || rest[0] != '[' || rest[n] != 'm' {
				return fmt.Errorf("line %d has an escape sequence that is no style: %q", i, row)
			}
			text = before + rest[n+1:]
		}
		plain := strings.NewReplacer("\u200c", "", "\u200d", "").Replace(text)
		if clean := term.Sanitize(plain); clean != plain {
			return fmt.Errorf("line %d has characters that must not reach a terminal: %q", i, row)
		}
		if w := m.look.width(row); w != m.width {
			return fmt.Errorf("line %d is %d cells wide on a screen of %d: %q", i, w, m.width, text)
		}
	}
	return nil
}

// golden holds text to a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s differs; if that is meant, go test -update writes it anew\n--- got\n%s\n--- want\n%s", path, text, want)
	}
}

// shows fails the test unless the screen holds each text.
func (d *driver) shows(texts ...string) {
	d.t.Helper()
	screen := d.text()
	for _, text := range texts {
		if !strings.Contains(screen, text) {
			d.t.Errorf("the screen doesn't show %q:\n%s", text, screen)
		}
	}
}
