package cli

import (
	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/wire"
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

// checkRetry reads the retry flags, and settles what they mean for --respond: Solatis itself
// would retry what the app's answer refuses.
func (o *listenOptions) checkRetry(flags *pflag.FlagSet, t targets) (delivery.Policy, error) {
	p, err := o.retry.policy(o.app, flags)
	switch {
	case err != nil || !p.Retries():
		return p, err
	case o.app.typed(flags, "retry") && len(t.all()) == 0:
		return p, usageErrorf("--retry: nothing is forwarded: add --forward")
	case o.respond == string(wire.ModeApp):
		return p, usageErrorf("--retry and --respond app: the sender would get the app's failure and retry too; leave --respond app out, or say --respond relay")
	}
	o.respond = string(wire.ModeRelay)
	return p, nil
}

// describeRetries says in the session's ready line what becomes of failures.
func describeRetries(r *activity.Ready, p delivery.Policy) {
	if p.Retries() {
		r.Retry, r.Speed, r.DisableAfter = p.Schedule[:p.Attempts()-1].String(), p.Speed.String(), p.Attempts()
	}
}
