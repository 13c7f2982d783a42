package server

import (
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
)

// dial connects and reports whether the connection was let in: one that was gets a byte.
func dial(t *testing.T, address string) (net.Conn, bool) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_, err = io.ReadFull(c, make([]byte, 1))
	return c, err == nil
}

// greeter accepts on a limited listener and sends each connection one byte.
func greeter(t *testing.T, l *limiter) (address string, accepted <-chan net.Conn) {
	t.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := l.listen(tcp)
	conns := make(chan net.Conn, 10)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.Write([]byte{1})
			conns <- c
		}
	}()
	t.Cleanup(func() { ln.Close(); <-ended; l.closeAll() })
	return ln.Addr().String(), conns
}

func TestLimiter(t *testing.T) {
	loopback := netip.MustParsePrefix("127.0.0.0/8")
	for name, c := range map[string]struct {
		max, perIP int
		exempt     []netip.Prefix
		limited    bool
	}{
		"over all":                {max: 2, limited: true},
		"from one address":        {perIP: 2, limited: true},
		"over all, from a proxy":  {max: 2, exempt: []netip.Prefix{loopback}, limited: true},
		"without limits":          {},
		"one address, by a proxy": {perIP: 2, exempt: []netip.Prefix{loopback}},
	} {
		t.Run(name, func(t *testing.T) {
			var refused atomic.Int32
			l := newLimiter(c.max, c.perIP, c.exempt, func() { refused.Add(1) })
			address, accepted := greeter(t, l)
			for range 2 {
				if _, in := dial(t, address); !in {
					t.Fatal("a connection within the limits is closed")
				}
			}
			if _, in := dial(t, address); in == c.limited {
				t.Fatalf("the third connection is let in: %v", in)
			}
			if !c.limited {
				return
			}
			if refused.Load() != 1 || l.count() != 2 {
				t.Errorf("%d refused, %d open", refused.Load(), l.count())
			}
			first := <-accepted
			first.Close()
			first.Close() // counts once
			if _, in := dial(t, address); !in {
				t.Error("the place of a closed connection isn't free")
			}
			if _, in := dial(t, address); in {
				t.Error("a connection closed twice made room for two")
			}
		})
	}
}

func TestLimiterForgetsAddresses(t *testing.T) {
	l := newLimiter(0, 1, nil, func() {})
	address, accepted := greeter(t, l)
	dial(t, address)
	(<-accepted).Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.from) != 0 || len(l.open) != 0 {
		t.Errorf("%d addresses and %d connections are remembered", len(l.from), len(l.open))
	}
}
