package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// httpGate sends HTTP that is broken, by raw sockets, with tricklers hanging on all the
// while. After each case a right request is answered.
func httpGate(ctx context.Context, t *trial) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p, err := t.newPair(ctx, "http")
	if err != nil {
		return err
	}
	defer p.kill()
	path, err := p.agent.path()
	if err != nil {
		return err
	}
	slow := &tricklers{host: p.relay.host, path: path}
	if err := slow.begin(ctx, t.pick(200, 2_000)); err != nil {
		return err
	}
	defer slow.close()
	h := &hostile{pair: p, path: path}
	if h.right, err = newSender(p.relay.host, path, p.ledger); err != nil {
		return err
	}
	defer h.right.close()
	if err := h.send(ctx); err != nil {
		return err
	}
	if err := h.ordinary(ctx, slow); err != nil {
		return err
	}
	if err := slow.cut(ctx); err != nil {
		h.found.add("%v", err)
	}
	return h.finish(ctx)
}

// hostile is the gate under way.
type hostile struct {
	*pair
	path  string
	right *sender // of right requests
	posts int     // of them
	found complaints
}

// send sends all cases.
func (h *hostile) send(ctx context.Context) error {
	for _, c := range brokenHTTP {
		statuses, err := h.exchange(ctx, c)
		if err != nil {
			h.found.add("%s: %v", c.name, err)
		}
		for _, status := range statuses {
			if status/100 == 2 {
				h.found.add("%s: answered %d, and it is broken", c.name, status)
			}
		}
		if err := h.sendRight(ctx, c.name); err != nil {
			return err
		}
	}
	for _, c := range oddHTTP {
		if _, err := h.exchange(ctx, c); err != nil {
			h.found.add("%s: %v", c.name, err)
		}
		if err := h.sendRight(ctx, c.name); err != nil {
			return err
		}
	}
	h.figure("cases", "%d broken, %d odd", len(brokenHTTP), len(oddHTTP))
	return nil
}

// sendRight sends a right request.
func (h *hostile) sendRight(ctx context.Context, after string) error {
	id := fmt.Sprintf("evt_right%d", h.posts)
	h.posts++
	if status, err := h.right.post(ctx, id, newBody(id, 1<<10)); err != nil || status != 200 {
		return fmt.Errorf("after %q a right request is answered %d, error %v", after, status, err)
	}
	return nil
}

// exchange writes a case and returns the statuses of the answers, once the relay has
// ended the connection.
func (h *hostile) exchange(ctx context.Context, c httpCase) (statuses []int, err error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", h.relay.host)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	tcp := conn.(*net.TCPConn)
	wrote := make(chan struct{})
	go func() { // the relay may answer, and stop reading, before all is written
		defer close(wrote)
		_, _ = io.WriteString(conn, strings.ReplaceAll(c.raw, "@", h.path))
		if c.then == resets {
			_ = tcp.SetLinger(0)
			_ = tcp.Close()
			return
		}
		_ = tcp.CloseWrite()
	}()
	answers := bufio.NewReader(conn)
	for {
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			conn.Close()
			<-wrote
			return statuses, stillThere(err)
		}
		statuses = append(statuses, resp.StatusCode)
		_, _ = io.Copy(io.Discard, resp.Body) // its end, or the connection's, is all one
		resp.Body.Close()
	}
}

// stillThere is an error where the relay left a connection open.
func stillThere(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errors.New("the relay neither answers nor ends the connection")
	}
	return nil
}

// ordinary measures right requests while the tricklers hang on.
func (h *hostile) ordinary(ctx context.Context, slow *tricklers) error {
	h.figure("tricklers", "%d connections", len(slow.all))
	return h.within("the tricklers", func() (took timings, err error) {
		for range h.pick(300, 3_000) {
			began := time.Now()
			if err := h.sendRight(ctx, "the tricklers"); err != nil {
				return nil, err
			}
			took = append(took, time.Since(began))
		}
		return took, nil
	})
}

// finish compares. What was taken of the odd ones has to be whole.
func (h *hostile) finish(ctx context.Context) error {
	if err := h.app.await(ctx, h.ledger.promised()); err != nil {
		return err
	}
	if err := h.agent.settle(ctx, h.relay.host, h.ledger); err != nil {
		return err
	}
	if err := h.agent.stop(interrupted); err != nil {
		return err
	}
	all, err := readHistory(ctx, h.agent.history())
	if err != nil {
		return err
	}
	odd := sha256.Sum256([]byte("odd"))
	before := len(all)
	all = slices.DeleteFunc(all, func(r recorded) bool { return r.hash == odd })
	if taken := before - len(all); taken > len(oddHTTP) {
		h.found.add("%d odd requests are recorded, and %d were sent", taken, len(oddHTTP))
	}
	h.found.compareHistory(h.ledger, "http", all)
	if err := h.relay.stop(0); err != nil {
		return err
	}
	return errors.Join(h.check(ctx, h.relay), h.found.err())
}
