// Package catalog knows the 13 types of event that Solatis sends: when each is fired,
// a JSON Schema of its whole body, a sample, and how to make up further bodies that
// look like real ones.
//
// Only two of the payloads, those of document.analyzed and transcription.completed,
// are shown in the provider's guide; they are Documented and match it field for field.
// The other eleven are Inferred from the guide's table of events and the naming of the
// two. A handler should read them leniently, and the schemas therefore allow fields
// that they don't know.
//
// Samples and schemas are files of this folder, one of each per type, embedded in the
// program; documents.go, meetings.go, tasks.go and generations.go make the varied
// bodies. To add a type is to add a row to the table of types, both files and a
// function; the tests say what is missing. Nothing here validates at run time: a Shape is
// what package drift compares received events with, and what TypeScript makes types from.
package catalog

//go:generate go test -run TestDocs|TestSeeds|TestTypeScript -update .
