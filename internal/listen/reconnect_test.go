package listen_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/wire"
)

// cutter passes connections on to a server, until cut.
type cutter struct {
	net.Listener
	to string

	mu    sync.Mutex // guards what follows
	conns []net.Conn
}

func newCutter(t *testing.T, to string) *cutter {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: ln, to: to}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", c.to)
			if err != nil {
				near.Close()
				continue
			}
			c.mu.Lock()
			c.conns = append(c.conns, near, far)
			c.mu.Unlock()
			work.Go(func() { _, _ = io.Copy(near, far) })
			work.Go(func() { _, _ = io.Copy(far, near) })
		}
	})
	t.Cleanup(func() { ln.Close(); c.cut(); work.Wait() })
	return c
}

// cut ends all connections there are, as a cable would that is pulled out.
func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}

// TestOrderIsKeptAcrossConnections cuts the agent's connection time and again while events
// come. First attempts start in order, and none is left out.
func TestOrderIsKeptAcrossConnections(t *testing.T) {
	const events = 3000
	var cuts *cutter
	var seen atomic.Int64
	a := newApp(t, func(http.ResponseWriter, *http.Request, []byte) {
		if n := seen.Add(1); n%50 == 0 {
			go cuts.cut()
		}
	})
	w := newWorld(t)
	r := w.start(func(c *listen.Config) {
		c.Forward, c.Respond, c.Concurrency, c.Verify = targets(t, a.URL), wire.ModeRelay, 1, listen.VerifyOff
		u := strings.TrimPrefix(c.Relay.URL, "ws://")
		host, _, _ := strings.Cut(u, "/")
		cuts = newCutter(t, host)
		c.Relay.URL = strings.Replace(c.Relay.URL, host, cuts.Addr().String(), 1)
	})
	client := &http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	for i := range events {
		resp, err := client.Post(r.url, "", bytes.NewReader(eventBody(fmt.Sprintf("evt_%06d", i))))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	for n := 0; n < events; {
		if (await(t, r, func(activity.Attempted) bool { return true })).Attempt == 1 {
			n++
		}
	}
	for i, got := range a.requests() {
		if want := eventBody(fmt.Sprintf("evt_%06d", i)); !bytes.Equal(got.body, want) {
			t.Fatalf("the app's request %d is %s", i, got.body)
		}
	}
}
