package server

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/wire"
)

// How an end goes: DrainWithin is all the time it takes, answerWithin the part of it that
// requests under way have for their answers, and leaveWithin what agents have after that:
// all but those that have just come are gone by then. They are told to come back in
// comeBackIn, so that they don't find the port still closed.
const (
	DrainWithin  = 10 * time.Second
	answerWithin = 8 * time.Second
	leaveWithin  = time.Second
	comeBackIn   = time.Second
)

// drain ends the servers in good order: nothing new is taken, what is under way gets its
// answer, and what doesn't end by itself is cut off.
func (s *server) drain(all *servers) {
	s.Log.Info("draining", "agents", s.relay.Agents())
	s.readiness.drain()
	left := make(chan struct{})
	go func() {
		defer close(left)
		s.relay.Shutdown("the relay is restarting", comeBackIn)
	}()
	s.await("a request under way is cut off: it took too long", s.flights.land(), answerWithin)
	s.await("an agent is cut off: it took too long", left, leaveWithin)
	// The refusals that are being written now have a moment too.
	ctx, cancel := context.WithTimeout(context.Background(), DrainWithin-answerWithin-leaveWithin)
	defer cancel()
	for _, srv := range all.outside {
		_ = srv.Shutdown(ctx) // what it leaves is closed next
	}
	s.limiter.closeAll()
	<-left
	for _, srv := range all.inside {
		srv.Close()
	}
}

// await waits for done, and complains where that takes too long.
func (s *server) await(complaint string, done <-chan struct{}, within time.Duration) {
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	select {
	case <-done:
	case <-timeout.C:
		s.Log.Warn(complaint)
	}
}

// flights counts the requests under way, so that the server can wait for them while it
// still answers those that come later, with a refusal. Agents' connections don't count:
// they would never end.
type flights struct {
	mu      sync.Mutex // guards what follows
	n       int
	closing bool
	landed  chan struct{} // closed when closing and n is 0
}

func newFlights() *flights { return &flights{landed: make(chan struct{})} }

// count counts the requests that h serves.
func (f *flights) count(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != wire.AgentPath && f.begin() {
			defer f.end()
		}
		h.ServeHTTP(w, r)
	})
}

// begin counts a request, unless it comes too late to be waited for.
func (f *flights) begin() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closing {
		f.n++
	}
	return !f.closing
}

func (f *flights) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n--
	f.signal()
}

func (f *flights) signal() {
	if f.closing && f.n == 0 {
		close(f.landed)
	}
}

// land begins the end, and returns what is closed once all requests that were under way
// have ended.
func (f *flights) land() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closing = true
	f.signal()
	return f.landed
}
