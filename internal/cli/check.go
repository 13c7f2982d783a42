package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/check"
	"github.com/solatis/solatis-cli/internal/control"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/session"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// checkOptions are the flags of check.
type checkOptions struct {
	app *app

	session   string
	secret    secretFlags
	only      []string
	skip      []string
	timeout   time.Duration
	trust     targetFlags // of which only those of TLS are flags here
	output    string
	junit     string
	yesRemote bool
	list      bool
}

func (a *app) newCheck() *cobra.Command {
	o := &checkOptions{app: a}
	cmd := &cobra.Command{
		Use:   "check [URL]",
		Short: "Probe your handler with what production will send it, and score it",
		Long: `check sends your handler what it will meet in production: every type of event, JSON
written in odd ways, forged signatures, duplicates, bursts, broken connections. It says
of each whether the handler took it as it should and, where not, why and how to mend it
in Express, Flask and Go. It exits with 4 if anything failed.

The requests go straight to the URL, or to the app of the running session. The genuine
events among them are real to your app; their ids begin with evt_check. docs/check.md
has all probes.`,
		Example: `  solatis check localhost:3000/webhooks/solatis
  solatis check 3000/webhooks/solatis --only 'refuses-*'
  solatis check --junit report.xml --skip survives-reset`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), cmd.Flags(), args) },
	}
	o.declare(cmd.Flags())
	completeProbes := cobra.FixedCompletions(probeIDs(), cobra.ShellCompDirectiveNoFileComp)
	complete(cmd, "only", completeProbes)
	complete(cmd, "skip", completeProbes)
	return withSettings(cmd)
}

func (o *checkOptions) declare(f *pflag.FlagSet) {
	f.StringVar(&o.session, "session", "", "id of the session whose app to check, where several are running")
	o.secret.declare(f)
	f.StringSliceVar(&o.only, "only", nil, "run only these probes: ids, or patterns such as 'refuses-*'; repeatable, or with commas")
	f.StringSliceVar(&o.skip, "skip", nil, "leave these probes out; ids or patterns, as with --only")
	f.DurationVar(&o.timeout, "timeout", send.DefaultTimeout, "how long the app may take to answer")
	f.BoolVar(&o.trust.insecure, "insecure", false, "don't verify the certificate of an app behind https")
	f.StringVar(&o.trust.authority, "ca", "", "file with the certificate of the authority that issued the app's, beside those of this system")
	f.StringVar(&o.output, "output", "plain", "plain, or json for one object a line")
	f.StringVar(&o.junit, "junit", "", "write a JUnit report to this file as well")
	f.BoolVar(&o.yesRemote, "yes-remote", false, "check an app that is not on this machine")
	f.BoolVar(&o.list, "list", false, "list the probes and send nothing")
}

func probeIDs() []string {
	var ids []string
	for _, p := range check.Probes() {
		ids = append(ids, p.ID)
	}
	return ids
}

func (o *checkOptions) run(ctx context.Context, flags *pflag.FlagSet, args []string) error {
	if err := oneOf("--output", o.output, "plain", "json"); err != nil {
		return err
	}
	probes, err := check.Select(o.only, o.skip)
	switch {
	case err != nil:
		return &codedError{exitUsage, err}
	case o.list:
		return o.print(probes)
	case o.timeout <= 0:
		return usageErrorf("--timeout %s: it takes a time such as 5s", o.timeout)
	}
	target, signer, err := o.find(ctx, args)
	if err != nil {
		return err
	}
	defer signer.close()
	if !o.yesRemote && !check.Local(target) {
		return usageErrorf("%s is not on this machine, and check sends forged requests and bursts; if that app may get them, add --yes-remote", target)
	}
	trust, err := o.trust.trust()
	if err == nil {
		err = o.trust.checkUse(o.app, flags, targets{forward: []send.Target{target}})
	}
	if err != nil {
		return err
	}
	report, err := o.createReport()
	if err != nil {
		return err
	}
	defer report.discard()
	return o.probe(ctx, check.Config{
		Target: target, TLS: trust, Probes: probes, Sign: signer.sign, Limit: o.timeout, Now: o.app.now,
	}, signer.called, report)
}

// signer is whoever signs the events.
type signer struct {
	sign   func(context.Context, []byte) (string, error)
	called string // how to speak of the secret
	close  func()
}

// find finds out which app is meant, and who knows its secret.
func (o *checkOptions) find(ctx context.Context, args []string) (send.Target, signer, error) {
	if len(args) > 0 && o.session != "" {
		return send.Target{}, signer{}, usageErrorf("the URL %s and --session %s: give one of both", args[0], o.session)
	}
	if len(args) > 0 {
		target, err := send.ParseTarget(args[0])
		if err != nil {
			return target, signer{}, &codedError{exitUsage, err}
		}
		secret, _, err := o.secret.resolve(o.app)
		return target, knows(secret), err
	}
	return o.findSession()
}

func (o *checkOptions) findSession() (target send.Target, by signer, err error) {
	info, err := o.app.chooseSession(o.session)
	if errors.Is(err, session.ErrNone) {
		return target, by, errors.New("no session is running: name your handler's URL, as in solatis check localhost:3000/webhooks/solatis")
	}
	if err != nil {
		return target, by, err
	}
	if all := append(slices.Clone(info.Targets), info.Routes...); len(all) > 1 {
		return target, by, usageErrorf("session %s forwards to several apps: name the URL of one:\n  %s", info.ID, strings.Join(all, "\n  "))
	}
	if info.Target == "" {
		return target, by, fmt.Errorf("session %s forwards to no app: name your handler's URL, as in solatis check localhost:3000/webhooks/solatis", info.ID)
	}
	if target, err = send.ParseTarget(info.Target); err != nil {
		return target, by, fmt.Errorf("session %s: %w", info.ID, err)
	}
	secret, err := o.secret.given(o.app.env)
	if err != nil || !secret.IsZero() {
		return target, knows(secret), err
	}
	client := control.Dial(info.Socket)
	return target, signer{sign: client.Sign, called: "the secret of session " + info.ID, close: client.Close}, nil
}

// knows is a signer that has the secret itself.
func knows(secret signature.Secret) signer {
	return signer{
		sign:   func(_ context.Context, body []byte) (string, error) { return signature.Sign(secret, body), nil },
		called: calledSecret(secret),
		close:  func() {},
	}
}

// calledSecret is how to speak of a secret, of which a short one shows nothing.
func calledSecret(secret signature.Secret) string {
	if masked := secret.Masked(); strings.HasPrefix(masked, signature.SecretPrefix) {
		return "the secret " + masked
	}
	return "the secret that was given"
}

// probe runs the probes, shows what they came to, and returns the exit code as an error.
func (o *checkOptions) probe(ctx context.Context, c check.Config, secret string, report *junitFile) error {
	if err := o.announce(c, secret); err != nil {
		return err
	}
	results, err := check.Run(ctx, c, o.show)
	if err := report.write(c.Target.String(), results, err); err != nil {
		return err
	}
	var unreachable *check.UnreachableError
	if errors.As(err, &unreachable) {
		err = fmt.Errorf("nothing was checked: %w", err)
	}
	if err := o.conclude(c, results, err != nil); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintf(o.app.streams.Err, "stopped after %d of %d probes\n", len(results), len(c.Probes))
		return &codedError{exitInterrupted, nil}
	case err != nil:
		return err
	case check.Summarise(results).Failed > 0:
		return &codedError{exitNotAccepted, nil}
	}
	return nil
}

// announce says what is going to be sent, before it is.
func (o *checkOptions) announce(c check.Config, secret string) error {
	load := check.Total(c.Probes)
	_, err := fmt.Fprintf(o.app.streams.Err, "check sends at most %s to %s, signed by %s%s\n",
		loadText(load), term.Sanitize(c.Target.String()), term.Sanitize(secret), genuineNote(load))
	if err != nil || o.output == "plain" {
		return err
	}
	return o.app.printJSON(planJSON{"plan", c.Target.String(), len(c.Probes), load.Genuine, load.Forged, load.Other})
}

func genuineNote(l check.Load) string {
	if l.Genuine == 0 {
		return ""
	}
	return ".\nThe genuine ones are real to your app; their ids begin with " + check.IDPrefix
}

// loadText is a load in words.
func loadText(l check.Load) string {
	var parts []string
	for _, p := range []struct {
		n         int
		one, many string
	}{
		{l.Genuine, "1 genuine event", "%d genuine events"},
		{l.Forged, "1 forged one", "%d forged ones"},
		{l.Other, "1 other request (a GET)", "%d other requests (a GET, connections that break off)"},
	} {
		switch {
		case p.n == 1:
			parts = append(parts, p.one)
		case p.n > 1:
			parts = append(parts, fmt.Sprintf(p.many, p.n))
		}
	}
	if last := len(parts) - 1; last > 0 {
		return strings.Join(parts[:last], ", ") + " and " + parts[last]
	}
	return strings.Join(parts, "")
}
