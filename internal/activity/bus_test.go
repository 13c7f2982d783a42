package activity_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func warn(n int) activity.Update { return activity.Warning{Message: strconv.Itoa(n)} }

// buffered returns what waits in s, a lost number as "-n", and "." behind it where s is
// closed.
func buffered(s *activity.Subscription) string {
	var got []string
	for {
		select {
		case u, ok := <-s.Updates():
			if !ok {
				return strings.Join(append(got, "."), " ")
			}
			switch u := u.(type) {
			case activity.Warning:
				got = append(got, u.Message)
			case activity.Missed:
				got = append(got, fmt.Sprint(-u.Count))
			}
		default:
			return strings.Join(got, " ")
		}
	}
}

func want(t *testing.T, what string, s *activity.Subscription, want string) {
	t.Helper()
	if got := buffered(s); got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestASlowSubscriberLosesAndIsTold(t *testing.T) {
	var bus activity.Bus
	slow, quick := bus.Subscribe(2, nil), bus.Subscribe(10, nil)
	for n := range 5 {
		bus.Publish(warn(n + 1))
	}
	want(t, "the newest are lost", slow, "1 2")
	bus.Publish(warn(6))
	want(t, "and counted before the next", slow, "-3 6")
	bus.Publish(warn(7))
	want(t, "once", slow, "7")
	want(t, "others lose nothing", quick, "1 2 3 4 5 6 7")
}

func TestWhatIsLostBehindAMissedIsCountedToo(t *testing.T) {
	var bus activity.Bus
	s := bus.Subscribe(1, nil)
	bus.Publish(warn(1))
	bus.Publish(warn(2))
	want(t, "full", s, "1")
	bus.Publish(warn(3)) // the Missed takes the only place
	bus.Publish(warn(4))
	want(t, "the first loss", s, "-1")
	bus.Publish(warn(5))
	want(t, "the second", s, "-2")
}

func TestKeepChooses(t *testing.T) {
	var bus activity.Bus
	s := bus.Subscribe(2, func(u activity.Update) bool { return u.Type() == "warning" })
	for n := range 4 {
		bus.Publish(activity.Connected{})
		bus.Publish(warn(n))
		bus.Publish(activity.Gap{})
	}
	want(t, "kept", s, "0 1")
	bus.Publish(activity.Connected{})
	want(t, "what isn't kept brings nothing", s, "")
	bus.Publish(warn(4))
	want(t, "and isn't counted as missed", s, "-2 4")
}

func TestClosingASubscription(t *testing.T) {
	var bus activity.Bus
	s, other := bus.Subscribe(3, nil), bus.Subscribe(3, nil)
	bus.Publish(warn(1))
	s.Close()
	s.Close()
	bus.Publish(warn(2))
	want(t, "closed", s, "1 .")
	want(t, "the other", other, "1 2")
	bus.Close()
	other.Close()
	want(t, "the other, with the bus", other, ".")
}

func TestClosingTheBus(t *testing.T) {
	var bus activity.Bus
	s := bus.Subscribe(3, nil)
	bus.Publish(warn(1))
	bus.Close()
	bus.Close()
	bus.Publish(warn(2))
	want(t, "what was buffered", s, "1 .")
	late := bus.Subscribe(3, nil)
	bus.Publish(warn(3))
	want(t, "a late subscription", late, ".")
	late.Close()
}

// TestConcurrentPublish holds each subscriber to its account: what it got and what it
// was told to have missed is all there was, in the order of each publisher.
func TestConcurrentPublish(t *testing.T) {
	const publishers, each, subscribers = 8, 500, 4
	var bus activity.Bus
	published := make(chan struct{})
	accounts := make([]account, subscribers)
	var reading, publishing sync.WaitGroup
	for i := range accounts {
		s := bus.Subscribe(2+16*i, nil)
		reading.Go(func() { accounts[i].read(s, published) })
		accounts[i].s = s
	}
	for p := range publishers {
		publishing.Go(func() {
			for n := range each {
				bus.Publish(activity.Gap{From: uint64(p), To: uint64(n + 1)})
				if n%50 == 0 { // others come and go meanwhile
					passing := bus.Subscribe(0, nil)
					bus.Publish(activity.Connected{})
					passing.Close()
				}
			}
		})
	}
	publishing.Wait()
	close(published)
	reading.Wait()
	bus.Publish(activity.Connected{}) // brings what is still to be told
	bus.Close()
	total := publishers*(each+each/50) + 1
	for i := range accounts {
		a := &accounts[i]
		for u := range a.s.Updates() {
			a.take(u)
		}
		if a.got+a.missed != total || a.disorder {
			t.Errorf("subscriber %d: got %d and missed %d of %d, out of order: %v", i, a.got, a.missed, total, a.disorder)
		}
	}
}

type account struct {
	s           *activity.Subscription
	got, missed int
	last        [8]uint64 // of each publisher
	disorder    bool
}

// read takes updates until all is published and nothing more is buffered.
func (a *account) read(s *activity.Subscription, published <-chan struct{}) {
	for {
		select {
		case u := <-s.Updates():
			a.take(u)
			continue
		default:
		}
		select {
		case u := <-s.Updates():
			a.take(u)
		case <-published:
			for len(s.Updates()) > 0 {
				a.take(<-s.Updates())
			}
			return
		}
	}
}

func (a *account) take(u activity.Update) {
	switch u := u.(type) {
	case activity.Missed:
		a.missed += u.Count
		return
	case activity.Gap:
		a.disorder = a.disorder || u.To <= a.last[u.From]
		a.last[u.From] = u.To
	}
	a.got++
}

// TestPublishDoesNotWait publishes to a subscriber that never reads.
func TestPublishDoesNotWait(t *testing.T) {
	var bus activity.Bus
	s := bus.Subscribe(0, nil)
	for n := range 100 {
		bus.Publish(warn(n))
	}
	bus.Close()
	want(t, "without a buffer", s, ".")
}
