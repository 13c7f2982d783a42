package main

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"
)

// TestOneEventInAHundredIsSlow also holds that it is the same one in every run.
func TestOneEventInAHundredIsSlow(t *testing.T) {
	var a app
	a.slowDown(time.Second)
	slow := 0
	for i := range 100_000 {
		h := sha256.Sum256(fmt.Append(nil, i))
		switch first := a.takesFor(h); {
		case first != a.takesFor(h):
			t.Fatalf("event %d takes %v, and then %v", i, first, a.takesFor(h))
		case first == time.Second:
			slow++
		}
	}
	if slow < 900 || slow > 1_100 {
		t.Errorf("%d events of 100,000 are slow", slow)
	}
}
