package delivery

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Schedule is the delays of the retries, each counted from the failure before it, in
// production time. An empty one has no retries.
type Schedule []time.Duration

// GuideSchedule returns the five retries of the provider's guide, "Webhook Retries".
func GuideSchedule() Schedule {
	return Schedule{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 24 * time.Hour}
}

// The limits of a schedule that somebody writes.
const (
	maxRetries = 100
	maxDelay   = 30 * 24 * time.Hour
)

// ParseSchedule reads delays as in "1m,5m,30m,2h,24h". Its errors name the part that is
// wrong and show the right form.
func ParseSchedule(text string) (Schedule, error) {
	const form = "write the delay after each failure, as in 1m,5m,30m,2h,24h"
	parts := strings.Split(text, ",")
	if len(parts) > maxRetries {
		return nil, fmt.Errorf("%d retries are too many: at most %d; %s", len(parts), maxRetries, form)
	}
	schedule := make(Schedule, len(parts))
	for i, part := range parts {
		delay, err := time.ParseDuration(strings.TrimSpace(part))
		switch {
		case err != nil:
			return nil, fmt.Errorf("%q is no delay: %s", part, form)
		case delay <= 0:
			return nil, fmt.Errorf("the delay %q is not above zero: %s; --retry-speed max doesn't wait", part, form)
		case delay > maxDelay:
			return nil, fmt.Errorf("the delay %q is above %s: %s", part, Brief(maxDelay), form)
		}
		schedule[i] = delay
	}
	return schedule, nil
}

// String writes the schedule as ParseSchedule reads it.
func (s Schedule) String() string {
	delays := make([]string, len(s))
	for i, delay := range s {
		delays[i] = Brief(delay)
	}
	return strings.Join(delays, ",")
}

// Brief writes a duration without the parts that are zero at its end: "2h" for what
// Duration.String calls "2h0m0s".
func Brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Speed is by how much production's time is compressed: at 60 a minute takes a second.
// Zero is production's own speed, as 1 is.
type Speed int64

// The speeds that have a use of their own.
const (
	RealSpeed    Speed = 1
	DefaultSpeed Speed = 60
	MaxSpeed     Speed = math.MaxInt64 // doesn't wait at all
)

// ParseSpeed reads a whole number of times, or "max".
func ParseSpeed(text string) (Speed, error) {
	if text == "max" {
		return MaxSpeed, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is no speed: write 1 for production's own, 60 or 3600 for as many times that, or max to not wait at all", text)
	}
	return Speed(n), nil
}

// String writes the speed as ParseSpeed reads it.
func (s Speed) String() string {
	switch {
	case s == MaxSpeed:
		return "max"
	case s < RealSpeed:
		return RealSpeed.String()
	}
	return strconv.FormatInt(int64(s), 10)
}

// Compress returns how long production's d takes at this speed.
func (s Speed) Compress(d time.Duration) time.Duration {
	return d / time.Duration(max(s, RealSpeed))
}

// Policy says when a failed attempt is made again, and when Solatis gives up. The zero
// Policy has no retries, and never disables a webhook.
type Policy struct {
	Schedule Schedule
	Speed    Speed

	// DisableAfter is how many failed attempts of one delivery, the first included,
	// exhaust it and disable its webhook. Zero is one more than the schedule has
	// retries: all of them are made.
	DisableAfter int
}

// Validate returns why a policy of flags makes no sense, and nil if it does.
func (p Policy) Validate() error {
	if all := len(p.Schedule) + 1; p.DisableAfter < 0 || p.DisableAfter > all {
		return fmt.Errorf("disabling after %d failed attempts: the schedule %s makes %d, so say 1 to %d",
			p.DisableAfter, p.Schedule, all, all)
	}
	return nil
}

// Retries returns whether the policy retries, holds and disables at all.
func (p Policy) Retries() bool { return len(p.Schedule) > 0 }

// Attempts returns how many attempts of a delivery may fail; the last of them exhausts it.
func (p Policy) Attempts() int {
	all := len(p.Schedule) + 1
	if p.DisableAfter > 0 {
		return min(p.DisableAfter, all)
	}
	return all
}

// Delay returns the pause between the failed-th failure and the retry after it, at the
// policy's speed and in production. Both are zero where no retry follows.
func (p Policy) Delay(failed int) (wait, production time.Duration) {
	if failed < 1 || failed >= p.Attempts() {
		return 0, 0
	}
	production = p.Schedule[failed-1]
	return p.Speed.Compress(production), production
}

// Production returns when production would make an attempt, counted from the first and
// as if each failed at once: for the guide's schedule 0, 1m, 6m, 36m, 2h36m, 26h36m.
func (p Policy) Production(attempt int) time.Duration {
	var sum time.Duration
	for _, delay := range p.Schedule[:min(max(attempt-1, 0), len(p.Schedule))] {
		sum += delay
	}
	return sum
}
