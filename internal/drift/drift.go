// Package drift notices where a received event is no longer what the catalogue says of it:
// a field that is always there is missing, or has another type. It tells and does nothing
// else, since an event that has changed is still to be recorded and forwarded.
//
// It reads the catalogue's shapes itself rather than let a library validate against the
// schemas: the one that the tests use spends more than 3 ms at the start of every program
// that links it, and says more of a fault than fits in a line. The tests hold both against
// each other.
package drift

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/tidwall/gjson"
)

// What arrives shall never cost much more than its transport. Elements of a list are alike,
// so the many that aren't looked at are hardly missed.
const (
	MaxBody   = 2 << 20 // bytes; longer bodies are passed over
	MaxValues = 10_000  // of a body; those after them are passed over
)

// Warning is one difference between an event and its type's schema. It holds names of
// fields from the catalogue and of JSON types, and nothing that came over the network.
type Warning struct {
	Path  string `json:"path"`  // of the first place, such as "data.speakers[0].segments"
	Want  string `json:"want"`  // JSON types, such as "string" or "object or null"
	Got   string `json:"got"`   // a JSON type, or Missing
	Count int    `json:"count"` // in how many places, where the field is that of a list's elements
}

// Missing is the Got of a field that isn't there.
const Missing = "nothing"

// String says it in a line, such as "data.confidence is string, expected number".
func (w Warning) String() string {
	got := w.Got
	if got == Missing {
		got = "missing"
	}
	text := w.Path + " is " + got + ", expected " + w.Want
	if w.Count > 1 {
		text += fmt.Sprintf(" (%d times)", w.Count)
	}
	return text
}

// Lines is Check with each warning in a line, which says so where the type's schema is
// inferred.
func Lines(eventType string, body []byte) []string {
	warnings := Check(eventType, body)
	if len(warnings) == 0 {
		return nil
	}
	mark := ""
	if t, err := catalog.Lookup(eventType); err == nil && t.Source == catalog.Inferred {
		mark = " (inferred: the guide doesn't show this event)"
	}
	lines := make([]string, len(warnings))
	for i, w := range warnings {
		lines[i] = w.String() + mark
	}
	return lines
}

// Check holds a body against the schema of its event type, and returns what differs: at most
// one Warning for each field that the schema knows and each type that it has instead. The
// body must be one that event.Parse takes. A type that the catalogue doesn't know has no differences.
//
// Fields that the catalogue doesn't know are not a difference, and neither is what a value
// says. Whether a payload is documented or inferred is a matter of its type: see
// catalog.Source.
func Check(eventType string, body []byte) []Warning {
	if len(body) > MaxBody {
		return nil
	}
	typ, err := catalog.Lookup(eventType)
	if err != nil {
		return nil
	}
	var c checker
	c.value(typ.Shape(), gjson.ParseBytes(bytes.TrimPrefix(body, []byte("\ufeff"))), nil)
	return c.warnings
}

type checker struct {
	values   int // that were looked at
	warnings []Warning
	shapes   []*catalog.Shape // of the fields that warnings are about, in the same order
}

// place is where a value stands, from the inside out.
type place struct {
	outer *place
	name  string // of a field; "" for an element
	index int
}

func (p *place) String() string {
	if p == nil {
		return ""
	}
	before := p.outer.String()
	switch {
	case p.name == "":
		return before + "[" + strconv.Itoa(p.index) + "]"
	case before == "":
		return p.name
	}
	return before + "." + p.name
}

func (c *checker) value(s *catalog.Shape, v gjson.Result, at *place) {
	c.values++
	if got := typeOf(v); !s.Takes(got) {
		c.warn(s, at, got)
		return
	}
	switch {
	case v.IsObject() && len(s.Fields) > 0:
		c.object(s, v, at)
	case v.IsArray() && s.Items != nil:
		here := &place{outer: at}
		v.ForEach(func(_, element gjson.Result) bool {
			c.value(s.Items, element, here)
			here.index++
			return c.values < MaxValues
		})
	}
}

// object checks the fields of an object. Of two with one name the last counts, as it does to
// most parsers.
func (c *checker) object(s *catalog.Shape, v gjson.Result, at *place) {
	found := make([]gjson.Result, len(s.Fields))
	v.ForEach(func(key, value gjson.Result) bool {
		for i := range s.Fields {
			if s.Fields[i].Name == key.Str {
				found[i] = value
				break
			}
		}
		return true
	})
	here := &place{outer: at}
	for i, f := range s.Fields {
		here.name = f.Name
		switch {
		case found[i].Exists():
			c.value(f.Shape, found[i], here)
		case f.Required:
			c.warn(f.Shape, here, Missing)
		}
	}
}

// warn adds a warning, or counts it where there is one for another element of a list.
func (c *checker) warn(s *catalog.Shape, at *place, got string) {
	for i, known := range c.shapes {
		if known == s && c.warnings[i].Got == got {
			c.warnings[i].Count++
			return
		}
	}
	c.shapes = append(c.shapes, s)
	want := strings.Join(s.Types, " or ")
	if want == "" {
		want = "any value"
	}
	c.warnings = append(c.warnings, Warning{at.String(), want, got, 1})
}

// typeOf returns the JSON type of a value, where a number without a fraction is an integer.
func typeOf(v gjson.Result) string {
	switch {
	case v.IsObject():
		return "object"
	case v.IsArray():
		return "array"
	case v.IsBool():
		return "boolean"
	case v.Type == gjson.String:
		return "string"
	case v.Type == gjson.Null:
		return "null"
	case whole(v.Raw):
		return "integer"
	}
	return "number"
}

// whole reports whether a number has no fraction, however it is written: 1, 1.0, 1e2 and
// 10e-1 have none. It computes nothing, since an exponent may be as large as its sender
// likes.
func whole(number string) bool {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	before, after, _ := strings.Cut(strings.TrimPrefix(mantissa, "-"), ".")
	digits := strings.TrimRight(before+after, "0")
	if strings.Trim(digits, "0") == "" {
		return true // zero
	}
	shift, err := strconv.Atoi(strings.TrimPrefix(exponent, "+"))
	if exponent != "" && err != nil {
		return !strings.HasPrefix(exponent, "-") // out of range
	}
	return len(digits)-len(before) <= shift
}
