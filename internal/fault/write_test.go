package fault

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/send"
)

var ways = []string{"http", "https", "unix", "localhost"}

func TestTruncatedBody(t *testing.T) {
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			to, o, seen := app(t, way)
			s := sender(t, o)
			r := signed(t, 1000)
			got := turn(t, "truncated-body:at=30%").Send(t.Context(), s, to, r)
			if got.Kind != delivery.Answered || got.Status != 400 || got.Fault != "truncated-body" || got.Error != "" {
				t.Errorf("%+v", got)
			}
			a := <-seen
			if !errors.Is(a.err, io.ErrUnexpectedEOF) || !bytes.Equal(a.body, r.Body[:300]) || a.header.Get("Content-Length") != "" && a.header.Get("Content-Length") != "1000" {
				t.Errorf("the app got %d bytes, %v", len(a.body), a.err)
			}
		})
	}
}

func TestSlowBody(t *testing.T) {
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			to, o, seen := app(t, way)
			s := sender(t, o)
			r := signed(t, 1001)
			got := turn(t, "slow-body:over=60ms").Send(t.Context(), s, to, r)
			if got.Kind != delivery.Answered || got.Status != 200 || got.Fault != "slow-body" {
				t.Errorf("%+v", got)
			}
			if a := <-seen; a.err != nil || !bytes.Equal(a.body, r.Body) {
				t.Errorf("the app got %d bytes, %v", len(a.body), a.err)
			}
			if got.Duration < 60*time.Millisecond {
				t.Errorf("it took only %v", got.Duration)
			}
		})
	}
}

func TestConnectionReset(t *testing.T) {
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			resetOnce(t, 500)
			to, o, seen := app(t, way)
			s := sender(t, o)
			r := signed(t, 1000)
			got := turn(t, "connection-reset").Send(t.Context(), s, to, r)
			if got.Kind != delivery.BrokenOff || got.Fault != "connection-reset" || !strings.Contains(got.Error, "after 500 of 1000 bytes, on purpose by --fault connection-reset") {
				t.Errorf("%+v", got)
			}
			a := <-seen
			if a.err == nil || !bytes.Equal(a.body, r.Body[:500]) {
				t.Errorf("the app got %d bytes, %v", len(a.body), a.err)
			}
			if way != "unix" && !errors.Is(a.err, syscall.ECONNRESET) && !strings.Contains(a.err.Error(), "reset") {
				t.Errorf("that is no reset: %v", a.err)
			}
		})
	}
}

// TestWithoutABody holds that a request without a body can break off too.
func TestWithoutABody(t *testing.T) {
	resetOnce(t, 0)
	for fault, want := range map[string]delivery.Kind{"truncated-body": delivery.Answered, "slow-body:over=1ms": delivery.Answered, "connection-reset": delivery.BrokenOff} {
		to, o, seen := app(t, "http")
		r := signed(t, 0)
		got := turn(t, fault).Send(t.Context(), sender(t, o), to, r)
		a := <-seen
		if got.Kind != want || len(a.body) > 0 || (a.err == nil) != strings.HasPrefix(fault, "slow") {
			t.Errorf("%s: %+v; the app got %v", fault, got, a.err)
		}
	}
}

// TestSameHead holds what package fault writes by itself against what package send does:
// an app must see no difference but the fault.
func TestSameHead(t *testing.T) {
	odd := signed(t, 40)
	odd.Path, odd.RawQuery = "/a%2Fb/{x}", "q=%41"
	maps.Copy(odd.Header, event.Header{
		"Connection": {"close, x-private", "Keep-Alive"}, "X-Private": {"1"}, "Keep-Alive": {"5"}, "Te": {"trailers"},
		"Transfer-Encoding": {"chunked"}, "Upgrade": {"h2c"}, "Content-Length": {"99"}, "Trailer": {"X"},
		"Host": {"relay.test"}, "X-Forwarded-For": {"198.51.100.1", "198.51.100.2"}, "X-Forwarded-Proto": {"gopher"},
		"User-Agent": {"one", "two"}, "Accept-Encoding": {"br"}, "X-Empty": {""}, "X-Tenant": {"red"},
	})
	bare := &event.Request{Method: "PUT", Body: []byte("0123456789")}
	noAgent := signed(t, 10)
	noAgent.Header["User-Agent"] = []string{""}
	for _, way := range ways {
		for i, o := range []send.Options{{}, {Host: "app.test:1"}, {KeepHost: true, Host: "app.test"}, {Header: event.Header{"X-Tenant": {"blue"}, "User-Agent": {"mine"}}}} {
			for j, r := range []*event.Request{odd, bare, noAgent} {
				to, tls, seen := app(t, way)
				o.TLS = tls.TLS
				if way == "http" {
					to = target(t, "http://"+to.Address()) // takes the request's path
				}
				s := sender(t, o)
				s.Send(t.Context(), to, r)
				want := <-seen
				turn(t, "slow-body:over=1ms").Send(t.Context(), s, to, r)
				got := <-seen
				if got.line != want.line || !reflect.DeepEqual(got.header, want.header) || !bytes.Equal(got.body, want.body) {
					t.Errorf("%s, options %d, request %d:\ngot  %s %v\nwant %s %v", way, i, j, got.line, got.header, want.line, want.header)
				}
			}
		}
	}
}

// TestSameRefusals holds that what package send refuses isn't sent here either.
func TestSameRefusals(t *testing.T) {
	to, o, seen := app(t, "http")
	bare := target(t, "http://"+to.Address())
	s := sender(t, o)
	for name, change := range map[string]func(*event.Request){
		"path":         func(r *event.Request) { r.Path = "/%2e./admin" },
		"query":        func(r *event.Request) { r.RawQuery = "a b" },
		"no method":    func(r *event.Request) { r.Method = "" },
		"method":       func(r *event.Request) { r.Method = "PO ST" },
		"CONNECT":      func(r *event.Request) { r.Method = "CONNECT" },
		"header name":  func(r *event.Request) { r.Header["A b"] = []string{"x"} },
		"header value": func(r *event.Request) { r.Header["A"] = []string{"x\r\nB: y"} },
	} {
		r := signed(t, 10)
		change(r)
		if plain := s.Send(t.Context(), bare, r); plain.Kind != delivery.Refused {
			t.Errorf("%s: send says %+v", name, plain)
		}
		if got := turn(t, "truncated-body").Send(t.Context(), s, bare, r); got.Kind != delivery.Refused || got.Error == "" || got.Fault != "truncated-body" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := turn(t, "slow-body").Send(t.Context(), s, send.Target{}, signed(t, 1)); got.Kind != delivery.Refused {
		t.Errorf("no target: %+v", got)
	}
	select {
	case a := <-seen:
		t.Errorf("the app got %q", a.line)
	default:
	}
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to := target(t, l.Addr().String())
	l.Close()
	for _, fault := range []string{"truncated-body", "slow-body", "connection-reset"} {
		got := turn(t, fault).Send(t.Context(), sender(t, send.Options{}), to, signed(t, 10))
		if got.Kind != delivery.NoConnect || got.Fault != fault || !strings.Contains(got.Error, "could not connect to "+to.Address()) {
			t.Errorf("%s: %+v", fault, got)
		}
	}
}

func TestUntrusted(t *testing.T) {
	to, _, _ := app(t, "https")
	got := turn(t, "slow-body").Send(t.Context(), sender(t, send.Options{}), to, signed(t, 10))
	if got.Kind != delivery.NoConnect || !strings.Contains(got.Error, "certificate") {
		t.Errorf("%+v", got)
	}
}

// TestAnswers brings answers of all sorts to each way of writing.
func TestAnswers(t *testing.T) {
	neverReset(t)
	big := strings.Repeat("x", delivery.MaxRecordedBody+1)
	for _, test := range []struct {
		answer string
		want   delivery.Outcome
	}{
		{"HTTP/1.1 201 Created\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok",
			delivery.Outcome{Kind: delivery.Answered, Status: 201, Header: http.Header{"X-A": {"1"}, "Content-Length": {"2"}}, Body: []byte("ok")}},
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
			delivery.Outcome{Kind: delivery.Answered, Status: 204, Header: http.Header{}, Body: []byte{}}},
		{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nnoise", delivery.Outcome{Kind: delivery.Answered, Status: 101, Header: http.Header{"Upgrade": {"x"}}}},
		{"HTTP/1.1 200 OK\r\n\r\nto the end", delivery.Outcome{Kind: delivery.Answered, Status: 200, Header: http.Header{}, Body: []byte("to the end")}},
		{"HTTP/1.1 200 OK\r\n\r\n" + big, delivery.Outcome{Kind: delivery.Answered, Status: 200, Header: http.Header{}, Body: []byte(big[1:]), Truncated: true}},
		{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", delivery.Outcome{Kind: delivery.BrokenOff, Error: "broke its answer off after the status 200"}},
		{"", delivery.Outcome{Kind: delivery.BrokenOff, Error: "closed the connection without an answer"}},
		{"SSH-2.0-x\r\n", delivery.Outcome{Kind: delivery.BrokenOff, Error: "did not answer in HTTP"}},
	} {
		for _, fault := range []string{"truncated-body", "slow-body:over=1ms", "connection-reset"} {
			to := raw(t, func(c net.Conn, r *bufio.Reader) {
				if _, err := http.ReadRequest(r); err != nil {
					return
				}
				if fault == "connection-reset" {
					io.CopyN(io.Discard, r, 100)
				} else {
					io.CopyN(io.Discard, r, 200) // ends early where the body is truncated
				}
				io.WriteString(c, test.answer)
				if test.answer == "" {
					return
				}
				c.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, r)
			})
			got := turn(t, fault).Send(t.Context(), sender(t, send.Options{}), to, signed(t, 200))
			if got.Fault == "" || test.want.Error == "" && got.Error != "" || !strings.Contains(got.Error, test.want.Error) {
				t.Errorf("%s, %.30q: %q by %q", fault, test.answer, got.Error, got.Fault)
			}
			got.Error, got.Fault, got.Duration = test.want.Error, "", 0
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("%s, %.30q: got %.300v, want %.300v", fault, test.answer, got, test.want)
			}
		}
	}
}

// TestAnAppThatReadsNothing holds that no way of writing outlasts the timeout, or the end
// of the context, however much there is to write.
func TestAnAppThatReadsNothing(t *testing.T) {
	for _, fault := range []string{"truncated-body:at=99%", "slow-body:over=1ms", "slow-body:over=10m", "connection-reset:at=99%"} {
		came := make(chan struct{}, 100)
		hold := make(chan struct{})
		to := raw(t, func(net.Conn, *bufio.Reader) { came <- struct{}{}; <-hold })
		r := signed(t, 24<<20) // more than the system's buffers take
		var got delivery.Outcome
		timeout := 50 * time.Millisecond
		for { // until it is long enough to connect on this machine
			got = turn(t, fault).Send(t.Context(), sender(t, send.Options{Timeout: timeout}), to, r)
			if got.Kind != delivery.NoConnect {
				break
			}
			timeout *= 2
		}
		if got.Kind != delivery.Timeout || !strings.Contains(got.Error, "within "+timeout.String()) {
			t.Errorf("%s: %+v", fault, got)
		}
		<-came
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-came; cancel() }()
		got = turn(t, fault).Send(ctx, sender(t, send.Options{Timeout: time.Hour}), to, r)
		if got.Kind != delivery.Interrupted {
			t.Errorf("%s: %+v", fault, got)
		}
		close(hold)
	}
}

// TestAnEarlyAnswerIsTaken holds that an app that refuses before it has read the body, and
// reads no further, is heard at once.
func TestAnEarlyAnswerIsTaken(t *testing.T) {
	for _, fault := range []string{"truncated-body:at=99%", "slow-body:over=10m", "connection-reset:at=99%"} {
		hold := make(chan struct{})
		to := raw(t, func(c net.Conn, r *bufio.Reader) {
			io.WriteString(c, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
			<-hold
		})
		got := turn(t, fault).Send(t.Context(), sender(t, send.Options{Timeout: time.Hour}), to, signed(t, 24<<20))
		if got.Kind != delivery.Answered || got.Status != 401 {
			t.Errorf("%s: %+v", fault, got)
		}
		close(hold)
	}
}
