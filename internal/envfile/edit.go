package envfile

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
)

// assignment is the beginning of a line that gives a variable a value: all up to the
// value itself, with the name as its first group.
var assignment = regexp.MustCompile(`^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*`)

// byteOrderMark is what some editors begin a file with.
const byteOrderMark = "\ufeff"

// edit returns text with the variable's value in the place of each that it has there, or
// at the end.
func edit(text []byte, name, value string) ([]byte, error) {
	var out []byte
	rest := text
	if mark, ok := bytes.CutPrefix(rest, []byte(byteOrderMark)); ok {
		out, rest = append(out, byteOrderMark...), mark
	}
	found := false
	for len(rest) > 0 {
		var e entry
		e, rest = next(rest)
		if e.name != name {
			out = append(out, e.all...)
			continue
		}
		found = true
		written, err := quote(value, e.quote())
		if err != nil {
			return nil, err
		}
		out = append(append(out, e.before...), written...)
		out = append(append(out, e.comment()...), e.ending()...)
	}
	if found {
		return out, nil
	}
	written, err := quote(value, "")
	if err != nil {
		return nil, err
	}
	return appendLine(out, name+"="+written), nil
}

// entry is a line, or those that one quoted value goes over.
type entry struct {
	all    []byte // with the end of the line
	name   string // of the variable; "" where there is none
	before []byte // what stands before the value
	value  []byte // as it stands there, and what follows up to the end of the line
}

// next takes the first entry off text.
func next(text []byte) (e entry, rest []byte) {
	line := firstLine(text)
	m := assignment.FindSubmatchIndex(line)
	if m == nil {
		return entry{all: line}, text[len(line):]
	}
	end := len(line)
	// A quote that is never closed is a character like any other.
	if closed := closing(text[m[1]:]); m[1]+closed > end {
		end = m[1] + closed
		end += len(firstLine(text[end:]))
	}
	e = entry{all: text[:end], name: string(line[m[2]:m[3]]), before: line[:m[1]]}
	e.value = bytes.TrimSuffix(e.all[len(e.before):], e.ending())
	return e, text[end:]
}

func firstLine(text []byte) []byte {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return text[:i+1]
	}
	return text
}

// closing returns the length of the quoted value that text begins with, 0 where it doesn't
// or where the quotes are never closed. A backslash hides a double quote.
func closing(text []byte) int {
	if len(text) == 0 || strings.IndexByte("\"'`", text[0]) < 0 {
		return 0
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == text[0]:
			return i + 1
		case text[i] == '\\' && text[0] == '"':
			i++
		}
	}
	return 0
}

// ending is how the entry's line ends: "\n", "\r\n", or not at all.
func (e entry) ending() []byte {
	for _, ending := range []string{"\r\n", "\n"} {
		if bytes.HasSuffix(e.all, []byte(ending)) {
			return e.all[len(e.all)-len(ending):]
		}
	}
	return nil
}

// comment is what stands behind the value in its line: white space and a comment.
func (e entry) comment() []byte {
	if n := closing(e.value); n > 0 {
		return e.value[n:]
	}
	if at := trailing.FindIndex(e.value); at != nil {
		return e.value[at[0]:]
	}
	return nil
}

var trailing = regexp.MustCompile(`[ \t]+(#.*)?$`)

// quote is the kind of quotes that the value stands in, "" for none.
func (e entry) quote() string {
	if closing(e.value) == 0 {
		return ""
	}
	return string(e.value[:1])
}

// plain is what no reader takes for anything but itself without quotes.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:=+@%,-]+$`)

// quote writes a value, in the quotes that were there before if it may stand in them.
func quote(value, preferred string) (string, error) {
	switch {
	case value == "":
		return "", errors.New("it is empty")
	case strings.ContainsAny(value, "\r\n\x00"):
		return "", errors.New("it holds a line break or a NUL, which such a file has no place for")
	case preferred != "" && fits(value, preferred):
		return preferred + value + preferred, nil
	case plain.MatchString(value):
		return value, nil
	}
	for _, q := range []string{"'", `"`} {
		if fits(value, q) {
			return q + value + q, nil
		}
	}
	return "", errors.New("it can't be written so that every reader of such a file gets the same: it holds a backslash, a back quote, \"${\", or both kinds of quotes")
}

// fits reports whether every reader takes a value for itself in these quotes. Some see
// escapes and variables in either.
func fits(value, quote string) bool {
	if strings.ContainsAny(value, "\\`") || strings.Contains(value, "${") || strings.Contains(value, quote) {
		return false
	}
	return quote == "'" || quote == `"` && !strings.Contains(value, "$")
}

// appendLine adds a line that ends as the one before it.
func appendLine(text []byte, line string) []byte {
	ending := "\n"
	if last := bytes.LastIndexByte(text, '\n'); last > 0 && text[last-1] == '\r' {
		ending = "\r\n"
	}
	if body := bytes.TrimPrefix(text, []byte(byteOrderMark)); len(body) > 0 && body[len(body)-1] != '\n' {
		text = append(text, ending...)
	}
	return append(append(text, line...), ending...)
}
