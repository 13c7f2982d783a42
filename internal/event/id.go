package event

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"
)

// Prefixes tell ids apart wherever they are typed or printed.
const (
	EventPrefix    = "evt_"
	RequestPrefix  = "req_"
	DeliveryPrefix = "dlv_"
)

// lowerHex32 is the "extended hex" alphabet of RFC 4648 section 7 in lower case: its
// order is the order of the bytes, so ids sort by the time they were made.
var lowerHex32 = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// NewRequestID returns a new id for a received request, "req_" and 26 characters.
func NewRequestID(now time.Time) string { return newID(RequestPrefix, now) }

// NewDeliveryID returns a new id for a delivery, "dlv_" and 26 characters.
func NewDeliveryID(now time.Time) string { return newID(DeliveryPrefix, now) }

// NewEventID returns an id for an event that solatis makes itself, "evt_" and 26
// characters. Those of Solatis are shorter; nothing depends on their length.
func NewEventID(now time.Time) string { return newID(EventPrefix, now) }

// newID joins 48 bits of milliseconds and 80 random bits, as ULIDs do, so that ids
// sort by time and never meet.
func newID(prefix string, now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	rand.Read(b[6:]) // never fails: crypto/rand ends the program instead
	return prefix + lowerHex32.EncodeToString(b[:])
}

// IsID reports whether s looks like an id of the given kind: its prefix and at least
// one further character.
func IsID(prefix, s string) bool {
	return len(s) > len(prefix) && strings.HasPrefix(s, prefix)
}
