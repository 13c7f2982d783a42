//go:build linux

package netns

import (
	"sync"
	"testing"
	"time"
)

// feed is what somebody says, in order, for others to wait for.
type feed[T any] struct {
	mu    sync.Mutex // guards what follows
	items []T
	grown chan struct{} // closed with the next item
}

func newFeed[T any]() *feed[T] { return &feed[T]{grown: make(chan struct{})} }

func (f *feed[T]) add(item T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items = append(f.items, item)
	close(f.grown)
	f.grown = make(chan struct{})
}

// all returns what was said so far.
func (f *feed[T]) all() []T {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.items[:len(f.items):len(f.items)]
}

func (f *feed[T]) len() int { return len(f.all()) }

// await waits for an item that matches, among those from the index from on, and returns
// it with the index of the next one. It has patience.
func (f *feed[T]) await(t *testing.T, what string, from int, match func(T) bool) (item T, next int) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		f.mu.Lock()
		grown := f.grown
		for ; from < len(f.items); from++ {
			if item = f.items[from]; match(item) {
				f.mu.Unlock()
				return item, from + 1
			}
		}
		f.mu.Unlock()
		select {
		case <-grown:
		case <-late.C:
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}
