package catalog

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for glob, want := range map[string][]string{
		"*":                       Names(),
		"task.created":            {"task.created"},
		"document.*":              {"document.analyzed", "document.deleted", "document.shared"},
		"*.completed":             {"transcription.completed", "task.completed", "brainstorm.completed"},
		"task.?reated":            {"task.created"},
		"task.[cd]*":              {"task.created", "task.completed", "task.deleted"},
		"*_*":                     {"action_items.extracted"},
		"document.[^a]*":          {"document.deleted", "document.shared"},
		`document\.shared`:        {"document.shared"},
		"tr*.*":                   {"transcription.started", "transcription.completed"},
		"brainstorm.completed":    {"brainstorm.completed"},
		"action_items.e?tracted":  {"action_items.extracted"},
		"[a-c]*.[a-e]*":           {"action_items.extracted", "brainstorm.completed"},
		"*[a-z].analy[sz]ed":      {"document.analyzed", "meeting.analyzed"},
		"transcription.complete?": {"transcription.completed"},
	} {
		got, err := Match(glob)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Match(%q) = %q, %v, want %q", glob, got, err, want)
		}
	}
}

func TestMatchNothing(t *testing.T) {
	for glob, message := range map[string]string{
		"document.analysed": `unknown event "document.analysed": did you mean document.analyzed?`,
		"documents.*":       `no event matches "documents.*": did you mean document.*?`,
		"task":              `unknown event "task": did you mean task.*?`,
		"action_item.*":     `no event matches "action_item.*": did you mean action_items.*?`,
		"Task.*":            `no event matches "Task.*": did you mean task.*?`,
		"invoice*":          `no event matches "invoice*": "solatis trigger --list" names all there are`,
		"":                  `unknown event "": "solatis trigger --list" names all there are`,
		"*/*":               `no event matches "*/*": "solatis trigger --list" names all there are`,
	} {
		_, err := Match(glob)
		var unknown *UnknownError
		if !errors.As(err, &unknown) || err.Error() != message {
			t.Errorf("Match(%q): %v, want %s", glob, err, message)
		}
	}
	for _, glob := range []string{"[", "task.[", "task.[]", `task.\`, "task.[a-", "zzz["} {
		_, err := Match(glob)
		var malformed *PatternError
		if !errors.As(err, &malformed) || malformed.Pattern != glob {
			t.Errorf("Match(%q): %v, want a PatternError", glob, err)
		}
	}
}

// FuzzMatch holds that Match answers with types or with an error, never both or neither,
// and that every suggestion is one that works.
func FuzzMatch(f *testing.F) {
	for _, glob := range []string{"*", "task.*", "[", `\`, "docment.*", "[^a-", "**?*[a-z]*", "\xff[\xff-]", "T", ""} {
		f.Add(glob)
	}
	f.Fuzz(func(t *testing.T, glob string) {
		names, err := Match(glob)
		if (err == nil) != (len(names) > 0) {
			t.Fatalf("Match(%q) = %q, %v", glob, names, err)
		}
		all := Names()
		for _, name := range names {
			at := slices.Index(all, name)
			if at < 0 {
				t.Fatalf("Match(%q) has %q, which is none or out of order", glob, name)
			}
			all = all[at+1:]
		}
		var unknown *UnknownError
		if errors.As(err, &unknown) && unknown.Nearest != "" {
			if _, err := Match(unknown.Nearest); err != nil {
				t.Fatalf("Match(%q) suggests %q: %v", glob, unknown.Nearest, err)
			}
		}
		if !strings.ContainsAny(glob, wildcards) {
			if _, lookup := Lookup(glob); (lookup == nil) != (err == nil) {
				t.Fatalf("Match(%q): %v, Lookup: %v", glob, err, lookup)
			}
		}
	})
}
