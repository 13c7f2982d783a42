package send_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/send"
)

// closedPort is a port on which nothing listens.
func closedPort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func wantFailure(t *testing.T, o delivery.Outcome, kind delivery.Kind, text string) {
	t.Helper()
	if o.Kind != kind || !strings.Contains(o.Error, text) || o.Status != 0 || o.Header != nil || o.Body != nil {
		t.Errorf("got %+v\nwant %s: %q", o, kind, text)
	}
}

func TestNoConnect(t *testing.T) {
	s := sender(t, send.Options{})
	to := target(t, closedPort(t))
	o := s.Send(context.Background(), to, post("{}"))
	wantFailure(t, o, delivery.NoConnect, "")
	if want := fmt.Sprintf("could not connect to %s: is your app running?", to.Address()); o.Error != want {
		t.Errorf("got %q, want %q", o.Error, want)
	}
}

func TestNoConnectAfterTheAppWasStopped(t *testing.T) {
	s := sender(t, send.Options{})
	for range 20 {
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		to := target(t, server.URL)
		answered(t, s.Send(context.Background(), to, post("{}")), 200)
		server.Close()
		wantFailure(t, s.Send(context.Background(), to, post("{}")), delivery.NoConnect, "is your app running?")
	}
}

func TestNoTLSConnection(t *testing.T) {
	plain := app(t, func(http.ResponseWriter, *http.Request) {})
	s := sender(t, send.Options{})
	o := s.Send(context.Background(), target(t, "https://"+plain.Address()), post("{}"))
	wantFailure(t, o, delivery.NoConnect, "forward to http://"+plain.Address())
}

// silent reads a request, writes the given part of an answer and then nothing until the
// sender has hung up.
func silent(t *testing.T, answer string) send.Target {
	return rawApp(t, "tcp", "127.0.0.1:0", func(c net.Conn, r *bufio.Reader) {
		readRaw(r)
		io.WriteString(c, answer)
		io.Copy(io.Discard, r)
	})
}

func TestTimeout(t *testing.T) {
	s := sender(t, send.Options{Timeout: 50 * time.Millisecond})
	to := silent(t, "")
	o := s.Send(context.Background(), to, post("{}"))
	wantFailure(t, o, delivery.Timeout, "no answer from "+to.Address()+" within 50ms: answer 200 first and work afterwards")
	if o.Duration < 10*time.Millisecond {
		t.Errorf("took %s", o.Duration)
	}
	o = s.Send(context.Background(), silent(t, "HTTP/1.1 200 OK\r\n\r\nbegun"), post("{}"))
	wantFailure(t, o, delivery.Timeout, "began to answer with 200")
}

func TestEndlessAnswerTricklingIn(t *testing.T) {
	to := rawApp(t, "tcp", "127.0.0.1:0", func(c net.Conn, r *bufio.Reader) {
		readRaw(r)
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		c.Write(make([]byte, delivery.MaxRecordedBody+1000))
		io.Copy(io.Discard, r)
	})
	o := sender(t, send.Options{Timeout: 200 * time.Millisecond}).Send(context.Background(), to, post("{}"))
	wantFailure(t, o, delivery.Timeout, "not complete within 200ms")
}

func TestEndlessAnswerIsCutShort(t *testing.T) {
	to := app(t, func(w http.ResponseWriter, r *http.Request) {
		for chunk := make([]byte, 64<<10); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	o := sender(t, send.Options{Timeout: time.Minute}).Send(context.Background(), to, post("{}"))
	answered(t, o, 200)
	if !o.Truncated {
		t.Error("not marked as truncated")
	}
}

func TestBrokenOff(t *testing.T) {
	s := sender(t, send.Options{})
	for answer, text := range map[string]string{
		"":                    "closed the connection without an answer",
		"HTTP/1.1 200":        "closed the connection without an answer",
		"HTTP/1.1 200 OK\r\n": "closed the connection without an answer",
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort":         "broke its answer off after the status 200",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nx": "broke its answer off after the status 200",
		"220 mail.test ESMTP\r\n\r\n":                               "did not answer in HTTP",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n":                       "did not answer in HTTP",
	} {
		to := rawApp(t, "tcp", "127.0.0.1:0", func(c net.Conn, r *bufio.Reader) {
			readRaw(r)
			io.WriteString(c, answer)
		})
		wantFailure(t, s.Send(context.Background(), to, post("{}")), delivery.BrokenOff, to.Address()+" "+text)
	}
}

func TestCrashIsNotRetried(t *testing.T) {
	calls := make(chan struct{}, 9)
	to := rawApp(t, "tcp", "127.0.0.1:0", func(c net.Conn, r *bufio.Reader) {
		readRaw(r)
		io.WriteString(c, okAnswer)
		if _, err := readRaw(r); err == nil {
			calls <- struct{}{} // and crash
		}
	})
	s := sender(t, send.Options{})
	answered(t, s.Send(context.Background(), to, post("first")), 200)
	wantFailure(t, s.Send(context.Background(), to, post("second")), delivery.BrokenOff, "look for a crash")
	if len(calls) != 1 {
		t.Errorf("the app got the request %d times", len(calls))
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	to := rawApp(t, "tcp", "127.0.0.1:0", func(c net.Conn, r *bufio.Reader) {
		readRaw(r)
		cancel()
		io.Copy(io.Discard, r)
	})
	s := sender(t, send.Options{Timeout: time.Minute})
	o := s.Send(ctx, to, post("{}"))
	wantFailure(t, o, delivery.Interrupted, "stopped")
	wantFailure(t, s.Send(ctx, to, post("{}")), delivery.Interrupted, "stopped")
}

func TestHint(t *testing.T) {
	for _, c := range []struct {
		target string
		status int
		want   string
	}{
		{"3000", 404, "--forward localhost:3000/webhooks/solatis"},
		{"3000", 405, "--forward localhost:3000/webhooks/solatis"},
		{"https://app.test", 404, "--forward https://app.test/webhooks/solatis"},
		{"3000/hooks", 404, ""},
		{"3000", 500, ""},
		{"3000", 200, ""},
		{"3000/hooks", 201, "201 counts as success; the provider's guide advises exactly 200"},
		{"3000", 204, "204 counts as success; the provider's guide advises exactly 200"},
	} {
		got := send.Hint(target(t, c.target), delivery.Outcome{Kind: delivery.Answered, Status: c.status})
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s, %d: %q", c.target, c.status, got)
		}
	}
	if got := send.Hint(target(t, "3000"), delivery.Outcome{Kind: delivery.Timeout}); got != "" {
		t.Errorf("timeout: %q", got)
	}
}

func TestCloseLeavesNoConnection(t *testing.T) {
	gone := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			close(gone)
		}
	}
	server.Start()
	defer server.Close()
	s := send.New(send.Options{})
	answered(t, s.Send(context.Background(), target(t, server.URL), post("{}")), 200)
	s.Close()
	<-gone
}
