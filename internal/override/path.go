package override

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// path leads to a value. One of no segments is the root.
type path []segment

// segment is a step from a value to one within it.
type segment struct {
	name    string // as a key; the digits where it is an index
	index   int    // noIndex, atEnd, or of a list's element
	bracket bool   // whether it can only be an index
}

const (
	noIndex = -1
	atEnd   = -2 // behind the last element
)

// special are the characters that mean something in a path.
const special = `.[]=\`

// parsePath reads a path up to an "=" or the end, and returns what follows it.
func parsePath(text string) (p path, rest string, err error) {
	rest = text
	for first := true; ; first = false {
		switch {
		case rest == "" || rest[0] == '=':
			if first {
				return nil, "", errors.New("the path is missing: write it like data.confidence")
			}
			return p, rest, nil
		case rest[0] == '[':
			var s segment
			if s, rest, err = parseIndex(rest); err != nil {
				return nil, "", err
			}
			p = append(p, s)
			continue
		case !first && rest[0] != '.':
			return nil, "", fmt.Errorf("a dot is missing before %q", rest)
		case !first:
			rest = rest[1:]
		}
		name, after, err := parseName(rest)
		if err != nil {
			return nil, "", err
		}
		if name == "" {
			return nil, "", fmt.Errorf("a name is missing at %q: write the path like data.confidence", text[len(text)-len(rest):])
		}
		p, rest = append(p, named(name)), after
	}
}

// parseIndex reads "[0]" or "[]".
func parseIndex(s string) (seg segment, rest string, err error) {
	digits, rest, closed := strings.Cut(s[1:], "]")
	if closed && digits == "" {
		return segment{index: atEnd, bracket: true}, rest, nil
	}
	n, ok := indexOf(digits)
	if !closed || !ok {
		return seg, "", fmt.Errorf(`%q is no index: write it like [0], and a bracket in a key as \[`, s)
	}
	return segment{name: digits, index: n, bracket: true}, rest, nil
}

// indexOf reads an index as JSON would write the number. It bounds it so that no sum of
// them overflows.
func indexOf(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && 0 <= n && n < 1<<31 && strconv.Itoa(n) == s
}

// parseName reads a name with its escapes.
func parseName(s string) (name, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
			if i == len(s) || !strings.ContainsRune(special, rune(s[i])) {
				return "", "", fmt.Errorf(`the backslash at %q: it goes before one of %s; one in a key is written \\`, s[i-1:], special)
			}
			b.WriteByte(s[i])
		case c == ']':
			return "", "", fmt.Errorf(`the bracket at %q was never opened; one in a key is written \]`, s[i:])
		case strings.IndexByte(special, c) >= 0:
			return b.String(), s[i:], nil
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", nil
}

// named is the segment of a key, which in a list is an index if it is a number.
func named(key string) segment {
	if n, ok := indexOf(key); ok {
		return segment{name: key, index: n}
	}
	return segment{name: key, index: noIndex}
}

// String writes the path so that parsePath reads it back.
func (p path) String() string {
	var b strings.Builder
	for i, s := range p {
		switch {
		case s.index == atEnd:
			b.WriteString("[]")
		case s.bracket:
			b.WriteString("[" + s.name + "]")
		default:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(escape(s.name))
		}
	}
	return b.String()
}

func escape(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if strings.IndexByte(special, name[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// with is p and one further segment, in memory of its own.
func (p path) with(s segment) path { return append(slices.Clip(p), s) }
