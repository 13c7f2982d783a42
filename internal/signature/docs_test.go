package signature_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/signature"
)

var update = flag.Bool("update", false, "write docs/signatures.md anew")

// TestDocs holds the page's list of causes to those that there are: go test -update writes
// it again.
func TestDocs(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "signatures.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- causes: made by go test ./internal/signature -update -->\n", "<!-- end of causes -->"
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the causes", path)
	}
	var b strings.Builder
	for _, id := range signature.AllCauses() {
		c := signature.Cause{ID: id, Detail: "…"}
		fix := c.Fix()
		fmt.Fprintf(&b, "\n**%s**: %s.\n\n- Express: %s\n- Flask: %s\n- Go: %s\n", id, c.Explain(), fix.Express, fix.Flask, fix.Go)
	}
	want := before + begin + b.String() + "\n" + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(page) {
		t.Errorf("%s is not what the causes are: go test ./internal/signature -update", path)
	}
}
