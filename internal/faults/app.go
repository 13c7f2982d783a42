package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// app is the target. It keeps what it was given, in the order of first arrivals, and
// answers 200, unless it hangs.
type app struct {
	url    string
	idle   time.Duration // without arrivals, after which what is awaited counts as lost
	server *http.Server

	mu      sync.Mutex // guards what follows
	got     map[string]*arrival
	order   []string // ids, by their first arrivals
	last    time.Time
	awaited map[string]bool // what await still misses
	all     chan struct{}   // closed when awaited is empty
	resume  chan struct{}   // closed when the app goes on; nil unless it hangs
	hanging chan struct{}   // closed when something hangs in it
	slow    time.Duration   // what one event in a hundred takes
}

// arrival is what an app knows of an event.
type arrival struct {
	hashes []hash // one of each attempt
}

// newApp starts an app, which ends with ctx.
func (t *trial) newApp(ctx context.Context) (*app, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &app{url: "http://" + ln.Addr().String(), idle: t.idle, got: map[string]*arrival{}}
	a.server = &http.Server{Handler: a}
	context.AfterFunc(ctx, func() { a.server.Close() })
	go func() { _ = a.server.Serve(ln) }()
	return a, nil
}

// ServeHTTP takes an event. What breaks off counts as not arrived.
func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	id, ok := idOf(body)
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if resume := a.hangs(); resume != nil {
		select {
		case <-resume:
		case <-r.Context().Done():
			return
		}
	}
	h := sha256.Sum256(body)
	if d := a.takesFor(h); d > 0 {
		if pause(r.Context(), d); r.Context().Err() != nil {
			return
		}
	}
	a.take(id, h)
}

// slowDown makes one event in a hundred take d.
func (a *app) slowDown(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.slow = d
}

// takesFor returns how long the app takes for a body.
func (a *app) takesFor(h hash) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if binary.BigEndian.Uint16(h[:])%100 > 0 {
		return 0
	}
	return a.slow
}

// hang makes the app answer nothing. caught is closed when it has got something then.
func (a *app) hang() (caught <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.resume, a.hanging = make(chan struct{}), make(chan struct{})
	return a.hanging
}

// goOn makes the app answer again.
func (a *app) goOn() {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.resume)
	a.resume = nil
}

func (a *app) hangs() (resume <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.resume != nil && a.hanging != nil {
		close(a.hanging)
		a.hanging = nil
	}
	return a.resume
}

func (a *app) take(id string, h hash) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = time.Now()
	if a.got[id] == nil {
		a.got[id] = &arrival{}
		a.order = append(a.order, id)
	}
	a.got[id].hashes = append(a.got[id].hashes, h)
	delete(a.awaited, id)
	if a.all != nil && len(a.awaited) == 0 {
		close(a.all)
		a.all = nil
	}
}

// await waits until all events have arrived. It gives up when nothing has come for
// too long, and that is no error: who compares will see what is missing.
func (a *app) await(ctx context.Context, ids []string) error {
	all := a.expect(ids)
	check := time.NewTicker(a.idle / 10)
	defer check.Stop()
	for {
		select {
		case <-all:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case now := <-check.C:
			a.mu.Lock()
			idle := now.Sub(a.last)
			a.mu.Unlock()
			if idle > a.idle {
				return nil
			}
		}
	}
}

// expect returns a channel that is closed when all of ids have arrived.
func (a *app) expect(ids []string) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = time.Now()
	a.awaited = map[string]bool{}
	for _, id := range ids {
		if a.got[id] == nil {
			a.awaited[id] = true
		}
	}
	all := make(chan struct{})
	if a.all = all; len(a.awaited) == 0 {
		close(all)
		a.all = nil
	}
	return all
}

// arrivals returns how often and as what an event arrived.
func (a *app) arrivals(id string) []hash {
	a.mu.Lock()
	defer a.mu.Unlock()
	if got := a.got[id]; got != nil {
		return slices.Clone(got.hashes)
	}
	return nil
}

// firsts returns the ids in the order of their first arrivals.
func (a *app) firsts() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.order)
}

// repeats says how many deliveries were not the first of their event.
func (a *app) repeats() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := -len(a.got)
	for _, got := range a.got {
		n += len(got.hashes)
	}
	return fmt.Sprint(n)
}
