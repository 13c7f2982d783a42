package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/solatis/solatis-cli/internal/control"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/session"
	"github.com/spf13/cobra"
)

// replayOptions are the flags of replay.
type replayOptions struct {
	app *app

	to      string
	session string
	timeout time.Duration
}

func (a *app) newReplay() *cobra.Command {
	o := &replayOptions{app: a}
	cmd := &cobra.Command{
		Use:   "replay ID",
		Short: "Send a recorded event once more, byte for byte",
		Long: `replay sends a recorded request again with its original body, headers and
signature. ID is that of an event (evt_…), a request (req_…) or a delivery
(dlv_…), or its beginning. It goes to the running session's target, or else to
the one it was sent to before, or to --to. Exits with 4 if the answer was not a
2xx.`,
		Example: `  solatis replay evt_abc123xyz
  solatis replay evt_abc --to localhost:4000/webhooks`,
		Args: oneID,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.to, "to", "", "send to this URL")
	f.StringVar(&o.session, "session", "", "id of the session whose target it goes to, where several are running")
	f.DurationVar(&o.timeout, "timeout", send.DefaultTimeout, "how long the app may take to answer, where no session sends")
	return withSettings(cmd)
}

// oneID is the argument of commands that are about one recorded request.
func oneID(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageErrorf("%s takes one id, such as evt_abc123xyz, and got %d; solatis events list shows what there is", cmd.CommandPath(), len(args))
	}
	return nil
}

func (o *replayOptions) run(ctx context.Context, id string) error {
	if o.to != "" && o.session != "" {
		return usageErrorf("--to %s and --session %s: give one of both", o.to, o.session)
	}
	f, err := folders.Resolve(o.app.env)
	if err != nil {
		return err
	}
	h, err := history.Open(ctx, f.History())
	if err != nil {
		return err
	}
	defer h.Close()
	request, err := h.Find(ctx, id)
	if err != nil {
		return notFound(err)
	}
	if o.to != "" {
		target, err := send.ParseTarget(o.to)
		if err != nil {
			return usageErrorf("--to: %w", err)
		}
		return o.resend(ctx, h, target, request)
	}
	info, err := o.app.chooseSession(o.session)
	switch {
	case err == nil && info.Target != "":
		return o.replayBy(ctx, info, request)
	case err != nil && !errors.Is(err, session.ErrNone):
		return err
	}
	target, err := recordedTarget(ctx, h, request)
	if err != nil {
		return err
	}
	return o.resend(ctx, h, target, request)
}

// notFound makes a wrong id a usage error.
func notFound(err error) error {
	var missing *history.NotFoundError
	var ambiguous *history.AmbiguousError
	if errors.As(err, &missing) || errors.As(err, &ambiguous) {
		return &codedError{exitUsage, err}
	}
	return err
}

// replayBy lets the session send, so that its views show it.
func (o *replayOptions) replayBy(ctx context.Context, info session.Info, request string) error {
	client := control.Dial(info.Socket)
	defer client.Close()
	result, err := client.Replay(ctx, control.ReplayRequest{ID: request})
	if err != nil {
		return err
	}
	return o.app.verdict(result)
}

// recordedTarget is where the request was sent last.
func recordedTarget(ctx context.Context, h *history.History, request string) (send.Target, error) {
	d, err := h.Show(ctx, request)
	if err != nil {
		return send.Target{}, err
	}
	if d.Summary.Last.Target == "" {
		return send.Target{}, fmt.Errorf("%s was never sent anywhere: say where to with --to, or run solatis listen --forward localhost:3000 first", request)
	}
	return send.ParseTarget(d.Summary.Last.Target)
}

func (o *replayOptions) resend(ctx context.Context, h *history.History, target send.Target, request string) error {
	sender := send.New(send.Options{Timeout: o.timeout})
	defer sender.Close()
	result, err := listen.Resend(ctx, h, sender, target, request, delivery.Replay, o.app.now)
	if err != nil {
		return err
	}
	return o.app.verdict(result)
}
