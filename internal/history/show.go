package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Summary is a request in a list.
type Summary struct {
	Request     string
	EventID     string // "" where the body is no event
	EventType   string
	Method      string
	Path        string
	Bytes       int
	Received    time.Time
	Verdict     signature.Verdict
	Disposition string
	Reason      string
	DuplicateOf string
	OtherBody   bool
	Drift       string // where the event is not what the catalogue says, one warning a line
	Last        Last   // of its deliveries
}

// Last is where the newest delivery of a request stands. Its fields are zero for none,
// and those of the attempt before there is one.
type Last struct {
	Delivery string
	State    delivery.State
	Origin   delivery.Origin
	Target   string
	Attempts int              // number of the last one
	Outcome  delivery.Outcome // of the last attempt, without header and body
}

const summaryColumns = `r.id, coalesce(r.event_id, ''), coalesce(r.event_type, ''), r.head, length(r.body), r.received,
		r.verdict, r.disposition, r.reason, coalesce(r.duplicate_of, ''), r.other_body,
		coalesce((SELECT warnings FROM drift WHERE request = r.n), ''),
		coalesce(d.id, ''), coalesce(d.state, ''), coalesce(d.origin, ''), coalesce(d.target, ''),
		coalesce(a.number, 0), coalesce(a.kind, ''), coalesce(a.status, 0), coalesce(a.error, ''), coalesce(a.duration, 0),
		coalesce(a.fault, '')`

const summaries = `SELECT ` + summaryColumns + ` FROM requests r
	LEFT JOIN deliveries d ON d.n = (SELECT max(n) FROM deliveries WHERE request = r.n)
	LEFT JOIN attempts a ON a.delivery = d.n AND a.number = (SELECT max(number) FROM attempts WHERE delivery = d.n)`

// List returns the newest requests, newest first.
func (h *History) List(ctx context.Context, limit int) (list []Summary, err error) {
	err = h.db.View(ctx, func(tx *sqlitedb.Tx) error {
		rows, err := tx.Query(summaries+" ORDER BY r.n DESC LIMIT ?", limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			s, err := scanSummary(rows)
			if err != nil {
				return err
			}
			list = append(list, s)
		}
		return rows.Err()
	})
	return list, err
}

func scanSummary(row scanner) (Summary, error) {
	var s Summary
	raw, err := s.scan(row)
	if err != nil {
		return s, err
	}
	return s, s.decode(raw)
}

type scanner interface{ Scan(...any) error }

// scan reads summaryColumns, and what further columns follow. The request's head is left
// to decode.
func (s *Summary) scan(row scanner, further ...any) (raw []byte, err error) {
	var received, duration int64
	columns := []any{
		&s.Request, &s.EventID, &s.EventType, &raw, &s.Bytes, &received,
		&s.Verdict, &s.Disposition, &s.Reason, &s.DuplicateOf, &s.OtherBody, &s.Drift,
		&s.Last.Delivery, &s.Last.State, &s.Last.Origin, &s.Last.Target,
		&s.Last.Attempts, &s.Last.Outcome.Kind, &s.Last.Outcome.Status, &s.Last.Outcome.Error, &duration,
		&s.Last.Outcome.Fault,
	}
	err = row.Scan(append(columns, further...)...)
	s.Received, s.Last.Outcome.Duration = time.Unix(0, received), time.Duration(duration)
	return raw, err
}

func (s *Summary) decode(raw []byte) error {
	r, err := decodeHead(s.Request, raw, nil, s.Received.UnixNano())
	if err != nil {
		return err
	}
	s.Method, s.Path = r.Method, r.Path
	return nil
}

// Request returns a recorded request with its body, byte for byte. A *NotFoundError says
// that there is none with this id.
func (h *History) Request(ctx context.Context, id string) (r *event.Request, err error) {
	err = h.db.View(ctx, func(tx *sqlitedb.Tx) (err error) {
		r, err = request(tx, id)
		return err
	})
	return r, err
}

func request(tx *sqlitedb.Tx, id string) (*event.Request, error) {
	var raw, body []byte
	var received int64
	err := tx.QueryRow("SELECT head, body, received FROM requests WHERE id = ?", id).Scan(&raw, &body, &received)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &NotFoundError{ID: id}
	}
	if err != nil {
		return nil, err
	}
	return decodeHead(id, raw, body, received)
}

// Details is all that is recorded of a request.
type Details struct {
	Summary    Summary
	Request    *event.Request
	Deliveries []DeliveryDetails // oldest first
}

// DeliveryDetails is a delivery with its attempts.
type DeliveryDetails struct {
	Delivery
	State    delivery.State
	Attempts []delivery.Attempt
}

// Show returns all that is recorded of a request. A *NotFoundError says that there is none
// with this id.
func (h *History) Show(ctx context.Context, id string) (d Details, err error) {
	err = h.db.View(ctx, func(tx *sqlitedb.Tx) (err error) {
		if d.Request, err = request(tx, id); err != nil {
			return err
		}
		if d.Summary, err = scanSummary(tx.QueryRow(summaries+" WHERE r.id = ?", id)); err != nil {
			return err
		}
		if d.Deliveries, err = deliveries(tx, id); err != nil {
			return err
		}
		for i := range d.Deliveries {
			if d.Deliveries[i].Attempts, err = attempts(tx, d.Deliveries[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	return d, err
}

func deliveries(tx *sqlitedb.Tx, request string) (all []DeliveryDetails, err error) {
	rows, err := tx.Query(`SELECT id, agent, target, origin, state, created FROM deliveries
		WHERE request = (SELECT n FROM requests WHERE id = ?) ORDER BY n`, request)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		d := DeliveryDetails{Delivery: Delivery{Request: request}}
		var created int64
		if err := rows.Scan(&d.ID, &d.Agent, &d.Target, &d.Origin, &d.State, &created); err != nil {
			return nil, err
		}
		d.Created = time.Unix(0, created)
		all = append(all, d)
	}
	return all, rows.Err()
}

func attempts(tx *sqlitedb.Tx, id string) (all []delivery.Attempt, err error) {
	rows, err := tx.Query(`SELECT number, started, duration, kind, error, status, fault, truncated, header, body
		FROM attempts WHERE delivery = (SELECT n FROM deliveries WHERE id = ?) ORDER BY number`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a delivery.Attempt
		var started int64
		var header []byte
		o := &a.Outcome
		if err := rows.Scan(&a.Number, &started, &o.Duration, &o.Kind, &o.Error, &o.Status, &o.Fault, &o.Truncated, &header, &o.Body); err != nil {
			return nil, err
		}
		if err := decoder.Unmarshal(header, &o.Header); err != nil {
			return nil, fmt.Errorf("the response's header of attempt %d of %s can't be read: %w", a.Number, id, err)
		}
		a.Started = time.Unix(0, started)
		all = append(all, a)
	}
	return all, rows.Err()
}
