package delivery_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
)

// world is a laptop: its wall clock can be moved, which its timers don't notice, and the
// app on it can be down.
type world struct {
	moved atomic.Int64 // by how much the wall clock was, in nanoseconds
	down  atomic.Bool
	began time.Time // in true time
	store *ledger   // of the session that runs, else of the test
	log   []string  // what the app got, with the true time and the wall clock's
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.moved.Load())) }

// move moves the wall clock. A closed lid does the same: the clock goes on, timers stand
// still.
func (w *world) move(d time.Duration) { w.moved.Add(int64(d)) }

func (w *world) send(id string) delivery.Outcome {
	w.log = append(w.log, fmt.Sprintf("%s %s wall %s", id,
		delivery.Brief(time.Since(w.began)), delivery.Brief(w.now().Round(0).Sub(w.began.Round(0)))))
	if w.down.Load() {
		return down
	}
	return up
}

// session is a process that retries until it is killed: the loop that a driver of a Line
// has to have.
type session struct {
	world  *world
	line   *delivery.Line
	events chan string
	enable chan struct{}
}

// start runs a session and returns how to kill it.
func (w *world) start(p delivery.Policy) (*session, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &session{world: w, events: make(chan string), enable: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.run(ctx, p)
	}()
	return s, func() {
		cancel()
		<-done
		w.store = w.store.reopen()
	}
}

func (s *session) run(ctx context.Context, p delivery.Policy) {
	var effects delivery.Effects
	s.line, effects = delivery.NewLine(p, s.world.store.Webhook, s.world.store.open(), s.world.now())
	s.apply(effects)
	for {
		s.apply(s.line.Due(s.world.now()))
		var due <-chan time.Time
		if wait, ok := s.line.Wake(s.world.now()); ok {
			due = time.After(min(wait, delivery.MaxWait))
		}
		select {
		case <-ctx.Done():
			return
		case <-due:
		case <-s.enable:
			s.apply(s.line.Enable(s.world.now()))
		case id := <-s.events:
			standing, ok := s.line.Arrive(id, delivery.Received)
			s.world.store.arrive(id, standing)
			if ok {
				s.attempt(id)
			}
		}
	}
}

func (s *session) apply(e delivery.Effects) {
	s.world.store.keep(e)
	for _, start := range e.Start {
		if s.line.Begin(start) {
			s.attempt(start.ID)
		}
	}
}

func (s *session) attempt(id string) {
	outcome := s.world.send(id)
	standing, effects := s.line.Ended(id, outcome, s.world.now())
	s.world.store.attempted(id, standing)
	s.apply(effects)
}

// TestDays plays the guide's 26 h 36 m at production's own speed, with what happens to a
// laptop in such a time. Each step of a story follows the one before it by some true time.
func TestDays(t *testing.T) {
	undisturbed := []string{"a 0s wall 0s", "a 1m wall 1m", "a 6m wall 6m", "a 36m wall 36m", "a 2h36m wall 2h36m", "a 26h36m wall 26h36m"}
	type step struct {
		at  time.Duration // true time since the beginning
		did string
	}
	for name, c := range map[string]struct {
		policy delivery.Policy
		steps  []step
		log    []string
		state  delivery.State
		held   int
	}{
		"nothing happens":     {guide, nil, undisturbed, delivery.Exhausted, 0},
		"the literal reading": {delivery.Policy{Schedule: guide.Schedule, DisableAfter: 5}, nil, undisturbed[:5], delivery.Exhausted, 0},
		"the app comes back":  {guide, []step{{time.Hour, "up"}}, undisturbed[:5], delivery.Succeeded, 0},
		"killed and restarted in time": {guide, []step{{10 * time.Minute, "kill"}, {30 * time.Minute, "start"}, {3 * time.Hour, "kill"}, {26 * time.Hour, "start"}},
			undisturbed, delivery.Exhausted, 0},
		// Two hours are counted from the late attempt.
		"killed for a night": {guide, []step{{10 * time.Minute, "kill"}, {8 * time.Hour, "start"}},
			append(slices.Clone(undisturbed[:3]), "a 8h wall 8h", "a 10h wall 10h", "a 34h wall 34h"), delivery.Exhausted, 0},
		// The lid is opened at 9h on the wall; the timer that stood still fires within MaxWait.
		"eight hours of sleep": {guide, []step{{time.Hour + time.Second, "sleep"}},
			append(slices.Clone(undisturbed[:4]), "a 1h0m10s wall 9h0m10s", "a 25h0m10s wall 33h0m10s"), delivery.Exhausted, 0},
		// What is due by the wall clock is made: at 3h, not at 26h36m.
		"the clock jumps ahead": {guide, []step{{3*time.Hour + time.Second, "ahead"}},
			append(slices.Clone(undisturbed[:5]), "a 3h0m10s wall 28h0m10s"), delivery.Exhausted, 0},
		// The last retry is a day away from when that is noticed, not two.
		"the clock jumps back": {guide, []step{{3*time.Hour + time.Second, "back"}},
			append(slices.Clone(undisturbed[:5]), "a 27h0m10s wall 2h0m10s"), delivery.Exhausted, 0},
		"the clock jumps back while nothing runs": {guide, []step{{3 * time.Hour, "kill"}, {4 * time.Hour, "back"}, {5 * time.Hour, "start"}},
			append(slices.Clone(undisturbed[:5]), "a 29h wall 4h"), delivery.Exhausted, 0},
		// Once it is near it stays near: the clock is right again, and past the nearer time.
		"the clock jumps back and ahead": {guide, []step{{3 * time.Hour, "back"}, {4 * time.Hour, "ahead"}},
			append(slices.Clone(undisturbed[:5]), "a 4h0m10s wall 4h0m10s"), delivery.Exhausted, 0},
		// Of three events one exhausts; the others wait for the webhook.
		"held and enabled": {guide, []step{{26 * time.Hour, "b"}, {27 * time.Hour, "c"}, {28 * time.Hour, "kill"}, {29 * time.Hour, "start"}, {30 * time.Hour, "up"}, {31 * time.Hour, "enable"}},
			append(slices.Clone(undisturbed[:5]), "b 26h wall 26h", "b 26h1m wall 26h1m", "b 26h6m wall 26h6m",
				"a 26h36m wall 26h36m", "b 31h wall 31h", "c 31h wall 31h"), delivery.Exhausted, 0},
		"held for ever": {guide, []step{{27 * time.Hour, "b"}}, undisturbed, delivery.Exhausted, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{store: newLedger(), began: time.Now()}
				w.down.Store(true)
				s, kill := w.start(c.policy)
				s.events <- "a"
				for _, step := range c.steps {
					time.Sleep(time.Until(w.began.Add(step.at)))
					synctest.Wait()
					switch step.did {
					case "kill":
						kill()
					case "start":
						s, kill = w.start(c.policy)
					case "up":
						w.down.Store(false)
					case "sleep":
						w.move(8 * time.Hour)
					case "ahead":
						w.move(25 * time.Hour)
					case "back":
						w.move(-25 * time.Hour)
					case "enable":
						s.enable <- struct{}{}
					default:
						s.events <- step.did
					}
				}
				time.Sleep(time.Until(w.began.Add(100 * time.Hour)))
				synctest.Wait()
				kill()
				if !slices.Equal(w.log, c.log) {
					t.Errorf("the app got\n%q, want\n%q", w.log, c.log)
				}
				if got := w.store.Deliveries["a"].State; got != c.state {
					t.Errorf("a is %s, want %s", got, c.state)
				}
				if disabled := w.store.Webhook.Disabled(); disabled != (c.state == delivery.Exhausted && name != "held and enabled") {
					t.Errorf("the webhook is disabled: %v", disabled)
				}
				held := slices.DeleteFunc(w.store.open(), func(o delivery.Open) bool { return o.State != delivery.Held })
				if len(held) != c.held || len(w.store.open()) != c.held {
					t.Errorf("open are %+v, want %d held", w.store.open(), c.held)
				}
			})
		})
	}
}
