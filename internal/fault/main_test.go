package fault

import (
	"bufio"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func spec(t testing.TB, text string) Spec {
	t.Helper()
	s, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func plan(t testing.TB, seed uint64, texts ...string) Plan {
	t.Helper()
	var specs []Spec
	for _, text := range texts {
		specs = append(specs, spec(t, text))
	}
	return NewPlan(seed, specs...)
}

// turn is a turn that nobody keeps back, with these faults.
func turn(t testing.TB, texts ...string) *Turn { return NewTurn(plan(t, 0, texts...).Of(1, "")) }

func target(t testing.TB, text string) send.Target {
	t.Helper()
	to, err := send.ParseTarget(text)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// sender is a sender whose timeout only a hang exceeds, unless o has one.
func sender(t testing.TB, o send.Options) *send.Sender {
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	s := send.New(o)
	t.Cleanup(s.Close)
	return s
}

// arrival is what an app saw of one request.
type arrival struct {
	line   string
	header http.Header
	body   []byte
	err    error // of reading the body
}

// begun brings how much of a body an app has read, before it reads on.
var begun = make(chan int, 1000)

// resetOnce lets connections be reset as soon as an app has read so much of a body.
func resetOnce(t testing.TB, read int) {
	t.Helper()
	for len(begun) > 0 {
		<-begun
	}
	before := beforeReset
	t.Cleanup(func() { beforeReset = before })
	beforeReset = func() (<-chan time.Time, func() bool) {
		moment := make(chan time.Time, 1)
		go func() {
			for n := -1; n < read; {
				n = <-begun
			}
			moment <- time.Now()
		}()
		return moment, func() bool { return true }
	}
}

// neverReset lets the answer come before the reset, however slow the app is.
func neverReset(t testing.TB) {
	before := beforeReset
	t.Cleanup(func() { beforeReset = before })
	beforeReset = func() (<-chan time.Time, func() bool) { return nil, func() bool { return true } }
}

// app is an app that tells what it saw and answers 200, or 400 where the body breaks off.
func app(t testing.TB, how string) (send.Target, send.Options, <-chan arrival) {
	t.Helper()
	seen := make(chan arrival, 100)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := arrival{line: r.Method + " " + r.RequestURI, header: r.Header.Clone()}
		a.header.Set("Host", r.Host)
		for a.err == nil {
			select {
			case begun <- len(a.body):
			default:
			}
			var n int
			b := make([]byte, 64<<10)
			n, a.err = r.Body.Read(b)
			a.body = append(a.body, b[:n]...)
		}
		if a.err == io.EOF {
			a.err = nil
		} else {
			w.WriteHeader(http.StatusBadRequest)
		}
		seen <- a
	}))
	server.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	var o send.Options
	switch how {
	case "https":
		server.StartTLS()
		o.TLS = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	case "unix":
		socket := filepath.Join(t.TempDir(), "s")
		l, err := net.Listen("unix", socket)
		if err != nil {
			t.Skip("no Unix sockets here:", err)
		}
		server.Listener.Close()
		server.Listener = l
		server.Start()
		t.Cleanup(server.Close)
		return target(t, "unix:"+socket+":/hooks"), o, seen
	case "localhost":
		server.Start()
		t.Cleanup(server.Close)
		return target(t, strings.Replace(server.URL, "127.0.0.1", "localhost", 1)+"/hooks?a=b"), o, seen
	default:
		server.Start()
	}
	t.Cleanup(server.Close)
	return target(t, server.URL+"/hooks"), o, seen
}

// raw serves each connection by serve; how it ends is up to that.
func raw(t testing.TB, serve func(net.Conn, *bufio.Reader)) send.Target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
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

func secret(t testing.TB) signature.Secret {
	s, err := signature.NewSecret("whsec_of_a_test")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// signed is a signed request with a body of so many bytes.
func signed(t testing.TB, size int) *event.Request {
	body := []byte(strings.Repeat("0123456789abcdef", size/16+1)[:size])
	return &event.Request{
		ID: event.NewRequestID(time.Now()), Method: "POST", Body: body, Host: "relay.test", Proto: "https", Remote: "192.0.2.7",
		Header: event.Header{
			"Content-Type":       {"application/json"},
			"User-Agent":         {"Solatis-Webhooks/2.0"},
			"X-Two":              {"a", "b"},
			signature.HeaderName: {signature.Sign(secret(t), body)},
		},
	}
}

var errTest = errors.New("as the test wants it")
