package history

import "testing"

// SmallWindows lets walks and counts go by windows of so few numbers, until the test ends.
func SmallWindows(t testing.TB, first, most int64) {
	wasFirst, wasMost := firstWindow, maxWindow
	firstWindow, maxWindow = first, most
	t.Cleanup(func() { firstWindow, maxWindow = wasFirst, wasMost })
}

// Migrations are those of the history.
var Migrations = migrations

// OfOpen is how open deliveries are asked for.
const OfOpen = ofOpen

// OfAbandoned is how abandoned deliveries are asked for.
const OfAbandoned = ofAbandoned
