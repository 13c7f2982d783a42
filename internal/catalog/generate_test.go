package catalog

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
)

var update = flag.Bool("update", false, "write docs/events.md and the golden files anew")

// now is in another zone and has a fraction, to be seen to be taken out.
var now = time.Date(2026, time.March, 4, 5, 6, 7, 890, time.FixedZone("", 2*3600))

func generate(t *testing.T, typ Type, seed *uint64) []byte {
	t.Helper()
	body, err := typ.Generate(Options{Now: now, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// dataOf returns a body's data as it is written.
func dataOf(t *testing.T, body []byte) string {
	t.Helper()
	envelope, err := event.Parse(body)
	if err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return string(envelope.Data)
}

func TestGenerate(t *testing.T) {
	for _, typ := range Types() {
		for _, seed := range []*uint64{nil, new(uint64(0)), new(uint64(1<<64 - 1))} {
			body := generate(t, typ, seed)
			envelope, err := event.Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			if envelope.Type != typ.Name || string(envelope.CreatedAt) != `"2026-03-04T03:06:07Z"` || !event.IsID(event.EventPrefix, envelope.ID) {
				t.Errorf("%s: envelope %q, %q, %q", typ.Name, envelope.ID, envelope.Type, envelope.CreatedAt)
			}
			var compact bytes.Buffer
			if err := json.Compact(&compact, body); err != nil || !bytes.Equal(compact.Bytes(), body) {
				t.Errorf("%s is not compact: %s", typ.Name, body)
			}
			if escaped := regexp.MustCompile(`\\u[0-9a-f]{4}`).Find(body); escaped != nil {
				t.Errorf("%s has %s, where senders write the character itself", typ.Name, escaped)
			}
		}
		var sample bytes.Buffer
		if err := json.Compact(&sample, []byte(dataOf(t, typ.Sample()))); err != nil {
			t.Fatal(err)
		}
		if got := dataOf(t, generate(t, typ, nil)); got != sample.String() {
			t.Errorf("%s without a seed has the data %s, want the sample's", typ.Name, got)
		}
	}
}

func TestGenerateID(t *testing.T) {
	typ := Types()[0]
	seen := map[string]bool{}
	for range 100 {
		for _, seed := range []*uint64{nil, new(uint64(7))} {
			envelope, err := event.Parse(generate(t, typ, seed))
			if err != nil {
				t.Fatal(err)
			}
			if seen[envelope.ID] {
				t.Fatalf("id %s came twice", envelope.ID)
			}
			seen[envelope.ID] = true
		}
	}
	body, err := typ.Generate(Options{ID: "evt_abc123xyz", Now: now})
	if err != nil || !bytes.HasPrefix(body, []byte(`{"id":"evt_abc123xyz","event":"document.analyzed",`)) {
		t.Errorf("with an id: %s, %v", body, err)
	}
	for _, id := range []string{"evt_", "abc", "req_abc"} {
		if _, err := typ.Generate(Options{ID: id, Now: now}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", id)) {
			t.Errorf("id %q: error %v", id, err)
		}
	}
}

// TestSeeds holds that a seed always gives the same data, whatever the day, and another
// seed other data; and against the golden files, that it does so on every machine.
func TestSeeds(t *testing.T) {
	for _, typ := range Types() {
		seen := map[string]uint64{}
		for seed := range uint64(200) {
			data := dataOf(t, generate(t, typ, &seed))
			later, err := typ.Generate(Options{Now: now.AddDate(1, 2, 3), Seed: &seed})
			if err != nil {
				t.Fatal(err)
			}
			if again := dataOf(t, later); again != data {
				t.Fatalf("%s: seed %d gave %s, then %s", typ.Name, seed, data, again)
			}
			if other, ok := seen[data]; ok {
				t.Fatalf("%s: seeds %d and %d both gave %s", typ.Name, other, seed, data)
			}
			seen[data] = seed
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, []byte(dataOf(t, generate(t, typ, new(uint64(42))))), "", "  "); err != nil {
			t.Fatal(err)
		}
		pretty.WriteByte('\n')
		golden(t, filepath.Join("testdata", "seed42", typ.Name+".json"), pretty.Bytes())
	}
}

// TestShapes holds that seeded bodies have the sample's fields in the sample's order,
// and no placeholder left in their texts.
func TestShapes(t *testing.T) {
	placeholder := regexp.MustCompile(`\{[a-z]+\}`)
	for _, typ := range Types() {
		sample := objects(t, typ.Sample())
		for seed := range uint64(200) {
			body := generate(t, typ, &seed)
			for path, keys := range objects(t, body) {
				if !slices.Equal(keys, sample[path]) {
					t.Fatalf("%s, seed %d: %q has the fields %q, in the sample %q", typ.Name, seed, path, keys, sample[path])
				}
			}
			if left := placeholder.Find(body); left != nil {
				t.Fatalf("%s, seed %d: %s was not filled", typ.Name, seed, left)
			}
		}
	}
}

// TestVariety holds that seeds make bodies of many lengths, and text that isn't ASCII.
func TestVariety(t *testing.T) {
	for _, typ := range Types() {
		lengths := map[int]bool{}
		ascii := 0
		for seed := range uint64(200) {
			body := generate(t, typ, &seed)
			lengths[len(body)] = true
			if !bytes.ContainsFunc(body, func(r rune) bool { return r > 127 }) {
				ascii++
			}
		}
		if len(lengths) < 30 || ascii > 190 {
			t.Errorf("%s: of 200 bodies %d lengths, %d all ASCII", typ.Name, len(lengths), ascii)
		}
	}
}

// golden compares got with the file, or writes the file under -update.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not up to date; if the change is meant: go generate ./internal/catalog\ngot:\n%s", path, got)
	}
}
