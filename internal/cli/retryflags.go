package cli

import (
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/spf13/pflag"
)

// retryFlags say whether and how failed deliveries are made again.
type retryFlags struct {
	retry        bool
	speed        string
	schedule     string
	disableAfter int
}

// ofRetry are the flags that mean something with --retry only.
var ofRetry = []string{"retry-speed", "retry-schedule", "disable-after"}

// declare declares the flags of a command that retries in a certain case, such as "with
// --to, ", and empty for always. end is what N failed attempts lead to.
func (o *retryFlags) declare(f *pflag.FlagSet, in, end string) {
	f.BoolVar(&o.retry, "retry", false, in+"make failed deliveries again as Solatis does, in compressed time; see docs/retries.md")
	f.StringVar(&o.speed, "retry-speed", delivery.DefaultSpeed.String(), "how many times as fast as Solatis: 1, 60, 3600 …, or max to not wait at all")
	f.StringVar(&o.schedule, "retry-schedule", delivery.GuideSchedule().String(), "the delay after each failure, in Solatis's own time")
	f.IntVar(&o.disableAfter, "disable-after", 0, "failed attempts of one event, the first included, that "+end+" (default: one more than there are retries)")
}

// policy reads the flags. Without --retry it is the policy that has no retries.
func (o *retryFlags) policy(a *app, flags *pflag.FlagSet) (p delivery.Policy, err error) {
	if !o.retry {
		for _, name := range ofRetry {
			if a.typed(flags, name) {
				return p, usageErrorf("--%s: nothing is retried: add --retry", name)
			}
		}
		return p, nil
	}
	if p.Speed, err = delivery.ParseSpeed(o.speed); err != nil {
		return p, usageErrorf("--retry-speed: %w", err)
	}
	if p.Schedule, err = delivery.ParseSchedule(o.schedule); err != nil {
		return p, usageErrorf("--retry-schedule: %w", err)
	}
	if o.disableAfter == 0 && flags.Changed("disable-after") {
		return p, usageErrorf("--disable-after 0: the first attempt is always made, so say 1 to %d", len(p.Schedule)+1)
	}
	p.DisableAfter = o.disableAfter
	if err = p.Validate(); err != nil {
		return p, usageErrorf("--disable-after %d: %w", o.disableAfter, err)
	}
	return p, nil
}

// typed returns the first of the flags that is on the command line. What the environment
// or a file says is meant for the commands that can retry, and binds none.
func (o *retryFlags) typed(a *app, flags *pflag.FlagSet) (name string, given bool) {
	for _, name := range append([]string{"retry"}, ofRetry...) {
		if a.typed(flags, name) {
			return name, true
		}
	}
	return "", false
}

// straight is policy for a command that retries by itself only what no session sends.
func (o *retryFlags) straight(a *app, flags *pflag.FlagSet, bySession bool) (delivery.Policy, error) {
	name, given := o.typed(a, flags)
	if bySession && !given {
		return delivery.Policy{}, nil
	}
	p, err := o.policy(a, flags)
	if err == nil && bySession && p.Retries() {
		err = usageErrorf("--%s: the session sends it, and retries if it was started by solatis listen --retry; here it goes with --to", name)
	}
	return p, err
}

// checkDrop refuses a fault that would drop the only attempt there is.
func checkDrop(plan fault.Plan, p delivery.Policy) error {
	if s, drops := plan.Has(fault.DropThenRetry); drops && p.Retries() && p.Attempts() == 1 {
		return usageErrorf("--fault %s and --disable-after 1: the attempt that is dropped is the only one; say 2 or more", s)
	}
	return nil
}
