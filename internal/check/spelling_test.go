package check

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/catalog"
	"pgregory.net/rapid"
)

// value reads JSON, its numbers as they are written.
func value(t interface{ Fatalf(string, ...any) }, body []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return v
}

// TestSpelling wants the odd ways of writing to change no meaning, and to be odd.
func TestSpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(catalog.Types()).Draw(t, "type")
		seed := rapid.Uint64().Draw(t, "seed")
		body, err := typ.Generate(catalog.Options{Now: time.Unix(1, 0), Seed: &seed})
		if err != nil {
			t.Fatal(err)
		}
		if got := fieldsOf(body).body(); !bytes.Equal(got, body) {
			t.Fatalf("written anew:\n%s\nwas:\n%s", got, body)
		}
		for name, odd := range map[string][]byte{
			"spaced": spaced(body), "escaped": escaped(body), "reversed": fieldsOf(body).reversed().body(),
		} {
			if bytes.Equal(odd, body) {
				t.Errorf("%s is the same", name)
			}
			if !reflect.DeepEqual(value(t, odd), value(t, body)) {
				t.Errorf("%s means something else:\n%s\nwas:\n%s", name, odd, body)
			}
		}
	})
}

func TestEscaped(t *testing.T) {
	for in, want := range map[string]string{
		`"Aé/🚀\"\\\n"`:                `"\u0041\u00e9\/\ud83d\ude80\u0022\u005c\u000a"`,
		`{"a/b":["c",1e2,"2026",""]}`: `{"a/b":["\u0063",1e2,"2026",""]}`,
		`[null,true,-0]`:              `[null,true,-0]`,
	} {
		if got := string(escaped([]byte(in))); got != want {
			t.Errorf("escaped(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestTranscriptIsOneMebibyte(t *testing.T) {
	if len(transcript) != 1<<20 {
		t.Errorf("it has %d bytes", len(transcript))
	}
}
