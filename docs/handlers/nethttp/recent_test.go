package main

import "testing"

func TestRecentIDs(t *testing.T) {
	seen := newRecentIDs(2)
	for _, step := range []struct {
		id    string
		isNew bool
	}{
		{"evt_1", true},
		{"evt_1", false},
		{"evt_2", true},
		{"evt_1", false}, // two fit
		{"evt_3", true},  // and push out the oldest
		{"evt_2", false},
		{"evt_1", true},
	} {
		if got := seen.add(step.id); got != step.isNew {
			t.Errorf("add(%s) = %v, want %v", step.id, got, step.isNew)
		}
	}
	if len(seen.known) != 2 {
		t.Errorf("%d ids are kept, want 2", len(seen.known))
	}
}
