package tui

import (
	"context"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/filter"
	"github.com/solatis/solatis-cli/internal/history"
)

// only is a reader of one request.
type only struct{ history.Details }

func (o only) Rows(_ context.Context, _ filter.Query, at history.Key, n int) ([]history.Row, error) {
	return []history.Row{{At: noon, Summary: o.Summary}}[:min(max(n, 0), 1)], nil
}
func (o only) Count(context.Context, filter.Query) (int, error)      { return 1, nil }
func (o only) Show(context.Context, string) (history.Details, error) { return o.Details, nil }

// hostile is a request in which all that comes over the network is text and body.
func hostile(text string, body []byte) only {
	outcome := delivery.Outcome{
		Kind: delivery.Answered, Status: 500, Error: text, Header: map[string][]string{text: {text, text}},
		Body: append([]byte(text), body...), Duration: time.Millisecond,
	}
	last := history.Last{Delivery: "dlv_" + text, State: delivery.State(text), Origin: delivery.Origin(text), Target: text, Attempts: 2, Outcome: outcome}
	last.Outcome.Fault = text
	return only{history.Details{
		Summary: history.Summary{
			Request: "req_" + text, EventID: "evt_" + text, EventType: "task." + text, Method: text, Path: "/" + text, Bytes: len(body), Received: noon,
			Verdict: "mismatch", Disposition: text, Reason: text, DuplicateOf: text, Drift: text, Last: last,
		},
		Request: &event.Request{
			ID: text, Method: text, Path: text, RawQuery: text, Host: text, Proto: text, Remote: text,
			Header: event.Header{text: {text}, "X-Solatis-Signature": {text, text}}, Body: body, Received: noon,
		},
		Deliveries: []history.DeliveryDetails{{
			Delivery: history.Delivery{ID: text, Target: text, Origin: delivery.Origin(text)}, State: delivery.State(text),
			Attempts: []delivery.Attempt{{Number: 1, Started: noon, Outcome: outcome}, {Number: 2, Started: noon, Outcome: delivery.Outcome{Kind: delivery.Kind(text), Error: text, Body: body}}},
		}},
	}}
}

// looks are ways to look at a request, by the keys that lead there. A text that is pasted
// stands for itself.
var looks = []string{
	"", "enter", "enter 2", "enter 3", "enter 4", "enter 5", "enter x 6", "enter f", "enter f f pgdown G", "enter - z", "enter / paste enter z - +", "y", "s paste", "i j", "? j", "/ paste enter", "enter / paste enter n",
}

// lookAt looks at a request in one of these ways.
func lookAt(t *testing.T, o only, text, keys string, width, height int, method ansi.Method) {
	d := open(t, o, nil, width, height)
	d.header.history = ""
	d.root.actions.Diagnose = func(context.Context, history.Details) (string, error) { return text, nil }
	if method == ansi.GraphemeWidth {
		d.send(tea.ModeReportMsg{Mode: ansi.ModeUnicodeCore, Value: ansi.ModeReset})
	}
	d.happens(
		activity.Ready{Session: text, URL: text, Relay: text, Endpoint: text, Targets: []string{text, text}, Routes: []string{text}, Secret: text},
		activity.Disconnected{Reason: text, RetryIn: time.Second, At: noon}, activity.TargetDown{Target: text, Error: text, At: noon},
		activity.Warning{Message: text}, activity.Gap{Reason: text}, activity.Disabled{Target: text}, activity.Enabled{Target: text},
		activity.Attempted{Target: text, Hint: text, Event: text, EventType: text, Response: text, Delivery: text, Outcome: delivery.Answered, Status: 500, State: delivery.Failed},
	)
	d.text()
	for key := range strings.FieldsSeq(keys) {
		if key == "paste" {
			d.send(tea.PasteMsg{Content: text})
		} else {
			d.press(key)
		}
	}
	d.text()
}

// TestOverlaysOfHostileText opens those that no key leads to.
func TestOverlaysOfHostileText(t *testing.T) {
	for _, text := range naughty {
		d := open(t, hostile(text, []byte(text)), nil, 80, 24)
		for _, o := range []overlay{
			&picker{loaded: true, seen: 1, samples: []Sample{{Name: text, Note: text}}, found: []int{0}, lines: lines(kindPlain, text)},
			d.askBroken(&edit{}, []byte(text)),
			confirm(say(kindPlain, text).text, text, "yes", nil),
		} {
			d.overlay = o
			d.text()
		}
		d.header.ready.Session, d.header.ready.URL, d.header.lastBad = text, text, activity.Attempted{Delivery: "d", Event: text, EventType: text}
		if summary := d.header.summary(time.Second, time.UTC); strings.ContainsAny(summary, "\x1b\x07\u202e\u009b") {
			t.Errorf("the summary has %q", summary)
		}
	}
}

// naughty are texts that have broken screens.
var naughty = []string{
	"", "\x00", "\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]52;c;aGk=\x07", "\x1bP1;2|\x1b\\", "\u009b31m", "\x9b31m", "\x7f\x08\x08", "\r\nHTTP/1.1 200",
	"\u202egnirts\u202c", "\u2066\u2069", "\ufeff", "\u200b\u200d\u200c", "e\u0301\u0301\u0301", "\u0301", "ः", "日本語テキスト", "👩‍👩‍👧‍👦👨🏿‍🚀🇩🇪", "👩" + strings.Repeat("\u200d👩", 100),
	"ﷺ", "ليلى حداد", "\xff\xfe\xc0\xaf", "\xed\xa0\x80", "\U000e0001\U000e0020", "\u2028\u2029", "ᄀᄀᄀ각ᆨᆨ", "\t\t", strings.Repeat("x", 900), strings.Repeat("字", 400), "\u0600\u0601", "क्ष", "｡ﾟ･", "\ufe0f\ufe0e",
}

func TestHostileBodies(t *testing.T) {
	for name, body := range map[string]string{
		"1 MB in one line":  `{"a":"` + strings.Repeat("x", 1<<20) + `"}`,
		"10,000 deep":       strings.Repeat(`{"a":[`, 4_999) + strings.Repeat(`]}`, 4_999),
		"more than 10,000":  strings.Repeat("[", 1<<19) + strings.Repeat("]", 1<<19),
		"NULs":              strings.Repeat("\x00", 1<<20),
		"escapes":           strings.Repeat("\x1b[31m", 1<<17),
		"not UTF-8":         strings.Repeat("\xff", 1<<20),
		"wide characters":   strings.Repeat("字", 1<<18),
		"joined characters": "👩" + strings.Repeat("\u200d👩", 1<<16),
		"marks":             "e" + strings.Repeat("\u0301", 1<<18),
		"a million numbers": "[" + strings.Repeat("1,", 1<<19-2) + "1]",
		"a million lines":   strings.Repeat("\n", 1<<20),
		"32 MiB":            strings.Repeat("x", 32<<20),
	} {
		t.Run(name, func(t *testing.T) {
			for _, keys := range []string{"enter", "enter f f pgdown G", "enter 3", "enter / x x enter n", "enter - - z G z + +"} {
				lookAt(t, hostile("x", []byte(body)), "x", keys, 120, 40, ansi.WcWidth)
			}
		})
	}
}

// FuzzView says that no forbidden character is printed, and that every line is as wide as
// the screen.
func FuzzView(f *testing.F) {
	for i, text := range naughty {
		f.Add(text, []byte(text), uint8(100), uint8(30), uint8(i), false)
		f.Add(text, []byte(`{"`+text+`":["`+text+`",1.0]}`), uint8(60), uint8(15), uint8(i+7), true)
	}
	f.Fuzz(func(t *testing.T, text string, body []byte, width, height, how uint8, grapheme bool) {
		method := ansi.WcWidth
		if grapheme {
			method = ansi.GraphemeWidth
		}
		lookAt(t, hostile(text, body), text, looks[int(how)%len(looks)], int(width), int(height), method)
	})
}
