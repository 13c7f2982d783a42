package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/signature"
)

const (
	// historyEvents are in the history that is looked at.
	historyEvents, shortHistoryEvents = 100_000, 1_000
	historyBatch                      = 500
	historyStarts                     = 5

	// One in rare is of a type, and has an id, that no other has; all are in the older half.
	rare     = 500
	rareType = "task.deleted"
	rareID   = "evt_rare"
	newestID = "evt_newest"
)

// historyFigures are of one start of solatis history.
type historyFigures struct {
	First  float64 `json:"first_frame_ms"`       // until the newest event is on the screen
	Filter float64 `json:"filter_first_page_ms"` // from the last key of a filter until what it finds is
	Memory float64 `json:"resident_mb"`          // at the end
}

func medians(all []historyFigures) (first, filter, memory float64) {
	var firsts, filters, memories []float64
	for _, f := range all {
		firsts, filters, memories = append(firsts, f.First), append(filters, f.Filter), append(memories, f.Memory)
	}
	return median(firsts), median(filters), median(memories)
}

// viewHistory looks at a history of n events.
func viewHistory(ctx context.Context, o options, n int) (all []historyFigures, err error) {
	h, err := newHome(o.solatis, filepath.Join(o.dir, "past"))
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "a history of %d events\n", n)
	if err := fill(ctx, h, n); err != nil {
		return nil, err
	}
	for range historyStarts {
		f, err := h.view(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// fill writes the history, as a session would have.
func fill(ctx context.Context, h home, n int) (err error) {
	f, err := folders.Resolve(func(name string) string {
		if name == "SOLATIS_HOME" {
			return h.state()
		}
		return os.Getenv(name)
	})
	if err != nil {
		return err
	}
	past, err := history.Open(ctx, f.History())
	if err != nil {
		return err
	}
	defer closing(&err, past.Close)
	secret, err := signature.NewSecret(secretText)
	if err != nil {
		return err
	}
	began := time.Now().Add(-time.Duration(n) * time.Second)
	batch := history.Batch{Agent: "bench"}
	var steps []history.Step
	for i := range n {
		at := began.Add(time.Duration(i) * time.Second)
		r := pastEvent(i, n, at, secret)
		batch.Records = append(batch.Records, r)
		outcome := delivery.Outcome{Kind: delivery.Answered, Status: 200, Duration: time.Millisecond}
		steps = append(steps, history.Step{
			Delivery: r.Delivery, Attempt: delivery.Attempt{Number: 1, Started: at, Outcome: outcome},
			Standing: delivery.Standing{State: delivery.Succeeded},
		})
		if len(batch.Records) < historyBatch && i < n-1 {
			continue
		}
		batch.Position = event.Position{Epoch: 1, Seq: uint64(i + 1)}
		if _, err := past.Record(ctx, batch); err != nil {
			return err
		}
		if err := past.Keep(ctx, batch.Agent, r.Target, steps...); err != nil {
			return err
		}
		batch.Records, steps = batch.Records[:0], steps[:0]
	}
	return nil
}

// pastEvent is the i-th of n events of the history.
func pastEvent(i, n int, at time.Time, secret signature.Secret) history.Record {
	id, typ := fmt.Sprintf("evt_%07d", i), "document.analyzed"
	switch {
	case i == n-1:
		id = newestID
	case i < n/2 && i%rare == 0:
		id, typ = fmt.Sprintf("%s%07d", rareID, i), rareType
	}
	s := sender{secret: secret, prefix: "evt_", number: i}
	body := s.body()
	header := event.Header{"Content-Type": {"application/json"}, signature.HeaderName: {signature.Sign(secret, body)}}
	return history.Record{
		Request: &event.Request{
			ID: event.NewRequestID(at), Method: "POST", Path: "/", Host: "localhost", Proto: "HTTP/1.1", Header: header, Body: body, Received: at,
		},
		Endpoint: "bench", Seq: uint64(i + 1), EventID: id, EventType: typ, Verdict: signature.Valid, Disposition: "forward",
		Delivery: event.NewDeliveryID(at), Target: "http://localhost:3000",
	}
}

// view starts solatis history once, filters, and looks at what it takes.
func (h home) view(ctx context.Context) (f historyFigures, err error) {
	began := time.Now()
	t, err := inTerminal(h.command(ctx, "history"), true)
	if err != nil {
		return f, err
	}
	defer closing(&err, t.stop)
	if err := t.until(ctx, newestID, true); err != nil {
		return f, err
	}
	f.First = milliseconds(time.Since(began))
	took, err := t.answer(ctx, "/type:"+rareType, rareID, true)
	if err != nil {
		return f, err
	}
	f.Filter = milliseconds(took)
	bytes, err := resident(t.cmd.Process.Pid)
	f.Memory = float64(bytes) / 1e6
	return f, errors.Join(err, ctx.Err())
}
