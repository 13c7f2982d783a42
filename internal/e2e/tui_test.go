//go:build unix

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/signature"
)

// terminal is a terminal of tmux's, in which a shell runs.
type terminal struct {
	t       *testing.T
	server  string        // the name of a tmux server of its own
	changed chan struct{} // has room for one; the shell has written something
}

// openTerminal opens one of 100×30 characters in the project's folder.
func (p place) openTerminal(t *testing.T, env ...string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		unavailable(t, "install tmux")
	}
	term := &terminal{t: t, server: filepath.Base(p.home), changed: make(chan struct{}, 1)}
	cmd := exec.Command("tmux", term.args("-f", "/dev/null", "new-session", "-d", "-s", "view", "-x", "100", "-y", "30", "sh")...)
	cmd.Dir = p.project
	cmd.Env = append(environment(), "SOLATIS_HOME="+p.home, "SOLATIS_WEBHOOK_SECRET="+secret, "TERM=xterm-256color", "PS1=$ ", "LC_ALL=C.UTF-8")
	cmd.Env = append(cmd.Env, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v\n%s", err, out)
	}
	term.watch(filepath.Join(p.home, "output"))
	return term
}

func (term *terminal) args(args ...string) []string {
	return append([]string{"-u", "-L", term.server}, args...)
}

func (term *terminal) tmux(args ...string) string {
	term.t.Helper()
	out, err := exec.Command("tmux", term.args(args...)...).CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// watch has tmux tell of all that the terminal gets, by way of a pipe in the file system.
func (term *terminal) watch(path string) {
	term.t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		term.t.Fatal(err)
	}
	term.tmux("pipe-pane", "-t", "view", "-O", "cat > '"+path+"'")
	pipe, err := os.Open(path)
	if err != nil {
		term.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 64<<10)
		for {
			if _, err := pipe.Read(buf); err != nil {
				return // the terminal is gone
			}
			select {
			case term.changed <- struct{}{}:
			default:
			}
		}
	}()
	term.t.Cleanup(func() {
		exec.Command("tmux", term.args("kill-server")...).Run() // there is none if the shell ended
		<-ended
		pipe.Close()
	})
}

func (term *terminal) screen() string { return term.tmux("capture-pane", "-p", "-t", "view") }

// until waits until the screen is as the test wants it.
func (term *terminal) until(what string, is func(screen string) bool) {
	term.t.Helper()
	late := time.After(patience)
	for {
		screen := term.screen()
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
	term.until(fmt.Sprintf("%q", text), func(screen string) bool { return strings.Contains(screen, text) })
}

// press presses keys by tmux's names.
func (term *terminal) press(keys ...string) {
	term.tmux(append([]string{"send-keys", "-t", "view"}, keys...)...)
}

func (term *terminal) typed(text string) { term.tmux("send-keys", "-t", "view", "-l", text) }

func (term *terminal) resize(width, height int) {
	term.tmux("resize-window", "-t", "view", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height))
}

// restored fails the test unless the shell has its terminal back as it was.
func (term *terminal) restored() {
	term.t.Helper()
	if got := strings.TrimSpace(term.tmux("display-message", "-p", "-t", "view", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}")); got != "0 1 0" {
		term.t.Errorf("alternate screen, cursor, mouse: %s, want 0 1 0", got)
	}
	term.typed("stty -a | tr ' ' '\\n' | grep -xE 'icanon;?|echo;?|isig;?' | tr -d '\\n;'; echo ' says stty'")
	term.press("Enter")
	term.shows("isigicanonecho says stty")
}

// flakyApp is the developer's app: it fails the calls whose numbers are in broken.
type flakyApp struct {
	*httptest.Server
	mu     sync.Mutex // guards bodies
	bodies []string   // of the calls that were rightly signed
}

func startFlakyApp(t *testing.T, broken ...int) *flakyApp {
	a := new(flakyApp)
	key, err := signature.NewSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		defer a.mu.Unlock()
		if signature.Verify(key, body, r.Header[signature.HeaderName]) != signature.Valid {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		a.bodies = append(a.bodies, string(body))
		for _, n := range broken {
			if n == len(a.bodies) {
				http.Error(w, `{"error":"out of order"}`, http.StatusInternalServerError)
				return
			}
		}
		io.WriteString(w, `{"received":true}`)
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *flakyApp) last() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bodies[len(a.bodies)-1]
}

// editorScript writes an editor that replaces a text by another.
func (p place) editorScript(t *testing.T, old, new string) string {
	path := filepath.Join(p.home, "editor")
	script := fmt.Sprintf("#!/bin/sh\nsed 's/%s/%s/' \"$1\" > \"$1.new\" && mv \"$1.new\" \"$1\"\n", old, new)
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTheLiveView uses it as a person does: trigger, replay, look, edit, filter, resize,
// suspend, quit.
func TestTheLiveView(t *testing.T) {
	p, a := newPlace(t), startFlakyApp(t, 2)
	term := p.openTerminal(t, "EDITOR="+p.editorScript(t, "task.created", "task.updated"))
	term.typed(solatisProgram + " listen --forward " + a.URL)
	term.press("Enter")
	term.shows("Waiting for webhooks at")

	term.press("t")
	term.shows("Trigger an event")
	term.typed("tskcreat")
	term.shows(`"event": "task.created"`)
	term.press("Enter")
	term.shows("✓ triggered task.created")
	term.shows("received 1  ok 1  failed 0")
	term.shows("✓ 200")

	term.press("r")
	term.shows("✗ replayed: 500")
	term.shows("received 1  ok 1  failed 1")
	term.press("Enter")
	term.shows("[Body]")
	term.press("6")
	term.shows(`+   "error": "out of order"`)
	term.press("Escape")
	term.shows("enter open")

	term.press("e")
	term.shows("✓ sent: 200")
	term.shows("task.updated")
	if body := a.last(); !strings.Contains(body, `"event":"task.updated"`) {
		t.Errorf("the app got %q", body)
	}

	term.press("/")
	term.typed("status:500")
	term.shows("1 match")
	term.press("Enter")
	term.until("the one row", func(screen string) bool { return !strings.Contains(screen, "task.updated") })
	term.resize(60, 15)
	term.shows("● listening  →")
	term.resize(40, 10)
	term.shows("solatis needs 60×15 characters,")
	term.resize(160, 40)
	term.shows("filter: status:500")

	term.press("C-z")
	term.shows("Stopped")
	term.restored()
	term.typed("fg; echo ended=$?")
	term.press("Enter")
	term.shows("filter: status:500")
	term.press("q")
	term.shows("ended=0")
	term.shows("1 received; deliveries: 2 ok, 1 failed, 0 retrying, 0 held")
	term.restored()
}

// TestTheLiveViewEndsWithItsProcess ends it from outside.
func TestTheLiveViewEndsWithItsProcess(t *testing.T) {
	p := newPlace(t)
	term := p.openTerminal(t)
	term.typed(solatisProgram + " listen & echo $! > " + p.home + "/pid; fg; echo ended=$?")
	term.press("Enter")
	term.shows("Waiting for webhooks at")
	pid, err := os.ReadFile(filepath.Join(p.home, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := fmt.Sscan(string(pid), &n); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(n, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	term.shows("ended=130")
	term.restored()
}

// TestTheLiveViewOfTheHistory looks at what an ended session recorded.
func TestTheLiveViewOfTheHistory(t *testing.T) {
	p, a := newPlace(t), startFlakyApp(t)
	p.run(t, "trigger", "document.analyzed", "--to", a.URL)
	term := p.openTerminal(t)
	term.typed(solatisProgram + " history; echo ended=$?")
	term.press("Enter")
	term.shows("document.analyzed")
	term.press("r")
	term.shows("✓ replayed: 200")
	term.press("q")
	term.shows("ended=0")
	term.restored()
}
