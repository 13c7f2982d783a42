package tui

import (
	"fmt"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/filter"
	"github.com/solatis/solatis-cli/internal/history"
)

// list is the deliveries, newest at the bottom. It holds a window of what the query
// matches, a few screens around the selected row, and asks for another when the person
// comes near its edge. While it follows, the newest row is the selected one.
type list struct {
	window
	selected  int // index of rows
	top       int // the first that is seen
	height    int // how many are seen
	following bool
	edge      bool // whether the oldest end is on its way

	query   filter.Query
	gen     int  // goes up with each query; what an earlier one brought is dropped
	loading bool // whether a window is on its way
	dirty   bool // whether it will be out of date
	begun   bool // whether a window has come at all
	err     error

	total    int // how many the query matches; -1 until it is known
	counting bool
	counted  time.Time
}

func newList() list { return list{following: true, total: -1, window: window{newest: true}} }

// screens is how many screens the window has on each side.
const screens = 2

// reach is how many rows to ask for on each side.
func (l *list) reach() int { return max(l.height, 20) * screens }

// current returns the selected row, if there is one.
func (l *list) current() (history.Row, bool) {
	if l.selected < len(l.rows) {
		return l.rows[l.selected], true
	}
	return history.Row{}, false
}

// filterBy begins anew with another query.
func (l *list) filterBy(q filter.Query) {
	*l = list{
		query: q, gen: l.gen + 1, height: l.height, following: true, total: -1,
		window: window{rows: l.rows, newest: true}, // seen until the next one is there
	}
	l.clamp()
}

// arrived takes a window. The selected row stays selected, and where it is on the
// screen.
func (l *list) arrived(w window) {
	offset := l.selected - l.top
	at, known := l.current()
	l.window, l.begun, l.err = w, true, nil
	if l.edge {
		l.edge, l.selected = false, 0
		l.clamp()
		return
	}
	if l.following || !known {
		l.selected = len(l.rows) - 1
		l.top = l.selected - l.height + 1
		l.clamp()
		return
	}
	l.selected = len(l.rows) - 1
	for i, r := range l.rows {
		if r.ID() == at.ID() {
			l.selected = i
			break
		}
	}
	l.top = l.selected - offset
	l.clamp()
}

// clamp keeps the selected row within the window, and seen.
func (l *list) clamp() {
	l.selected = max(0, min(l.selected, len(l.rows)-1))
	l.top = max(l.selected-l.height+1, min(l.top, l.selected))
	l.top = max(0, min(l.top, len(l.rows)-l.height))
}

// toOldest goes to the oldest row, and reports whether it has to be read first.
func (l *list) toOldest() bool {
	l.following, l.edge = false, !l.oldest
	if l.edge {
		return true
	}
	l.selected = 0
	l.clamp()
	return false
}

// move selects the row so many further down, and ends the following.
func (l *list) move(by int) {
	l.following, l.edge = false, false
	l.selected += by
	l.clamp()
}

// follow goes to the newest row and stays there.
func (l *list) follow() {
	l.following, l.edge = true, false
	l.selected = len(l.rows) - 1
	l.clamp()
}

// resize changes how many rows are seen.
func (l *list) resize(height int) {
	if height == l.height {
		return
	}
	l.height = max(height, 1)
	if l.following {
		l.selected = len(l.rows) - 1
	}
	l.clamp()
}

// nearEdge reports whether the window ends close to what is seen, while there is more.
func (l *list) nearEdge() bool {
	return !l.oldest && l.top < l.height || !l.newest && l.top+2*l.height > len(l.rows)
}

// appearAfter is for how long a delivery may be pending before the list says so: most
// are answered sooner, and a word that flickers says nothing.
const appearAfter = 100 * time.Millisecond

// appearing returns when the next of the seen rows is to be called pending; zero for
// none.
func (l *list) appearing(now time.Time) (next time.Time) {
	for i := l.top; i < min(l.top+l.height, len(l.rows)); i++ {
		r := &l.rows[i]
		at := r.At.Add(appearAfter)
		if r.Last.State == delivery.Pending && at.After(now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

// place says where the list stands, for the line at the bottom. The count may be a second
// behind what is seen.
func (l *list) place() string {
	all := max(l.total, len(l.rows))
	switch {
	case l.total < 0:
		return ""
	case l.following:
		return countText(all) + " · following"
	case l.newest:
		return fmt.Sprintf("%s of %s", countText(all-len(l.rows)+l.selected+1), countText(all))
	case l.oldest:
		return fmt.Sprintf("%s of %s", countText(l.selected+1), countText(all))
	}
	return countText(all) + " · G follows"
}
