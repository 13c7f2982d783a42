package main

import "sync"

// recentIDs remembers the last ids it was given. It stands in for your database,
// where a unique index on the event id, written in the transaction that does the
// work, outlives a restart and is shared by all your servers.
type recentIDs struct {
	mu    sync.Mutex
	known map[string]bool
	order []string // a ring; the id at next is the oldest
	next  int
}

func newRecentIDs(limit int) *recentIDs {
	return &recentIDs{known: make(map[string]bool), order: make([]string, limit)}
}

// add remembers id, forgets the oldest one if there are too many, and reports
// whether id is new.
func (r *recentIDs) add(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[id] {
		return false
	}
	delete(r.known, r.order[r.next])
	r.known[id], r.order[r.next] = true, id
	r.next = (r.next + 1) % len(r.order)
	return true
}
