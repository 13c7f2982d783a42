package event_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
)

// whole is an envelope with all its fields.
const whole = `{"id":"evt_1","event":"document.analyzed","created_at":"2026-01-02T03:04:05Z","data":{"n":1}}`

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       event.Envelope // zero where the body is no event
	}{
		{"all fields", whole, event.Envelope{ID: "evt_1", Type: "document.analyzed", CreatedAt: json.RawMessage(`"2026-01-02T03:04:05Z"`), Data: json.RawMessage(`{"n":1}`)}},
		{"the two that are needed", `{"id":"evt_1","event":"x"}`, event.Envelope{ID: "evt_1", Type: "x"}},
		{"white space around", " \t\r\n{\"id\":\"evt_1\",\"event\":\"x\"}\r\n", event.Envelope{ID: "evt_1", Type: "x"}},
		{"byte order mark", "\ufeff{\"id\":\"evt_1\",\"event\":\"x\"}", event.Envelope{ID: "evt_1", Type: "x"}},
		{"further fields", `{"id":"evt_1","event":"x","livemode":false,"request":{"id":7}}`, event.Envelope{ID: "evt_1", Type: "x"}},
		{"data that is no object", `{"id":"evt_1","event":"x","data":[1e400]}`, event.Envelope{ID: "evt_1", Type: "x", Data: json.RawMessage(`[1e400]`)}},
		{"data byte for byte", `{"id":"evt_1","event":"x","data":{"a" : 1,"a":1.0}}`, event.Envelope{ID: "evt_1", Type: "x", Data: json.RawMessage(`{"a" : 1,"a":1.0}`)}},
		{"the last of two keys", `{"id":"evt_1","id":"evt_2","event":"x"}`, event.Envelope{ID: "evt_2", Type: "x"}},

		{"empty", "", event.Envelope{}},
		{"white space only", " \r\n", event.Envelope{}},
		{"byte order mark only", "\ufeff", event.Envelope{}},
		{"array", `[{"id":"evt_1","event":"x"}]`, event.Envelope{}},
		{"null", "null", event.Envelope{}},
		{"string", `"evt_1"`, event.Envelope{}},
		{"form", "id=evt_1&event=x", event.Envelope{}},
		{"binary", "\x00\x01\xff\xfe", event.Envelope{}},
		{"cut short", `{"id":"evt_1","event":"x"`, event.Envelope{}},
		{"two objects", `{"id":"evt_1","event":"x"}{"id":"evt_2","event":"x"}`, event.Envelope{}},
		{"NUL at the end", "{\"id\":\"evt_1\",\"event\":\"x\"}\x00", event.Envelope{}},
		{"no id", `{"event":"x"}`, event.Envelope{}},
		{"no event", `{"id":"evt_1"}`, event.Envelope{}},
		{"empty id", `{"id":"","event":"x"}`, event.Envelope{}},
		{"null id", `{"id":null,"event":"x"}`, event.Envelope{}},
		{"id a number", `{"id":1,"event":"x"}`, event.Envelope{}},
		{"event an object", `{"id":"evt_1","event":{"id":"evt_2"}}`, event.Envelope{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := []byte(c.body)
			got, err := event.Parse(body)
			if !same(got, c.want) {
				t.Errorf("got %+v, want %+v (error %v)", got, c.want, err)
			}
			if refused := errors.Is(err, event.ErrNoEnvelope); refused != (c.want.ID == "") || err != nil && !refused {
				t.Errorf("error %v", err)
			}
			if string(body) != c.body {
				t.Errorf("the body became %q", body)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		whole, "", "{", "{}", "null", "[]", "\ufeff" + whole, "\ufeff\ufeff" + whole, whole[:40], whole + whole, "\x00\xff",
		`{"id":"evt_\u0000","event":"\ud800"}`, `{"id":1,"event":"x"}`, `{"ID":"evt_1","Event":"x"}`, strings.Repeat(`{"data":`, 200),
	} {
		f.Add([]byte(seed))
	}
	mark := []byte("\ufeff")
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		got, err := event.Parse(body)
		if !bytes.Equal(body, before) {
			t.Fatalf("the body became %q", body)
		}
		if err != nil {
			if !errors.Is(err, event.ErrNoEnvelope) || !same(got, event.Envelope{}) {
				t.Fatalf("%+v, %v", got, err)
			}
			return
		}
		if got.ID == "" || got.Type == "" {
			t.Fatalf("without an error: %+v", got)
		}
		if !json.Valid(bytes.TrimPrefix(body, mark)) || len(got.Data) > 0 && !bytes.Contains(body, got.Data) {
			t.Fatalf("%q passed as %+v", body, got)
		}
		if bytes.HasPrefix(body, mark) {
			return
		}
		if marked, err := event.Parse(append(mark[:len(mark):len(mark)], body...)); err != nil || !same(marked, got) {
			t.Fatalf("with a byte order mark %+v, %v; without %+v", marked, err, got)
		}
	})
}

func same(a, b event.Envelope) bool {
	return a.ID == b.ID && a.Type == b.Type && bytes.Equal(a.CreatedAt, b.CreatedAt) && bytes.Equal(a.Data, b.Data)
}

// kinds are the makers of ids, by their prefix.
var kinds = map[string]func(time.Time) string{
	"evt_": event.NewEventID,
	"req_": event.NewRequestID,
	"dlv_": event.NewDeliveryID,
}

func TestIDsHaveTheirPrefix(t *testing.T) {
	now := time.UnixMilli(1_767_323_045_678)
	for prefix, newID := range kinds {
		id := newID(now)
		if len(id) != len(prefix)+26 || strings.Trim(id[len(prefix):], "0123456789abcdefghijklmnopqrstuv") != "" {
			t.Errorf("%q isn't %s and 26 characters", id, prefix)
		}
		for other := range kinds {
			if event.IsID(other, id) != (other == prefix) {
				t.Errorf("IsID(%q, %q) is %v", other, id, other != prefix)
			}
		}
		if event.IsID(prefix, prefix) || event.IsID(prefix, "") || event.IsID(prefix, strings.ToUpper(id)) {
			t.Errorf("IsID takes what is no id of %s", prefix)
		}
	}
}

func TestIDsSortByTime(t *testing.T) {
	// One millisecond apart, where each bit of the time carries over, and at the end of
	// the 48 bits.
	var times []int64
	for bit := 1; bit < 48; bit++ {
		times = append(times, 1<<bit-1, 1<<bit)
	}
	times = append(times, 1<<48-1)
	for prefix, newID := range kinds {
		last := ""
		for _, ms := range times {
			id := newID(time.UnixMilli(ms))
			if id <= last {
				t.Errorf("%s: %s of %d ms doesn't sort behind %s", prefix, id, ms, last)
			}
			last = id
		}
	}
}

func TestIDsNeverMeet(t *testing.T) {
	now := time.UnixMilli(1_767_323_045_678)
	seen := make(map[string]bool)
	for range 10_000 {
		id := event.NewRequestID(now)
		if seen[id] {
			t.Fatalf("%s came twice", id)
		}
		seen[id] = true
	}
}

func TestSize(t *testing.T) {
	for _, c := range []struct {
		name string
		r    event.Request
		want int
	}{
		{"nothing", event.Request{}, 0},
		{"what isn't sent", event.Request{ID: "req_1", Proto: "https", Remote: "127.0.0.1", Received: time.Unix(1, 0)}, 0},
		{"body", event.Request{Body: make([]byte, 1000)}, 1000},
		{"request line", event.Request{Method: "POST", Path: "/a", RawQuery: "b=c", Host: "d.e"}, 4 + 2 + 3 + 3},
		{"header", event.Request{Header: event.Header{"A": {"12"}}}, len("A: 12\r\n")},
		{"each value", event.Request{Header: event.Header{"A": {"12", ""}, "Bc": {"3"}, "D": nil}}, len("A: 12\r\nA: \r\nBc: 3\r\n")},
	} {
		if got := c.r.Size(); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestPositionString(t *testing.T) {
	if got := (event.Position{Epoch: 0x4f2a9c01, Seq: 17}).String(); got != "4f2a9c01:17" {
		t.Error(got)
	}
}
