package wire

import "fmt"

// Parts puts a body together from its parts. The zero Parts is not ready; use
// NewParts.
type Parts struct {
	body   []byte
	length uint64
}

// NewParts begins a body of length bytes with its first part. A length over limit is
// refused before any memory is taken, and memory grows with what has arrived, not
// with what was announced.
func NewParts(length, limit uint64, first []byte) (*Parts, error) {
	if length > limit {
		return nil, fmt.Errorf("a body of %d bytes, where the limit is %d", length, limit)
	}
	p := &Parts{length: length}
	return p, p.Add(first)
}

// Add appends the next part. More bytes than were announced are an error.
func (p *Parts) Add(part []byte) error {
	if uint64(len(p.body)+len(part)) > p.length {
		return fmt.Errorf("a body of %d bytes, where %d were announced", len(p.body)+len(part), p.length)
	}
	if p.body == nil {
		p.body = part // most bodies have one part, which Decode gave to us alone
		return nil
	}
	p.body = append(p.body, part...)
	return nil
}

// Complete reports whether all bytes have arrived.
func (p *Parts) Complete() bool { return uint64(len(p.body)) == p.length }

// Bytes returns what has arrived.
func (p *Parts) Bytes() []byte { return p.body }
