package override_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/override"
	"pgregory.net/rapid"
)

// document is a JSON text with the paths of all that is in it.
type document struct {
	text  string
	paths []string
}

var space = rapid.SampledFrom([]string{"", "", "", " ", "\n  ", "\t"})

// scalar is the text of a value that holds nothing, as somebody may have written it.
var scalar = rapid.SampledFrom([]string{
	"0", "-1.50", "1e400", "123456789012345678901234567890", "true", "false", "null",
	`""`, `"a\u0062\/"`, `"{\"x\":[1,2]}"`, `"\ud83d\ude00 €"`, `"\\\""`, `"}],{["`,
})

// keys are those of generated objects. No two of them read the same.
var keys = []string{`"a"`, `"b"`, `"0"`, `"1"`, `"a.b"`, `"\u0063"`, `"[=\\]"`, `"gr\u00f6\u00dfe"`, `"{"`, `" "`, `"#"`, `"*"`, `"@this"`, `"-1"`, `"a|b"`}

// value generates a value and, below path, the paths of all within it.
func value(t *rapid.T, depth int, path string) document {
	kind := rapid.SampledFrom([]string{"scalar", "object", "list"}).Draw(t, "kind")
	if depth == 0 || kind == "scalar" {
		return document{text: scalar.Draw(t, "scalar")}
	}
	d := document{text: "["}
	n := rapid.IntRange(0, 4).Draw(t, "n")
	names := rapid.Permutation(keys).Draw(t, "keys")
	if kind == "object" {
		d.text = "{"
	}
	for i := range n {
		if i > 0 {
			d.text += ","
		}
		d.text += space.Draw(t, "space")
		step := fmt.Sprintf("%s[%d]", path, i)
		if kind == "object" {
			var key string
			json.Unmarshal([]byte(names[i]), &key)
			step = strings.TrimPrefix(path+"."+escaper.Replace(key), ".")
			d.text += names[i] + space.Draw(t, "space") + ":" + space.Draw(t, "space")
		}
		v := value(t, depth-1, step)
		d.text += v.text + space.Draw(t, "space")
		d.paths = append(append(d.paths, step), v.paths...)
	}
	d.text += space.Draw(t, "space") + map[string]string{"object": "}", "list": "]"}[kind]
	return d
}

var escaper = strings.NewReplacer(".", `\.`, "[", `\[`, "]", `\]`, "=", `\=`, `\`, `\\`)

// drawDocument generates a document that holds anything at all.
func drawDocument(t *rapid.T) document {
	d := value(t, 3, "")
	for len(d.paths) == 0 {
		d = value(t, 3, "")
	}
	d.text = space.Draw(t, "before") + d.text + space.Draw(t, "after")
	return d
}

// parse reads JSON without losing digits.
func parse(t *rapid.T, text []byte) any {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// TestSetIsUndoneByItself: a value set and set back leaves every byte as it was.
func TestSetIsUndoneByItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		path := rapid.SampledFrom(d.paths).Draw(t, "path")
		const mark = `"a mark that is in no document"`
		there, err := override.Apply([]byte(d.text), edits(t, "set "+path+"="+mark))
		if err != nil {
			t.Fatal(err)
		}
		before, after, found := bytes.Cut(there, []byte(mark))
		if !found || !strings.HasPrefix(d.text, string(before)) || !strings.HasSuffix(d.text, string(after)) {
			t.Fatalf("set %s touched more than the value:\n%s\n%s", path, d.text, there)
		}
		old := d.text[len(before) : len(d.text)-len(after)]
		back, err := override.Apply(there, edits(t, "set "+path+"="+old))
		if err != nil || string(back) != d.text {
			t.Fatalf("%v\n%s\n%s", err, d.text, back)
		}
	})
}

// TestAddIsUndoneByUnset: what add makes, unset takes out again.
func TestAddIsUndoneByUnset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		root := parse(t, []byte(d.text))
		path := "new"
		if list, ok := root.([]any); ok {
			path = fmt.Sprintf("[%d]", len(list))
		}
		v := value(t, 2, "")
		there, err := override.Apply([]byte(d.text), edits(t, "add "+path+"="+v.text))
		if err != nil {
			t.Fatal(err)
		}
		if got := parse(t, there); reflect.DeepEqual(got, root) {
			t.Fatalf("add %s changed nothing: %s", path, there)
		}
		back, err := override.Apply(there, edits(t, "unset "+path))
		if err != nil || !reflect.DeepEqual(parse(t, back), root) {
			t.Fatalf("%v\n%s\n%s", err, d.text, back)
		}
	})
}

// TestUnsetTakesOutOne: one value is gone, with all within it, and all others are as they
// were.
func TestUnsetTakesOutOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		path := rapid.SampledFrom(d.paths).Draw(t, "path")
		got, err := override.Apply([]byte(d.text), edits(t, "unset "+path))
		if err != nil {
			t.Fatal(err)
		}
		const mark = `"a mark that is in no document"`
		marked, err := override.Apply([]byte(d.text), edits(t, "set "+path+"="+mark))
		if err != nil {
			t.Fatal(err)
		}
		want := without(parse(t, marked), "a mark that is in no document")
		if !reflect.DeepEqual(parse(t, got), want) {
			t.Fatalf("unset %s\n%s\n%s", path, d.text, got)
		}
	})
}

// without takes a string out of wherever it stands.
func without(v any, text string) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if v[key] = without(inner, text); inner == text {
				delete(v, key)
			}
		}
	case []any:
		kept := []any{}
		for _, inner := range v {
			if inner != text {
				kept = append(kept, without(inner, text))
			}
		}
		return kept
	}
	return v
}

// TestAllOrNothing: edits that can be made one after the other can be made at once, with
// the same result, and one that can't be made spoils all.
func TestAllOrNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		var texts []string
		doc := []byte(d.text)
		failed := false
		for range rapid.IntRange(1, 5).Draw(t, "n") {
			text := rapid.SampledFrom([]string{"set", "add", "unset"}).Draw(t, "op") + " " + rapid.SampledFrom(append(d.paths, "nowhere", "[9]")).Draw(t, "path")
			if !strings.HasPrefix(text, "unset") {
				text += "=" + scalar.Draw(t, "value")
			}
			texts = append(texts, text)
			next, err := override.Apply(doc, edits(t, text))
			if err != nil {
				failed = true
				break
			}
			doc = next
		}
		got, err := override.Apply([]byte(d.text), edits(t, texts...))
		switch {
		case failed && (err == nil || got != nil):
			t.Fatalf("%q: %v, %s", texts, err, got)
		case !failed && (err != nil || !bytes.Equal(got, doc)):
			t.Fatalf("%q: %v\n%s\n%s", texts, err, got, doc)
		}
	})
}

func FuzzApply(f *testing.F) {
	f.Add(body, "data.tags[0]", "1", uint8(0))
	f.Add(body, `a\.b`, `"x"`, uint8(1))
	f.Add("{\"a\" : [ ] , \"a\":{}}", "a.0", "", uint8(2))
	f.Add("\ufeff [1 , 2] ", "[1]", "{}", uint8(2))
	f.Add(`{"\ud800":{"":1}}`, "x[][0].y", "\\", uint8(1))
	f.Fuzz(func(t *testing.T, doc, path, text string, op uint8) {
		o := []override.Op{override.Set, override.Add, override.Unset}[op%3]
		if o != override.Unset {
			path += "=" + text
		}
		e, err := override.Parse(o, path)
		if err != nil {
			return
		}
		original := slices.Clone([]byte(doc))
		got, err := override.Apply(original, []override.Edit{e})
		if string(original) != doc {
			t.Fatal("the argument was changed")
		}
		if err != nil {
			if got != nil {
				t.Fatalf("half of it was made: %s", got)
			}
			return
		}
		if !json.Valid(bytes.TrimPrefix(got, []byte("\ufeff"))) {
			t.Fatalf("%v made of %q what is no JSON: %q", e, doc, got)
		}
		if o == override.Unset {
			return
		}
		// What was set can be found, and setting it once more changes nothing.
		again, err := override.Apply(got, []override.Edit{e})
		if !strings.Contains(path, "[]") && (err != nil || !bytes.Equal(again, got)) {
			t.Fatalf("%v: %v\n%q\n%q", e, err, got, again)
		}
	})
}
