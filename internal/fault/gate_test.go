package fault

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/send"
)

// log notes what is sent, and when, in a bubble's time.
type log struct {
	mu    sync.Mutex // guards what follows
	lines []string
	begun time.Time
}

func newLog() *log { return &log{begun: time.Now()} }

func (l *log) sent(name any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf("%v@%v", name, time.Since(l.begun)))
}

func (l *log) is(t *testing.T, want string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if got := strings.Join(l.lines, " "); got != want {
		t.Errorf("sent %s\nwant %s", got, want)
	}
}

// pass brings a turn to the gate, and notes when it goes through and has been sent.
func (l *log) pass(ctx context.Context, name any, tn *Turn) {
	send := func() {
		l.sent(name)
		tn.Done()
	}
	if !tn.Hold(ctx, 1, send) {
		send()
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(plan(t, 1, "delay:by=2s,events=task.*"), 0)
		l := newLog()
		l.pass(t.Context(), 1, g.Turn(send.Target{}, 1, "task.created"))
		time.Sleep(time.Second)
		l.pass(t.Context(), 2, g.Turn(send.Target{}, 2, "document.deleted"))
		l.pass(t.Context(), 3, g.Turn(send.Target{}, 3, "task.created"))
		time.Sleep(time.Minute)
		synctest.Wait()
		l.is(t, "2@1s 1@2s 3@3s")
	})
}

func TestReorderSwapsWithTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(plan(t, 1, "reorder:within=2s"), 0)
		l := newLog()
		for i := range 5 {
			l.pass(t.Context(), i+1, g.Turn(send.Target{}, uint64(i+1), ""))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		l.is(t, "2@0s 1@0s 4@0s 3@0s 5@2s") // the fifth waits for one that doesn't come
	})
}

// TestReorderWaitsUntilTheOtherIsSent holds that two that change places are never under
// way together.
func TestReorderWaitsUntilTheOtherIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(plan(t, 1, "reorder:within=2s,events=task.*"), 0)
		l := newLog()
		first, second := g.Turn(send.Target{}, 1, "task.created"), g.Turn(send.Target{}, 2, "document.deleted")
		l.pass(t.Context(), 1, first)
		if second.Hold(t.Context(), 1, nil) {
			t.Fatal("the second is held")
		}
		time.Sleep(20 * time.Second) // longer than the first would have waited for it
		l.sent(2)
		second.Done()
		synctest.Wait()
		l.is(t, "2@20s 1@20s")
		if first.Faults().String() != "reorder" || second.Faults().String() != "" {
			t.Errorf("named %q and %q", first.Faults(), second.Faults())
		}
	})
}

// TestReorderOutlivesTheOther holds that a turn doesn't wait for ever for one that got
// lost on its way.
func TestReorderOutlivesTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(plan(t, 1, "reorder:within=2s,events=task.*"), 0)
		l := newLog()
		l.pass(t.Context(), 1, g.Turn(send.Target{}, 1, "task.created"))
		g.Turn(send.Target{}, 2, "document.deleted").Hold(t.Context(), 1, nil)
		time.Sleep(time.Hour)
		synctest.Wait()
		l.is(t, "1@1m0s")
	})
}

func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(plan(t, 1, "burst:size=3,within=5s"), 0)
		l := newLog()
		for i := range 5 {
			l.pass(t.Context(), i+1, g.Turn(send.Target{}, uint64(i+1), ""))
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		l.is(t, "1@2s 2@2s 3@2s 4@8s 5@8s")
	})
}

// TestTargetsStandAlone holds that what waits for the next one waits for the next to its
// own target.
func TestTargetsStandAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(plan(t, 1, "reorder:within=2s"), 0)
		a, b := target(t, "3000"), target(t, "4000")
		l := newLog()
		l.pass(t.Context(), "a1", g.Turn(a, 1, ""))
		l.pass(t.Context(), "b1", g.Turn(b, 1, ""))
		time.Sleep(time.Second)
		l.pass(t.Context(), "b2", g.Turn(b, 2, ""))
		time.Sleep(time.Minute)
		synctest.Wait()
		l.is(t, "b2@1s b1@1s a1@2s")
	})
}

// TestTheLastOnesDontWait holds that with a known number of turns nobody waits for more.
func TestTheLastOnesDontWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, fault := range []string{"burst:size=10,within=5s", "reorder:within=5s"} {
			g := NewGate(plan(t, 1, fault), 3)
			l := newLog()
			for i := range 3 {
				l.pass(t.Context(), i+1, g.Turn(send.Target{}, uint64(i+1), ""))
			}
			want := map[string]string{"burst:size=10,within=5s": "1@0s 2@0s 3@0s", "reorder:within=5s": "2@0s 1@0s 3@0s"}[fault]
			l.is(t, want)
		}
	})
}

// TestEndOfContext holds that what is kept back when its context ends is never sent, and
// that nothing of it stays behind.
func TestEndOfContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, fault := range []string{"burst:size=3,within=5s", "reorder:within=5s", "delay:by=5s"} {
			g := NewGate(plan(t, 1, fault), 0)
			ctx, cancel := context.WithCancel(t.Context())
			l := newLog()
			l.pass(ctx, 1, g.Turn(send.Target{}, 1, ""))
			cancel()
			synctest.Wait()
			if g.held != 0 || g.bytes != 0 {
				t.Errorf("%s: %d are held, of %d bytes", fault, g.held, g.bytes)
			}
			l.pass(t.Context(), 2, g.Turn(send.Target{}, 2, ""))
			time.Sleep(time.Minute)
			synctest.Wait()
			l.is(t, "2@5s")
		}
	})
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(plan(t, 1, "delay:by=5s"), 0)
		begun := time.Now()
		if err := g.Turn(send.Target{}, 1, "").Wait(t.Context()); err != nil || time.Since(begun) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := g.Turn(send.Target{}, 1, "").Wait(ctx); err != context.DeadlineExceeded || time.Since(begun) != 6*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

// TestBoundsOfTheGate holds that what is over the bounds isn't kept back, nor named so.
func TestBoundsOfTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		for _, size := range []int{1, maxHeldBytes / 4} {
			g := NewGate(plan(t, 1, "delay:by=5s", "bad-signature"), 0)
			want := min(maxHeld, maxHeldBytes/size)
			for i := range want + 10 {
				tn := g.Turn(send.Target{}, uint64(i+1), "")
				kept := tn.Hold(ctx, size, func() {})
				if kept != (i < want) {
					t.Fatalf("number %d of %d bytes is held: %v", i+1, size, kept)
				}
				if name := tn.Faults().String(); !kept && name != "bad-signature" {
					t.Errorf("it says %q", name)
				}
			}
		}
		cancel()
		synctest.Wait()
	})
}

// TestBoundsOfWhatWaitsAfterTheFirst holds that duplicates and the pauses after a drop are
// within the bounds too.
func TestBoundsOfWhatWaitsAfterTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		g := NewGate(plan(t, 1, "drop-then-retry:after=5s"), 0)
		for i := range maxHeld + 10 {
			tn := g.Turn(send.Target{}, uint64(i+1), "")
			tn.Hold(ctx, 1, nil)
			tn.Send(ctx, nil, target(t, "3000"), nil) // drops it
			if kept := tn.Hold(ctx, 1, func() {}); kept != (i < maxHeld) {
				t.Fatalf("number %d is held: %v", i+1, kept)
			}
		}
		cancel()
		synctest.Wait()

		ctx, cancel = context.WithCancel(t.Context())
		g = NewGate(plan(t, 1, "duplicate:after=10m,copies=3"), 0)
		r := &event.Request{Body: make([]byte, maxHeldBytes/4)}
		for i, want := range []int{1, 2, 3, 4, 4} {
			s, _ := g.plan.Has(Duplicate)
			g.Turn(send.Target{}, uint64(i+1), "").duplicate(ctx, nil, send.Target{}, r, s)
			if g.held != want {
				t.Errorf("duplicates of %d requests wait, want %d", g.held, want)
			}
		}
		cancel()
		synctest.Wait()
		if g.held != 0 || g.bytes != 0 {
			t.Errorf("%d of %d bytes are still waited for", g.held, g.bytes)
		}
	})
}

// TestNothingIsLost brings any turns with any faults at any times to a gate: each goes
// through exactly once and within the bounds of its fault, whatever the others do.
func TestNothingIsLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pl := plan(t, rapid.Uint64().Draw(rt, "seed"),
			"delay:p=30%,by=1s..5s", "reorder:p=50%,within=3s", "burst:p=80%,size=4,within=4s")
		n := rapid.IntRange(1, 25).Draw(rt, "n")
		pauses := rapid.SliceOfN(rapid.IntRange(0, 3000), n, n).Draw(rt, "pauses")
		takes := rapid.SliceOfN(rapid.IntRange(0, 2000), n, n).Draw(rt, "takes")
		total := rapid.SampledFrom([]int{0, n}).Draw(rt, "total")
		synctest.Test(t, func(t *testing.T) {
			g := NewGate(pl, total)
			var mu sync.Mutex
			sent := make(map[int]int)
			var late []string
			for i := range n {
				tn := g.Turn(send.Target{}, uint64(i+1), "")
				begun := time.Now()
				deliver := func() {
					mu.Lock()
					sent[i]++
					if waited := time.Since(begun); waited > 5*time.Second+2*time.Second {
						late = append(late, fmt.Sprintf("%d after %v", i, waited))
					}
					mu.Unlock()
					time.AfterFunc(time.Duration(takes[i])*time.Millisecond, tn.Done)
				}
				if !tn.Hold(t.Context(), 1, deliver) {
					deliver()
				}
				if tn.Hold(t.Context(), 1, deliver) {
					t.Error("a turn is held twice")
				}
				time.Sleep(time.Duration(pauses[i]) * time.Millisecond)
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			for i := range n {
				if sent[i] != 1 {
					t.Errorf("%d of %d was sent %d times", i, n, sent[i])
				}
			}
			if g.held != 0 || g.bytes != 0 || late != nil {
				t.Errorf("%d are held, of %d bytes; late: %q", g.held, g.bytes, late)
			}
		})
		if t.Failed() {
			rt.FailNow()
		}
	})
}

func TestNoFaultsNoGate(t *testing.T) {
	g := NewGate(Plan{}, 3)
	tn := g.Turn(send.Target{}, 1, "task.created")
	if g != nil || tn != nil || NewTurn(Faults{}) != nil {
		t.Fatal("there is something in the way")
	}
	if tn.Hold(t.Context(), 1, nil) || tn.Wait(t.Context()) != nil || tn.Dropped() || !tn.Faults().None() {
		t.Error("a turn without faults does something")
	}
	tn.Done()
	for range tn.Copies() {
		t.Error("a copy")
	}
}

// TestRunsRepeat holds that two runs with the same seed, whose requests come at the same
// times, are the same to the app; and another seed isn't.
func TestRunsRepeat(t *testing.T) {
	run := func(seed uint64) (lines []string) {
		synctest.Test(t, func(t *testing.T) {
			g := NewGate(plan(t, seed, "reorder:p=20%", "delay:p=20%,by=10ms..900ms", "burst:p=10%,size=3"), 0)
			l := newLog()
			for i := range 100 {
				l.pass(t.Context(), i+1, g.Turn(send.Target{}, uint64(i+1), ""))
				time.Sleep(100 * time.Millisecond)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			lines = l.lines
		})
		return lines
	}
	first := run(1)
	if len(first) != 100 || !slices.Equal(first, run(1)) {
		t.Errorf("a run with the same seed differs: %q", first)
	}
	if slices.Equal(first, run(2)) {
		t.Error("another seed repeats it too")
	}
}
