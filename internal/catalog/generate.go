package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
)

// Options say what a generated body is like.
type Options struct {
	ID   string    // "evt_…"; a new one if empty
	Now  time.Time // becomes created_at, in UTC and whole seconds
	Seed *uint64   // chooses the data; nil for the sample's
}

// envelope has the keys of a body in the order of the guide's payloads.
type envelope struct {
	ID        string          `json:"id"`
	Event     string          `json:"event"`
	CreatedAt string          `json:"created_at"`
	Data      json.RawMessage `json:"data"`
}

// Generate returns a body of this type as Solatis would send it: compact JSON, text
// outside ASCII as UTF-8, keys in the sample's order.
//
// The same seed gives the same data on every machine and day, but never the same id:
// receivers drop an event whose id they have seen. Dates inside the data therefore
// don't follow Now.
func (t Type) Generate(o Options) ([]byte, error) {
	if o.ID == "" {
		o.ID = event.NewEventID(o.Now)
	}
	if !event.IsID(event.EventPrefix, o.ID) {
		return nil, fmt.Errorf("event id %q: it has to begin with %s, as in evt_abc123xyz", o.ID, event.EventPrefix)
	}
	data, err := t.data(o.Seed)
	if err != nil {
		return nil, fmt.Errorf("data of %s: %w", t.Name, err)
	}
	return marshal(envelope{
		ID:        o.ID,
		Event:     t.Name,
		CreatedAt: o.Now.UTC().Format(time.RFC3339),
		Data:      data,
	})
}

// data returns the envelope's data, varied by seed.
func (t Type) data(seed *uint64) ([]byte, error) {
	if seed != nil {
		return marshal(t.vary(newFaker(*seed, t.Name)))
	}
	var sample envelope
	if err := json.Unmarshal(t.Sample(), &sample); err != nil {
		return nil, err
	}
	return sample.Data, nil
}

// marshal writes v compactly. HTML's special characters stay as they are: senders other
// than Go don't escape them, and a handler should meet them.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
