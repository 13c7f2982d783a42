package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryBreakageFitsTheSource fails as soon as a control would not change what it is
// there to change.
func TestEveryBreakageFitsTheSource(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range gates {
		if len(g.controls) == 0 {
			t.Errorf("the gate %s has no control", g.name)
		}
		for _, c := range g.controls {
			if c.finds == "" {
				t.Errorf("%s, %s: any failure would do", g.name, c.name)
			}
			if seen[c.breaks.name] {
				continue
			}
			seen[c.breaks.name] = true
			if _, err := c.breaks.overlay("../..", t.TempDir()); err != nil {
				t.Errorf("%s: %v", c.breaks.name, err)
			}
		}
	}
}

func TestOverlay(t *testing.T) {
	root, dir := t.TempDir(), filepath.Join(t.TempDir(), "overlay")
	write(t, filepath.Join(root, "a.go"), "one two three")
	write(t, filepath.Join(root, "b.go"), "four")
	b := breakage{"test", []edit{{"a.go", "one", "1"}, {"b.go", "four", "4"}, {"a.go", "three", "3"}}}
	path, err := b.overlay(root, dir)
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Replace map[string]string }
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &list) != nil || len(list.Replace) != 2 {
		t.Fatalf("%v, %s", err, text)
	}
	for name, want := range map[string]string{"a.go": "1 two 3", "b.go": "4"} {
		got, err := os.ReadFile(list.Replace[filepath.Join(root, name)])
		if err != nil || string(got) != want {
			t.Errorf("%s became %q, %v", name, got, err)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(root, "a.go")); string(text) != "one two three" {
		t.Errorf("the source itself became %q", text)
	}
}

func TestOverlayOfWhatIsNotThere(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "a.go"), "one one two")
	for _, e := range []edit{{"a.go", "three", ""}, {"a.go", "one", ""}, {"missing.go", "one", ""}} {
		_, err := breakage{"test", []edit{e}}.overlay(root, t.TempDir())
		if err == nil || !strings.Contains(err.Error(), e.file) {
			t.Errorf("%v: %v", e, err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
