// Package override changes fields of a JSON body, as trigger and replay do for --set,
// --add and --unset.
//
// A Path leads from the body's root to a value, with dots between the names and the
// index of a list's element either as a name or in brackets:
//
//	data.confidence
//	data.speakers.0.speaker    the same as data.speakers[0].speaker
//	data.tags[]                one behind the last element, for Add
//	data.my\.key               a backslash takes the meaning of . [ ] = and \
//
// A value that is JSON is taken as such, so that 0.5 is a number, true a boolean and
// [1,2] a list; whatever else is a string. A string that looks like JSON is written with
// its quotes, as in '"0.5"'.
//
// All bytes that no edit is about stay as they are: the order of keys, the text of
// numbers however large, escapes and white space. Where a key stands twice in an object,
// the last one is meant, since that is the one which parsers take.
package override

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Op is what an Edit does. Its text is the flag's name.
type Op string

// The operations.
const (
	Set   Op = "set"   // changes a value that is there
	Add   Op = "add"   // the same, and makes what isn't there
	Unset Op = "unset" // takes a value out, together with its key
)

// Edit is one change. Get one from Parse or New; the zero Edit changes nothing.
type Edit struct {
	op    Op
	path  path
	value []byte // JSON
}

// Parse reads an edit as a person types it: "PATH=VALUE", or "PATH" for Unset.
func Parse(op Op, text string) (Edit, error) {
	if !utf8.ValidString(text) {
		return Edit{}, errors.New("it is not UTF-8 text, which JSON has to be")
	}
	p, rest, err := parsePath(text)
	if err != nil {
		return Edit{}, err
	}
	value, given := strings.CutPrefix(rest, "=")
	switch {
	case op == Unset && given:
		return Edit{}, errors.New(`it takes a path alone; an "=" in a key is written \=`)
	case op == Unset:
		return Edit{op: op, path: p}, nil
	case !given:
		return Edit{}, fmt.Errorf("there is no value: write it like %s=VALUE", text)
	}
	data, err := parseValue(value)
	return Edit{op, p, data}, err
}

// New is a Set or an Add of a string at a path of plain names, whatever stands in them.
func New(op Op, value string, names ...string) Edit {
	var p path
	for _, name := range names {
		p = append(p, segment{name: name, index: noIndex})
	}
	return Edit{op, p, appendString(nil, value)}
}

// parseValue reads JSON, or else a string.
func parseValue(s string) ([]byte, error) {
	text := strings.Trim(s, " \t\r\n")
	if json.Valid([]byte(text)) {
		return []byte(text), nil
	}
	for _, pair := range []string{"{}", "[]"} {
		// Mostly it was the shell that took the quotes. No JSON begins like a template.
		if len(text) > 1 && !strings.HasPrefix(text, "{{") && text[0] == pair[0] && text[len(text)-1] == pair[1] {
			return nil, fmt.Errorf(`the value %s looks like JSON and isn't: put it in single quotes, or in '"…"' if it is meant as text`, text)
		}
	}
	return appendString(nil, s), nil
}

// appendString appends s as a JSON string. HTML's characters stay as they are.
func appendString(dst []byte, s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic("override: " + err.Error()) // a string always encodes
	}
	return append(dst, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// String names the edit by its flag and its path, such as "set data.confidence".
func (e Edit) String() string { return string(e.op) + " " + e.path.String() }

const byteOrderMark = "\ufeff"

// Apply makes all edits, in their order, or none of them: an error says which edit can't
// be made and why, and begins with its String. body itself is left as it is.
func Apply(body []byte, edits []Edit) ([]byte, error) {
	doc := bytes.TrimPrefix(body, []byte(byteOrderMark))
	mark := body[:len(body)-len(doc)]
	if len(edits) > 0 {
		if err := check(doc); err != nil {
			return nil, fmt.Errorf("%v: %w", edits[0], err)
		}
	}
	for _, e := range edits {
		var err error
		if doc, err = e.apply(doc); err != nil {
			return nil, fmt.Errorf("%v: %w", e, err)
		}
	}
	return append(slices.Clip(mark), doc...), nil
}

// check says why a body has no fields that could be changed.
func check(doc []byte) error {
	var raw json.RawMessage
	if err := json.Unmarshal(doc, &raw); err != nil {
		return fmt.Errorf("the body is not JSON, so there is no field in it to change: %w", err)
	}
	return nil
}

func (e Edit) apply(doc []byte) ([]byte, error) {
	if len(e.path) == 0 {
		return doc, nil
	}
	at := find(doc, e.path)
	switch {
	case at.rest == nil && e.op == Unset:
		return unset(doc, at), nil
	case at.rest == nil:
		return splice(doc, at.value, e.value), nil
	case e.op == Add:
		return add(doc, at, e)
	}
	return nil, missing(doc, at, e)
}

// splice puts text in the place of a span.
func splice(doc []byte, s span, text []byte) []byte {
	return slices.Concat(doc[:s.start], text, doc[s.end:])
}
