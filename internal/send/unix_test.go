package send_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/send"
)

// socketPath is a path for a socket: short, as systems want it, and awkward.
func socketPath(t *testing.T) string {
	dir, err := os.MkdirTemp("", "sol")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "my äpp~%2f.sock")
}

// unixRecorder is recorder on a Unix socket.
func unixRecorder(t *testing.T, path string) <-chan rawRequest {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Skipf("no Unix sockets here: %v", err)
	}
	seen, done := make(chan rawRequest, 1), make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					req, err := readRaw(r)
					if err != nil {
						return
					}
					seen <- req
					io.WriteString(c, okAnswer)
				}
			}()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return seen
}

func TestUnixSocket(t *testing.T) {
	path, other := socketPath(t), socketPath(t)
	seen, wrong := unixRecorder(t, path), unixRecorder(t, other)
	s := sender(t, send.Options{})
	for text, want := range map[string]string{
		"unix:" + path:                 "POST /in?q=1 HTTP/1.1",
		"unix:" + path + ":/hooks?a=b": "POST /hooks?a=b&q=1 HTTP/1.1",
		"unix://" + path:               "POST /in?q=1 HTTP/1.1",
	} {
		for range 2 { // over a new connection and over a reused one
			r := post("{}")
			r.Path, r.RawQuery = "/in", "q=1"
			answered(t, s.Send(context.Background(), target(t, text), r), 200)
			got := <-seen
			if got.line != want || got.values()["host"][0] != "localhost" || string(got.body) != "{}" {
				t.Errorf("%s: got %q", text, got)
			}
		}
	}
	answered(t, s.Send(context.Background(), target(t, "unix:"+other), post("{}")), 200)
	<-wrong
	select {
	case got := <-seen:
		t.Errorf("what was for another socket came here: %q", got)
	default:
	}
}

func TestNoSocket(t *testing.T) {
	path := socketPath(t)
	s := sender(t, send.Options{})
	o := s.Send(context.Background(), target(t, "unix:"+path+":/x"), post("{}"))
	wantFailure(t, o, delivery.NoConnect, "could not connect to unix:"+path+": there is no such socket; is your app running?")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o = s.Send(context.Background(), target(t, "unix:"+path), post("{}"))
	wantFailure(t, o, delivery.NoConnect, "could not connect to unix:"+path+": ")
}

func TestHintForASocket(t *testing.T) {
	to := target(t, "unix:/run/app.sock")
	hint := send.Hint(to, delivery.Outcome{Kind: delivery.Answered, Status: 404})
	_, forward, _ := strings.Cut(hint, "--forward ")
	if again := target(t, forward); !again.HasPath() || again.Address() != to.Address() {
		t.Errorf("%q advises %q", hint, forward)
	}
}
