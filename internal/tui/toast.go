package tui

import (
	"time"

	"github.com/charmbracelet/x/ansi"
)

// toastNote is what a toast says. The zero one says nothing.
type toastNote struct {
	kind kind
	text string
}

func good(text string) toastNote { return toastNote{kindGood, "✓ " + text} }
func bad(text string) toastNote  { return toastNote{kindBad, "✗ " + text} }
func note(text string) toastNote { return toastNote{kindPlain, text} }

// toast is a line at the bottom that says how an action went, and leaves by itself.
type toast struct {
	toastNote
	gen int // goes up with each toast
}

// How long a toast is seen: failures, which say what to do next, for longer.
const (
	toastFor    = 4 * time.Second
	badToastFor = 10 * time.Second
)

// show replaces the toast, and returns how long it is to be seen.
func (t *toast) show(n toastNote) time.Duration {
	t.toastNote = n
	t.gen++
	if n.kind == kindBad {
		return badToastFor
	}
	return toastFor
}

// over takes the toast of that generation away.
func (t *toast) over(gen int) {
	if gen == t.gen {
		t.toastNote = toastNote{}
	}
}

// maxToastLines is how much of the screen a toast takes at most.
const maxToastLines = 3

// lines are the toast on a screen so wide; none without a toast.
func (t *toast) lines(width int, m ansi.Method) []line {
	if t.text == "" {
		return nil
	}
	all := line{say(t.kind, t.text)}.wrap(width, m)
	if len(all) > maxToastLines {
		all = append(all[:maxToastLines-1:maxToastLines-1], line{{t.kind, all[maxToastLines-1].text() + " …"}})
	}
	return all
}
