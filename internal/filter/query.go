package filter

import (
	"strings"
	"time"
	"unicode"
)

// Key says what a term is about.
type Key string

// The keys.
const (
	Text   Key = "" // what has no key
	Type   Key = "type"
	Status Key = "status"
	Sig    Key = "sig"
	Drift  Key = "drift"
	Dup    Key = "dup"
	Origin Key = "origin"
	Target Key = "target"
	ID     Key = "id"
	Since  Key = "since"
	Until  Key = "until"
)

// Query is what to look for. The zero Query matches everything.
type Query struct {
	Terms []Term // each has to match
}

// Term is one condition. NewTerm and Parse make terms whose value is right.
type Term struct {
	Key   Key
	Not   bool      // what doesn't match is meant
	Value string    // as the package's comment has it, in lower case where capitals don't count
	At    time.Time // of Since and Until, in UTC: what Value said when it was parsed
}

// IsZero reports whether the query matches everything.
func (q Query) IsZero() bool { return len(q.Terms) == 0 }

// Has reports whether a term of the query is about key.
func (q Query) Has(key Key) bool {
	for _, t := range q.Terms {
		if t.Key == key {
			return true
		}
	}
	return false
}

// String returns the query as Parse reads it, whenever that is: what was so long ago has
// become a time.
func (q Query) String() string {
	parts := make([]string, len(q.Terms))
	for i, t := range q.Terms {
		parts[i] = t.String()
	}
	return strings.Join(parts, " ")
}

// String returns the term as Parse reads it.
func (t Term) String() string {
	var b strings.Builder
	if t.Not {
		b.WriteByte('-')
	}
	if t.Key != Text {
		b.WriteString(string(t.Key) + ":")
	}
	if plain(t) {
		b.WriteString(t.Value)
		return b.String()
	}
	b.WriteByte('"')
	for i := range len(t.Value) {
		if c := t.Value[i]; c == '"' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(t.Value[i])
	}
	b.WriteByte('"')
	return b.String()
}

// plain reports whether a term's value is read back as it is without quotes.
func plain(t Term) bool {
	if t.Value == "" || t.Value[0] == '"' || strings.ContainsFunc(t.Value, unicode.IsSpace) {
		return false
	}
	if t.Key != Text {
		return true
	}
	_, _, keyed := cutKey(t.Value)
	return t.Value[0] != '-' && !keyed
}
