package catalog

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// TestTypes holds the catalogue against the guide's table: which types, in which order,
// and the only two whose payloads it shows.
func TestTypes(t *testing.T) {
	want := []string{
		"document.analyzed", "document.deleted", "document.shared",
		"transcription.started", "transcription.completed", "meeting.analyzed", "action_items.extracted",
		"task.created", "task.updated", "task.completed", "task.deleted",
		"content.generated", "brainstorm.completed",
	}
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
	var documented []string
	for i, typ := range Types() {
		if typ.Name != want[i] {
			t.Errorf("type %d is %q, want %q", i, typ.Name, want[i])
		}
		if typ.Source == Documented {
			documented = append(documented, typ.Name)
		}
		if typ.Source != Documented && typ.Source != Inferred {
			t.Errorf("%s: source %q", typ.Name, typ.Source)
		}
		if typ.Fired == "" || typ.Family == "" {
			t.Errorf("%s: no family or no word on when it is fired", typ.Name)
		}
	}
	if want := []string{"document.analyzed", "transcription.completed"}; !slices.Equal(documented, want) {
		t.Errorf("documented: %q, want %q", documented, want)
	}
	Types()[0].Name = "changed"
	if Types()[0].Name != want[0] {
		t.Error("a caller can change the catalogue through Types")
	}
}

// TestFiles holds that each type has its two files, and no file is without a type.
func TestFiles(t *testing.T) {
	for _, folder := range []string{"samples", "schemas"} {
		entries, err := fs.ReadDir(files, folder)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, entry := range entries {
			got = append(got, strings.TrimSuffix(entry.Name(), ".json"))
		}
		if want := slices.Sorted(slices.Values(Names())); !slices.Equal(got, want) {
			t.Errorf("%s holds %q, want %q", folder, got, want)
		}
	}
}

func TestLookup(t *testing.T) {
	for _, name := range Names() {
		if typ, err := Lookup(name); err != nil || typ.Name != name {
			t.Errorf("Lookup(%q) = %q, %v", name, typ.Name, err)
		}
	}
	for name, test := range map[string]struct{ nearest, message string }{
		"document.analysed": {"document.analyzed", `unknown event "document.analysed": did you mean document.analyzed?`},
		"task.craeted":      {"task.created", `unknown event "task.craeted": did you mean task.created?`},
		"brainstorm":        {"brainstorm.completed", `unknown event "brainstorm": did you mean brainstorm.completed?`},
		"invoice.paid":      {"", `unknown event "invoice.paid": "solatis trigger --list" names all there are`},
		"":                  {"", `unknown event "": "solatis trigger --list" names all there are`},
		"task\x1b[2J":       {"", `unknown event "task\x1b[2J": "solatis trigger --list" names all there are`},
	} {
		_, err := Lookup(name)
		var unknown *UnknownError
		if !errors.As(err, &unknown) {
			t.Errorf("Lookup(%q): error %v, want an UnknownError", name, err)
			continue
		}
		if unknown.Name != name || unknown.Nearest != test.nearest {
			t.Errorf("Lookup(%q): name %q, nearest %q, want %q", name, unknown.Name, unknown.Nearest, test.nearest)
		}
		if strings.Contains(name, "\x1b") {
			continue // what it is near to doesn't matter, only that it is quoted
		}
		if err.Error() != test.message {
			t.Errorf("Lookup(%q): %q, want %q", name, err, test.message)
		}
	}
}
