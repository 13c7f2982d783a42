package check

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/event"
)

// IDPrefix begins the id of every event that is sent here, so that what an app made of
// them can be found and removed. 26 further characters follow.
const IDPrefix = event.EventPrefix + "check"

// field is one field of a JSON object, its value as it is written.
type field struct {
	name  string
	value json.RawMessage
}

// fields are an object whose order and spelling are kept, or chosen: encoding/json
// leaves neither.
type fields []field

// fieldsOf reads an object that this program made.
func fieldsOf(object []byte) fields {
	d := json.NewDecoder(bytes.NewReader(object))
	must(d.Token())
	var f fields
	for d.More() {
		name := must(d.Token())
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			panic(err)
		}
		f = append(f, field{name.(string), value})
	}
	return f
}

// must is for the JSON of this program's own making.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// body writes the object without white space.
func (f fields) body() []byte {
	b := []byte{'{'}
	for i, field := range f {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, text(field.name)...)
		b = append(append(b, ':'), field.value...)
	}
	return append(b, '}')
}

// get returns a field's value, nil if there is none.
func (f fields) get(name string) json.RawMessage {
	for _, field := range f {
		if field.name == name {
			return field.value
		}
	}
	return nil
}

// with returns f with a field of this value, in its old place if it was there.
func (f fields) with(name string, value []byte) fields {
	changed := append(fields(nil), f...)
	for i := range changed {
		if changed[i].name == name {
			changed[i].value = value
			return changed
		}
	}
	return append(changed, field{name, value})
}

// reversed returns f with its fields in the opposite order.
func (f fields) reversed() fields {
	back := make(fields, len(f))
	for i := range f {
		back[len(f)-1-i] = f[i]
	}
	return back
}

// withData returns an event with another value of a field of its data.
func (f fields) withData(name string, value []byte) fields {
	return f.with("data", fieldsOf(f.get("data")).with(name, value).body())
}

// text returns s as a JSON string, with no escapes but the necessary ones.
func text(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	must(0, e.Encode(s))
	return bytes.TrimSpace(b.Bytes())
}

// newEvent returns a new event of a type of the catalogue.
func (r *runner) newEvent(typ string) fields { return r.newEventAt(typ, r.Now()) }

func (r *runner) newEventAt(typ string, now time.Time) fields {
	t := must(catalog.Lookup(typ))
	id := IDPrefix + strings.TrimPrefix(event.NewEventID(now), event.EventPrefix)
	return fieldsOf(must(t.Generate(catalog.Options{ID: id, Now: now})))
}
