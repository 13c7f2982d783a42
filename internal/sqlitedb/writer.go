package sqlitedb

import (
	"context"
	"errors"
	"sync"
)

// writer is the goroutine that all writes go through.
type writer struct {
	conn  *conn
	ops   chan *op
	ended chan struct{}

	mu     sync.RWMutex // held for reading while handing over, so that stop waits for it
	closed bool
}

// op is one caller's write.
type op struct {
	fn   func(*Tx) error
	done chan error // of capacity 1
}

// maxBatch is how many writes share a transaction at most.
const maxBatch = 512

func startWriter(c *conn) *writer {
	w := &writer{conn: c, ops: make(chan *op, maxBatch), ended: make(chan struct{})}
	go w.loop()
	return w
}

func (w *writer) do(ctx context.Context, fn func(*Tx) error) error {
	o := &op{fn: fn, done: make(chan error, 1)}
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
		batch := []*op{first}
		for more := true; more && len(batch) < maxBatch; {
			select {
			case o, ok := <-w.ops:
				if more = ok; ok {
					batch = append(batch, o)
				}
			default:
				more = false
			}
		}
		w.commit(batch)
	}
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

// rollback undoes the transaction. Some errors, a full disk among them, have already
// undone it, and then there is nothing to roll back.
func (w *writer) rollback(cause error) error {
	err := w.conn.run("ROLLBACK")
	if err != nil && kind(cause) == nil {
		return errors.Join(cause, err)
	}
	return cause
}
