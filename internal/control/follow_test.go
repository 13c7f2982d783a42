package control

import (
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
)

func TestFollowReturnsOnceTheSubscriptionStands(t *testing.T) {
	r := serve(t, newFake())
	c := dial(t, r)
	for seq := range uint64(50) {
		s := follow(t, c, Filter{})
		r.Publish(activity.Received{Seq: seq, At: noon})
		if got := next(t, s); !reflect.DeepEqual(got, activity.Received{Seq: seq, At: noon}) {
			t.Fatalf("got %+v for %d", got, seq)
		}
		s.Close()
	}
}

func TestFollowCarriesEveryUpdateInOrder(t *testing.T) {
	r := serve(t, newFake())
	s := follow(t, dial(t, r), Filter{})
	updates := []activity.Update{
		activity.Ready{Session: "k3f9", Targets: []string{"a", "b"}, Routes: []string{"task.*=c"}, At: noon},
		activity.Received{Request: "req_1", Event: "evt_1", At: noon},
		activity.Attempted{Request: "req_1", Response: "\x1b[31m\n\x00 \u2028", At: noon},
		activity.Warning{Message: strings.Repeat("x", 100_000), At: noon},
		activity.TargetDown{Target: "http://localhost:3000", At: noon},
	}
	for _, u := range updates {
		r.Publish(u)
	}
	for _, want := range updates {
		if got := next(t, s); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestFollowOneEvent(t *testing.T) {
	r := serve(t, newFake())
	s := follow(t, dial(t, r), Filter{Event: "evt_2"})
	for _, event := range []string{"evt_1", "evt_2", "evt_22", ""} {
		r.Publish(activity.Received{Event: event, At: noon})
		r.Publish(activity.Attempted{Event: event, At: noon})
		r.Publish(activity.Held{Event: event, At: noon})
		r.Publish(activity.Warning{Message: event, At: noon})
	}
	r.Close()
	for _, want := range []activity.Update{activity.Received{Event: "evt_2", At: noon}, activity.Attempted{Event: "evt_2", At: noon}, activity.Held{Event: "evt_2", At: noon}} {
		if got := next(t, s); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if u, err := s.Next(); err != io.EOF {
		t.Errorf("got %+v, %v", u, err)
	}
}

// A reader that doesn't read loses updates and learns exactly how many; who publishes
// doesn't wait for it.
func TestSlowReaderLosesAndLearnsIt(t *testing.T) {
	r := serve(t, newFake())
	s := follow(t, dial(t, r), Filter{})
	path, seq := strings.Repeat("x", 1000), uint64(0)
	publish := func() {
		seq++
		r.Publish(activity.Received{Seq: seq, Path: path})
	}
	for range 20_000 {
		publish()
	}
	last, lost := uint64(0), uint64(0)
	for lost == 0 || last < 20_000 {
		switch u := next(t, s).(type) {
		case activity.Missed:
			lost += uint64(u.Count)
			last += uint64(u.Count)
		case activity.Received:
			if u.Seq != last+1 {
				t.Fatalf("got %d, want %d, the next that wasn't said to be lost", u.Seq, last+1)
			}
			last++
			publish() // a Missed comes with the next update that finds room
		}
	}
}

func TestCloseEndsANextThatWaits(t *testing.T) {
	s := follow(t, dial(t, serve(t, newFake())), Filter{})
	ended := make(chan error, 1)
	go func() {
		_, err := s.Next()
		ended <- err
	}()
	s.Close()
	if err := <-ended; !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
}

func TestContextEndsAStream(t *testing.T) {
	r := serve(t, newFake())
	ctx, cancel := context.WithCancel(t.Context())
	s, err := dial(t, r).Follow(ctx, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cancel()
	if _, err := s.Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// BenchmarkTrigger is what `solatis trigger` asks of a session: subscribe, sign, and one
// update back. It is to stay under a millisecond.
func BenchmarkTrigger(b *testing.B) {
	r := serve(b, newFake())
	body := make([]byte, 1024)
	for b.Loop() {
		c := Dial(r.socket)
		s := follow(b, c, Filter{Event: "evt_1"})
		if _, err := c.Sign(context.Background(), body); err != nil {
			b.Fatal(err)
		}
		r.Publish(activity.Attempted{Event: "evt_1"})
		next(b, s)
		s.Close()
		c.Close()
	}
}
