package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keyTable is all keys as tables of Markdown.
func keyTable() string {
	k := allKeys()
	var b strings.Builder
	for _, g := range k.groups() {
		b.WriteString("\n| " + g.title + " | |\n|---|---|\n")
		for _, binding := range g.keys {
			b.WriteString("| `" + strings.ReplaceAll(binding.Help().Key, " ", "` `") + "` | " + binding.Help().Desc + " |\n")
		}
	}
	return b.String()
}

// TestTheKeyTableIsTheKeyMap holds the documentation's keys to those that work.
func TestTheKeyTableIsTheKeyMap(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "tui.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const end = "<!-- end of keys -->"
	before, rest, found := strings.Cut(string(page), "-update -->\n")
	_, after, foundEnd := strings.Cut(rest, end)
	if !found || !foundEnd {
		t.Fatal("docs/tui.md has no place for the keys")
	}
	want := before + "-update -->\n" + keyTable() + "\n" + end + after
	switch {
	case *update:
		err = os.WriteFile(path, []byte(want), 0o644)
	case want != string(page):
		t.Error("the keys in docs/tui.md are not those of the view; go test -update writes them anew")
	}
	if err != nil {
		t.Fatal(err)
	}
}
