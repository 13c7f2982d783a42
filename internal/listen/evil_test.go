package listen_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// TestAnEvilRelayReachesNothingButTheTarget plays a relay that tries, by all that it can say
// of a request, to make the agent send elsewhere.
func TestAnEvilRelayReachesNothingButTheTarget(t *testing.T) {
	elsewhere, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	contacts := make(chan net.Addr, 100)
	go func() {
		for {
			c, err := elsewhere.Accept()
			if err != nil {
				return
			}
			contacts <- c.RemoteAddr()
			c.Close()
		}
	}()
	defer elsewhere.Close()
	host := elsewhere.Addr().String()
	a := newApp(t, nil)

	forged := []wire.Request{
		{Path: "http://" + host + "/"},
		{Path: "//" + host + "/"},
		{Path: "@" + host + "/"},
		{Path: "/\\" + host},
		{Path: "/../../" + host},
		{Path: "/%2e%2e/x"},
		{Path: "/x HTTP/1.1\r\nHost: " + host + "\r\n\r\nGET / HTTP/1.1"},
		{RawQuery: "x HTTP/1.1\r\nHost: " + host},
		{Host: host},
		{Host: host + "\r\nX: y"},
		{Proto: "http://" + host},
		{Remote: host + "\r\nHost: " + host},
		{Method: "CONNECT"},
		{Method: "GET http://" + host + "/ HTTP/1.1\r\n"},
		{Header: map[string][]string{"Host": {host}}},
		{Header: map[string][]string{"X\r\nHost": {host}}},
		{Header: map[string][]string{"X": {"y\r\nHost: " + host}}},
		{Header: map[string][]string{"Transfer-Encoding": {"chunked"}, "Content-Length": {"0"}}},
		{Header: map[string][]string{"Location": {"http://" + host}, "Upgrade": {"websocket"}, "Connection": {"Upgrade"}}},
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r)
		if err != nil {
			return
		}
		defer conn.Abort()
		if _, err := conn.Read(); err != nil {
			return
		}
		frames := []wire.Frame{&wire.Welcome{Endpoint: "e1", Epoch: 5}}
		for i := range forged {
			f := &forged[i]
			f.Seq, f.ID, f.Part, f.Length = uint64(i+1), fmt.Sprint("req_", i), []byte("x"), 1
			if f.Method == "" {
				f.Method = "POST"
			}
			frames = append(frames, f)
		}
		var buf bytes.Buffer
		if err := wire.Encode(&buf, frames...); err != nil {
			t.Error(err)
		}
		_ = conn.Write(buf.Bytes())
		for {
			if _, err := conn.Read(); err != nil {
				return
			}
		}
	}))
	defer srv.Close()
	defer srv.CloseClientConnections()

	w := newWorld(t)
	bus := new(activity.Bus)
	updates := bus.Subscribe(1000, nil)
	sender := send.New(send.Options{Timeout: send.DefaultTimeout})
	s := listen.New(listen.Config{
		Relay:   listen.Relay{URL: "ws" + strings.TrimPrefix(srv.URL, "http"), Endpoint: "hooks", Agent: "a"},
		History: w.history, Bus: bus, Sender: sender, Forward: targets(t, a.URL), Concurrency: 16, MaxBody: 1 << 20, Respond: wire.ModeRelay, Verify: listen.VerifyWarn, Secret: secret,
	})
	run(t, s, func() {
		for settled := 0; settled < len(forged); {
			switch u := (<-updates.Updates()).(type) {
			case activity.Attempted:
				settled++
			case activity.Received:
				if u.Disposition != activity.Forward {
					settled++
				}
			case activity.Ready:
				if u.URL != srv.URL+"/e/e1" {
					t.Errorf("the URL is %q", u.URL)
				}
			}
		}
	})
	sender.Close()
	select {
	case from := <-contacts:
		t.Errorf("something was sent elsewhere, from %v", from)
	default:
	}
	for _, r := range a.requests() {
		if r.header.Get("Host") != "" || strings.Contains(r.uri, "Host") {
			t.Errorf("the app got %+v", r)
		}
	}
	at, err := w.history.Position(t.Context(), "a")
	if err != nil || at != (event.Position{Epoch: 5, Seq: uint64(len(forged))}) {
		t.Errorf("the position is %+v, %v", at, err)
	}
	if list, err := w.history.List(t.Context(), 100); err != nil || len(list) != len(forged) {
		t.Errorf("%d are recorded, %v", len(list), err)
	}
}

// run runs a session while during does.
func run(t *testing.T, s *listen.Session, during func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	during()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
