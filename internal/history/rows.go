package history

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/solatis/solatis-cli/internal/filter"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Row is a delivery, or a request that has none.
type Row struct {
	Key     Key
	At      time.Time // when the delivery was made, or when the request was received
	Summary           // whose Last is this delivery
}

// ID is what a row is known by: its delivery's id, or its request's.
func (r Row) ID() string { return cmp.Or(r.Last.Delivery, r.Request) }

// Key is a place in the list of all rows, from which Rows goes on in either direction. It
// says how far each of the two sequences that the list is made of has come: deliveries and
// requests, each in the order in which they were recorded. Rows with a smaller key are
// older. The zero Key is no row's.
//
// A key stays good while rows are added and deleted, and under another filter. The key of
// one row may differ between answers of Rows; what a row is known by is its ID.
type Key struct {
	delivery, request int64 // older rows have smaller numbers
	bare              bool  // the row is the request, not the delivery
}

// IsZero reports whether it is the zero Key.
func (k Key) IsZero() bool { return k == Key{} }

// Compare returns -1 where k is older than other, 1 where it is newer, else 0.
func (k Key) Compare(other Key) int {
	return cmp.Or(cmp.Compare(k.delivery, other.delivery), cmp.Compare(k.request, other.request))
}

// PartialError says that Rows gave up for now: it looked through as many bodies as one
// call may. The rows that it returned are good, and it goes on from At.
type PartialError struct {
	At       Key
	Searched time.Time // everything on the near side of it was looked through
}

func (e *PartialError) Error() string {
	return fmt.Sprintf("looked through the bodies as far as %s", e.Searched.Local().Format(time.DateTime))
}

// searchedBytes is in how much of bodies one call of Rows looks for free text.
const searchedBytes = 32 << 20

// Rows returns up to n rows that match q and are next to at on its older side, or for
// n < 0 up to -n on its newer side; in either case the newest comes first. The zero Key
// stands at the newest end, and for n < 0 at the oldest.
//
// Rows are ordered as they were recorded; requests without a delivery stand among the
// deliveries by their times. Free text is looked for in the first 256 KiB of a body. Where
// that takes long, the error is a *PartialError beside the rows found so far.
func (h *History) Rows(ctx context.Context, q filter.Query, at Key, n int) ([]Row, error) {
	s := selectionOf(q)
	var rows []Row
	err := h.db.View(ctx, func(tx *sqlitedb.Tx) error {
		w := walk{ctx: ctx, tx: tx, selection: s, newer: n < 0}
		defer w.close()
		if err := w.start(at); err != nil {
			return err
		}
		var err error
		rows, err = w.run(max(n, -n))
		return err
	})
	if n < 0 {
		slices.Reverse(rows)
	}
	return rows, err
}

// rowColumns are the summary's, the numbers and the time of a row, and as much of the body
// as free text is looked for in, if ?3 wants it.
const rowColumns = `SELECT ` + summaryColumns + `, r.n, coalesce(d.n, 0), coalesce(d.created, r.received),
	CASE WHEN ?3 THEN substr(r.body, 1, 262144) END`

const lastAttempt = `
	LEFT JOIN attempts a ON a.delivery = d.n AND a.number = (SELECT max(number) FROM attempts WHERE delivery = d.n)`

// What the rows are made of, with numbers from ?1 to below ?2. CROSS JOIN keeps the order
// of the loops.
var (
	fromDeliveries = ` FROM deliveries d CROSS JOIN requests r ON r.n = d.request` + lastAttempt + `
		WHERE d.n >= ?1 AND d.n < ?2` + conditions("d.created")
	fromBare = ` FROM requests r LEFT JOIN deliveries d ON d.n = 0` + lastAttempt + `
		WHERE r.n >= ?1 AND r.n < ?2 AND NOT EXISTS (SELECT 1 FROM deliveries WHERE request = r.n)` + conditions("r.received")
)

// read is a statement in both directions.
type read struct{ older, newer string }

func (r read) towards(newer bool) string {
	if newer {
		return r.newer
	}
	return r.older
}

func ordered(text, by string) read {
	return read{text + " ORDER BY " + by + " DESC", text + " ORDER BY " + by}
}

var (
	deliveryRows = ordered(rowColumns+fromDeliveries, "d.n")
	bareRows     = ordered(rowColumns+fromBare, "r.n")
)

// found is a row as it is read, with the numbers that its key is made from.
type found struct {
	Row
	request, delivery int64 // delivery is 0 for none
	head              []byte
}

// scanFound reads rowColumns. ok says whether the row matches; the bytes are those of the
// body that had to be read.
func (s *selection) scanFound(row scanner) (f *found, ok bool, bytes int, err error) {
	var at int64
	var body []byte
	f = new(found)
	if f.head, err = f.scan(row, &f.request, &f.delivery, &at, &body); err != nil {
		return nil, false, 0, err
	}
	f.At = time.Unix(0, at)
	if s.exact {
		return f, true, 0, nil
	}
	item := f.item()
	item.Body = body
	if !s.received {
		item.At = f.At
	}
	return f, s.query.Match(item), len(body), nil
}
