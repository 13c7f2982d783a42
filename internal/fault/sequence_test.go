package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/solatis/solatis-cli/internal/send"
)

// inTurn sends n in turn, each of which takes 100 ms, and returns what was sent when.
func inTurn(t *testing.T, n int, pace time.Duration, failing int, faults ...string) (*log, error) {
	g := NewGate(plan(t, 1, faults...), n)
	turns := make([]*Turn, n)
	for i := range turns {
		turns[i] = g.Turn(send.Target{}, uint64(i+1), []string{"task.created", "document.deleted"}[i%2])
	}
	l := newLog()
	var before func(ctx context.Context, i int) error
	if pace > 0 {
		before = func(ctx context.Context, i int) error { return pause(ctx, time.Duration(min(i, 1))*pace) }
	}
	err := InTurn(t.Context(), turns, before, func(ctx context.Context, i int) error {
		l.sent(i + 1)
		defer turns[i].Done()
		if i+1 == failing {
			return errTest
		}
		return pause(ctx, 100*time.Millisecond)
	})
	return l, err
}

func TestInTurn(t *testing.T) {
	for name, test := range map[string]struct {
		n      int
		pace   time.Duration
		faults string
		want   string
	}{
		"nothing": {3, 0, "", "1@0s 2@100ms 3@200ms"},
		"paced":   {3, time.Second, "", "1@0s 2@1.1s 3@2.2s"},
		"reorder": {5, 0, "reorder", "2@0s 1@100ms 4@200ms 3@300ms 5@400ms"},
		"alone":   {1, 0, "reorder", "1@0s"},
		"delay":   {4, 0, "delay:by=150ms,events=task.*", "2@0s 4@100ms 1@200ms 3@300ms"},
		"a long pace": {3, time.Minute, "delay:by=2s,events=task.*",
			"1@2s 2@1m0s 3@2m2.1s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, err := inTurn(t, test.n, test.pace, 0, strings.Fields(test.faults)...)
				if err != nil {
					t.Fatal(err)
				}
				l.is(t, test.want)
			})
		})
	}
}

// TestInTurnSwapsPairs holds that what was overtaken goes before the next pair, always.
func TestInTurnSwapsPairs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := inTurn(t, 60, 0, 0, "reorder")
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range l.lines {
			if want := fmt.Sprint((i ^ 1) + 1); !strings.HasPrefix(line, want+"@") {
				t.Errorf("at place %d is %s, want %s", i+1, line, want)
			}
		}
	})
}

// TestInTurnSendsABurstAtOnce holds that a burst isn't sent one at a time, whether it is
// complete, timed out or the last one, and that what follows waits for all of it.
func TestInTurnSendsABurstAtOnce(t *testing.T) {
	for _, test := range []struct {
		n      int
		pace   time.Duration
		faults string
		want   string // the times, in order
	}{
		{4, 0, "burst:size=4", "0s 0s 0s 0s"},
		{6, 0, "burst:size=4", "0s 0s 0s 0s 0s 0s"},
		{3, 0, "burst:size=10", "0s 0s 0s"},
		{3, time.Second, "burst:size=10,within=1500ms", "1.5s 1.5s 2s"},
		{5, 0, "burst:size=2,events=task.*", "0s 100ms 100ms 200ms 300ms"},
	} {
		synctest.Test(t, func(t *testing.T) {
			l, err := inTurn(t, test.n, test.pace, 0, test.faults)
			var at []string
			for _, line := range l.lines {
				_, when, _ := strings.Cut(line, "@")
				at = append(at, when)
			}
			if got := strings.Join(at, " "); err != nil || got != test.want {
				t.Errorf("%d with %s: %v, %s; want %s", test.n, test.faults, err, got, test.want)
			}
		})
	}
}

func TestInTurnEndsWithTheFirstError(t *testing.T) {
	for _, fault := range []string{"", "reorder", "burst:size=3", "delay:by=1s"} {
		synctest.Test(t, func(t *testing.T) {
			l, err := inTurn(t, 6, time.Second, 2, strings.Fields(fault)...)
			if !errors.Is(err, errTest) || len(l.lines) > 3 {
				t.Errorf("%q: %v after %q", fault, err, l.lines)
			}
		})
	}
}

func TestInTurnEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(plan(t, 1, "delay:by=1m"), 2)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		turns := []*Turn{g.Turn(send.Target{}, 1, ""), g.Turn(send.Target{}, 2, "")}
		err := InTurn(ctx, turns, nil, func(context.Context, int) error { t.Error("it is sent"); return nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
