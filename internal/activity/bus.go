package activity

import "sync"

// Bus hands each published update to every subscriber. Publish never blocks: a
// subscriber that is behind by its whole buffer loses the newest updates, and learns
// by a Missed how many. What it lost is in the history.
//
// The zero Bus is ready for use.
type Bus struct {
	mu     sync.Mutex // guards what follows, and the subscriptions' missed counts
	subs   map[*Subscription]struct{}
	closed bool
}

// Subscription is one subscriber's view of a Bus.
type Subscription struct {
	bus    *Bus
	ch     chan Update
	keep   func(Update) bool
	missed int
}

// Subscribe returns a subscription that buffers up to buffer updates. keep, if not nil,
// chooses what it gets; it is called while publishing and must be quick.
func (b *Bus) Subscribe(buffer int, keep func(Update) bool) *Subscription {
	s := &Subscription{bus: b, ch: make(chan Update, buffer), keep: keep}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		close(s.ch)
		return s
	}
	if b.subs == nil {
		b.subs = make(map[*Subscription]struct{})
	}
	b.subs[s] = struct{}{}
	return s
}

// Updates returns the channel of updates. It is closed when the Bus or the
// Subscription is.
func (s *Subscription) Updates() <-chan Update { return s.ch }

// Close ends the subscription.
func (s *Subscription) Close() {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	if _, ok := s.bus.subs[s]; ok {
		delete(s.bus.subs, s)
		close(s.ch)
	}
}

// Publish hands u to all subscribers.
func (b *Bus) Publish(u Update) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subs {
		if s.keep == nil || s.keep(u) {
			s.offer(u)
		}
	}
}

func (s *Subscription) offer(u Update) {
	if s.missed > 0 {
		select {
		case s.ch <- Missed{Count: s.missed}:
			s.missed = 0
		default:
			s.missed++
			return
		}
	}
	select {
	case s.ch <- u:
	default:
		s.missed++
	}
}

// Close ends all subscriptions; what is buffered can still be read. Later updates go
// nowhere.
func (b *Bus) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for s := range b.subs {
		if s.missed > 0 {
			select {
			case s.ch <- Missed{Count: s.missed}:
			default: // there is no room for it either
			}
		}
		delete(b.subs, s)
		close(s.ch)
	}
}
