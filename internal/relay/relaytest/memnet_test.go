package relaytest_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// memnet is a network in memory with one listener. Its connections can be cut, or frozen:
// then what is written goes nowhere, and neither end notices.
type memnet struct {
	accepted chan net.Conn
	closed   chan struct{}
	down     atomic.Bool // nobody gets through
	pumps    sync.WaitGroup

	mu    sync.Mutex // guards what follows
	links map[*link]bool
}

func newMemnet() *memnet {
	return &memnet{accepted: make(chan net.Conn), closed: make(chan struct{}), links: make(map[*link]bool)}
}

// link is one connection: two pipes, and what carries bytes between them.
type link struct {
	near, far net.Conn
	frozen    atomic.Bool
}

// Dial implements wsconn.Net.
func (n *memnet) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if n.down.Load() {
		return nil, errors.New("the network is down")
	}
	client, near := net.Pipe()
	far, server := net.Pipe()
	select {
	case n.accepted <- server:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-n.closed:
		return nil, net.ErrClosed
	}
	l := &link{near: near, far: far}
	n.mu.Lock()
	n.links[l] = true
	n.mu.Unlock()
	n.pumps.Go(func() { n.carry(l, far, near) })
	n.pumps.Go(func() { n.carry(l, near, far) })
	return client, nil
}

func (n *memnet) carry(l *link, to, from net.Conn) {
	defer n.cut(l)
	buf := make([]byte, 4096)
	for {
		k, err := from.Read(buf)
		if err != nil {
			return
		}
		if l.frozen.Load() {
			continue
		}
		if _, err := to.Write(buf[:k]); err != nil {
			return
		}
	}
}

func (n *memnet) cut(l *link) {
	l.near.Close()
	l.far.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.links, l)
}

// open returns the connections that there are.
func (n *memnet) open() (all []*link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for l := range n.links {
		all = append(all, l)
	}
	return all
}

// cutAll cuts all connections.
func (n *memnet) cutAll() {
	for _, l := range n.open() {
		n.cut(l)
	}
}

// freezeAll freezes all connections, for good.
func (n *memnet) freezeAll() {
	for _, l := range n.open() {
		l.frozen.Store(true)
	}
}

// Accept, Close and Addr implement net.Listener.
func (n *memnet) Accept() (net.Conn, error) {
	select {
	case c := <-n.accepted:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *memnet) Close() error {
	close(n.closed)
	return nil
}

func (n *memnet) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
