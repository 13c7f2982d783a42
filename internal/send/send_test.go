package send_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/send"
)

func TestAnswerIsRecordedAsItCame(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	io.WriteString(w, "hello")
	w.Close()
	to := app(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header()["X-Twice"] = []string{"1", "2"}
		w.WriteHeader(http.StatusTeapot)
		w.Write(packed.Bytes())
	})
	o := sender(t, send.Options{}).Send(context.Background(), to, post("{}"))
	answered(t, o, http.StatusTeapot)
	if !bytes.Equal(o.Body, packed.Bytes()) || o.Truncated || len(o.Header["X-Twice"]) != 2 || o.Duration <= 0 {
		t.Errorf("%+v", o)
	}
}

func TestRedirectIsAnAnswer(t *testing.T) {
	var calls atomic.Int32
	elsewhere := app(t, func(http.ResponseWriter, *http.Request) { calls.Add(1) })
	to := app(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.String(), http.StatusTemporaryRedirect)
	})
	o := sender(t, send.Options{}).Send(context.Background(), to, post("{}"))
	answered(t, o, http.StatusTemporaryRedirect)
	if o.Success() || calls.Load() != 0 {
		t.Errorf("success %v, the other app was called %d times", o.Success(), calls.Load())
	}
}

// The name is one that net/http would not exempt from a proxy, as it does localhost.
func TestNoProxy(t *testing.T) {
	var calls atomic.Int32
	proxy := app(t, func(http.ResponseWriter, *http.Request) { calls.Add(1) })
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, proxy.String())
	}
	to := app(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusAccepted) })
	to = target(t, strings.Replace(to.Address(), "127.0.0.1", "app.localhost", 1))
	answered(t, sender(t, send.Options{}).Send(context.Background(), to, post("{}")), http.StatusAccepted)
	if calls.Load() != 0 {
		t.Error("the proxy was called")
	}
}

func TestLocalhostIsBothAddresses(t *testing.T) {
	for network, address := range map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0"} {
		t.Run(network, func(t *testing.T) {
			to := rawApp(t, network, address, func(c net.Conn, r *bufio.Reader) {
				readRaw(r)
				io.WriteString(c, okAnswer)
			})
			_, port, _ := net.SplitHostPort(to.Address())
			answered(t, sender(t, send.Options{}).Send(context.Background(), target(t, port), post("{}")), 200)
		})
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	}))
	server.Config.ErrorLog = nil
	defer server.Close()
	to := target(t, server.URL)
	trusting := sender(t, send.Options{TLS: &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}})
	for range 2 { // the second one on the idle connection
		o := trusting.Send(context.Background(), to, post("hello"))
		answered(t, o, 200)
		if string(o.Body) != "hello" {
			t.Errorf("body %q", o.Body)
		}
	}
}

func TestRecordedBodyIsBounded(t *testing.T) {
	var body atomic.Pointer[[]byte]
	to := app(t, func(w http.ResponseWriter, r *http.Request) { w.Write(*body.Load()) })
	s := sender(t, send.Options{})
	for size, truncated := range map[int]bool{
		delivery.MaxRecordedBody:           false,
		delivery.MaxRecordedBody + 1:       true,
		delivery.MaxRecordedBody + 8<<20:   true,
		delivery.MaxRecordedBody - 1:       false,
		delivery.MaxRecordedBody + 100_000: true,
	} {
		all := bytes.Repeat([]byte("x"), size)
		body.Store(&all)
		o := s.Send(context.Background(), to, post("{}"))
		answered(t, o, 200)
		if len(o.Body) != min(size, delivery.MaxRecordedBody) || o.Truncated != truncated {
			t.Errorf("%d bytes: %d recorded, truncated %v", size, len(o.Body), o.Truncated)
		}
	}
}

func TestSwitchingProtocolsEndsTheAttempt(t *testing.T) {
	to := rawApp(t, "tcp", "127.0.0.1:0", func(c net.Conn, r *bufio.Reader) {
		readRaw(r)
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nabc")
		r.ReadByte() // until the other side closes
	})
	answered(t, sender(t, send.Options{}).Send(context.Background(), to, post("{}")), 101)
}

// The app answers before it has read the body, and closes: what is on its way then
// meets a reset.
func TestEarlyRefusalOfALargeBodyIsSeen(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows drops what it has received when a reset comes")
	}
	to := rawApp(t, "tcp", "127.0.0.1:0", func(c net.Conn, r *bufio.Reader) {
		r.ReadString('\n')
		io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
	})
	s := sender(t, send.Options{})
	r := post(strings.Repeat("x", 8<<20))
	for range 30 {
		answered(t, s.Send(context.Background(), to, r), http.StatusRequestEntityTooLarge)
	}
}

// The app closes after each answer without saying so. The next request finds a
// connection that looks idle and is dead.
func TestStaleConnectionIsNoFailure(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("isStale can't look ahead on Windows")
	}
	closed := make(chan struct{})
	to := rawApp(t, "tcp", "127.0.0.1:0", func(c net.Conn, r *bufio.Reader) {
		if _, err := readRaw(r); err == nil {
			io.WriteString(c, okAnswer)
		}
		c.Close()
		closed <- struct{}{}
	})
	s := sender(t, send.Options{})
	small, large := post("{}"), post(strings.Repeat("x", 64<<10)) // below and above net/http's buffer
	for range 150 {
		answered(t, s.Send(context.Background(), to, small), 200)
		<-closed
		answered(t, s.Send(context.Background(), to, large), 200)
		<-closed
	}
}

func TestConnectionsAreReused(t *testing.T) {
	const parallel = 64
	var conns atomic.Int32
	var together = make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		together <- struct{}{} // so that all are under way at once
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	s, to := sender(t, send.Options{}), target(t, server.URL)
	for range 5 {
		outcomes := make(chan delivery.Outcome)
		for range parallel {
			go func() { outcomes <- s.Send(context.Background(), to, post("{}")) }()
		}
		for range parallel {
			<-together
		}
		for range parallel {
			answered(t, <-outcomes, 200)
		}
	}
	// net/http dials for a request that finds none idle, and may then serve it by one
	// that has become so: a few extra are its own.
	if n := conns.Load(); n > 2*parallel {
		t.Errorf("%d connections for %d at a time", n, parallel)
	}
}

func BenchmarkSend(b *testing.B) {
	to := rawApp(b, "tcp", "127.0.0.1:0", func(c net.Conn, r *bufio.Reader) {
		for {
			if _, err := readRaw(r); err != nil {
				return
			}
			io.WriteString(c, okAnswer)
		}
	})
	s := sender(b, send.Options{})
	r := post(strings.Repeat("x", 1<<10))
	b.ReportAllocs()
	for b.Loop() {
		if o := s.Send(context.Background(), to, r); !o.Success() {
			b.Fatal(o)
		}
	}
}
