package cli

import (
	"github.com/solatis/solatis-cli/internal/delivery"
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

func (o *retryFlags) declare(f *pflag.FlagSet) {
	f.BoolVar(&o.retry, "retry", false, "make failed deliveries again as Solatis does, in compressed time; see docs/retries.md")
	f.StringVar(&o.speed, "retry-speed", delivery.DefaultSpeed.String(), "how many times as fast as Solatis: 1, 60, 3600 …, or max to not wait at all")
	f.StringVar(&o.schedule, "retry-schedule", delivery.GuideSchedule().String(), "the delay after each failure, in Solatis's own time")
	f.IntVar(&o.disableAfter, "disable-after", 0, "failed attempts of one event, the first included, that disable the webhook (default: one more than there are retries)")
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
	p.DisableAfter = o.disableAfter
	err = p.Validate()
	if o.disableAfter == 0 && flags.Changed("disable-after") {
		err = delivery.Policy{Schedule: p.Schedule, DisableAfter: -1}.Validate()
	}
	if err != nil {
		return p, usageErrorf("--disable-after %d: %w", o.disableAfter, err)
	}
	return p, nil
}

// typed reports whether --retry is on the command line. What the environment or a file says
// is meant for the commands that can retry, and binds none.
func (o *retryFlags) typed(a *app, flags *pflag.FlagSet) bool {
	return o.retry && a.typed(flags, "retry")
}
