package main

import (
	"crypto/sha256"
	"sync"
)

// hash is the SHA-256 of a body.
type hash = [sha256.Size]byte

// ledger is what the senders know: which events they sent, and which of them the relay
// has promised to keep. It is outside of all that is broken.
type ledger struct {
	mu      sync.Mutex // guards what follows
	entries map[string]*entry
	acked   int
	due     map[int][]chan struct{} // closed when so many are acknowledged
}

type entry struct {
	hash  hash
	acked bool // whether a 2xx came; without one the event may be kept or not
}

func newLedger() *ledger {
	return &ledger{entries: map[string]*entry{}, due: map[int][]chan struct{}{}}
}

// sent enters an event, before its first byte is written.
func (l *ledger) sent(id string, h hash) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries[id] = &entry{hash: h}
}

// acknowledge notes that a 2xx was read for an event.
func (l *ledger) acknowledge(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[id]; e != nil && !e.acked {
		e.acked = true
		l.acked++
		for _, ch := range l.due[l.acked] {
			close(ch)
		}
		delete(l.due, l.acked)
	}
}

// reached is closed once n events are acknowledged.
func (l *ledger) reached(n int) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	ch := make(chan struct{})
	if l.acked >= n {
		close(ch)
	} else {
		l.due[n] = append(l.due[n], ch)
	}
	return ch
}

// promised returns the ids of all events that were acknowledged.
func (l *ledger) promised() (ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, e := range l.entries {
		if e.acked {
			ids = append(ids, id)
		}
	}
	return ids
}

// unanswered is a ledger with the same events, none of them acknowledged.
func (l *ledger) unanswered() *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	other := newLedger()
	for id, e := range l.entries {
		other.entries[id] = &entry{hash: e.hash}
	}
	return other
}

// counts returns how many events were sent, and how many acknowledged.
func (l *ledger) counts() (sent, acked int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries), l.acked
}

// look returns what the ledger has of an event.
func (l *ledger) look(id string) (e entry, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if found := l.entries[id]; found != nil {
		return *found, true
	}
	return entry{}, false
}
