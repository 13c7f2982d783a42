package event

import "fmt"

// Position is a place in an endpoint's log: after the request numbered Seq, as the log
// was in its epoch Epoch. The zero Position is the log's beginning.
//
// Seq alone can't name a place: a relay that was restored from an older copy counts
// the same numbers again, for other requests. Each run of a relay's store therefore
// writes under an epoch of its own, and the store remembers where each began, so that
// it can tell a position of its own past from one that it no longer has.
type Position struct {
	Epoch uint64 // random, of 63 bits; 0 only in the zero Position
	Seq   uint64 // 1 for the first request of a log
}

// String returns the position for logs, such as "4f2a9c01:17".
func (p Position) String() string { return fmt.Sprintf("%x:%d", p.Epoch, p.Seq) }
