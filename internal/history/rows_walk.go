package history

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// walk merges the deliveries and the bare requests, from a place on and in one direction.
type walk struct {
	*selection
	ctx   context.Context
	tx    *sqlitedb.Tx
	newer bool

	deliveries, bare sequence

	edge  int64 // time of the request, bare or not, that the last window of bare ones ended with
	edged bool  // whether there was one

	read int       // bytes of bodies
	last time.Time // of the row that was read last
}

// sequence is one of the two, as far as it was read.
type sequence struct {
	rows  *sql.Rows // nil between statements
	head  *found    // the next one that matches; nil where it isn't known
	done  bool      // there is none after head
	cut   int64     // the number at which the last key stands; what is below is older
	pos   int64     // likewise how far it was read, up to head
	first int64     // the numbers that there are
	end   int64     // one above the last of them

	window int64 // where the window begins that is read now or next
	width  int64 // of it, in numbers
}

// Windows, in numbers. Each is a statement, and only between two of them a walk notices
// that nobody waits for it any more: the largest takes some 20 ms. They are small first, since
// the most usual history has no bare request and every page looks for some.
var firstWindow, maxWindow int64 = 128, 1 << 13 // tests make them smaller

// span is the window that is read now or next.
func (s *sequence) span(newer bool) (from, to int64) {
	if newer {
		return s.window, min(s.window+s.width, s.end)
	}
	return max(s.window-s.width, s.first), s.window
}

// advance goes on to the next window.
func (s *sequence) advance(newer bool) {
	from, to := s.span(newer)
	s.window, s.done = from, from <= s.first
	if newer {
		s.window, s.done = to, to >= s.end
	}
	s.pos, s.width = s.window, min(2*s.width, maxWindow)
}

const ends = `SELECT coalesce((SELECT min(n) FROM deliveries), 1), coalesce((SELECT max(n) FROM deliveries), 0) + 1,
	coalesce((SELECT min(n) FROM requests), 1), coalesce((SELECT max(n) FROM requests), 0) + 1`

// start goes to a place.
func (w *walk) start(at Key) error {
	d, b := &w.deliveries, &w.bare
	if err := w.tx.QueryRow(ends).Scan(&d.first, &d.end, &b.first, &b.end); err != nil {
		return err
	}
	d.cut, b.cut = at.delivery, at.request
	switch {
	case at.IsZero() && w.newer:
		d.cut, b.cut = d.first, b.first
	case at.IsZero():
		d.cut, b.cut = d.end, b.end
	case w.newer && at.bare:
		b.cut++
	case w.newer:
		d.cut++
	}
	for _, s := range []*sequence{d, b} {
		s.pos, s.window, s.width = s.cut, s.cut, firstWindow
	}
	b.done = !w.selection.bare
	return nil
}

func (w *walk) close() {
	for _, s := range []*sequence{&w.deliveries, &w.bare} {
		if s.rows != nil {
			s.rows.Close()
		}
	}
}

// errBudget says that enough bodies were read.
var errBudget = errors.New("enough bodies were read")

// run returns the next rows, up to n.
func (w *walk) run(n int) (rows []Row, err error) {
	for len(rows) < n {
		f, err := w.next()
		if errors.Is(err, errBudget) {
			return rows, &PartialError{At: w.here(), Searched: w.last}
		}
		if err != nil || f == nil {
			return rows, err
		}
		if err := f.decode(f.head); err != nil {
			return rows, err
		}
		rows = append(rows, f.Row)
	}
	return rows, nil
}

// next takes the head of the sequence whose turn it is.
func (w *walk) next() (*found, error) {
	if err := w.peekDeliveries(); err != nil {
		return nil, err
	}
	if err := w.peekBare(); err != nil {
		return nil, err
	}
	d, b := w.deliveries.head, w.bare.head
	switch {
	case d == nil && b == nil:
		return nil, nil
	case b == nil || d != nil && w.before(d.At.UnixNano(), b.At.UnixNano()):
		return d, w.takeDelivery(d)
	}
	return b, w.takeBare(b)
}

// before reports whether what is of time a has its turn before what is of time b.
func (w *walk) before(a, b int64) bool {
	if w.newer {
		return a < b
	}
	return a >= b
}

func (w *walk) peekDeliveries() error {
	s := &w.deliveries
	for s.head == nil && !s.done {
		if err := w.peek(s, deliveryRows, func(f *found) int64 { return f.delivery }); err != nil || s.head != nil {
			return err
		}
		s.advance(w.newer)
	}
	return nil
}

// peekBare looks for the next bare request, window by window, until it is clear that it
// comes after the next delivery.
func (w *walk) peekBare() error {
	s := &w.bare
	for s.head == nil && !s.done {
		if d := w.deliveries.head; s.rows == nil && d != nil && w.edged && w.before(d.At.UnixNano(), w.edge) {
			return nil
		}
		if err := w.peek(s, bareRows, func(f *found) int64 { return f.request }); err != nil || s.head != nil {
			return err
		}
		if err := w.endWindow(); err != nil {
			return err
		}
	}
	return nil
}

// peek looks for the next row that matches in the window of a sequence.
func (w *walk) peek(s *sequence, rows read, number func(*found) int64) (err error) {
	if s.rows == nil {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		from, to := s.span(w.newer)
		if s.rows, err = w.tx.Query(rows.towards(w.newer), w.with(from, to, w.text)...); err != nil {
			return err
		}
	}
	return w.match(s, number)
}

// edges are the times of the last request of a window in both directions.
var edges = read{
	older: "SELECT received FROM requests WHERE n >= ? AND n < ? ORDER BY n LIMIT 1",
	newer: "SELECT received FROM requests WHERE n >= ? AND n < ? ORDER BY n DESC LIMIT 1",
}

// endWindow goes on to the next window of bare requests.
func (w *walk) endWindow() error {
	from, to := w.bare.span(w.newer)
	err := w.tx.QueryRow(edges.towards(w.newer), from, to).Scan(&w.edge)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	w.edged = w.edged || err == nil
	w.bare.advance(w.newer)
	return nil
}

// match reads rows of a statement up to one that matches, which becomes the head.
func (w *walk) match(s *sequence, number func(*found) int64) error {
	for w.read <= searchedBytes && s.rows.Next() {
		f, ok, bytes, err := w.scanFound(s.rows)
		if err == nil {
			err = w.ctx.Err()
		}
		if err != nil {
			return err
		}
		w.read += bytes
		w.last = f.At
		if s.pos = number(f); ok != w.newer {
			s.pos++ // where the head stands before it, and what doesn't match is behind
		}
		if ok {
			s.head = f
			return nil
		}
	}
	if w.read > searchedBytes {
		return errBudget
	}
	err := errors.Join(s.rows.Err(), s.rows.Close())
	s.rows = nil
	return err
}

// takeDelivery gives the next delivery its key. In the other sequence that stands where the
// delivery's own request was the last one, as far as that is possible.
func (w *walk) takeDelivery(f *found) (err error) {
	exact := f.request + 1
	if f.Last.Origin == delivery.Replay {
		if exact, err = w.boundary(requestTimes, &w.bare, f.At); err != nil {
			return err
		}
	}
	f.Key = Key{delivery: f.delivery, request: w.align(&w.bare, exact)}
	w.take(&w.deliveries, f.delivery)
	w.bare.cut = f.Key.request
	return nil
}

func (w *walk) takeBare(f *found) (err error) {
	exact := w.deliveries.pos
	if !w.query.IsZero() { // else the head is the neighbour
		// A delivery of the same time counts as newer.
		if exact, err = w.boundary(deliveryTimes, &w.deliveries, f.At.Add(-1)); err != nil {
			return err
		}
	}
	f.Key = Key{delivery: w.align(&w.deliveries, exact), request: f.request, bare: true}
	w.take(&w.bare, f.request)
	w.deliveries.cut = f.Key.delivery
	return nil
}

// take removes the head, whose number is n.
func (w *walk) take(s *sequence, n int64) {
	s.head = nil
	if w.newer {
		n++
	}
	s.cut, s.pos = n, n
}

// align returns the number next to exact that has all behind it that was taken, and all
// before it that wasn't.
func (w *walk) align(s *sequence, exact int64) int64 {
	pos := s.pos
	if w.newer {
		if s.done && s.head == nil {
			pos = s.end
		}
		return max(min(exact, pos), s.cut)
	}
	if s.done && s.head == nil {
		pos = s.first
	}
	return min(max(exact, pos), s.cut)
}

// What a sequence's times are by number.
const (
	requestTimes  = "SELECT n, received FROM requests WHERE n >= ? AND n < ? ORDER BY n LIMIT 1"
	deliveryTimes = "SELECT n, created FROM deliveries WHERE n >= ? AND n < ? ORDER BY n LIMIT 1"
)

// boundary returns the number from which a sequence is newer than a time, as far as its
// times follow its numbers.
func (w *walk) boundary(times string, s *sequence, at time.Time) (int64, error) {
	low, high := s.first, s.end
	for low < high {
		middle := low + (high-low)/2
		var n, then int64
		err := w.tx.QueryRow(times, middle, high).Scan(&n, &then)
		switch {
		case errors.Is(err, sql.ErrNoRows) || err == nil && then > at.UnixNano():
			high = middle
		case err != nil:
			return 0, err
		default:
			low = n + 1
		}
	}
	return low, nil
}

// here is the key of what was read.
func (w *walk) here() Key {
	k := Key{delivery: w.deliveries.pos, request: w.bare.pos}
	if w.newer {
		k.delivery--
	}
	return k
}
