package override

import (
	"errors"
	"fmt"
	"strings"

	"github.com/solatis/solatis-cli/internal/nearest"
	"github.com/tidwall/gjson"
)

// span is a part of a document, as byte offsets.
type span struct{ start, end int }

// entry is a member of an object or an element of a list.
type entry struct {
	key   string // as it reads; "" in a list
	name  span   // of the key with its quotes; empty in a list, at the value's start
	value span
}

// place is where a path leads, or how far.
type place struct {
	value span    // of what the path leads to; where it leads to nothing, of the last value on the way
	rest  path    // what leads nowhere; nil where the path leads to a value
	in    span    // of what holds the value; only where the path leads to one
	all   []entry // of what holds the value
	index int     // of the value in all
}

// find follows a path through a valid document.
func find(doc []byte, p path) place {
	root := gjson.ParseBytes(doc)
	at := place{value: span{root.Index, root.Index + len(strings.TrimRight(root.Raw, " \t\r\n"))}}
	for i, s := range p {
		all := entries(doc, at.value)
		n := s.in(doc[at.value.start], all)
		if n < 0 {
			return place{value: at.value, rest: p[i:]}
		}
		at = place{value: all[n].value, in: at.value, all: all, index: n}
	}
	return at
}

// entries are what an object or a list holds; nil for any other value.
func entries(doc []byte, s span) []entry {
	if c := doc[s.start]; c != '{' && c != '[' {
		return nil
	}
	var all []entry
	gjson.ParseBytes(doc[s.start:s.end]).ForEach(func(key, value gjson.Result) bool {
		e := entry{value: span{s.start + value.Index, s.start + value.Index + len(value.Raw)}}
		e.name = span{e.value.start, e.value.start}
		if key.Type == gjson.String {
			e.key, e.name = key.Str, span{s.start + key.Index, s.start + key.Index + len(key.Raw)}
		}
		all = append(all, e)
		return true
	})
	return all
}

// in returns which of the entries the segment means, or -1. kind is the first byte of the
// value that they are in.
func (s segment) in(kind byte, all []entry) int {
	switch {
	case kind == '[' && 0 <= s.index && s.index < len(all):
		return s.index
	case kind != '{' || s.bracket:
		return -1
	}
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].key == s.name {
			return i
		}
	}
	return -1
}

// missing says what isn't there, and what may have been meant.
func missing(doc []byte, at place, e Edit) error {
	p := e.path
	holder := p[:len(p)-len(at.rest)]
	wanted := p[:len(holder)+1]
	what := fmt.Sprintf("there is no %v", wanted)
	if kind := kindOf(doc[at.value.start]); kind != "an object" && kind != "a list" {
		what += fmt.Sprintf(", since %s is %s", nameOf(holder), kind)
	}
	if match, ok := suggest(p.String(), doc); ok {
		return fmt.Errorf("%s; did you mean %s?", what, match)
	}
	what += "; " + describe(doc, at.value, holder)
	if e.op == Set && doc[at.value.start] == '{' {
		what += "; --add makes what isn't there"
	}
	return errors.New(what)
}

// What is looked at for a suggestion is bounded: how many paths, of how many segments, and
// how long a path may be to get one, in bytes.
const (
	maxPaths = 2000
	maxDepth = 16
	maxTyped = 200
)

// paths are those of a document that a suggestion may be.
func paths(doc []byte) []string {
	var all []string
	var walk func(p path, s span)
	walk = func(p path, s span) {
		for i, e := range entries(doc, s) {
			if len(all) == maxPaths {
				return
			}
			next := p.with(named(e.key))
			if doc[s.start] == '[' {
				next = p.with(named(fmt.Sprint(i)))
			}
			all = append(all, next.String())
			if len(next) < maxDepth {
				walk(next, e.value)
			}
		}
	}
	walk(nil, find(doc, nil).value)
	return all
}

// suggest finds the path that was meant: the one that s is the end of, as when "data."
// was left out, or the nearest.
func suggest(s string, doc []byte) (string, bool) {
	if len(s) > maxTyped {
		return "", false
	}
	known := paths(doc)
	for _, candidate := range known {
		if strings.HasSuffix(candidate, "."+s) {
			return candidate, true
		}
	}
	return nearest.Match(s, known)
}

// maxNamed is how many keys an error names.
const maxNamed = 12

func describe(doc []byte, s span, p path) string {
	all := entries(doc, s)
	kind := kindOf(doc[s.start])
	switch {
	case kind == "a list":
		return fmt.Sprintf("%s is a list of %d, counted from 0", nameOf(p), len(all))
	case kind != "an object":
		return "nothing is within it"
	case len(all) == 0:
		return nameOf(p) + " is empty"
	}
	var names []string
	for _, e := range all[:min(len(all), maxNamed)] {
		names = append(names, escape(e.key))
	}
	if len(all) > maxNamed {
		names = append(names, "…")
	}
	return fmt.Sprintf("%s holds %s", nameOf(p), strings.Join(names, ", "))
}

func nameOf(p path) string {
	if len(p) == 0 {
		return "the body"
	}
	return p.String()
}

func kindOf(first byte) string {
	switch first {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}
