package delivery

import (
	"fmt"
	"time"
)

// Upcoming is the retry that a pending delivery waits for, in both times.
type Upcoming struct {
	Retry, Of  int           // as in 2 of 5
	In         time.Duration // until it is due; zero where it is overdue
	Due        time.Time
	Production time.Duration // the delay after the preceding failure that production has
}

// Upcoming returns the retry that a delivery waits for, if it waits for one.
func (p Policy) Upcoming(s Standing, now time.Time) (Upcoming, bool) {
	if s.State != Pending || s.Failed == 0 {
		return Upcoming{}, false
	}
	_, production := p.Delay(s.Failed)
	return Upcoming{
		Retry: s.Failed, Of: max(p.Attempts()-1, s.Failed), Due: s.Due, Production: production,
		In: max(wall(s.Due).Sub(wall(now)), 0),
	}, true
}

// String says both times, as in "retry 2/5 in 5s, in production 5m". What is left of a
// second counts as a whole one, so that a countdown ends with 1s.
func (u Upcoming) String() string {
	in := u.In
	if in >= time.Second {
		in = (in + time.Second - 1).Truncate(time.Second)
	} else {
		in = in.Round(time.Millisecond)
	}
	text := fmt.Sprintf("retry %d/%d in %s", u.Retry, u.Of, Brief(in))
	if in == 0 {
		text = fmt.Sprintf("retry %d/%d now", u.Retry, u.Of)
	}
	if u.Production > 0 {
		text += ", in production " + Brief(u.Production)
	}
	return text
}

// Fate is what became of one step of a timeline, or will.
type Fate string

// The fates.
const (
	Made    Fate = "made"        // the attempt was made and counts
	Stopped Fate = "interrupted" // it was made and interrupted, which decides nothing: it is made again
	Next    Fate = "next"        // it is due next, or under way
	Later   Fate = "later"       // it follows if the one before it fails
	Spared  Fate = "spared"      // it won't be made
)

// Step is one attempt of a timeline, planned or made.
type Step struct {
	Retry int // 0 for the first attempt
	Fate  Fate

	Wait            time.Duration // planned after the preceding failure, at the policy's speed
	ProductionWait  time.Duration // the same in production
	ProductionAfter time.Duration // in production, after the first attempt

	// At is when it started or, where Fate is Next or Later, when it is planned; zero where
	// it isn't. After is the same counted from the first attempt.
	At    time.Time
	After time.Duration

	Outcome Outcome // where Fate is Made or Stopped
}

// Timeline is what was made and what remains of a delivery, in the order of time.
type Timeline struct {
	Standing Standing
	Steps    []Step
	Left     int // how many attempts may follow
}

// Timeline lays a delivery's attempts, in their order, out along the policy's schedule, and
// what may follow at s. An attempt that this schedule doesn't have, since another one made
// it, has no planned times.
func (p Policy) Timeline(attempts []Attempt, s Standing, now time.Time) Timeline {
	t := Timeline{Standing: s}
	failed := 0
	for _, a := range attempts {
		step := p.step(failed)
		step.Fate, step.At, step.Outcome = Made, a.Started, a.Outcome
		if a.Outcome.Kind == Interrupted {
			step.Fate = Stopped
		} else {
			failed++
		}
		t.Steps = append(t.Steps, step)
	}
	t.Steps = append(t.Steps, p.ahead(failed, s, now)...)
	for i := range t.Steps {
		step := &t.Steps[i]
		if !step.At.IsZero() {
			step.After = wall(step.At).Sub(wall(t.Steps[0].At))
		}
		if step.Fate == Next || step.Fate == Later {
			t.Left++
		}
	}
	return t
}

// ahead returns the steps after failed attempts that were made.
func (p Policy) ahead(failed int, s Standing, now time.Time) []Step {
	if s.State == Succeeded {
		return nil
	}
	all := p.Attempts()
	if s.State == Pending {
		all = max(all, failed+1) // what was planned is made, even if this schedule is shorter
	}
	var steps []Step
	at := wall(s.Due)
	if s.Due.IsZero() {
		at = wall(now)
	}
	for ; failed < all; failed++ {
		step := p.step(failed)
		switch {
		case s.State.Final():
			step.Fate = Spared
		case s.State == Held:
			step.Fate = Later
		case len(steps) == 0:
			step.Fate, step.At = Next, at
		default:
			at = at.Add(step.Wait)
			step.Fate, step.At = Later, at
		}
		steps = append(steps, step)
	}
	return steps
}

// step returns the plan of the attempt after so many failures.
func (p Policy) step(failed int) Step {
	step := Step{Retry: failed}
	step.Wait, step.ProductionWait = p.Delay(failed)
	if failed < p.Attempts() {
		step.ProductionAfter = p.Production(failed + 1)
	}
	return step
}
