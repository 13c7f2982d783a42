package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/relay/access"
	"github.com/solatis/solatis-cli/internal/wire"
)

// slowPost begins a webhook and leaves its last byte out until finish, which returns the
// answer.
func slowPost(t *testing.T, r *running, url string) (finish func() (*http.Response, error)) {
	t.Helper()
	conn, err := net.Dial("tcp", r.Public)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	path := strings.TrimPrefix(url, r.base())
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", path, r.Public)
	answers := bufio.NewReader(conn)
	line, err := answers.ReadString('\n') // the handler reads the body: it is under way
	if err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the relay answers %q, %v", line, err)
	}
	if _, err := answers.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "{")
	return func() (*http.Response, error) {
		io.WriteString(conn, "}")
		resp, err := http.ReadResponse(answers, nil)
		if err == nil {
			resp.Body.Close()
		}
		return resp, err
	}
}

func TestDrain(t *testing.T) {
	data := tempData(t)
	token := withToken(t, data, "ann", access.ScopeListen)
	r := startRelay(t, Config{Data: data})
	a, welcome := connect(t, r, token, true)
	finish := slowPost(t, r, welcome.URL)
	kept := r.client(t) // with a connection from before
	resp, err := kept.Post(welcome.URL, "", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()

	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	if why := <-a.lost; !strings.Contains(why.Error(), "restarting") {
		t.Errorf("the agent is told: %v", why)
	}

	if status, _ := get(t, "http://"+r.Admin+"/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %d while the relay drains", status)
	}
	for name, client := range map[string]*http.Client{"on a new connection": r.client(t), "on an old connection": kept} {
		resp, err := client.Post(welcome.URL, "", strings.NewReader("{}"))
		if err != nil {
			t.Fatalf("a later webhook %s: %v", name, err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || !resp.Close {
			t.Errorf("a later webhook %s gets %d, Retry-After %q, close %v", name, resp.StatusCode, resp.Header.Get("Retry-After"), resp.Close)
		}
	}
	select {
	case err := <-stopped:
		t.Fatalf("the relay ended with a request under way: %v", err)
	default:
	}
	if resp, err := finish(); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("the request under way gets %v, %v", resp, err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	a.stop()

	// What got its 200 while the relay drained is there after it.
	r = startRelay(t, Config{Data: data})
	a, _ = connect(t, r, token, true)
	a.next(t)
	a.next(t)
}

// TestDrainDoesNotWaitForHalfAnAgent: one that never says Hello is
// no reason to take longer.
func TestDrainDoesNotWaitForHalfAnAgent(t *testing.T) {
	r := startRelay(t, Config{AllowAnonymous: true})
	conn, err := net.Dial("tcp", r.Public)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
		wire.AgentPath, r.Public)
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "101") {
		t.Fatalf("the relay answers %q, %v", line, err)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if strings.Contains(r.log.String(), "cut off") {
		t.Error("the drain waited for an agent that never said Hello")
	}
}

// TestDrainCutsOff: a request that never ends doesn't keep the relay.
func TestDrainCutsOff(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as a drain may")
	}
	data := tempData(t)
	token := withToken(t, data, "ann", access.ScopeListen)
	r := startRelay(t, Config{Data: data})
	_, welcome := connect(t, r, token, true)
	finish := slowPost(t, r, welcome.URL)
	began := time.Now()
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > DrainWithin+5*time.Second { // with room for a busy machine
		t.Errorf("the end took %v", took)
	}
	if !strings.Contains(r.log.String(), "cut off") {
		t.Error("the log doesn't say that a request was cut off")
	}
	if resp, err := finish(); err == nil {
		t.Errorf("a request of a relay that has ended gets %d", resp.StatusCode)
	}
}
