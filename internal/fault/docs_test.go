package fault

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDocs holds docs/on-purpose.md against the kinds: each has its chapter with all of its
// keys and their defaults, in the order of Forms, and every example can be typed.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/on-purpose.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n## The kinds\n")
	for _, f := range Forms() {
		var own string
		own, rest, _ = strings.Cut(rest, "\n### ")
		if f.Kind == forms[0].Kind {
			own, rest, _ = strings.Cut(rest, "\n### ")
		}
		defaults := string(f.Kind)
		if keys := f.Keys(); keys != "" {
			defaults += ":" + keys
		}
		if !strings.HasPrefix(own, "`"+string(f.Kind)+"`\n\n`"+defaults+"`\n") || !strings.Contains(own, "**Your handler should**") {
			t.Errorf("%s: its chapter should begin with its name and %q, and say what a handler should do; it is\n%s", f.Kind, defaults, own)
		}
		if !strings.Contains(own, "--fault "+string(f.Kind)) {
			t.Errorf("%s: it has no example", f.Kind)
		}
	}
	examples := regexp.MustCompile(`--fault '?([^' \n]+)`).FindAllStringSubmatch(string(text), -1)
	for _, example := range examples {
		if _, err := Parse(example[1]); err != nil && !strings.Contains(example[0], "`") {
			t.Error(err)
		}
	}
	if len(examples) < len(forms) {
		t.Errorf("%d examples", len(examples))
	}
}
