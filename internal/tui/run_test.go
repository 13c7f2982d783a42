package tui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/history"
)

// terminal is a terminal of 80×24 that a test looks at.
type terminal struct {
	t       *testing.T
	mu      sync.Mutex // guards emu, but for its input
	emu     *vt.Emulator
	changed chan struct{} // has room for one
}

func newTerminal(t *testing.T) *terminal {
	term := &terminal{t: t, emu: vt.NewEmulator(80, 24), changed: make(chan struct{}, 1)}
	// Close would race with what reads the keys.
	t.Cleanup(func() { term.emu.InputPipe().(io.Closer).Close() })
	return term
}

// Write implements io.Writer, as the terminal's output.
func (term *terminal) Write(p []byte) (int, error) {
	term.mu.Lock()
	defer term.mu.Unlock()
	select {
	case term.changed <- struct{}{}:
	default:
	}
	// As a terminal's driver does where it isn't told otherwise.
	_, err := term.emu.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")))
	return len(p), err
}

// until waits until the screen is as a test wants it.
func (term *terminal) until(what string, is func(screen string) bool) {
	term.t.Helper()
	late := time.After(30 * time.Second)
	for {
		term.mu.Lock()
		screen := term.emu.String()
		term.mu.Unlock()
		if is(screen) {
			return
		}
		select {
		case <-term.changed:
		case <-late:
			term.t.Fatalf("the screen never showed %s:\n%s", what, screen)
		}
	}
}

func (term *terminal) shows(text string) {
	term.t.Helper()
	term.until(text, func(screen string) bool { return strings.Contains(screen, text) })
}

// restored fails the test unless the terminal is as it was before the view.
func (term *terminal) restored() {
	term.t.Helper()
	if term.emu.IsAltScreen() || term.emu.CursorHidden() {
		term.t.Errorf("alternate screen %v, hidden cursor %v", term.emu.IsAltScreen(), term.emu.CursorHidden())
	}
}

// running is a view that runs in a terminal.
type running struct {
	*terminal
	bus    *activity.Bus
	shelf  *shelf
	cancel context.CancelFunc
	log    string
	ended  chan error
}

// start runs a view. change may change what it is made from.
func start(t *testing.T, change func(*Config)) *running {
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{terminal: newTerminal(t), bus: new(activity.Bus), shelf: newShelf(t), cancel: cancel, ended: make(chan error, 1)}
	r.log = filepath.Join(t.TempDir(), "crash.log")
	c := Config{
		Updates: r.bus.Subscribe(100, nil), Reader: r.shelf, In: r.emu, Out: r.terminal, Color: true, CrashTo: r.log,
		Now: time.Now, Zone: time.UTC, options: []tea.ProgramOption{tea.WithWindowSize(80, 24)},
	}
	if change != nil {
		change(&c)
	}
	go func() { r.ended <- Run(ctx, c) }()
	t.Cleanup(cancel)
	return r
}

func (r *running) press(keys ...string) {
	for _, name := range keys {
		k := keyNamed(name)
		r.mu.Lock() // what a key sends depends on the modes that Write sets
		r.emu.SendKey(uv.KeyPressEvent(k))
		r.mu.Unlock()
	}
}

func TestAWholeSession(t *testing.T) {
	replayed := make(chan string, 1)
	r := start(t, func(c *Config) {
		c.Actions.Replay = func(_ context.Context, request string) (activity.Attempted, error) {
			replayed <- request
			return activity.Attempted{Outcome: delivery.Answered, Status: 200, Duration: time.Millisecond}, nil
		}
	})
	r.shows("starting")
	r.bus.Publish(ready)
	r.shows("Waiting for webhooks at")
	for _, name := range []string{"document.analyzed", "task.created"} {
		request := r.shelf.add(entry{eventType: name, outcomes: []delivery.Outcome{ok(7)}})
		r.bus.Publish(activity.Received{Request: request, Disposition: activity.Forward, At: time.Now()})
		r.bus.Publish(activity.Attempted{Request: request, Delivery: "d", Target: appURL, Outcome: delivery.Answered, Status: 200, State: delivery.Succeeded, Duration: 7 * time.Millisecond})
	}
	r.shows("received 2  ok 2")
	r.shows("task.created")
	r.press("r")
	if got := <-replayed; got != "req_0002" {
		t.Errorf("it replayed %s", got)
	}
	r.shows("✓ replayed: 200 in 1ms")
	r.press("/", "d", "o", "c", "enter")
	r.until("the filter's rows", func(screen string) bool { return !strings.Contains(screen, "task.created") })
	r.press("enter")
	r.shows(`"id": "evt_0001"`)
	r.press("esc")
	r.shows("enter open") // sent together, they would be another key
	r.press("q")
	if err := <-r.ended; err != nil {
		t.Fatal(err)
	}
	r.restored()
	r.shows("on http://localhost:4650/e/1f3a")
	r.shows("2 received; deliveries: 2 ok, 0 failed, 0 retrying, 0 held")
	r.shows("The app answered in p50 7ms  p95 7ms")
	r.shows("solatis history")
}

func TestTheSummaryOfASessionThatFailed(t *testing.T) {
	h := header{ready: ready, stats: newStats()}
	h.take(activity.Received{Request: "req_1"})
	h.take(activity.Attempted{Delivery: "dlv_1", Event: "evt_1\x1b", EventType: "task.created", Outcome: delivery.Timeout, State: delivery.Failed, At: noon})
	want := `Listened for 1m5s on http://localhost:4650/e/1f3a
1 received; deliveries: 0 ok, 1 failed, 0 retrying, 0 held
Last failure: timeout task.created [evt_1\x1b] at 12:00:00
All of it is in the history: solatis history
`
	if got := h.summary(65*time.Second, time.UTC); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestTheViewEndsWithItsContext(t *testing.T) {
	r := start(t, nil)
	r.bus.Publish(ready)
	r.shows("Waiting for webhooks at")
	r.cancel()
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
	r.restored()
}

func TestTheViewEndsWithTheSession(t *testing.T) {
	r := start(t, nil)
	r.bus.Publish(ready)
	r.shows("Waiting for webhooks at")
	r.bus.Close()
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
	r.restored()
}

// panicking panics when a delivery is opened.
type panicking struct{ Reader }

func (panicking) Show(context.Context, string) (history.Details, error) { panic("in a command") }

// TestAPanicRestoresTheTerminal makes it happen in each place where it can.
func TestAPanicRestoresTheTerminal(t *testing.T) {
	for where, c := range map[string]struct {
		change func(*Config)
		key    string
	}{
		"in a command": {func(c *Config) { c.Reader = panicking{c.Reader} }, "enter"},
		"in Update":    {func(c *Config) { c.Actions.Info = func() []Fact { panic("in Update") } }, "i"},
		"in View": {func(c *Config) {
			c.options = append(c.options, tea.WithFilter(func(m tea.Model, msg tea.Msg) tea.Msg {
				if k, ok := msg.(tea.KeyPressMsg); ok && k.String() == "w" {
					m.(*root).overlay = &picker{found: []int{7}, selected: 0} // there is no such sample
					return tea.WindowSizeMsg{Width: 80, Height: 24}
				}
				return msg
			}))
		}, "w"},
		"in an action": {func(c *Config) {
			c.Actions.Replay = func(context.Context, string) (activity.Attempted, error) { panic("in an action") }
		}, "r"},
	} {
		t.Run(where, func(t *testing.T) {
			r := start(t, c.change)
			r.bus.Publish(ready)
			request := r.shelf.add(entry{eventType: "task.created"})
			r.bus.Publish(activity.Received{Request: request})
			r.shows("task.created")
			r.press(c.key)
			err := <-r.ended
			var crash *CrashError
			if !errors.As(err, &crash) || crash.Log != r.log || !strings.Contains(err.Error(), r.log) || where != "in View" && crash.Cause != where {
				t.Fatalf("got %v", err)
			}
			r.restored()
			log, _ := os.ReadFile(r.log)
			if !strings.Contains(string(log), crash.Cause) || !strings.Contains(string(log), "tui.") {
				t.Errorf("the log has %q", log)
			}
		})
	}
}

// TestACrashThatCannotBeLogged still says what happened.
func TestACrashThatCannotBeLogged(t *testing.T) {
	e := newCrash("boom").report(filepath.Join(t.TempDir(), "missing", "crash.log"), noon)
	if got, want := e.Error(), "the live view ended by a fault of its own: boom; --no-tui does without the view"; got != want {
		t.Errorf("got %q", got)
	}
}

// TestColoursAreDecidedOnce holds the program's own idea of colours off.
func TestColoursAreDecidedOnce(t *testing.T) {
	c := Config{Environ: []string{"TERM=xterm-256color", "NO_COLOR=1", "CLICOLOR_FORCE=1", "CLICOLOR=0", "LANG=C"}}
	if got := strings.Join(c.terminalEnviron(), " "); got != "TERM=xterm-256color LANG=C" {
		t.Errorf("the program sees %s", got)
	}
}
