//go:build linux

package netns

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
)

// build builds a program of the module, with a version of its own.
func build(t *testing.T, dir, name, version string) (program string) {
	t.Helper()
	program = filepath.Join(dir, name+"-"+version)
	cmd := exec.Command("go", "build", "-o", program,
		"-ldflags", "-X github.com/solatis/solatis-cli/internal/buildinfo.version="+version, "./cmd/"+name)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build ./cmd/%s: %v\n%s", name, err, out)
	}
	return program
}

// environment is the test's own, without the settings for solatis of whoever runs it.
func environment(further ...string) []string {
	kept := slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SOLATIS_") })
	return append(kept, further...)
}

// server is the machine that the relay is on.
type server struct {
	world   *world
	manual  *manual
	program string // the relay's, one version or another
	data    string
}

// command is a relay's command as the manual has it.
func (s *server) command(t *testing.T, documented string, further ...string) *exec.Cmd {
	t.Helper()
	cmd := s.world.server.command(s.program, append(s.manual.args(t, documented), further...)...)
	cmd.Env = environment("SOLATIS_RELAY_DATA="+s.data, "SOLATIS_RELAY_CONFIG="+os.DevNull)
	return cmd
}

// How the manual starts the relay: behind a proxy, and with certificates of its own.
const (
	behindProxy = "solatis-relay serve --listen 127.0.0.1:8080 --trusted-proxies 127.0.0.1 --public-url https://relay.example.com"
	withTLS     = "solatis-relay serve --tls-cert relay.pem --tls-key relay.key"
)

// serve starts the relay, and returns when it serves.
func (s *server) serve(t *testing.T, documented, version string) *process {
	t.Helper()
	p := start(t, s.command(t, documented), nil)
	p.stderr.await(t, "the relay serves", 0, func(line string) bool {
		return strings.Contains(line, "msg=serving") && strings.Contains(line, "version="+version)
	})
	return p
}

// metrics returns the page that Prometheus reads, of a relay that has refused something.
func (s *server) metrics(t *testing.T) string {
	t.Helper()
	if status, page := s.get(t, "http://127.0.0.1:8080/nothing"); status != http.StatusNotFound {
		t.Errorf("a path where nothing is: %d\n%s", status, page)
	}
	status, page := s.get(t, "http://127.0.0.1:9090/metrics")
	if status != http.StatusOK {
		t.Fatalf("the metrics: %d\n%s", status, page)
	}
	return page
}

// get asks for a page on the server itself.
func (s *server) get(t *testing.T, url string) (status int, page string) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: s.world.server.dial}
	resp, err := (&http.Client{Transport: transport, Timeout: patience}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// startNginx runs nginx with packaging/nginx.conf, in which only names and files are
// changed that everybody has to change.
func startNginx(t *testing.T, w *world, a *authority, dir string) *process {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "packaging", "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	site := string(text)
	for _, change := range [][2]string{
		{"server_name relay.example.com;", "server_name " + serverAddress + ";"},
		{"/etc/nginx/relay.example.com.pem", a.certFile},
		{"/etc/nginx/relay.example.com.key", a.keyFile},
	} {
		if strings.Count(site, change[0]) != 1 {
			t.Fatalf("packaging/nginx.conf doesn't have %q once", change[0])
		}
		site = strings.Replace(site, change[0], change[1], 1)
	}
	main := fmt.Sprintf("user root; daemon off; pid %[1]s/nginx.pid; error_log stderr notice; worker_processes 1; events {}\n"+
		"http { client_body_temp_path %[1]s; proxy_temp_path %[1]s;\n%[2]s}\n", dir, site)
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, w.server.command("nginx", "-e", "stderr", "-c", path), nil)
	p.stderr.await(t, "nginx works", 0, func(line string) bool { return strings.Contains(line, "start worker processes") })
	return p
}

// laptop is the developer's machine.
type laptop struct {
	world   *world
	manual  *manual
	program string
	home    string
	project string
	trust   string // file with the certificate of the relay's authority
}

func (l *laptop) command(t *testing.T, documented string, further ...string) *exec.Cmd {
	t.Helper()
	args := append(l.manual.args(t, documented), further...)
	cmd := l.world.laptop.command(l.program, args...)
	cmd.Dir = l.project
	cmd.Env = environment("SOLATIS_HOME="+l.home, "SOLATIS_KEYRING=off", "SOLATIS_WEBHOOK_SECRET="+secret)
	return cmd
}

// update is one of listen's, and when it came.
type update struct {
	activity.Update
	came time.Time
}

// session is a running solatis listen.
type session struct {
	*process
	updates *feed[update]
	url     string
}

// listen starts a session, and returns when it is ready.
func (l *laptop) listen(t *testing.T) *session {
	t.Helper()
	updates := newFeed[update]()
	onLine := func(line string) {
		u, err := activity.ParseJSON([]byte(line))
		if err != nil {
			t.Errorf("listen prints %q: %v", line, err)
			return
		}
		updates.add(update{u, time.Now()})
	}
	cmd := l.command(t, "solatis listen --relay work --endpoint shop --forward localhost:3000",
		"--relay-ca", l.trust, "--output", "json", "--concurrency", "1", "--verify", "strict")
	s := &session{process: start(t, cmd, onLine), updates: updates}
	ready, _ := updates.await(t, "listen is ready", 0, is[activity.Ready])
	s.url = ready.Update.(activity.Ready).URL
	return s
}

func is[U activity.Update](u update) bool {
	_, ok := u.Update.(U)
	return ok
}

// dropped and restored wait for what listen says of the connection from the update at
// from on, and hold it to 30 seconds after since.
func (s *session) dropped(t *testing.T, from int, since time.Time) (next int) {
	t.Helper()
	return within(t, s, from, since, "the connection is lost", is[activity.Disconnected])
}

func (s *session) restored(t *testing.T, from int, since time.Time) (next int) {
	t.Helper()
	return within(t, s, from, since, "the connection is back", is[activity.Connected])
}

func within(t *testing.T, s *session, from int, since time.Time, what string, match func(update) bool) (next int) {
	t.Helper()
	u, next := s.updates.await(t, "listen says that "+what, from, match)
	after := u.came.Sub(since)
	if after > patience {
		t.Errorf("listen says that %s only after %v", what, after)
	}
	t.Logf("%s: said after %v: %+v", what, after.Round(time.Millisecond), u.Update)
	return next
}
