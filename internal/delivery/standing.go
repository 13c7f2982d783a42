package delivery

import "time"

// Standing is where one delivery stands in its schedule. It is what has to be kept of a
// delivery, so that another process can go on from there.
type Standing struct {
	State  State
	Failed int // attempts that failed, the first included; interrupted ones decide nothing

	// Due is when the next attempt may start, by the wall clock; the zero time means at
	// once. It is zero unless State is Pending.
	Due time.Time

	// Wait is the delay that Due was planned with. Due is never further away than that,
	// whatever the clock does.
	Wait time.Duration
}

// New is the standing of a delivery as it arrives.
func New() Standing { return Standing{State: Pending} }

// After returns the standing after an attempt that ended with o at now. The delay of the
// next one counts from now. Only a Pending delivery has attempts; one that was cancelled
// while an attempt was under way stays Cancelled, unless the attempt succeeded.
func (p Policy) After(s Standing, o Outcome, now time.Time) Standing {
	now = wall(now)
	switch {
	case o.Kind == Interrupted:
		return s // still due, since it was before
	case o.Success():
		return Standing{State: Succeeded, Failed: s.Failed}
	}
	failed := s.Failed + 1
	switch {
	case s.State == Cancelled:
		return Standing{State: Cancelled, Failed: failed}
	case o.Kind == Refused || !p.Retries():
		// What can't be sent to this target at all can't be sent later either.
		return Standing{State: Failed, Failed: failed}
	case failed >= p.Attempts():
		return Standing{State: Exhausted, Failed: failed}
	}
	wait, _ := p.Delay(failed)
	return Standing{State: Pending, Failed: failed, Due: now.Add(wait), Wait: wait}
}

// Resume returns a standing that an earlier process left, as this policy goes on from it.
// What was planned is made, even if this schedule is shorter; and no later than this
// policy would have planned it, so that a higher speed takes hold at once.
func (p Policy) Resume(s Standing, now time.Time) Standing {
	if s.State != Pending || s.Due.IsZero() {
		return s
	}
	s.Due = wall(s.Due)
	if wait, _ := p.Delay(s.Failed); wait < s.Wait {
		s.Wait = wait
	}
	return s.steady(now)
}

// steady returns the standing with a due time that is not further away than what was
// planned: the clock was set back since.
func (s Standing) steady(now time.Time) Standing {
	if latest := wall(now).Add(s.Wait); s.State == Pending && s.Due.After(latest) {
		s.Due = latest
	}
	return s
}

// wall drops the monotonic reading: due times are those of the wall clock, which a
// sleeping machine and a restart don't stop.
func wall(t time.Time) time.Time { return t.Round(0) }
