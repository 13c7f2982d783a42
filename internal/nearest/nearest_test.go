package nearest

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMatch(t *testing.T) {
	events := []string{"document.analyzed", "document.deleted", "document.shared", "task.created", "task.*"}
	verify := []string{"warn", "strict", "off"}
	for name, test := range map[string]struct {
		typed      string
		candidates []string
		want       string // "" for none
	}{
		"British spelling":       {"document.analysed", events, "document.analyzed"},
		"itself":                 {"task.created", events, "task.created"},
		"swapped neighbours":     {"wran", verify, "warn"},
		"case":                   {"DOCUMENT.Shared", events, "document.shared"},
		"several letters short":  {"doc.analyzed", events, "document.analyzed"},
		"a beginning":            {"document.an", events, "document.analyzed"},
		"a very short beginning": {"do", events, ""},
		"beginning of several":   {"document", events, "document.shared"},
		"the nearer of two":      {"task", events, "task.*"},
		"opposite":               {"on", verify, ""},
		"something else":         {"invoice.paid", events, ""},
		"empty":                  {"", events, ""},
		"no candidates":          {"warn", nil, ""},
		"empty candidate":        {"warn", []string{""}, ""},
		"first of equals":        {"b", []string{"ab", "bc"}, "ab"},
		"other ids": {"evt_0k3v9q2m4t7x1z8c5b6n0a2s4d", []string{
			"evt_0k3v9q2m4uqpl0r9e8w7y6t5u4", "evt_0k3v9q2m1jh5g6f7d8s9a0p1o2"}, ""},
		"an id with two typos": {"evt_0k3v9q2m4t7x1z8c5b6n0a2s4d", []string{
			"evt_0k3v9q2m4uqpl0r9e8w7y6t5u4", "evt_0k3v9q2m47tx1z8c5b6n0a2s4e"}, "evt_0k3v9q2m47tx1z8c5b6n0a2s4e"},
		"characters, not bytes": {"übernahme", []string{"ubernahme"}, "ubernahme"},
		"far too long":          {strings.Repeat("document.analyzed", 10000), events, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := Match(test.typed, test.candidates)
			if got != test.want || ok != (test.want != "") {
				t.Errorf("Match(%.40q) = %q, %v, want %q", test.typed, got, ok, test.want)
			}
		})
	}
}

// TestDistance holds the laws that any distance has to keep, and that one slip of the
// fingers is one edit.
func TestDistance(t *testing.T) {
	word := rapid.SliceOfN(rapid.RuneFrom([]rune("abcé日")), 1, 12)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		d := distance(a, b)
		if back := distance(b, a); back != d {
			t.Fatalf("there %d, back %d", d, back)
		}
		if (d == 0) != (string(a) == string(b)) {
			t.Fatalf("distance %d of %q and %q", d, string(a), string(b))
		}
		if low, high := max(len(a), len(b))-min(len(a), len(b)), max(len(a), len(b)); d < low || d > high {
			t.Fatalf("distance %d of %q and %q isn't within %d and %d", d, string(a), string(b), low, high)
		}
		i := rapid.IntRange(0, len(a)-1).Draw(t, "i")
		slip := append(append([]rune{}, a[:i]...), a[i+1:]...)
		if i > 0 && rapid.Bool().Draw(t, "swap") {
			slip = append([]rune{}, a...)
			slip[i-1], slip[i] = slip[i], slip[i-1]
		}
		if d := distance(a, slip); d > 1 {
			t.Fatalf("one slip from %q to %q counts as %d", string(a), string(slip), d)
		}
	})
}
