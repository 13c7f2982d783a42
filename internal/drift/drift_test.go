package drift_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/drift"
	"github.com/solatis/solatis-cli/internal/event"
	"pgregory.net/rapid"
)

const analyzed = `{"id":"evt_1","event":"document.analyzed","created_at":"2026-02-02T10:30:00Z","data":{
	"document_id":"doc_1","status":"completed","summary":"x","extracted_fields":{"parties":["a","b"],"obligations":[1,null]},"confidence":0.92}}`

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		replace, by string
		want        []string
	}{
		"nothing":                  {``, ``, nil},
		"a field more":             {`"data":{`, `"data":{"later":{"x":1},`, nil},
		"a missing field":          {`"summary":"x",`, ``, []string{"data.summary is missing, expected string"}},
		"a null":                   {`"summary":"x"`, `"summary":null`, []string{"data.summary is null, expected string"}},
		"a number as text":         {`0.92`, `"0.92"`, []string{"data.confidence is string, expected number"}},
		"an integer for a number":  {`0.92`, `1`, nil},
		"an element":               {`["a","b"]`, `["a",2]`, []string{"data.extracted_fields.parties[1] is integer, expected string"}},
		"several elements":         {`["a","b"]`, `["a",2,true,3]`, []string{"data.extracted_fields.parties[1] is integer, expected string (2 times)", "data.extracted_fields.parties[2] is boolean, expected string"}},
		"an optional field less":   {`"obligations":[1,null]`, `"x":1`, nil},
		"an optional one changed":  {`[1,null]`, `{}`, []string{"data.extracted_fields.obligations is object, expected array"}},
		"data that is a list":      {`"data":{`, `"data":[],"old":{`, []string{"data is array, expected object"}},
		"no time":                  {`"created_at"`, `"at"`, []string{"created_at is missing, expected string"}},
		"a time as a number":       {`"2026-02-02T10:30:00Z"`, `1770028200`, []string{"created_at is integer, expected string"}},
		"the last of two":          {`"status":"completed"`, `"status":1,"status":"completed"`, nil},
		"the last of two is wrong": {`"status":"completed"`, `"status":"completed","status":false`, []string{"data.status is boolean, expected string"}},
		"a name with an escape":    {`"summary":"x"`, `"s\u0075mmary":"x"`, nil},
		"another case":             {`"summary"`, `"Summary"`, []string{"data.summary is missing, expected string"}},
		"a mark before it":         {`{"id"`, "\ufeff" + `{"id"`, nil},
		"text that looks hostile":  {`"x"`, `{"\u001b[2J":"\u001b[2J"}`, []string{"data.summary is object, expected string"}},
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.Replace(analyzed, c.replace, c.by, 1)
			if _, err := event.Parse([]byte(body)); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range drift.Check("document.analyzed", []byte(body)) {
				got = append(got, w.String())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if got := drift.Check("document.burnt", []byte(analyzed)); got != nil {
		t.Errorf("a type that isn't known: %v", got)
	}
	long := strings.Replace(analyzed, `"x"`, `7,"y":"`+strings.Repeat("y", drift.MaxBody)+`"`, 1)
	if got := drift.Check("document.analyzed", []byte(long)); got != nil {
		t.Errorf("a body that is too long: %v", got)
	}
	if got := drift.Check("document.analyzed", []byte(long[:drift.MaxBody])); len(got) == 0 {
		t.Error("a body that is not too long is passed over")
	}
	many := strings.Replace(analyzed, `["a","b"]`, `[7`+strings.Repeat(`,7`, 2*drift.MaxValues)+`]`, 1)
	if got := drift.Check("document.analyzed", []byte(many)); len(got) != 1 || got[0].Count < drift.MaxValues/2 || got[0].Count > drift.MaxValues {
		t.Errorf("a list that is too long: %v", got)
	}
}

// TestCheckNumbers holds what a whole number is; duration_seconds has to be one.
func TestCheckNumbers(t *testing.T) {
	body, err := lookup(t, "transcription.completed").Generate(catalog.Options{Now: time.Now(), Seed: new(uint64(1))})
	if err != nil {
		t.Fatal(err)
	}
	const field = `"duration_seconds":`
	at := bytes.Index(body, []byte(field)) + len(field)
	end := at + bytes.IndexAny(body[at:], ",}")
	for number, whole := range map[string]bool{
		"0": true, "7": true, "-7": true, "1800": true, "1.0": true, "1e2": true, "1E+2": true, "1.5e1": true, "10e-1": true, "0.05e2": true,
		"0.0": true, "0e-9": true, "-0.0e5": true, "12345678901234567890": true, "1e1000000000": true, "1e99999999999999999999": true,
		"0.5": false, "1.5": false, "-1.5": false, "1e-1": false, "15e-1": false, "0.05e1": false, "1.05e1": false,
		"1e-1000000000": false, "1e-99999999999999999999": false, "12345678901234567890.5": false,
		"1e9223372036854775807": true, "10e-9223372036854775808": false,
	} {
		changed := slices.Concat(body[:at], []byte(number), body[end:])
		if got := drift.Check("transcription.completed", changed); (len(got) == 0) != whole {
			t.Errorf("%s: %v", number, got)
		}
	}
}

func lookup(t *testing.T, name string) catalog.Type {
	t.Helper()
	typ, err := catalog.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

// TestCheckAgainstLibrary changes a body at random and holds what Check says of it against
// what a validator of JSON Schema says: one finds fault where the other does.
func TestCheckAgainstLibrary(t *testing.T) {
	schemas := make(map[string]*jsonschema.Schema)
	for _, typ := range catalog.Types() {
		schemas[typ.Name] = compile(t, typ)
	}
	faults := 0
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(catalog.Types()).Draw(t, "type")
		body, err := typ.Generate(catalog.Options{Now: time.Unix(0, 0), Seed: new(rapid.Uint64().Draw(t, "seed"))})
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			v = change(t, v)
		}
		if body, err = json.Marshal(v); err != nil {
			t.Fatal(err)
		}
		warnings := drift.Check(typ.Name, body)
		err = schemas[typ.Name].Validate(v)
		if (err == nil) != (len(warnings) == 0) {
			t.Fatalf("%v, the library says %v of %s", warnings, err, body)
		}
		for _, w := range warnings {
			if at := fmt.Sprintf("at '/%s'", strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(w.Path)); w.Got != drift.Missing && w.Path != "" && !strings.Contains(err.Error(), at) {
				t.Fatalf("%s; the library says %v", w, err)
			}
		}
		if err != nil {
			faults++
		}
	})
	if faults < 10 {
		t.Errorf("only %d bodies had a fault", faults)
	}
}

// compile returns a type's schema without all that isn't about presence and type.
func compile(t *testing.T, typ catalog.Type) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(typ.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	loosen(doc)
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("urn:x", doc); err != nil {
		t.Fatal(err)
	}
	return compiler.MustCompile("urn:x")
}

func loosen(schema any) {
	switch v := schema.(type) {
	case map[string]any:
		if _, ok := v["const"]; ok {
			v["type"] = "string"
		}
		for _, word := range []string{"$id", "const", "pattern", "minLength", "minimum", "maximum"} {
			if _, field := v[word].(map[string]any); !field {
				delete(v, word)
			}
		}
		for _, child := range v {
			loosen(child)
		}
	case []any:
		for _, child := range v {
			loosen(child)
		}
	}
}

// change takes a value out of v, or puts another one in its place.
func change(t *rapid.T, v any) any {
	values := []any{nil, true, "text", json.Number("7"), json.Number("7.5"), json.Number("7.0"), []any{}, []any{"x", nil}, map[string]any{}, map[string]any{"name": json.Number("1")}}
	switch v := v.(type) {
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		if len(names) == 0 {
			break
		}
		slices.Sort(names)
		name := rapid.SampledFrom(names).Draw(t, "field")
		switch rapid.IntRange(0, 3).Draw(t, "change") {
		case 0:
			delete(v, name)
		default:
			v[name] = change(t, v[name])
		}
		return v
	case []any:
		if len(v) == 0 {
			break
		}
		i := rapid.IntRange(0, len(v)-1).Draw(t, "element")
		v[i] = change(t, v[i])
		return v
	}
	return rapid.SampledFrom(values).Draw(t, "value")
}

// TestCheckKnowsSamples holds that nothing that the catalogue makes is a difference to it.
func TestCheckKnowsSamples(t *testing.T) {
	for _, typ := range catalog.Types() {
		if w := drift.Check(typ.Name, typ.Sample()); w != nil {
			t.Errorf("%s: %v", typ.Name, w)
		}
	}
}

// FuzzCheck gives it what event.Parse takes, and what it doesn't.
func FuzzCheck(f *testing.F) {
	for _, typ := range catalog.Types() {
		f.Add(typ.Name, typ.Sample())
	}
	f.Add("document.analyzed", []byte(analyzed))
	f.Add("task.created", []byte(`{"data":[{"assignee":`))
	f.Add("meeting.analyzed", []byte(`{"data":{"participants":[1,2,{"name":null},"`))
	f.Fuzz(func(t *testing.T, eventType string, body []byte) {
		warnings := drift.Check(eventType, body)
		if len(warnings) > 200 {
			t.Errorf("%d warnings", len(warnings))
		}
		for _, w := range warnings {
			if w.Count < 1 || len(w.String()) > 200 || strings.ContainsFunc(w.String(), func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("%q", w.String())
			}
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	for name, body := range map[string][]byte{
		"shown":    []byte(analyzed),
		"1-MiB":    []byte(strings.Replace(analyzed, `"x"`, `"`+strings.Repeat("word ", 200_000)+`"`, 1)),
		"elements": []byte(strings.Replace(analyzed, `["a","b"]`, `["a"`+strings.Repeat(`,7`, 100_000)+`]`, 1)),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				drift.Check("document.analyzed", body)
			}
		})
	}
}
