//go:build unix

package relaycli_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
)

// beginPost begins a webhook and leaves its last byte out. finish sends it and returns the
// answer.
func beginPost(t *testing.T, endpoint string) (finish func() (*http.Response, error)) {
	t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", u.Path, u.Host)
	answers := bufio.NewReader(conn)
	line, err := answers.ReadString('\n') // the relay reads the body: the request is under way
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

func serving(t *testing.T) (*process, string) {
	t.Helper()
	data, err := os.MkdirTemp("", "relay-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(data) })
	p := begin(t, os.Environ(), "--data", data, "--allow-anonymous")
	return p, connect(p.URL, "", t.Cleanup).welcomed(t)
}

func TestOneSignalDrains(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			p, endpoint := serving(t)
			finish := beginPost(t, endpoint)
			if err := p.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			p.await(t, `"msg":"draining"`)
			if resp, err := finish(); err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("the webhook under way gets %v, %v", resp, err)
			}
			if code := p.wait(); code != 0 {
				t.Errorf("the relay ends with %d:\n%s", code, p.text())
			}
		})
	}
}

func TestTwoSignalsEndAtOnce(t *testing.T) {
	p, endpoint := serving(t)
	finish := beginPost(t, endpoint)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.await(t, `"msg":"draining"`)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.wait()
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("the relay ends with %v:\n%s", status, p.text())
	}
	if resp, err := finish(); err == nil {
		t.Errorf("a webhook of a relay that is gone gets %d", resp.StatusCode)
	}
}
