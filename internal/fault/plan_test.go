package fault

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestRate holds, over 10,000 requests, the observed rate of each kind against its
// probability. The seeds are fixed, so it can't fail by chance; five standard deviations
// are what chance would leave once in millions.
func TestRate(t *testing.T) {
	const n = 10_000
	for _, p := range []float64{0, 0.001, 0.1, 0.5, 0.9, 1} {
		for seed := range uint64(5) {
			for _, f := range Forms() {
				pl := plan(t, seed, fmt.Sprintf("%s:p=%v", f.Kind, p))
				hits := 0
				for i := range uint64(n) {
					if !pl.Of(i+1, "task.created").None() {
						hits++
					}
				}
				if off := math.Abs(float64(hits) - n*p); off > 5*math.Sqrt(n*p*(1-p)) {
					t.Errorf("%s, p=%v, seed %d: %d of %d", f.Kind, p, seed, hits, n)
				}
			}
		}
	}
}

// TestIndependence holds that neither neighbours nor two specs are linked: of 10,000
// requests a quarter is hit by both of two coins.
func TestIndependence(t *testing.T) {
	const n = 10_000
	for seed := range uint64(5) {
		pl := plan(t, seed, "delay:p=50%", "bad-signature:p=50%")
		var both, follows, same int
		next := plan(t, seed+1, "delay:p=50%", "bad-signature:p=50%")
		for i := range uint64(n) {
			_, a := pl.Of(i, "").has(Delay)
			_, b := pl.Of(i, "").has(BadSignature)
			_, c := pl.Of(i+1, "").has(Delay)
			_, d := next.Of(i, "").has(Delay)
			for _, pair := range []struct {
				hit   bool
				count *int
			}{{a && b, &both}, {a && c, &follows}, {a && d, &same}} {
				if pair.hit {
					*pair.count++
				}
			}
		}
		for what, hits := range map[string]int{"two specs": both, "two requests": follows, "two seeds": same} {
			if off := math.Abs(float64(hits) - n/4); off > 5*math.Sqrt(n*3.0/16) {
				t.Errorf("seed %d: %s meet %d times of %d", seed, what, hits, n)
			}
		}
	}
}

// TestSeedRepeats holds decisions that an earlier release made: a seed that somebody noted
// has to repeat its run.
func TestSeedRepeats(t *testing.T) {
	pl := plan(t, 42, "delay:p=30%,by=1s..2s", "bad-signature:p=30%", "missing-signature:p=50%,events=task.*")
	var b strings.Builder
	for n := range uint64(12) {
		typ := []string{"task.created", "document.deleted"}[n%2]
		fmt.Fprintf(&b, "%d %s\n", n+1, strings.Join(pl.Of(n+1, typ).Specs(), " "))
	}
	const want = `1 delay:by=1.737880262s missing-signature
2 delay:by=1.343861185s
3 
4 
5 bad-signature
6 
7 bad-signature
8 
9 bad-signature
10 
11 missing-signature
12 
`
	if b.String() != want {
		t.Errorf("now\n%s", b.String())
	}
}

// TestDecisionsStandAlone holds that a decision depends on the seed, n and the type alone:
// not on what was decided before, nor on further specs behind.
func TestDecisionsStandAlone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		p := rapid.SampledFrom([]string{"p=10%", "p=50%", "p=90%"}).Draw(rt, "p")
		first := plan(t, seed, "delay:by=1ms..10m,"+p)
		more := plan(t, seed, "delay:by=1ms..10m,"+p, "slow-body:"+p, "duplicate:"+p)
		ns := rapid.SliceOfN(rapid.Uint64Range(1, 1<<40), 1, 30).Draw(rt, "n")
		before := make(map[uint64]string)
		for _, n := range ns {
			before[n] = strings.Join(first.Of(n, "task.created").Specs(), " ")
		}
		for _, n := range slices.Backward(ns) {
			var got string
			if s, ok := more.Of(n, "task.updated").has(Delay); ok {
				got = s.String()
			}
			if got != before[n] {
				rt.Fatalf("%d: %q, then %q", n, before[n], got)
			}
		}
	})
}

func TestOneOfEachGroup(t *testing.T) {
	for _, test := range []struct {
		specs []string
		want  string
	}{
		{[]string{"missing-signature", "bad-signature", "two-signatures"}, "missing-signature"},
		{[]string{"missing-signature:p=0", "bad-signature", "two-signatures"}, "bad-signature"},
		{[]string{"bad-signature:events=task.*", "two-signatures"}, "two-signatures"},
		{[]string{"delay", "reorder", "burst", "slow-body", "truncated-body", "duplicate", "drop-then-retry", "wrong-content-type"},
			"delay, slow-body, duplicate, wrong-content-type"},
		{nil, ""},
	} {
		if got := plan(t, 1, test.specs...).Of(1, "document.shared").String(); got != test.want {
			t.Errorf("%q: %q, want %q", test.specs, got, test.want)
		}
	}
}

func TestEvents(t *testing.T) {
	for _, test := range []struct {
		events, typ string
		want        bool
	}{
		{"", "task.created", true}, {"", "", true}, {"", "of.tomorrow", true},
		{":events=*", "", true},
		{":events=task.*", "task.created", true}, {":events=task.*", "document.deleted", false}, {":events=task.*", "", false},
		{":events=task.*,events=document.deleted", "document.deleted", true},
	} {
		if got := !plan(t, 1, "bad-signature"+test.events).Of(1, test.typ).None(); got != test.want {
			t.Errorf("%q hits %q: %v", test.events, test.typ, got)
		}
	}
}

func TestDelayIsInItsRange(t *testing.T) {
	pl := plan(t, 3, "delay:by=10ms..20ms")
	low, high := time.Hour, time.Duration(0)
	for n := range uint64(10_000) {
		s, _ := pl.Of(n, "").has(Delay)
		low, high = min(low, s.Wait.From), max(high, s.Wait.To)
	}
	if low < 10*time.Millisecond || low > 11*time.Millisecond || high > 20*time.Millisecond || high < 19*time.Millisecond {
		t.Errorf("%v to %v", low, high)
	}
}

func TestPlanPrints(t *testing.T) {
	pl := plan(t, 7, "bad-signature:10%", "delay:events=document.*")
	if want := "--fault bad-signature:p=0.1 --fault 'delay:events=document.*' --seed 7"; pl.String() != want {
		t.Errorf("%s, want %s", pl, want)
	}
	if s := (Plan{}).String(); s != "" || !(Plan{}).None() {
		t.Errorf("no plan prints as %q", s)
	}
	if s, ok := pl.Has(Burst, Delay); !ok || s.Kind != Delay {
		t.Errorf("%v, %v", s, ok)
	}
	if n := plan(t, 1, "delay", "burst:size=7").Together(); n != 7 || pl.Together() != 0 {
		t.Errorf("a burst of 7 takes %d, none %d", n, pl.Together())
	}
	if _, ok := pl.Has(Burst); ok {
		t.Error("it has no burst")
	}
}
