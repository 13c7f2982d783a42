package catalog

import (
	"embed"
	"slices"
)

// Source says how a payload is known.
type Source string

// The sources.
const (
	Documented Source = "documented" // shown in the provider's guide
	Inferred   Source = "inferred"   // only named there; its fields are our best guess
)

// Type is one type of event. The zero Type is none; get one from Types or Lookup.
type Type struct {
	Name   string // as in the envelope's "event", such as "document.analyzed"
	Family string // the guide's heading for it, such as "Meeting"
	Fired  string // when Solatis sends it, to follow "Fired when"
	Source Source // of its payload

	vary func(*faker) any // makes the data of a seeded body
}

// types is in the guide's order.
var types = []Type{
	{"document.analyzed", "Document", "the analysis of a document has finished", Documented, documentAnalyzed},
	{"document.deleted", "Document", "a document was deleted", Inferred, documentDeleted},
	{"document.shared", "Document", "a document was shared with somebody", Inferred, documentShared},
	{"transcription.started", "Meeting", "the transcription of a recording has begun", Inferred, transcriptionStarted},
	{"transcription.completed", "Meeting", "a transcription has finished", Documented, transcriptionCompleted},
	{"meeting.analyzed", "Meeting", "the analysis of a meeting has finished", Inferred, meetingAnalyzed},
	{"action_items.extracted", "Meeting", "action items were found in a meeting", Inferred, actionItemsExtracted},
	{"task.created", "Task", "a task was created", Inferred, taskCreated},
	{"task.updated", "Task", "a task was changed", Inferred, taskUpdated},
	{"task.completed", "Task", "a task was marked as complete", Inferred, taskCompleted},
	{"task.deleted", "Task", "a task was deleted", Inferred, taskDeleted},
	{"content.generated", "Generation", "the generation of a text has finished", Inferred, contentGenerated},
	{"brainstorm.completed", "Generation", "a brainstorming session has ended", Inferred, brainstormCompleted},
}

// Types returns all types in the order of the provider's guide.
func Types() []Type { return slices.Clone(types) }

// Names returns the names of all types in the same order.
func Names() []string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name
	}
	return names
}

// Lookup returns the type of that name. Its error is an *UnknownError, with the nearest
// name if one is near.
func Lookup(name string) (Type, error) {
	for _, t := range types {
		if t.Name == name {
			return t, nil
		}
	}
	return Type{}, unknown(name, Names())
}

//go:embed samples schemas
var files embed.FS

// Sample returns a body of this type as a person would write it down: a whole envelope,
// indented by two spaces, with an id and a time of its own. Generate makes bodies to
// send.
func (t Type) Sample() []byte { return t.file("samples") }

// Schema returns the JSON Schema (draft 2020-12) of this type's whole body.
func (t Type) Schema() []byte { return t.file("schemas") }

func (t Type) file(folder string) []byte {
	data, err := files.ReadFile(folder + "/" + t.Name + ".json")
	if err != nil {
		panic("catalog: " + err.Error()) // a test holds that every type has its files
	}
	return data
}
