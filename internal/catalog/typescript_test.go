package catalog

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestTypeScript holds what the types look like; package cli's tests let a compiler check
// them.
func TestTypeScript(t *testing.T) {
	golden(t, filepath.Join("testdata", "events.ts"), TypeScript())
}

// TestTypeScriptShares holds that objects which share a name are the same one: of each only
// the first is declared.
func TestTypeScriptShares(t *testing.T) {
	defs := make(map[string]string)
	for _, typ := range Types() {
		var schema struct {
			Defs map[string]any `json:"$defs"`
		}
		if err := json.Unmarshal(typ.Schema(), &schema); err != nil {
			t.Fatal(err)
		}
		for name, def := range schema.Defs {
			text, err := json.Marshal(def)
			if err != nil {
				t.Fatal(err)
			}
			if before, ok := defs[name]; ok && before != string(text) {
				t.Errorf("%s: %s is %s, and in another schema %s", typ.Name, name, text, before)
			}
			defs[name] = string(text)
		}
	}
	if got := comment("a */ b"); strings.Contains(got, "*/") {
		t.Errorf("a comment may be %q", got)
	}
}
