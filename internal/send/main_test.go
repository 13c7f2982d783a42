package send_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/send"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func sender(t testing.TB, o send.Options) *send.Sender {
	s := send.New(o)
	t.Cleanup(s.Close)
	return s
}

func target(t testing.TB, text string) send.Target {
	t.Helper()
	to, err := send.ParseTarget(text)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// app starts a real HTTP server and returns it as a target.
func app(t testing.TB, h http.HandlerFunc) send.Target {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return target(t, server.URL)
}

// rawApp serves each TCP connection by serve, which is given the reader of the
// connection as well. The connection is closed when serve returns.
func rawApp(t testing.TB, network, address string, serve func(net.Conn, *bufio.Reader)) send.Target {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Skipf("no %s here: %v", address, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c, bufio.NewReader(c))
			}()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return target(t, l.Addr().String())
}

// rawRequest is what one request looked like on the wire.
type rawRequest struct {
	line   string
	header []string // lines, sorted by name as net/http writes them
	body   []byte
}

// values returns all values of a header in their order, by name in lower case.
func (r rawRequest) values() map[string][]string {
	all := make(map[string][]string)
	for _, line := range r.header {
		name, value, _ := strings.Cut(line, ": ")
		name = strings.ToLower(name)
		all[name] = append(all[name], value)
	}
	return all
}

// readRaw reads one request without any help from net/http.
func readRaw(r *bufio.Reader) (rawRequest, error) {
	line, err := r.ReadString('\n')
	req := rawRequest{line: strings.TrimSuffix(line, "\r\n")}
	length := 0
	for err == nil {
		if line, err = r.ReadString('\n'); line == "\r\n" {
			break
		}
		req.header = append(req.header, strings.TrimSuffix(line, "\r\n"))
		if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
	if err != nil {
		return req, err
	}
	var body bytes.Buffer
	_, err = io.CopyN(&body, r, int64(length))
	req.body = body.Bytes()
	return req, err
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

// recorder is a raw app that answers 200 and hands out what came in.
func recorder(t testing.TB) (send.Target, <-chan rawRequest) {
	seen := make(chan rawRequest, 1)
	return rawApp(t, "tcp", "127.0.0.1:0", func(c net.Conn, r *bufio.Reader) {
		for {
			req, err := readRaw(r)
			if err != nil {
				return
			}
			seen <- req
			io.WriteString(c, okAnswer)
		}
	}), seen
}

func post(body string) *event.Request {
	return &event.Request{
		ID: event.NewRequestID(time.Now()), Method: http.MethodPost, Body: []byte(body),
		Header: event.Header{"Content-Type": {"application/json"}},
	}
}
