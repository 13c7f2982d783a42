package cli

import (
	"context"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/tui"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// historyOptions are the flags of history.
type historyOptions struct {
	app *app

	session string
	to      string
	secret  secretFlags
}

// newHistory is the live view without a session.
func (a *app) newHistory() *cobra.Command {
	o := &historyOptions{app: a}
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Look through the recorded events in the live view",
		Long: `history opens the view of solatis listen on what is recorded, without a session:
to look, filter, compare, and replay. A replay goes where solatis replay sends it:
to the running session's target, or else to the one it was sent to before, or to
--to. It needs a terminal; solatis events list is for scripts.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&o.to, "to", "", "replay to this URL")
	f.StringVar(&o.session, "session", "", "id of the session that replays, where several are running")
	o.secret.declare(f)
	return withSettings(cmd)
}

func (o *historyOptions) run(ctx context.Context) (err error) {
	a := o.app
	if o.to != "" && o.session != "" {
		return usageErrorf("--to %s and --session %s: give one of both", o.to, o.session)
	}
	if o.to != "" {
		if _, err := send.ParseTarget(o.to); err != nil {
			return usageErrorf("--to: %w", err)
		}
	}
	if !a.streams.InTTY || !a.streams.OutTTY {
		return usageErrorf("solatis history needs a terminal; solatis events list prints what is recorded")
	}
	secret, _, err := o.secret.resolve(a)
	if err != nil {
		return err
	}
	f, err := folders.Resolve(a.env)
	if err != nil {
		return err
	}
	h, err := history.Open(ctx, f.History())
	if err != nil {
		return err
	}
	defer closing(&err, h.Close)
	config, err := a.viewConfig(f, h)
	if err != nil {
		return err
	}
	config.Actions = tui.Actions{
		Replay: func(ctx context.Context, request string) (activity.Attempted, error) {
			return o.replay(ctx, h, request, nil)
		},
		Send: func(ctx context.Context, request string, body []byte) (activity.Attempted, error) {
			return o.replay(ctx, h, request, &body)
		},
		Curl:     func(d history.Details) (string, error) { return curlOf(d, o.to) },
		Diagnose: a.explainSignature(secret),
	}
	return tui.Run(ctx, config)
}

// replay sends a request as solatis replay does, with another body if body says so.
func (o *historyOptions) replay(ctx context.Context, h *history.History, request string, body *[]byte) (activity.Attempted, error) {
	replay := replayOptions{app: o.app, flags: new(pflag.FlagSet), to: o.to, secret: o.secret}
	replay.way.session, replay.way.timeout = o.session, send.DefaultTimeout
	w, err := replay.openWay(ctx, h)
	if err != nil {
		return activity.Attempted{}, err
	}
	defer w.close()
	d, err := h.Show(ctx, request)
	if err != nil {
		return activity.Attempted{}, err
	}
	r := &replayed{Summary: d.Summary}
	if body != nil {
		sign, err := w.sign(ctx, *body)
		if err != nil {
			return activity.Attempted{}, err
		}
		r.edited, r.changed = o.app.withBody(d.Request, *body, sign).edited, true
	}
	if err := w.checkTargets([]*replayed{r}); err != nil {
		return activity.Attempted{}, err
	}
	done, err := w.send(ctx, r, func(activity.Attempted) {})
	return done.Last(), err
}
