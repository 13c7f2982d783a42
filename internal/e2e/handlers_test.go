package e2e

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/signature"
)

// handlers are the examples of docs/handlers: each function returns the command line
// that starts one, or skips the test.
var handlers = map[string]func(t *testing.T) []string{
	"express": func(t *testing.T) []string {
		folder := filepath.Join(root, "docs", "handlers", "express")
		if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
			unavailable(t, "run `npm ci` in docs/handlers/express")
		}
		node, err := exec.LookPath("node")
		if err != nil {
			unavailable(t, "install Node.js")
		}
		return []string{node, filepath.Join(folder, "server.js")}
	},
	"flask": func(t *testing.T) []string {
		const python = "/usr/bin/python3"
		if err := exec.Command(python, "-c", "import flask").Run(); err != nil {
			unavailable(t, "install Flask for "+python+" (python3-flask)")
		}
		return []string{python, filepath.Join(root, "docs", "handlers", "flask", "app.py")}
	},
	"nethttp": func(*testing.T) []string { return []string{nethttpProgram} },
}

// unavailable skips the test, or fails it under CI, where that would be a hole.
func unavailable(t *testing.T, advice string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal("can't run under CI: " + advice)
	}
	t.Skip(advice)
}

// TestHandlers is the main job, whole: real handlers behind a real session take every
// type of event, refuse what was tampered with, and know an event again.
func TestHandlers(t *testing.T) {
	for name, command := range handlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := startHandler(t, command(t))
			p := newPlace(t)
			s := p.listen(t, func(activity.Update) {}, "--forward", h.url)
			var last string // event id
			for _, typ := range catalog.Names() {
				p.run(t, "trigger", typ)
				last = h.accepted(t, typ)
			}
			h.testTampered(t, s.url)
			p.run(t, "replay", last)
			if line := h.line(t); !strings.HasSuffix(line, " "+last+" duplicate") {
				t.Errorf("after the replay of %s it prints %q, want a duplicate", last, line)
			}
			s.interrupt(t, 130)
		})
	}
}

// handler is a running example.
type handler struct {
	*process
	url   string
	lines chan string // what it prints
}

func startHandler(t *testing.T, argv []string) *handler {
	t.Helper()
	h := &handler{lines: make(chan string, 1000)}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(environment(), "PORT=0", "SOLATIS_WEBHOOK_SECRET="+secret)
	h.process = start(t, cmd, func(line string) { h.lines <- line })
	url, found := strings.CutPrefix(h.line(t), "listening on ")
	if !found {
		t.Fatal("the first line does not say where it listens")
	}
	h.url = url
	return h
}

// line returns the next line that the handler prints.
func (h *handler) line(t *testing.T) string {
	t.Helper()
	select {
	case line := <-h.lines:
		return line
	case <-h.ended:
		t.Fatal("the handler has ended")
	case <-time.After(patience):
		t.Fatal("the handler prints nothing")
	}
	return ""
}

// accepted wants the handler to have worked on a new event of a type, and returns its id.
func (h *handler) accepted(t *testing.T, typ string) (id string) {
	t.Helper()
	line := h.line(t)
	id, found := strings.CutPrefix(line, typ+" ")
	if !found || strings.Contains(id, " ") {
		t.Fatalf("after %s it prints %q", typ, line)
	}
	return id
}

// testTampered sends an event with another amount than was signed, and then as it was.
func (h *handler) testTampered(t *testing.T, url string) {
	t.Helper()
	key, err := signature.NewSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	genuine := `{"id":"evt_tampered","event":"task.created","data":{"amount":1}}`
	sign := signature.Sign(key, []byte(genuine))
	client := newClient(t)

	tampered := strings.Replace(genuine, `"amount":1`, `"amount":9`, 1)
	if status, answer := post(t, client, url, tampered, sign); status != 401 || answer != "invalid signature" {
		t.Errorf("tampered: %d %q, want the app's 401 \"invalid signature\"", status, answer)
	}
	if line := h.line(t); line != "refused: no valid signature" {
		t.Errorf("tampered: it prints %q", line)
	}
	// The same signature has to be right for its own body, or the refusal says nothing.
	if status, answer := post(t, client, url, genuine, sign); status != 200 || answer != "OK" {
		t.Errorf("genuine: %d %q, want the app's 200 \"OK\"", status, answer)
	}
	h.accepted(t, "task.created")
}

func post(t *testing.T, client *http.Client, url, body, sign string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(signature.HeaderName, sign)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(text))
}
