package cli

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/term"
)

// onWrite is told of what is written.
type onWrite func(text string)

func (f onWrite) Write(b []byte) (int, error) {
	f(string(b))
	return len(b), nil
}

// TestAnAnswerThatComesTooLateIsWaitedFor, since what the session has received will be
// delivered, whatever the URL answered meanwhile.
func TestAnAnswerThatComesTooLateIsWaitedFor(t *testing.T) {
	was := updateGrace
	updateGrace = 0
	defer func() { updateGrace = was }()
	events := &watch{ended: make(chan struct{}), requests: make(map[string]*expectation)}
	url := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		events.received(activity.Received{Request: "req_1", Event: "evt_1", Disposition: activity.Forward})
		w.WriteHeader(http.StatusGatewayTimeout)
	}))
	defer url.Close()
	said := onWrite(func(text string) {
		if !strings.Contains(text, "the session has it") {
			t.Errorf("said: %s", text)
		}
		events.attempted(activity.Attempted{Request: "req_1", Event: "evt_1", Origin: delivery.Received, Attempt: 1})
	})
	by := &bySession{
		app: &app{streams: term.Streams{Err: said}}, url: url.URL, secret: signature.GenerateSecret(),
		transport: new(http.Transport), watch: events,
	}
	defer by.transport.CloseIdleConnections()
	got, err := by.deliver(t.Context(), sample{id: "evt_1"}, func(activity.Attempted) {})
	if err != nil || got.refusal != nil || len(got.attempts) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
