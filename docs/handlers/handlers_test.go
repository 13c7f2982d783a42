// Package handlers_test holds the example handlers to one behaviour: each is started
// as a reader would start it and spoken to over HTTP. It knows nothing of the rest of
// the module and signs with its own few lines, so that a mistake in solatis' signing
// can't hide one here.
//
// A handler whose language is missing is skipped, but not under CI, where that would
// be a hole.
package handlers_test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

const (
	secret    = "whsec_example-é" // not ASCII: the key is the secret's UTF-8
	sampleID  = "evt_abc123xyz"
	sample    = `{"id":"evt_abc123xyz","event":"document.analyzed","created_at":"2026-02-02T10:30:00Z","data":{"big":12345678901234567890, "é":"\u00e9"}}` + "\r\n"
	bodyLimit = 32 << 20
)

// handlers are the three examples: each function returns the command line that starts
// one, or skips the test.
var handlers = map[string]func(t *testing.T) []string{
	"express": func(t *testing.T) []string {
		if _, err := os.Stat(filepath.Join("express", "node_modules")); err != nil {
			unavailable(t, "run `npm ci` in docs/handlers/express")
		}
		node, err := exec.LookPath("node")
		if err != nil {
			unavailable(t, "install Node.js")
		}
		return []string{node, filepath.Join("express", "server.js")}
	},
	"flask": func(t *testing.T) []string {
		const python = "/usr/bin/python3"
		if err := exec.Command(python, "-c", "import flask").Run(); err != nil {
			unavailable(t, "install Flask for "+python+" (python3-flask)")
		}
		return []string{python, filepath.Join("flask", "app.py")}
	},
	"nethttp": func(t *testing.T) []string {
		program := filepath.Join(t.TempDir(), "nethttp")
		if runtime.GOOS == "windows" {
			program += ".exe"
		}
		if out, err := exec.Command("go", "build", "-o", program, "./nethttp").CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
		return []string{program}
	},
}

// unavailable skips the test, or fails it under CI.
func unavailable(t *testing.T, advice string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal("can't run under CI: " + advice)
	}
	t.Skip(advice)
}

func TestHandlers(t *testing.T) {
	for name, command := range handlers {
		t.Run(name, func(t *testing.T) {
			argv := command(t)
			t.Run("refuses to start without a secret", func(t *testing.T) { testNoSecret(t, argv) })
			h := start(t, argv)
			t.Run("accepts a signed event", h.testAccepts)
			t.Run("answers a duplicate and does not work on it again", h.testDuplicate)
			t.Run("verifies the bytes, whatever they are", h.testAnyBody)
			t.Run("refuses what is not signed right", h.testRefuses)
			t.Run("serves nothing else", h.testRoutes)
			t.Run("limits the body", h.testLimit)
			t.Run("is still well", h.testAlive)
		})
	}
}

func testNoSecret(t *testing.T, argv []string) {
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "PORT=0", "SOLATIS_WEBHOOK_SECRET=")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("it ran and ended well")
	}
	for _, want := range []string{"SOLATIS_WEBHOOK_SECRET", "ready line of `solatis listen`"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the message does not name %s:\n%s", want, out)
		}
	}
}

// handler is a running example.
type handler struct {
	url   string
	lines <-chan string // what it prints to stdout, a line at a time
}

// start runs a handler on a free port until the test ends.
func start(t *testing.T, argv []string) *handler {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "PORT=0", "SOLATIS_WEBHOOK_SECRET="+secret)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		for range lines { // until the pipe is empty, as Wait closes it
		}
		cmd.Wait()
		if t.Failed() {
			t.Logf("stderr:\n%s", stderr.String())
		}
	})
	h := &handler{lines: lines}
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
	case line, open := <-h.lines:
		if !open {
			t.Fatal("the handler has ended")
		}
		return line
	case <-time.After(30 * time.Second):
		t.Fatal("the handler prints nothing")
	}
	return ""
}

// post sends body with these signature headers and returns status and answer.
func (h *handler) post(t *testing.T, body io.Reader, contentType string, signatures ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header["X-Solatis-Signature"] = signatures
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(answer))
}

// expect posts and holds answer and printed line against what is wanted.
func (h *handler) expect(t *testing.T, body string, signatures []string, status int, answer, line string) {
	t.Helper()
	gotStatus, gotAnswer := h.post(t, strings.NewReader(body), "application/json", signatures...)
	if gotStatus != status || gotAnswer != answer {
		t.Errorf("answer: %d %q, want %d %q", gotStatus, gotAnswer, status, answer)
	}
	if got := h.line(t); got != line {
		t.Errorf("it prints %q, want %q", got, line)
	}
}

func (h *handler) testAccepts(t *testing.T) {
	h.expect(t, sample, []string{sign(sample)}, 200, "OK", "document.analyzed "+sampleID)
}

func (h *handler) testDuplicate(t *testing.T) {
	h.expect(t, sample, []string{sign(sample)}, 200, "duplicate", "document.analyzed "+sampleID+" duplicate")
	other := `{"event":"task.created","id":"evt_2"}`
	h.expect(t, other, []string{sign(other)}, 200, "OK", "task.created evt_2")
	again := `{"event":"task.created","id":"evt_2","created_at":"later"}`
	h.expect(t, again, []string{sign(again)}, 200, "duplicate", "task.created evt_2 duplicate")
}

func (h *handler) testAnyBody(t *testing.T) {
	for _, body := range []string{
		"", "null", "[]", "7", `"text"`, "{}", `{"id":""}`, `{"id":7,"event":"task.created"}`,
		"\x00\xff\xfe", "{", strings.Repeat("[", 100_000), "\r\n", "a=1&b=%zz",
	} {
		for _, contentType := range []string{"", "application/json", "application/x-www-form-urlencoded", "text/plain; charset=nonsense"} {
			status, answer := h.post(t, strings.NewReader(body), contentType, sign(body))
			if status != 200 || answer != "ignored" {
				t.Errorf("%.40q as %q: %d %q, want 200 \"ignored\"", body, contentType, status, answer)
			}
			if got := h.line(t); got != "ignored: signed, but not an event" {
				t.Errorf("%.40q as %q: it prints %q", body, contentType, got)
			}
		}
	}
	chunked := `{"id":"evt_chunked","event":"task.deleted"}`
	status, _ := h.post(t, io.MultiReader(strings.NewReader(chunked)), "", sign(chunked))
	if got := h.line(t); status != 200 || got != "task.deleted evt_chunked" {
		t.Errorf("a chunked body: %d, it prints %q", status, got)
	}
	for _, want := range []string{"OK", "duplicate"} {
		surrogate := `{"id":"evt_\ud800","event":"task.updated"}`
		status, answer := h.post(t, strings.NewReader(surrogate), "", sign(surrogate))
		if h.line(t); status != 200 || answer != want {
			t.Errorf("half a surrogate pair: %d %q, want 200 %q", status, answer, want)
		}
	}
}

func (h *handler) testRefuses(t *testing.T) {
	body := `{"id":"evt_refused","event":"task.created"}`
	right := sign(body)
	flipped := "0" + right[1:]
	if flipped == right {
		flipped = "1" + right[1:]
	}
	for name, signatures := range map[string][]string{
		"missing":         nil,
		"empty":           {""},
		"one digit off":   {flipped},
		"too short":       {right[:63]},
		"too long":        {right + "0"},
		"upper case":      {strings.ToUpper(right)},
		"with a prefix":   {"sha256=" + right},
		"not hex":         {strings.Repeat("z", 64)},
		"not ASCII":       {strings.Repeat("é", 32)},
		"twice":           {right, right},
		"second one good": {flipped, right},
		"first one good":  {right, flipped},
		"good and empty":  {right, ""},
		"of another body": {sign(sample)},
	} {
		t.Run(name, func(t *testing.T) {
			h.expect(t, body, signatures, 401, "invalid signature", "refused: no valid signature")
		})
	}
	// None of them may have left a trace by which the right one passes for a duplicate.
	h.expect(t, body, []string{right}, 200, "OK", "task.created evt_refused")
}

func (h *handler) testRoutes(t *testing.T) {
	resp, err := http.Get(h.url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 404 && resp.StatusCode != 405 {
		t.Errorf("GET: %d, want 404 or 405", resp.StatusCode)
	}
}

// testLimit speaks HTTP by hand: a handler may answer before the body has arrived and
// close the connection, which the client of net/http sometimes reports as an error.
func (h *handler) testLimit(t *testing.T) {
	full := strings.Repeat(" ", bodyLimit)
	if status, answer := h.post(t, strings.NewReader(full), "", sign(full)); status != 200 || answer != "ignored" {
		t.Errorf("%d bytes: %d %q, want 200 \"ignored\"", bodyLimit, status, answer)
	}
	h.line(t)

	target, err := url.Parse(h.url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", target.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	go fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nX-Solatis-Signature: %s\r\nContent-Length: %d\r\n\r\n%s ",
		target.Path, target.Host, sign(full+" "), bodyLimit+1, full)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%d bytes: %d, want 413", bodyLimit+1, resp.StatusCode)
	}
}

func (h *handler) testAlive(t *testing.T) {
	last := `{"id":"evt_last","event":"content.generated"}`
	h.expect(t, last, []string{sign(last)}, 200, "OK", "content.generated evt_last")
}

func sign(body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}
