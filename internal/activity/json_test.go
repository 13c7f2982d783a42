package activity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// fields are the updates and the names of their JSON fields. The names are a contract
// of the command line: this list may grow and nothing in it may change.
var fields = []struct {
	update Update
	names  string
}{
	{Ready{}, "type session url relay endpoint target targets routes respond verify retry speed disable_after secret at"},
	{Connecting{}, "type relay at"},
	{Connected{}, "type backlog at"},
	{Disconnected{}, "type reason retry_in_ns final at"},
	{Gap{}, "type from to reason at"},
	{Resumed{}, "type pending retries cancelled at"},
	{Received{}, "type request seq method path event event_type bytes signature diagnosis disposition reason deliveries drift duplicate_of other_body at"},
	{Attempted{}, "type delivery request event event_type origin method target attempt outcome status error response hint duration_ns fault state at retry of due wait_ns production_ns"},
	{TargetDown{}, "type target error at"},
	{TargetUp{}, "type target down_for_ns at"},
	{Held{}, "type delivery request event event_type target held at"},
	{Disabled{}, "type target delivery held since at"},
	{Enabled{}, "type target released no_retries at"},
	{Forwarding{}, "type paused changed waiting at"},
	{Warning{}, "type message at"},
	{Missed{}, "type count"},
}

// notTold are fields that JSON leaves out on purpose.
var notTold = map[string]bool{"Ready.Generated": true}

// filled returns an update like u with each field set, drawn by rapid; a nil t gives
// fixed values.
func filled(t *rapid.T, u Update) Update {
	v := reflect.New(reflect.TypeOf(u)).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := v.Type().Name() + "." + field.Name
		if !notTold[name] {
			fill(t, v.Field(i), name)
		}
	}
	return v.Interface().(Update)
}

func fill(t *rapid.T, v reflect.Value, name string) {
	n, text := int64(len(name)), "<&\u2028\r\n\x00\x1b\"\\é日"+name
	if t != nil {
		n, text = rapid.Int64Range(1, 1<<31-1).Draw(t, name), rapid.StringN(1, 40, -1).Draw(t, name)
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(n, n%1e9).UTC()))
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.CanInt():
		v.SetInt(n)
	case v.CanUint():
		v.SetUint(uint64(n))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Type() == reflect.TypeFor[[]string]():
		v.Set(reflect.ValueOf([]string{text, "second"}))
	default:
		panic("the test can't fill " + name)
	}
}

func TestEveryTypeIsParsed(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range fields {
		seen[f.update.Type()] = true
	}
	if len(seen) != len(fields) {
		t.Errorf("two updates have one type: %v", seen)
	}
	for name := range parsers {
		if !seen[name] {
			t.Errorf("the test doesn't know %q", name)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for _, f := range fields {
		t.Run(f.update.Type(), func(t *testing.T) {
			roundTrip(t, filled(nil, f.update))
			roundTrip(t, f.update) // nothing set
			rapid.Check(t, func(t *rapid.T) { roundTrip(t, filled(t, f.update)) })
		})
	}
}

func roundTrip(t rapid.TB, u Update) {
	before := []byte("before ")
	line, err := AppendJSON(before, u)
	if err != nil {
		t.Fatal(err)
	}
	line, ok := bytes.CutPrefix(line, before)
	if !ok || bytes.ContainsAny(line, "\r\n\x1b\x00") {
		t.Fatalf("not one line behind what was there: %q", line)
	}
	if start := fmt.Sprintf(`{"type":%q`, u.Type()); !bytes.HasPrefix(line, []byte(start)) {
		t.Fatalf("it doesn't begin with its type: %s", line)
	}
	got, err := ParseJSON(line)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	if !reflect.DeepEqual(got, u) {
		t.Fatalf("%s\ncame back as %#v\nand was       %#v", line, got, u)
	}
}

func TestFieldNames(t *testing.T) {
	for _, f := range fields {
		line, err := AppendJSON(nil, filled(nil, f.update))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(names(t, line), " "); got != f.names {
			t.Errorf("%s has the fields\n%s, want\n%s", f.update.Type(), got, f.names)
		}
	}
}

// names returns the keys of a JSON object in their order.
func names(t *testing.T, line []byte) (names []string) {
	d := json.NewDecoder(bytes.NewReader(line))
	for i := 0; ; i++ {
		token, err := d.Token()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if token == json.Delim('}') {
			return names
		}
		if i == 0 {
			continue // the opening brace
		}
		names = append(names, token.(string))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
}

// TestReadyKeepsTheSecretsOrigin holds Generated out of the JSON form.
func TestReadyKeepsTheSecretsOrigin(t *testing.T) {
	line, err := AppendJSON(nil, Ready{Generated: true})
	if err != nil || bytes.Contains(bytes.ToLower(line), []byte("generated")) {
		t.Errorf("%s, %v", line, err)
	}
}

func TestParseJSONRefuses(t *testing.T) {
	for line, want := range map[string]string{
		``:                                    "activity",
		`{`:                                   "activity",
		`null`:                                `unknown type ""`,
		`{}`:                                  `unknown type ""`,
		`{"type":"tomorrow"}`:                 `unknown type "tomorrow"`,
		`{"type":7}`:                          "activity",
		`{"type":"missed","count":"many"}`:    "missed",
		`{"type":"gap","from":-1}`:            "gap",
		`{"type":"ready","at":"yesterday"}`:   "ready",
		`{"type":"missed","count":1}garbage`:  "activity",
		"{\"type\":\"\x1b[2Jmissed\"}":        "activity",
		`{"type":"\u001b[2J"}`:                `unknown type "\x1b[2J"`,
		`{"type":"attempted","status":1e400}`: "attempted",
	} {
		u, err := ParseJSON([]byte(line))
		if u != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want an error with %q", line, u, err, want)
		}
	}
	// Fields of a later version are passed over.
	if u, err := ParseJSON([]byte(`{"type":"missed","count":3,"since":"x"}`)); err != nil || u != (Missed{Count: 3}) {
		t.Errorf("%v, %v", u, err)
	}
}
