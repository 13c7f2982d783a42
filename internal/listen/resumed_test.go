package listen_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// TestWhatIsResumedWaitsForWhatHadNotComeWhole: a session ends while a large body is on its way
// and a later request waits for it. The next session keeps their order.
func TestWhatIsResumedWaitsForWhatHadNotComeWhole(t *testing.T) {
	request := func(seq uint64, length int) *wire.Request {
		id := string(rune('0' + seq))
		body := []byte(strings.Repeat(id, length))
		return &wire.Request{Seq: seq, ID: "req_" + id, Method: "POST", Part: body, Length: uint64(len(body))}
	}
	begun := request(1, 4)
	begun.Part = begun.Part[:2]
	scripts := make(chan []wire.Frame, 2)
	scripts <- []wire.Frame{&wire.Welcome{Endpoint: "e1", Epoch: 5}, begun, request(2, 1)}
	scripts <- []wire.Frame{&wire.Welcome{Endpoint: "e1", Epoch: 5, Backlog: 2}, request(1, 4), request(2, 1), request(3, 1)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r)
		if err != nil {
			return
		}
		defer conn.Abort()
		if _, err := conn.Read(); err != nil {
			return
		}
		var buf bytes.Buffer
		if err := wire.Encode(&buf, <-scripts...); err != nil {
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
	a := newApp(t, nil)
	w := newWorld(t)
	sender := send.New(send.Options{Timeout: send.DefaultTimeout})
	defer sender.Close()
	session := func(until func(activity.Update) bool) {
		bus := new(activity.Bus)
		updates := bus.Subscribe(1000, nil)
		s := listen.New(listen.Config{
			Relay:   listen.Relay{URL: "ws" + strings.TrimPrefix(srv.URL, "http"), Endpoint: "hooks", Agent: "a"},
			History: w.history, Bus: bus, Sender: sender, Forward: targets(t, a.URL), Concurrency: 1, MaxBody: 10,
			Respond: wire.ModeRelay, Verify: listen.VerifyOff, Secret: secret,
		})
		run(t, s, func() {
			for !until(<-updates.Updates()) {
			}
		})
	}
	session(func(u activity.Update) bool { return u.Type() == activity.Received{}.Type() })
	attempts := 0
	session(func(u activity.Update) bool {
		if u.Type() == (activity.Attempted{}).Type() {
			attempts++
		}
		return attempts == 3
	})
	var got []string
	for _, r := range a.requests() {
		got = append(got, string(r.body))
	}
	if strings.Join(got, " ") != "1111 2 3" {
		t.Errorf("the app got %q", got)
	}
}
