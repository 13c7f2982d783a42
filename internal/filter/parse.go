package filter

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/solatis/solatis-cli/internal/nearest"
)

// Bounds of a query, far above what anybody types.
const (
	maxLength = 4 << 10 // bytes
	maxTerms  = 64
)

// Error says what of a query is wrong, and where.
type Error struct {
	Text    string // the query
	At      int    // byte of Text at which it is
	Message string
}

func (e *Error) Error() string { return e.Message }

// Caret returns the query and, in the line below, a mark under what is wrong, each
// indented by two blanks. Characters that don't show are replaced.
func (e *Error) Caret() string {
	shown := func(s string) string {
		return strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) {
				return '·'
			}
			return r
		}, s)
	}
	before := utf8.RuneCountInString(shown(e.Text[:e.At]))
	return "  " + shown(e.Text) + "\n  " + strings.Repeat(" ", before) + "^"
}

// Parse reads a query, as it is described at the package. now is what a duration counts
// from, and its location is that of times without a zone. An error is an *Error.
func Parse(text string, now time.Time) (Query, error) {
	var q Query
	fail := func(at int, format string, args ...any) (Query, error) {
		return Query{}, &Error{text, at, fmt.Sprintf(format, args...)}
	}
	if len(text) > maxLength {
		return fail(0, "the filter has %d bytes; it can have %d", len(text), maxLength)
	}
	for at := 0; ; {
		at += len(text[at:]) - len(strings.TrimLeftFunc(text[at:], unicode.IsSpace))
		if at == len(text) {
			return q, nil
		}
		if len(q.Terms) == maxTerms {
			return fail(at, "the filter has more than %d terms", maxTerms)
		}
		p := part{text: text, at: at, now: now}
		t, next, err := p.term()
		if err != nil {
			return Query{}, err
		}
		q.Terms = append(q.Terms, t)
		at = next
	}
}

// part is the rest of a query, from a term on.
type part struct {
	text string
	at   int // where the term begins
	now  time.Time
}

func (p part) fail(at int, format string, args ...any) error {
	return &Error{p.text, at, fmt.Sprintf(format, args...)}
}

// term reads a term, and returns where it ends.
func (p part) term() (t Term, next int, err error) {
	at := p.at
	if rest := p.text[at:]; rest[0] == '-' && word(rest) != "-" {
		t.Not = true
		at++
	}
	key, _, keyed := cutKey(word(p.text[at:]))
	if keyed {
		if t.Key, err = keyOf(key); err != nil {
			return t, 0, p.fail(at, "%v; what is no key stands in quotes: \"%s:…\"", err, key)
		}
		at += len(key) + 1
	}
	value, next, err := p.value(at)
	if err != nil {
		return t, 0, err
	}
	if value == "" && keyed {
		return t, 0, p.fail(at, "%s: has no value; it takes %s", t.Key, takes[t.Key])
	}
	not := t.Not
	if t, err = NewTerm(t.Key, value, p.now); err != nil {
		return t, 0, p.fail(at, "%v", err)
	}
	t.Not = not
	return t, next, nil
}

// value reads a value, in quotes or up to the next blank, and returns where it ends.
func (p part) value(at int) (value string, next int, err error) {
	if at == len(p.text) || p.text[at] != '"' {
		value = word(p.text[at:])
		return value, at + len(value), nil
	}
	var b strings.Builder
	for i := at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '\\' && i+1 < len(p.text) && (p.text[i+1] == '"' || p.text[i+1] == '\\'):
			i++
			b.WriteByte(p.text[i])
		case c != '"':
			b.WriteByte(c)
		case word(p.text[i+1:]) != "":
			return "", 0, p.fail(i+1, "a blank is missing after the closing quote")
		case b.Len() == 0:
			return "", 0, p.fail(at, "there is nothing between the quotes")
		default:
			return b.String(), i + 1, nil
		}
	}
	return "", 0, p.fail(at, "the closing quote is missing")
}

// word returns the beginning of s up to the first blank.
func word(s string) string {
	if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
		return s[:i]
	}
	return s
}

// cutKey splits a term that begins with letters and a colon.
func cutKey(s string) (key, rest string, ok bool) {
	i := 0
	for i < len(s) && (s[i]|0x20) >= 'a' && (s[i]|0x20) <= 'z' {
		i++
	}
	if i == 0 || i == len(s) || s[i] != ':' {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

var keys = []string{
	string(Type), string(Status), string(Sig), string(Drift), string(Dup), string(Origin),
	string(Target), string(ID), string(Since), string(Until),
}

func keyOf(s string) (Key, error) {
	lower := strings.ToLower(s)
	for _, k := range keys {
		if k == lower {
			return Key(k), nil
		}
	}
	hint := "; the keys are " + strings.Join(keys, ", ")
	if match, ok := nearest.Match(s, keys); ok {
		hint = "; did you mean " + match + "?"
	}
	return "", fmt.Errorf("unknown key %q%s", s, hint)
}
