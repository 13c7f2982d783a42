package filter_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/filter"
	"github.com/solatis/solatis-cli/internal/signature"
	"pgregory.net/rapid"
)

// zone is not that of this machine, and now is in it.
var (
	zone = time.FixedZone("", -5*60*60)
	now  = time.Date(2026, 1, 10, 20, 0, 0, 7, zone)
)

func parse(t testing.TB, text string) filter.Query {
	t.Helper()
	q, err := filter.Parse(text, now)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return q
}

func TestParse(t *testing.T) {
	for text, want := range map[string][]filter.Term{
		"":                                  nil,
		" \t ":                              nil,
		"type:document.*":                   {{Key: filter.Type, Value: "document.*"}},
		"TYPE:Document.*":                   {{Key: filter.Type, Value: "Document.*"}},
		"status:5XX -status:404":            {{Key: filter.Status, Value: "5xx"}, {Key: filter.Status, Not: true, Value: "404"}},
		"sig:bad\u00a0dup:no":               {{Key: filter.Sig, Value: "bad"}, {Key: filter.Dup, Value: "no"}},
		`invoice "two words"`:               {{Value: "invoice"}, {Value: "two words"}},
		`-"say \"a\\b\" \n"`:                {{Not: true, Value: `say "a\b" \n`}},
		`target:"a b" id:evt_`:              {{Key: filter.Target, Value: "a b"}, {Key: filter.ID, Value: "evt_"}},
		"-":                                 {{Value: "-"}},
		"--x":                               {{Not: true, Value: "-x"}},
		"12:30 a_b:c :x \xff":               {{Value: "12:30"}, {Value: "a_b:c"}, {Value: ":x"}, {Value: "\xff"}},
		`"type:x"`:                          {{Value: "type:x"}},
		`a"b`:                               {{Value: `a"b`}},
		"origin:replay drift:yes since:90m": {{Key: filter.Origin, Value: "replay"}, {Key: filter.Drift, Value: "yes"}, since("2026-01-10T23:30:00.000000007Z")},
		"since:2d":                          {since("2026-01-09T01:00:00.000000007Z")},
		"since:1d12h":                       {since("2026-01-09T13:00:00.000000007Z")},
		"since:2026-01-02":                  {since("2026-01-02T05:00:00Z")},
		"since:2026-01-02T03:04:05.5+01:00": {since("2026-01-02T02:04:05.5Z")},
		`since:"2026-01-02 03:04:05"`:       {since("2026-01-02T08:04:05Z")},
		"since:2026-01-02T03:04":            {since("2026-01-02T08:04:00Z")},
		"until:2026-01-02":                  {until("2026-01-03T05:00:00Z")},
		"until:2026-01-02T00:00:00Z":        {until("2026-01-02T00:00:00Z")},
	} {
		if got := parse(t, text); !reflect.DeepEqual(got.Terms, want) {
			t.Errorf("%q: got %+v, want %+v", text, got.Terms, want)
		}
	}
}

func since(s string) filter.Term { return timed(filter.Since, s) }
func until(s string) filter.Term { return timed(filter.Until, s) }

func timed(key filter.Key, s string) filter.Term {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return filter.Term{Key: key, Value: s, At: at}
}

func TestWhatIsWrongIsSaidAndShown(t *testing.T) {
	for _, c := range []struct {
		text, message string
		at            int
	}{
		{"stauts:5xx", `unknown key "stauts"; did you mean status?`, 0},
		{"a  -http://x", `unknown key "http"; the keys are type,`, 4},
		{"status:5yx", `"5yx" is no value of status`, 7},
		{"status:600", `"600" is no value of status`, 7},
		{"status:faild", "did you mean failed?", 7},
		{"sig:good", `"good" is no value of sig, which takes ok, bad, missing, off`, 4},
		{"dup:maybe", "which takes yes or no", 4},
		{"origin:recieved", "did you mean received?", 7},
		{"type:", "type: has no value; it takes an event type", 5},
		{"type: document.*", "type: has no value", 5},
		{`x "abc`, "the closing quote is missing", 2},
		{`x "abc\"`, "the closing quote is missing", 2},
		{`"abc"d`, "a blank is missing after the closing quote", 5},
		{`type:""`, "there is nothing between the quotes", 5},
		{"since:yesterday", `"yesterday": it takes how long ago`, 6},
		{"since:-5m", `"-5m": it takes`, 6},
		{"since:+5m", `"+5m": it takes`, 6},
		{"since:1d-5m", `"1d-5m": it takes`, 6},
		{"since:xd", `"xd": it takes`, 6},
		{"until:1969-12-31T00:00:00Z", "the year 1969", 6},
		{"until:9999-12-31", "the year 10000", 6},
		{"since:60000d", "the year 18", 6},
		{strings.Repeat("x ", 65), "more than 64 terms", 128},
		{strings.Repeat("x", 5000), "5000 bytes; it can have 4096", 0},
	} {
		_, err := filter.Parse(c.text, now)
		var e *filter.Error
		if !errors.As(err, &e) {
			t.Errorf("%.20q: %v", c.text, err)
			continue
		}
		if !strings.Contains(e.Error(), c.message) || e.At != c.at || e.Text != c.text {
			t.Errorf("%.20q: %v at %d, want %s at %d", c.text, e, e.At, c.message, c.at)
		}
	}
}

func TestCaret(t *testing.T) {
	for text, want := range map[string]string{
		"type:x stat:5xx": "  type:x stat:5xx\n         ^",
		"é\x1b\t dup:x":   "  é·· dup:x\n          ^",
	} {
		_, err := filter.Parse(text, now)
		var e *filter.Error
		if !errors.As(err, &e) || e.Caret() != want {
			t.Errorf("%q: %v shows\n%s\nwant\n%s", text, err, e.Caret(), want)
		}
	}
}

// delivered is an item that has all there is.
var delivered = filter.Item{
	Type: "document.analyzed", IDs: []string{"req_1", "evt_abc", "dlv_2"}, Signature: signature.Valid, Duplicate: true, Drift: "yes",
	At: now.Add(-time.Hour), Origin: "replay", Target: "http://localhost:3000/Hooks", State: "failed", Outcome: "answered", Status: 503,
	Body: []byte(`{"Invoice":"ÜBER\u00e9","x":"\\"}`),
}

// bare is one without a delivery, an event and a valid signature.
var bare = filter.Item{IDs: []string{"req_9"}, Signature: signature.Several, At: now}

func TestMatch(t *testing.T) {
	for text, want := range map[string][2]bool{ // of delivered, of bare
		"":                         {true, true},
		"type:document.analyzed":   {true, false},
		"type:document":            {false, false},
		"type:*":                   {true, false},
		"-type:*":                  {false, true},
		"type:d*.a*d":              {true, false},
		"type:document?analyzed":   {true, false},
		"type:document.analyzed?":  {false, false},
		"type:[d]ocument.analyzed": {false, false},
		"status:503":               {true, false},
		"status:5xx":               {true, false},
		"status:500":               {false, false},
		"-status:2xx":              {true, true},
		"status:failed":            {true, false},
		"-status:failed":           {false, true},
		"status:exhausted":         {false, false},
		"status:timeout":           {false, false},
		"sig:ok":                   {true, false},
		"sig:bad":                  {false, true},
		"sig:missing":              {false, false},
		"-sig:off":                 {true, true},
		"drift:yes":                {true, false},
		"drift:no":                 {false, false},
		"dup:yes":                  {true, false},
		"dup:no":                   {false, true},
		"origin:replay":            {true, false},
		"-origin:received":         {true, true},
		"target:HOOKS":             {true, false},
		"id:evt_a":                 {true, false},
		"id:EVT_a":                 {false, false},
		"id:vt_a":                  {false, false},
		"id:req_":                  {true, true},
		"since:1h":                 {true, true},
		"since:59m":                {false, true},
		"until:1h":                 {false, false},
		"until:59m":                {true, false},
		"invoice":                  {true, false},
		"über":                     {true, false},
		"vt_A":                     {true, false},
		"ANALYZED":                 {true, false},
		`"\\"`:                     {true, false},
		"status:5xx req_ invoice":  {true, false},
		"status:5xx -invoice":      {false, false},
	} {
		q := parse(t, text)
		if got := [2]bool{q.Match(delivered), q.Match(bare)}; got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestStatusWords(t *testing.T) {
	item := func(state, outcome string, code int) filter.Item {
		return filter.Item{State: state, Outcome: outcome, Status: code}
	}
	for _, c := range []struct {
		value string
		yes   filter.Item
		no    filter.Item
	}{
		{"failed", item("exhausted", "timeout", 0), item("pending", "timeout", 0)},
		{"succeeded", item("succeeded", "answered", 204), item("failed", "answered", 300)},
		{"pending", item("pending", "", 0), item("held", "", 0)},
		{"held", item("held", "", 0), item("pending", "", 0)},
		{"exhausted", item("exhausted", "answered", 500), item("failed", "answered", 500)},
		{"cancelled", item("cancelled", "", 0), item("failed", "no-connect", 0)},
		{"timeout", item("failed", "timeout", 0), item("failed", "answered", 504)},
		{"no-connect", item("pending", "no-connect", 0), item("pending", "", 0)},
		{"broken-off", item("failed", "broken-off", 0), item("failed", "refused", 0)},
		{"interrupted", item("pending", "interrupted", 0), item("pending", "", 0)},
		{"refused", item("failed", "refused", 0), item("failed", "broken-off", 0)},
		{"2xx", item("succeeded", "answered", 299), item("failed", "answered", 300)},
		{"5xx", item("failed", "answered", 500), item("failed", "answered", 499)},
		{"100", item("failed", "answered", 100), item("failed", "timeout", 0)},
	} {
		q := parse(t, "status:"+c.value)
		if !q.Match(c.yes) || q.Match(c.no) {
			t.Errorf("%s: %v and %v", c.value, q.Match(c.yes), q.Match(c.no))
		}
	}
}

// hard are texts that have a meaning for the parser.
var hard = rapid.OneOf(
	rapid.StringMatching(`[a-z\-:"\\ .*?\t_]{1,8}`), rapid.String().Filter(func(s string) bool { return s != "" && len(s) < 100 }),
	rapid.SampledFrom([]string{"type:x", "-x", "-", `"`, `\`, `\"`, "a b", "\u00a0", "\xff", "status:", "12:30"}),
)

func anyTerm(t *rapid.T) filter.Term {
	key := rapid.SampledFrom([]filter.Key{
		filter.Text, filter.Type, filter.Status, filter.Sig, filter.Drift, filter.Dup, filter.Origin,
		filter.Target, filter.ID, filter.Since, filter.Until,
	}).Draw(t, "key")
	var value string
	switch key {
	case filter.Status:
		value = rapid.SampledFrom([]string{"failed", "5xx", "204", "no-connect"}).Draw(t, "status")
	case filter.Sig:
		value = rapid.SampledFrom([]string{"ok", "bad", "missing", "off"}).Draw(t, "sig")
	case filter.Drift, filter.Dup:
		value = rapid.SampledFrom([]string{"yes", "no"}).Draw(t, "yes")
	case filter.Origin:
		value = rapid.SampledFrom([]string{"received", "trigger", "replay"}).Draw(t, "origin")
	case filter.Since, filter.Until:
		value = fmt.Sprintf("%dns", rapid.Int64Range(0, int64(30*365*24*time.Hour)).Draw(t, "ago"))
	default:
		value = hard.Draw(t, "value")
	}
	term, err := filter.NewTerm(key, value, now)
	if err != nil {
		t.Fatal(err)
	}
	term.Not = rapid.Bool().Draw(t, "not")
	return term
}

func TestAQueryReadsBackAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := filter.Query{Terms: rapid.SliceOfN(rapid.Custom(anyTerm), 0, 5).Draw(t, "terms")}
		got, err := filter.Parse(q.String(), now.Add(time.Hour))
		if err != nil {
			t.Fatalf("%q: %v", q, err)
		}
		if len(q.Terms) != len(got.Terms) || len(q.Terms) > 0 && !reflect.DeepEqual(got, q) {
			t.Fatalf("%q: got %+v, want %+v", q, got, q)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "-", "type:document.* -status:5xx", `"a \"b\\`, "since:10m until:2026-01-02", "id:\xff\x00", "x:\"", "--\"\"", "sig:ok\u2028drift:no",
		`target:"a b" 12:30`, "since:9223372036s", "type:", "status:5", "Ⓚ:x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := filter.Parse(text, now)
		if err != nil {
			var e *filter.Error
			if !errors.As(err, &e) || e.At < 0 || e.At > len(text) || e.Message == "" {
				t.Fatalf("%q: %#v", text, err)
			}
			lines := strings.Split(e.Caret(), "\n")
			if len(lines) != 2 || strings.Trim(lines[1], " ") != "^" {
				t.Fatalf("%q: %q", text, e.Caret())
			}
			return
		}
		q.Match(delivered)
		q.Match(bare)
		if len(q.String()) > 4096 {
			return // quotes made it longer
		}
		again, err := filter.Parse(q.String(), now.Add(time.Minute))
		if err != nil || !reflect.DeepEqual(q, again) {
			t.Fatalf("%q became %q: %+v, %v; want %+v", text, q, again, err, q)
		}
	})
}

// TestGlob holds the pattern's matching against a slower one that is evidently right.
func TestGlob(t *testing.T) {
	var slow func(pattern, s []rune) bool
	slow = func(pattern, s []rune) bool {
		switch {
		case len(pattern) == 0:
			return len(s) == 0
		case pattern[0] == '*':
			return slow(pattern[1:], s) || len(s) > 0 && slow(pattern, s[1:])
		}
		return len(s) > 0 && (pattern[0] == '?' || pattern[0] == s[0]) && slow(pattern[1:], s[1:])
	}
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[aé*?]{1,7}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[aé]{1,8}`).Draw(t, "s")
		q := filter.Query{Terms: []filter.Term{{Key: filter.Type, Value: pattern}}}
		if got := q.Match(filter.Item{Type: s}); got != slow([]rune(pattern), []rune(s)) {
			t.Fatalf("%q matches %q: %v", pattern, s, got)
		}
	})
}
