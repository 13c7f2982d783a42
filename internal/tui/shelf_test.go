package tui

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/signature"
)

var _ Reader = (*history.History)(nil)

const appURL = "http://localhost:3000/webhooks"

// ready is the session of most tests.
var ready = activity.Ready{
	Session: "k3f9", URL: "http://localhost:4650/e/1f3a", Target: appURL, Targets: []string{appURL},
	Respond: "app", Verify: "warn", Secret: "whsec_secret", At: noon,
}

// shelf is a history with fixed ids and times.
type shelf struct {
	*history.History
	t *testing.T
	n int // of requests so far
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	h, err := history.Open(context.Background(), filepath.Join(t.TempDir(), "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return &shelf{History: h, t: t}
}

// entry is a request to record. What is zero is made up.
type entry struct {
	eventType string
	eventID   string
	method    string
	path      string
	body      string
	verdict   signature.Verdict
	ago       time.Duration // before noon
	only      string        // a disposition other than forward
	header    event.Header
	state     delivery.State
	outcomes  []delivery.Outcome
	target    string
}

func ok(ms int) delivery.Outcome {
	return delivery.Outcome{
		Kind: delivery.Answered, Status: 200, Duration: time.Duration(ms) * time.Millisecond,
		Header: map[string][]string{"Content-Type": {"application/json"}}, Body: []byte(`{"ok":true}`),
	}
}

func failed(status, ms int) delivery.Outcome {
	o := ok(ms)
	o.Status, o.Body = status, []byte(`{"error":"boom","at":"handler.js:12"}`)
	return o
}

// add records an entry, and returns its request's id.
func (s *shelf) add(e entry) string {
	s.t.Helper()
	s.n++
	request := fmt.Sprintf("req_%04d", s.n)
	if e.eventID == "" && e.eventType != "" {
		e.eventID = fmt.Sprintf("evt_%04d", s.n)
	}
	if e.body == "" && e.eventType != "" {
		e.body = fmt.Sprintf(`{"id":"%s","event":"%s","data":{"n":%d,"confidence":0.90,"name":"Ana Petrović","list":[1,2.50],"none":null}}`, e.eventID, e.eventType, s.n)
	}
	record := history.Record{
		Request: &event.Request{
			ID: request, Method: orelse(e.method, "POST"), Path: e.path, Host: "localhost:4650", Proto: "http", Remote: "127.0.0.1",
			Header: e.header, Body: []byte(e.body), Received: noon.Add(-e.ago),
		},
		EventID: e.eventID, EventType: e.eventType, Verdict: signature.Verdict(orelse(string(e.verdict), string(signature.Valid))),
		Disposition: orelse(e.only, "forward"),
	}
	if record.Request.Header == nil {
		record.Request.Header = event.Header{"Content-Type": {"application/json"}, signature.HeaderName: {"5d41402abc4b2a76"}}
	}
	if e.only == "" {
		record.Delivery, record.Target = fmt.Sprintf("dlv_%04d", s.n), orelse(e.target, appURL)
	}
	_, err := s.Record(context.Background(), history.Batch{Agent: "a", Records: []history.Record{record}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.attempts(record.Delivery, noon.Add(-e.ago), e.state, e.outcomes...)
	return request
}

func (s *shelf) attempts(id string, at time.Time, state delivery.State, outcomes ...delivery.Outcome) {
	s.t.Helper()
	for i, o := range outcomes {
		after := o.Next()
		if state != "" {
			after = state
		}
		a := delivery.Attempt{Number: i + 1, Started: at.Add(time.Duration(i*i) * time.Second), Outcome: o}
		if err := s.AddAttempt(context.Background(), id, a, after); err != nil {
			s.t.Fatal(err)
		}
	}
}

// replay records a replay of a request.
func (s *shelf) replay(request string, ago time.Duration, o delivery.Outcome) {
	s.t.Helper()
	id := "dlv_r" + request[4:]
	err := s.AddDelivery(context.Background(), history.Delivery{
		ID: id, Request: request, Agent: "a", Target: appURL, Origin: delivery.Replay, Created: noon.Add(-ago),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.attempts(id, noon.Add(-ago), "", o)
}

func orelse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// varied is a shelf with one of each kind of row.
func varied(t *testing.T) *shelf {
	s := newShelf(t)
	s.add(entry{eventType: "document.analyzed", ago: 50 * time.Hour, outcomes: []delivery.Outcome{ok(23)}})
	broken := s.add(entry{eventType: "transcription.completed", ago: 20 * time.Minute, outcomes: []delivery.Outcome{failed(500, 45)}})
	s.add(entry{eventType: "task.created", eventID: "evt_0001", ago: 19 * time.Minute, outcomes: []delivery.Outcome{ok(7)}})
	s.add(entry{method: "POST", path: "/hooks?x=1", body: "\x00\x01\x1b[31mred\xff", verdict: signature.Missing, ago: 18 * time.Minute,
		outcomes: []delivery.Outcome{{Kind: delivery.NoConnect, Error: "could not connect to localhost:3000: is your app running?"}}})
	s.add(entry{eventType: "task.updated", ago: 17 * time.Minute, verdict: signature.Mismatch, only: "refused"})
	s.add(entry{eventType: "meeting.analyzed", ago: 16 * time.Minute, state: delivery.Exhausted,
		outcomes: []delivery.Outcome{failed(500, 9), failed(503, 8), {Kind: delivery.Timeout, Error: "no answer within 5s", Duration: 5 * time.Second}}})
	s.add(entry{eventType: "content.generated", ago: 15 * time.Minute, only: "record-only"})
	s.add(entry{eventType: "task.\x1b]0;gone\x07\u202edeleted", eventID: "evt_\u200bspoof", ago: 14 * time.Minute, outcomes: []delivery.Outcome{ok(1)}})
	s.add(entry{eventType: "文書.分析済み👩‍👩‍👧", eventID: "evt_日本語", ago: 13 * time.Minute, body: `{"名前":"山田👩‍👩‍👧太郎"}`, outcomes: []delivery.Outcome{failed(404, 3)}})
	s.replay(broken, 10*time.Minute, ok(31))
	s.add(entry{eventType: "task.completed", ago: 90 * time.Second, state: delivery.Pending, outcomes: []delivery.Outcome{failed(502, 12)}})
	s.add(entry{eventType: "brainstorm.completed", ago: time.Minute})
	s.add(entry{eventType: "document.shared", ago: 50 * time.Millisecond})
	return s
}
