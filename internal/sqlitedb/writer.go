package sqlitedb

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// writer is the goroutine that all writes go through.
type writer struct {
	conn  *conn
	level Synchronous // that every commit has, but for those of writes that need none
	now   Synchronous // of the connection, only used by the loop
	ops   chan *op

	crowded bool // whether many shared the last transaction; only used by the loop

	ended chan struct{}

	mu     sync.RWMutex // held for reading while handing over, so that stop waits for it
	closed bool
}

// op is one caller's write.
type op struct {
	fn   func(*Tx) error
	when urgency
	done chan error // of capacity 1
}

// urgency says what a write's caller waits for.
type urgency int

const (
	now   urgency = iota // for the disk
	soon                 // for the commit; durable later is early enough
	later                // for nothing: the commit too may come a little later
)

// maxBatch is how many writes share a transaction at most.
const maxBatch = 512

// A commit costs about as much as twenty rows, so where there is a crowd, or nobody in a
// hurry, a transaction waits for company: not longer than pause, which is little beside
// what each of a crowd waits anyway. An urgent write alone never waits.
const (
	crowd = 6 // writes that shared the last transaction
	pause = 2 * time.Millisecond
)

func startWriter(c *conn, level Synchronous) *writer {
	w := &writer{conn: c, level: level, now: level, ops: make(chan *op, maxBatch), ended: make(chan struct{})}
	go w.loop()
	return w
}

func (w *writer) do(ctx context.Context, fn func(*Tx) error, when urgency) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o := &op{fn: fn, when: when, done: make(chan error, 1)}
	if err := w.handOver(ctx, o); err != nil {
		return err
	}
	return <-o.done
}

func (w *writer) handOver(ctx context.Context, o *op) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return ErrClosed
	}
	select {
	case w.ops <- o:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) stop() {
	w.mu.Lock()
	w.closed = true
	close(w.ops)
	w.mu.Unlock()
	<-w.ended
}

// loop takes what has gathered while the last transaction was committed as the next one.
func (w *writer) loop() {
	defer close(w.ended)
	defer w.conn.close()
	for first := range w.ops {
		w.commit(w.gather(first))
	}
}

// gather returns first and what else is waiting, or comes while it is worth waiting.
func (w *writer) gather(first *op) []*op {
	over := make(<-chan time.Time)
	if w.crowded || first.when == later {
		over = time.After(pause)
	}
	if w.crowded {
		<-over // rather than be woken by each
	}
	batch, patient := []*op{first}, first.when == later && !w.crowded
	for len(batch) < maxBatch {
		o, ok := w.next(patient, over)
		if !ok {
			break
		}
		batch, patient = append(batch, o), patient && o.when == later
	}
	w.crowded = len(batch) >= crowd
	return batch
}

// next returns a further write for a batch; if patient, it waits for one.
func (w *writer) next(patient bool, over <-chan time.Time) (o *op, ok bool) {
	if !patient {
		select {
		case o, ok = <-w.ops:
		default:
		}
		return o, ok
	}
	select {
	case o, ok = <-w.ops:
	case <-over:
	}
	return o, ok
}

// commit runs a batch as one transaction. Where one op fails it alone gets its error, and
// the others are run again without it.
func (w *writer) commit(batch []*op) {
	for len(batch) > 0 {
		failed, err := w.try(batch)
		if failed < 0 {
			for _, o := range batch {
				o.done <- err
			}
			return
		}
		batch[failed].done <- err
		batch = append(batch[:failed:failed], batch[failed+1:]...)
	}
}

// try runs a batch. failed is the index of the op whose error it was, or -1 where all
// share the fate of the transaction.
func (w *writer) try(batch []*op) (failed int, err error) {
	if err := w.setLevel(batch); err != nil {
		return -1, err
	}
	if err := w.conn.run("BEGIN IMMEDIATE"); err != nil {
		return -1, err
	}
	tx := &Tx{conn: w.conn}
	for i, o := range batch {
		if err := o.fn(tx); err != nil && kind(err) == nil {
			return i, w.rollback(err)
		} else if err != nil {
			return -1, w.rollback(err) // the file's or the disk's failure is everybody's
		}
	}
	if err := w.conn.run("COMMIT"); err != nil {
		return -1, w.rollback(err)
	}
	return -1, nil
}

// setLevel spares a batch its fsync where no write in it asks for one. The next commit
// that has one makes it durable too, since it covers the whole write-ahead log.
func (w *writer) setLevel(batch []*op) error {
	level := w.level
	if !slices.ContainsFunc(batch, func(o *op) bool { return o.when == now }) {
		level = Normal
	}
	if level == w.now {
		return nil
	}
	// SQLite carries this pragma out when it prepares it, so it can't be kept prepared.
	_, err := w.conn.sql.ExecContext(context.Background(), "PRAGMA synchronous = "+level.value())
	if err == nil {
		w.now = level
	}
	return err
}

// rollback undoes the transaction. Some errors, a full disk among them, have already
// undone it, and then there is nothing to roll back.
func (w *writer) rollback(cause error) error {
	err := w.conn.run("ROLLBACK")
	if err != nil && kind(cause) == nil {
		return errors.Join(cause, err)
	}
	return cause
}
