package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// outage is an app that is down until it is up, and the sessions that forward to it.
type outage struct {
	*testing.T
	app *httptest.Server
	dir string
	env []string

	mu   sync.Mutex // guards what follows
	up   bool
	took []string // events, in order
}

func newOutage(t *testing.T) *outage {
	home, err := os.MkdirTemp("", "solatis-test-") // short enough for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	o := &outage{T: t, dir: t.TempDir(), env: append(os.Environ(), "SOLATIS_HOME="+home, "SOLATIS_KEYRING=off")}
	o.app = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e struct{ ID string }
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		if !o.up {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		o.took = append(o.took, e.ID)
	}))
	t.Cleanup(o.app.Close)
	return o
}

func (o *outage) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.up = true
}

func (o *outage) run(args ...string) *exec.Cmd {
	cmd := exec.Command("solatis", args...)
	cmd.Dir, cmd.Env = o.dir, o.env
	return cmd
}

// listen starts a session, and returns it and its URL.
func (o *outage) listen(args ...string) (*session, string) {
	o.Helper()
	s := &session{out: newTranscript(), all: newTranscript(), ended: make(chan struct{})}
	s.cmd = o.run(append([]string{"listen", "--output", "json", "--forward", o.app.URL, "--retry", "--concurrency", "1"}, args...)...)
	s.cmd.Stdout, s.cmd.Stderr = both{s.out, s.all}, both{newTranscript(), s.all}
	if err := s.cmd.Start(); err != nil {
		o.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		s.cmd.Wait()
	}()
	o.Cleanup(func() { s.kill() })
	o.await(s, `"type":"ready"`)
	text, _ := s.out.read()
	var ready struct{ URL string }
	if err := json.Unmarshal([]byte(text[:strings.IndexByte(text, '\n')]), &ready); err != nil {
		o.Fatal(err)
	}
	return s, ready.URL
}

// kill is kill -9.
func (s *session) kill() {
	s.cmd.Process.Kill()
	<-s.ended
}

func (o *outage) await(s *session, pattern string) {
	o.Helper()
	if !s.all.await(regexp.MustCompile(pattern), s.ended) {
		text, _ := s.all.read()
		o.Fatalf("it never said %s, but:\n%s", pattern, text)
	}
}

func (o *outage) post(url, id string) {
	o.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(fmt.Sprintf(`{"id":%q,"event":"task.created"}`, id)))
	if err != nil {
		o.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		o.Fatalf("%s: %s", id, resp.Status)
	}
}

// TestAnOutageAtFullSpeed is one that ends a webhook: what comes is held over a kill -9, and
// delivered in order once it is enabled.
func TestAnOutageAtFullSpeed(t *testing.T) {
	o := newOutage(t)
	s, url := o.listen("--retry-speed", "max")
	o.post(url, "evt_first")
	o.await(s, `"disabled"`)
	var want []string
	for i := range 20 {
		id := fmt.Sprintf("evt_%02d", i)
		want = append(want, id)
		o.post(url, id)
	}
	o.await(s, `"held".*evt_19`)
	s.kill()
	s, url = o.listen("--retry-speed", "max")
	o.await(s, `"disabled".*"held":20`)
	o.end()
	o.post(url, "evt_20")
	want = append(want, "evt_20")
	o.await(s, `"held".*evt_20`)
	if out, err := o.run("session", "enable").CombinedOutput(); err != nil || !strings.Contains(string(out), "delivering what was held: 21") {
		t.Errorf("%s, %v", out, err)
	}
	o.await(s, `"attempted".*evt_20.*"succeeded"`)
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.Equal(o.took, want) {
		t.Errorf("the app got %q", o.took)
	}
}

// TestAnOutageThatEndsInTime loses nothing, though the session is killed twice while all of it
// waits for retries.
func TestAnOutageThatEndsInTime(t *testing.T) {
	o := newOutage(t)
	flags := []string{"--retry-speed", "3600", "--retry-schedule", "1m,5m,30m,1h,1h,1h,1h,1h,1h,1h"}
	s, url := o.listen(flags...)
	const events = 20
	for i := range events {
		o.post(url, fmt.Sprintf("evt_%02d", i))
	}
	o.await(s, `"attempted".*evt_19.*"retry":1,"of":10`)
	s.kill()
	s, _ = o.listen(flags...)
	o.await(s, `"resumed","pending":20`)
	o.await(s, `"attempted".*evt_00.*"retry":[3-9],"of":10`) // the first session may have come so far
	s.kill()
	o.end()
	s, _ = o.listen(flags...)
	for i := range events {
		o.await(s, fmt.Sprintf(`"attempted".*evt_%02d.*"succeeded"`, i))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	slices.Sort(o.took)
	if o.took = slices.Compact(o.took); len(o.took) != events {
		t.Errorf("the app got %q", o.took)
	}
}
