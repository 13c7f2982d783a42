package cli

import (
	"context"
	"fmt"

	"github.com/solatis/solatis-cli/internal/doctor"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// doctorOptions are the flags of doctor.
type doctorOptions struct {
	app *app

	relay   relayFlags
	forward string
	output  string
}

func (a *app) newDoctor() *cobra.Command {
	o := &doctorOptions{app: a}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find the broken link between the sender and your app",
		Long: `doctor looks at everything that has to work for a webhook to reach your app: the
folders and settings on this machine, the way to the relay, the relay and its token,
and the app. It changes nothing and sends your app nothing. The last line names the
broken link; then it exits with 1.`,
		Example: `  solatis doctor --relay work --forward localhost:3000
  solatis doctor --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), cmd.Flags()) },
	}
	f := cmd.Flags()
	o.relay.declare(f)
	f.StringVarP(&o.forward, "forward", "f", "", "the app to look at: 3000, :3000/path, localhost:3000 or a full URL")
	f.StringVar(&o.output, "output", "plain", "plain, or json for one object a line")
	complete(cmd, "relay", a.completeRelays)
	return cmd
}

func (o *doctorOptions) run(ctx context.Context, flags *pflag.FlagSet) error {
	c := doctor.Config{Env: o.app.env, Now: o.app.now}
	// Unlike elsewhere broken settings are no reason to stop: they are a finding.
	if c.SettingsErr = o.app.loadSettings(); c.SettingsErr == nil {
		c.SettingsErr = o.app.flagsFromSettings(flags)
	}
	if err := oneOf("--output", o.output, "plain", "json"); err != nil {
		return err
	}
	c.Settings = o.found()
	if err := o.look(&c); err != nil {
		return err
	}
	results := doctor.Run(ctx, c, o.print)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return o.conclude(results)
}

// found says which settings there are.
func (o *doctorOptions) found() string {
	s := o.app.sources
	text := "there is no place for the user's settings"
	if s.user != nil {
		text = "profile " + o.app.profileName() + " of " + s.user.Path()
	}
	if s.project != nil {
		text += ", and " + s.project.Path
	}
	return text
}

// look finds out which relay and which app are meant.
func (o *doctorOptions) look(c *doctor.Config) error {
	if o.forward != "" {
		target, err := send.ParseTarget(o.forward)
		if err != nil {
			return usageErrorf("--forward: %w", err)
		}
		c.Target = &target
	}
	r, err := o.relay.find(o.app)
	if err != nil {
		c.RelayErr = o.app.withSources(err)
		return nil
	}
	if r != nil {
		c.Relay = r.examined(func(ctx context.Context) (string, string, error) { return r.findToken(ctx, o.app) })
	}
	return nil
}

// verdictJSON is doctor's last line in --output json.
type verdictJSON struct {
	Type   string        `json:"type"`             // "verdict"
	Status doctor.Status `json:"status"`           // "ok" or "fail"
	Broken string        `json:"broken,omitempty"` // the check that failed first
}

// checkJSON is a check in --output json.
type checkJSON struct {
	Type string `json:"type"` // "check"
	doctor.Result
}

func (o *doctorOptions) print(r doctor.Result) {
	if o.output == "json" {
		// A line that can't be written shows in the last one as well, which tells.
		_ = o.app.printJSON(checkJSON{"check", r})
		return
	}
	p := o.app.palette(o.app.streams.OutTTY)
	paint := map[doctor.Status]func(string) string{doctor.OK: p.Good, doctor.Warn: p.Warn, doctor.Fail: p.Bad, doctor.Skipped: p.Faint}[r.Status]
	fmt.Fprintf(o.app.streams.Out, "%s %-9s  %s\n", paint(fmt.Sprintf("%-7s", r.Status)), r.Check, term.Sanitize(r.Found))
	if r.Mend != "" {
		fmt.Fprintf(o.app.streams.Out, "%-18s → %s\n", "", term.Sanitize(r.Mend))
	}
}

// conclude names the link to mend.
func (o *doctorOptions) conclude(results []doctor.Result) error {
	bad, broken := doctor.Broken(results)
	var err error
	switch {
	case o.output == "json" && broken:
		err = o.app.printJSON(verdictJSON{"verdict", doctor.Fail, bad.Check})
	case o.output == "json":
		err = o.app.printJSON(verdictJSON{"verdict", doctor.OK, ""})
	case broken:
		_, err = fmt.Fprintf(o.app.streams.Out, "\nThe broken link is %q: %s\n", bad.Check, term.Sanitize(bad.Found))
	default:
		_, err = fmt.Fprintln(o.app.streams.Out, "\nNo link is broken.")
	}
	if err == nil && broken {
		err = &codedError{exitFailed, nil}
	}
	return err
}
