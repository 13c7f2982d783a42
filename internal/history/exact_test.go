package history_test

import (
	"bytes"
	"crypto/rand"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/signature"
	"pgregory.net/rapid"
)

// text is any string that a header, a path or an error may hold: not always UTF-8.
func text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringN(0, 12, -1),
		rapid.SampledFrom([]string{"", "\x00", "a\x00b", "\xff\xfe", "\xc3\x28", "caf\xe9", "\r\n"}),
		rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "bytes")) }),
	)
}

// bytesOf is any body. An empty one and none are the same, and come back as none.
func bytesOf(max int) *rapid.Generator[[]byte] {
	return rapid.OneOf(
		rapid.SliceOfN(rapid.Byte(), 1, max),
		rapid.SampledFrom([][]byte{nil, {0}, []byte("\ufeff{}\r\n"), []byte(`{"a":1,"a":1e400}`), {0xff, 0xc3, 0x28}}),
	)
}

func headers() *rapid.Generator[map[string][]string] {
	return rapid.MapOfN(text(), rapid.SliceOfN(text(), 1, 3), 0, 4)
}

// stringFields fills every field of v that is a string.
func stringFields(t *rapid.T, v any) {
	for i, s := 0, reflect.ValueOf(v).Elem(); i < s.NumField(); i++ {
		if s.Field(i).Kind() == reflect.String {
			s.Field(i).SetString(text().Draw(t, s.Type().Field(i).Name))
		}
	}
}

func TestWhatIsRecordedComesBackByteForByte(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	rapid.Check(t, func(rt *rapid.T) {
		now := time.Now()
		r := &event.Request{Header: headers().Draw(rt, "header"), Body: bytesOf(5000).Draw(rt, "body")}
		stringFields(rt, r)
		r.ID, r.Received = event.NewRequestID(now), time.Unix(0, now.UnixNano())
		rec := history.Record{Request: r, Seq: 1}
		stringFields(rt, &rec)
		rec.Delivery = event.NewDeliveryID(now)
		o := delivery.Outcome{
			Header: headers().Draw(rt, "response header"), Body: bytesOf(200).Draw(rt, "response body"),
			Status: rapid.IntRange(0, 999).Draw(rt, "status"), Duration: time.Duration(rapid.Int64().Draw(rt, "duration")),
			Truncated: rapid.Bool().Draw(rt, "truncated"),
		}
		stringFields(rt, &o)
		attempt := delivery.Attempt{Number: 1, Started: r.Received, Outcome: o}
		if _, err := h.Record(t.Context(), history.Batch{Agent: "a", Records: []history.Record{rec}}); err != nil {
			rt.Fatal(err)
		}
		if err := h.AddAttempt(t.Context(), rec.Delivery, attempt, delivery.Failed); err != nil {
			rt.Fatal(err)
		}
		d, err := h.Show(t.Context(), r.ID)
		if err != nil {
			rt.Fatal(err)
		}
		if !reflect.DeepEqual(d.Request, r) {
			rt.Errorf("request:\ngot  %#v\nwant %#v", d.Request, r)
		}
		s := d.Summary
		got := history.Record{
			Request: r, Endpoint: rec.Endpoint, Seq: 1, EventID: s.EventID, EventType: s.EventType, Verdict: s.Verdict,
			Disposition: s.Disposition, Reason: s.Reason, Delivery: s.Last.Delivery, Target: s.Last.Target, Drift: s.Drift,
		}
		if got != rec {
			rt.Errorf("record:\ngot  %#v\nwant %#v", got, rec)
		}
		want := history.DeliveryDetails{
			Delivery: history.Delivery{
				ID: rec.Delivery, Request: r.ID, Agent: "a", Target: rec.Target, Origin: delivery.Received, Created: r.Received,
			},
			State: delivery.Failed, Attempts: []delivery.Attempt{attempt},
		}
		if len(d.Deliveries) != 1 || !reflect.DeepEqual(d.Deliveries[0], want) {
			rt.Errorf("deliveries:\ngot  %#v\nwant %#v", d.Deliveries, want)
		}
	})
}

func TestLargeAndMissingBodies(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	large := webhook(time.Now())
	large.Body = make([]byte, 32<<20)
	rand.Read(large.Body)
	none := webhook(time.Now())
	none.Body, none.Header = nil, nil
	for _, r := range []*event.Request{large, none} {
		if err := h.AddRequest(t.Context(), history.Record{Request: r, Verdict: signature.Valid}); err != nil {
			t.Fatal(err)
		}
		got, err := h.Request(t.Context(), r.ID)
		if err != nil || !bytes.Equal(got.Body, r.Body) {
			t.Errorf("a body of %d bytes came back as another, or %v", len(r.Body), err)
		}
	}
	list, err := h.List(t.Context(), 10)
	if err != nil || len(list) != 2 || list[0].Request != none.ID || list[0].Bytes != 0 || list[1].Bytes != 32<<20 {
		t.Errorf("listed as %+v, %v", list, err)
	}
}

func TestOfALongResponseTheBeginningIsKept(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "history.db"))
	id := recordOne(t, h, "a", 1).Delivery
	body := slices.Repeat([]byte("x"), delivery.MaxRecordedBody+1)
	a := delivery.Attempt{Number: 1, Outcome: delivery.Outcome{Kind: delivery.Answered, Status: 200, Body: body}}
	if err := h.AddAttempt(t.Context(), id, a, delivery.Succeeded); err != nil {
		t.Fatal(err)
	}
	list, err := h.List(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	d, err := h.Show(t.Context(), list[0].Request)
	if err != nil {
		t.Fatal(err)
	}
	o := d.Deliveries[0].Attempts[0].Outcome
	if len(o.Body) != delivery.MaxRecordedBody || !o.Truncated {
		t.Errorf("%d bytes, truncated %v", len(o.Body), o.Truncated)
	}
}
