package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// The binaries under test, built once.
var solatis, nethttp string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "solatis-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	solatis, nethttp = filepath.Join(dir, "solatis"), filepath.Join(dir, "nethttp")
	if runtime.GOOS == "windows" {
		solatis, nethttp = solatis+".exe", nethttp+".exe"
	}
	for program, source := range map[string]string{solatis: "../../cmd/solatis", nethttp: "../../docs/handlers/nethttp"} {
		if out, err := exec.Command("go", "build", "-o", program, source).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build %s: %v\n%s", source, err, out)
			os.Exit(1)
		}
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// home is a home folder and a project folder, in which solatis runs.
type home struct {
	t      *testing.T
	state  string
	dir    string
	secret string
}

func newHome(t *testing.T) *home {
	return &home{t: t, state: t.TempDir(), dir: t.TempDir(), secret: "whsec_of_the_end_to_end_tests"}
}

func (h *home) command(args ...string) *exec.Cmd {
	cmd := exec.Command(solatis, args...)
	cmd.Dir = h.dir
	cmd.Env = append(os.Environ(), "SOLATIS_HOME="+h.state, "SOLATIS_WEBHOOK_SECRET="+h.secret)
	return cmd
}

// run runs solatis to its end and returns what it printed and its exit code.
func (h *home) run(args ...string) (out string, code int) {
	h.t.Helper()
	cmd := h.command(args...)
	b, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		h.t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// update is a line of --output json, as far as these tests look at it.
type update struct {
	Type, URL, Event, State string
	Pending                 int
}

// listener is a running solatis listen.
type listener struct {
	cmd     *exec.Cmd
	url     string
	updates chan update // closed when its output ends
	stderr  bytes.Buffer
}

// listen starts solatis listen and returns once it is ready. What is said before the
// ready line is among the updates.
func (h *home) listen(args ...string) *listener {
	h.t.Helper()
	l := &listener{cmd: h.command(append([]string{"listen", "--output", "json"}, args...)...), updates: make(chan update, 1<<16)}
	l.cmd.Stderr = &l.stderr
	stdout, err := l.cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	ready := make(chan string, 1)
	go func() {
		defer close(l.updates)
		defer close(ready)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			var u update
			if json.Unmarshal(lines.Bytes(), &u) != nil {
				continue // a line that a kill cut short
			}
			if u.Type == "ready" {
				ready <- u.URL
			}
			l.updates <- u
		}
	}()
	h.t.Cleanup(l.kill)
	if l.url = <-ready; l.url == "" {
		l.cmd.Wait()
		h.t.Fatalf("listen ended before it was ready: %s", l.stderr.String())
	}
	return l
}

// kill ends the session as kill -9 does. It may be called again.
func (l *listener) kill() {
	l.cmd.Process.Kill()
	for range l.updates {
	}
	l.cmd.Wait()
}

// stop ends the session by ^C and returns its exit code.
func (l *listener) stop() int {
	l.cmd.Process.Signal(os.Interrupt)
	for range l.updates {
	}
	l.cmd.Wait()
	return l.cmd.ProcessState.ExitCode()
}

// post posts a body on a connection of its own and returns the status, or 0 where none
// came.
func post(url, sign, body string) int {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("X-Solatis-Signature", sign)
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}
