package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Envelope is the outer object of every Solatis webhook, as the provider's guide
// shows it under "Example Webhook Payload".
type Envelope struct {
	ID        string          `json:"id"`         // "evt_…", the same on every retry
	Type      string          `json:"event"`      // such as "document.analyzed"
	CreatedAt json.RawMessage `json:"created_at"` // RFC 3339 in a string; unread, since nothing depends on it
	Data      json.RawMessage `json:"data"`       // an object whose fields depend on Type
}

// ErrNoEnvelope says that a body is not a Solatis event. Such a body is still
// recorded and forwarded; it only can't be named by its event.
var ErrNoEnvelope = errors.New("not a Solatis event")

// Parse reads the envelope out of body and leaves body untouched. It wants a JSON
// object with a string "id" and a string "event", and asks for nothing more, so
// that an event of a later API version is still recognised. A UTF-8 byte order
// mark before the object is passed over.
func Parse(body []byte) (Envelope, error) {
	var e Envelope
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return e, fmt.Errorf("%w: the body is not a JSON object", ErrNoEnvelope)
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return Envelope{}, fmt.Errorf("%w: %v", ErrNoEnvelope, err)
	}
	if e.ID == "" || e.Type == "" {
		return Envelope{}, fmt.Errorf(`%w: "id" or "event" is missing`, ErrNoEnvelope)
	}
	return e, nil
}
