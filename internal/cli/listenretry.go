package cli

import (
	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/spf13/pflag"
)

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
