package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// tricklers are connections that send next to nothing: a third of them a header, a byte
// now and then; a third a body; and a third nothing at all.
type tricklers struct {
	host, path string

	all  []net.Conn
	stop context.CancelFunc
	work sync.WaitGroup

	mu   sync.Mutex // guards what follows
	open int        // of those that don't even send a header
	none chan struct{}
}

// trickle is how often each sends a byte.
const trickle = 500 * time.Millisecond

// begin opens so many.
func (t *tricklers) begin(ctx context.Context, n int) error {
	ctx, t.stop = context.WithCancel(ctx)
	t.none = make(chan struct{})
	var d net.Dialer
	var sending []net.Conn
	for i := range n {
		c, err := d.DialContext(ctx, "tcp", t.host)
		if err != nil {
			return fmt.Errorf("trickler %d can't connect: %w", i, err)
		}
		t.all = append(t.all, c)
		begins := [3]string{"", "POST " + t.path + " HTTP/1.1\r\nX-A: ", "POST " + t.path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"}[i%3]
		if _, err := c.Write([]byte(begins)); err != nil {
			return err
		}
		if i%3 > 0 {
			sending = append(sending, c)
		}
		if i%3 < 2 {
			t.open++
			t.work.Go(func() { t.watch(c) })
		}
	}
	t.work.Go(func() { trickleOn(ctx, sending) })
	return nil
}

func trickleOn(ctx context.Context, conns []net.Conn) {
	tick := time.NewTicker(trickle)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			for _, c := range conns {
				_, _ = c.Write([]byte("a")) // one that was cut off is as well
			}
		case <-ctx.Done():
			return
		}
	}
}

// watch waits until the relay has ended a connection.
func (t *tricklers) watch(c net.Conn) {
	buf := make([]byte, 1<<10)
	for {
		if _, err := c.Read(buf); err != nil {
			break
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open--; t.open == 0 {
		close(t.none)
	}
}

// cut waits until the relay has cut off all that didn't send a whole header, which it does
// after ten seconds.
func (t *tricklers) cut(ctx context.Context) error {
	select {
	case <-t.none:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		t.mu.Lock()
		defer t.mu.Unlock()
		return fmt.Errorf("%d connections that never sent a header are still open", t.open)
	}
}

// close ends all that is left.
func (t *tricklers) close() {
	t.stop()
	for _, c := range t.all {
		c.Close()
	}
	t.work.Wait()
}
