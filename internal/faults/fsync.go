package main

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// fsyncGate follows the relay's system calls. Between the read of a request's last byte
// and the write of its 2xx there has to be a whole fsync of the write-ahead log, and it
// has to have begun after the request was written there: one of what came before would
// not do.
func fsyncGate(ctx context.Context, t *trial) error {
	x, err := t.trace(ctx, t.pick(1_500, 20_000), maxPage, mixedSizes)
	if err != nil {
		return err
	}
	log, err := os.Open(x.log)
	if err != nil {
		return err
	}
	defer log.Close()
	seen := newAnswers(x.posted)
	wal := walTrace{written: map[string]int{}}
	err = readCalls(log, func(c call) error {
		if seen.see(c) {
			return nil
		}
		if file, _ := c.file(); strings.HasSuffix(file, "/relay.db-wal") {
			return wal.see(c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, acked := x.ledger.counts()
	t.figure("answers", "%d with 2xx, %d fsyncs of the log", len(seen.all), len(wal.syncs))
	if len(seen.all) < acked {
		return fmt.Errorf("%d events were answered with 2xx, and the trace has %d of these answers: it can't be read right", acked, len(seen.all))
	}
	return wal.unsynced(seen.all).err()
}

// maxPage is how much of a string the trace has: a whole page of a database.
const maxPage = 8 << 10

// walTrace is what a trace has of a write-ahead log.
type walTrace struct {
	written map[string]int // the line on which an event's id was first written there
	syncs   spans
}

func (w *walTrace) see(c call) error {
	switch {
	case isSync(c):
		w.syncs = append(w.syncs, span{c.begin, c.end})
	case c.name == "pwrite64" && c.result > 0:
		text, err := c.text()
		if err != nil {
			return err
		}
		// An id is never cut in two: it stands in the part of a row that is on one page.
		for _, behind := range strings.Split(text, eventHead)[1:] {
			id, _, _ := strings.Cut(behind, `"`)
			if _, known := w.written[id]; !known {
				w.written[id] = c.end
			}
		}
	}
	return nil
}

// unsynced are the answers to what was not durable.
func (w *walTrace) unsynced(all []answer) *complaints {
	var c complaints
	for _, a := range all {
		written, ok := w.written[a.id]
		began, synced := w.syncs.lastBefore(a.begin)
		if !ok || !synced || began <= max(a.read, written) {
			c.add("%s was answered before it was durable: on the trace's lines it was read on %d, written on %d (0: never) and answered on %d, and the last fsync that had ended then began on %d",
				a.id, a.read, written, a.begin, began)
		}
	}
	return &c
}

func isSync(c call) bool { return (c.name == "fsync" || c.name == "fdatasync") && c.result == 0 }

// span is from a call's first line to its last.
type span struct{ begin, end int }

// spans are in the order of their ends.
type spans []span

// lastBefore returns when the span began that began last of those that had ended by a
// line.
func (s spans) lastBefore(line int) (began int, ok bool) {
	for _, one := range s {
		if one.end >= line {
			break
		}
		began, ok = max(began, one.begin), true
	}
	return began, ok
}
