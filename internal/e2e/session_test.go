package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/folders"
)

// secret signs the events of all tests.
const secret = "whsec_e2e-é"

// place is a developer's machine: a home for solatis, and the project that it runs in.
type place struct{ home, project string }

func newPlace(t *testing.T) place {
	t.Helper()
	// t.TempDir has the test's name in it, which can make it too long for sockets.
	home, err := os.MkdirTemp("", "solatis-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	return place{home: home, project: t.TempDir()}
}

func (p place) history() string { return folders.Folders{State: p.home}.History() }

func (p place) command(args ...string) *exec.Cmd {
	cmd := exec.Command(solatisProgram, args...)
	cmd.Dir = p.project
	cmd.Env = append(environment(), "SOLATIS_HOME="+p.home, "SOLATIS_WEBHOOK_SECRET="+secret)
	return cmd
}

// environment is the tests' own, without the settings for solatis of whoever runs them.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SOLATIS_") })
}

// run runs a solatis command, which has to exit with 0.
func (p place) run(t *testing.T, args ...string) {
	t.Helper()
	if out, err := p.command(args...).CombinedOutput(); err != nil {
		t.Fatalf("solatis %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// session is a running solatis listen.
type session struct {
	*process
	url string
}

// listen starts a session and returns when it is ready. observe gets its updates, in
// order, those before the ready line too: what an earlier session left is resumed first.
func (p place) listen(t *testing.T, observe func(activity.Update), args ...string) *session {
	t.Helper()
	ready := make(chan string, 1)
	onLine := func(line string) {
		u, err := activity.ParseJSON([]byte(line))
		if err != nil {
			t.Errorf("listen prints %q: %v", line, err)
			return
		}
		if r, ok := u.(activity.Ready); ok {
			ready <- r.URL
		}
		observe(u)
	}
	args = append([]string{"listen", "--output", "json"}, args...)
	s := &session{process: start(t, p.command(args...), onLine)}
	select {
	case s.url = <-ready:
	case <-s.ended:
		t.Fatalf("listen ended: %v\n%s", s.cmd.ProcessState, s.stderr.String())
	case <-time.After(patience):
		t.Fatal("listen does not get ready")
	}
	return s
}

// newClient returns an HTTP client without connections in common with other tests.
func newClient(t *testing.T) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: senders}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}
