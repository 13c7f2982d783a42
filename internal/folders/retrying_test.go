package folders

import (
	"path/filepath"
	"testing"
)

// TestNobodyRetries is known only once the last of those that do has let go.
func TestNobodyRetries(t *testing.T) {
	f := Folders{State: filepath.Join(t.TempDir(), "state")}
	alone := func() (was bool) {
		if err := f.IfNobodyRetries(func() error { was = true; return nil }); err != nil {
			t.Fatal(err)
		}
		return was
	}
	if !alone() {
		t.Error("somebody retries from the start")
	}
	var holders []func() error
	for range 2 { // together
		release, err := f.HoldRetrying()
		if err != nil {
			t.Fatal(err)
		}
		holders = append(holders, release)
	}
	for _, release := range holders {
		if alone() {
			t.Error("nobody retries, though one holds the lock")
		}
		if err := release(); err != nil {
			t.Error(err)
		}
	}
	if !alone() {
		t.Error("the last one has let go, and still somebody retries")
	}
	if err := (Folders{State: "/dev/null"}).IfNobodyRetries(nil); err == nil {
		t.Error("a folder that can't be is no error")
	}
}
