package tui

import (
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// TestTheTabsStandCloserBeforeTheyLoseTheirNames, in what is left beside the position.
func TestTheTabsStandCloserBeforeTheyLoseTheirNames(t *testing.T) {
	for width, want := range map[int]string{
		54: " Body [Request] Response  Attempts  Signature  Diff ",
		53: "Body [Request] Response Attempts Signature Diff ",
		50: "Body [Request] Response Attempts Signature Diff ",
		40: " 1 [Request] 3  4  5  6 ",
	} {
		d, look := detail{width: width, tab: tabRequest}, newLook(true, ansi.WcWidth)
		if got := d.tabSpans(&look, false).text(); got != want {
			t.Errorf("at %d: %q, want %q", width, got, want)
		}
	}
}
