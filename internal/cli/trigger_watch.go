package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/control"
	"github.com/solatis/solatis-cli/internal/delivery"
)

// watch matches a session's updates with the events that were sent to it. Of several
// events with one id, which is what duplicates are, each gets the updates of another
// request.
type watch struct {
	stream *control.Stream
	ended  chan struct{} // closed when no further updates come
	err    error         // why; to be read once ended is closed

	mu       sync.Mutex // guards what follows, and what is in it
	waiting  []*expectation
	requests map[string]*expectation // by request, from its first update on
}

// expectation is an event whose outcome somebody waits for.
type expectation struct {
	event  string
	done   chan struct{} // closed when result is whole
	result triggered     // to be read once done is closed

	request    string
	known      bool     // whether it was received, so that deliveries are known
	deliveries []string // that are to be attempted, or held; none where there is only one
}

func newWatch(stream *control.Stream) *watch {
	w := &watch{stream: stream, ended: make(chan struct{}), requests: make(map[string]*expectation)}
	go w.run()
	return w
}

// close ends the stream, and returns when nothing runs any more.
func (w *watch) close() {
	w.stream.Close()
	<-w.ended
}

func (w *watch) run() {
	defer close(w.ended)
	for w.err == nil {
		var u activity.Update
		u, w.err = w.stream.Next()
		if errors.Is(w.err, io.EOF) {
			w.err = errors.New("the session ended before the app answered")
		}
		switch u := u.(type) {
		case activity.Missed:
			w.err = fmt.Errorf("the session tells more than can be read: the outcome of up to %d events is not known; solatis events list has it", u.Count)
		case activity.Received:
			w.received(u)
		case activity.Attempted:
			w.attempted(u)
		case activity.Held:
			w.held(u)
		}
	}
}

// expect begins to wait for what becomes of an event. It has to be called before the event
// is sent.
func (w *watch) expect(event string) *expectation {
	e := &expectation{event: event, done: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(w.waiting, e)
	return e
}

// knows reports whether the session has received an event.
func (w *watch) knows(e *expectation) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return e.known
}

// forget ends the waiting.
func (w *watch) forget(e *expectation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(e)
}

func (w *watch) drop(e *expectation) {
	w.waiting = slices.DeleteFunc(w.waiting, func(other *expectation) bool { return other == e })
	delete(w.requests, e.request)
}

// of returns the expectation that a request belongs to, or nil.
func (w *watch) of(request, event string) *expectation {
	if e := w.requests[request]; e != nil {
		return e
	}
	for _, e := range w.waiting {
		if e.event == event && e.request == "" {
			e.request = request
			w.requests[request] = e
			return e
		}
	}
	return nil
}

func (w *watch) received(u activity.Received) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.of(u.Request, u.Event)
	if e == nil {
		return
	}
	e.known, e.deliveries = true, u.Deliveries
	if u.Disposition != activity.Forward {
		e.result.received = &u
	}
	w.settle(e)
}

// attempted takes a delivery's first attempt: what is retried is no longer trigger's.
func (w *watch) attempted(u activity.Attempted) {
	if u.Origin != delivery.Received || u.Attempt != 1 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.of(u.Request, u.Event); e != nil {
		e.result.attempts = append(e.result.attempts, u)
		w.settle(e)
	}
}

// held takes a delivery that isn't attempted now, since its webhook is disabled.
func (w *watch) held(u activity.Held) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.of(u.Request, u.Event); e != nil {
		e.result.held = append(e.result.held, u)
		w.settle(e)
	}
}

// settle ends the waiting for what is complete. Attempts may be told before it is known
// how many there will be.
func (w *watch) settle(e *expectation) {
	told := len(e.result.attempts) + len(e.result.held)
	if e.known && (e.result.received != nil || told >= max(1, len(e.deliveries))) {
		w.drop(e)
		close(e.done)
	}
}
