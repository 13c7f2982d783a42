package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/solatis/solatis-cli/internal/control"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/cobra"
)

// sessionSetOptions are the flags of session enable and session disable.
type sessionSetOptions struct {
	app     *app
	state   delivery.WebhookState
	session string
	output  string
}

func (a *app) newSessionSet(state delivery.WebhookState, use, short, long, example string) *cobra.Command {
	o := &sessionSetOptions{app: a, state: state}
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			target := ""
			if len(args) == 1 {
				target = args[0]
			}
			return o.run(cmd.Context(), target)
		},
	}
	cmd.Flags().StringVar(&o.session, "session", "", "id of the session, where several are running")
	cmd.Flags().StringVar(&o.output, "output", "plain", "plain, or json for one object a line")
	return withSettings(cmd)
}

func (o *sessionSetOptions) run(ctx context.Context, target string) error {
	if err := oneOf("--output", o.output, "plain", "json"); err != nil {
		return err
	}
	request := control.WebhookRequest{State: o.state}
	if target != "" {
		parsed, err := send.ParseTarget(target)
		if err != nil {
			return usageErrorf("%w", err)
		}
		request.Target = parsed.String()
	}
	info, err := o.app.chooseSession(o.session)
	if err != nil {
		return err
	}
	client := control.Dial(info.Socket)
	defer client.Close()
	changes, err := client.SetWebhooks(ctx, request)
	var refused *control.Error
	if errors.As(err, &refused) && refused.Code == control.CodeNotFound {
		return &codedError{exitUsage, err}
	}
	if err != nil {
		return err
	}
	for _, c := range changes {
		if err := o.print(c); err != nil {
			return err
		}
	}
	return nil
}

// webhookJSON is one webhook, as --output json shows it.
type webhookJSON struct {
	Type  string                `json:"type"`
	State delivery.WebhookState `json:"state"`
	control.WebhookChange
}

func (o *sessionSetOptions) print(c control.WebhookChange) error {
	if o.output == "json" {
		return o.app.printJSON(webhookJSON{"webhook", o.state, c})
	}
	said := ""
	switch {
	case !c.Changed:
		said = fmt.Sprintf("is %s already", o.state)
	case o.state == delivery.Disabled:
		said = fmt.Sprintf("is disabled; held: %d, and what comes; solatis session enable delivers it", c.Held)
	case c.Held == 0:
		said = "is enabled; nothing was held"
	default:
		said = fmt.Sprintf("is enabled; delivering what was held: %d", c.Held)
	}
	fmt.Fprintf(o.app.streams.Out, "the webhook to %s %s\n", term.Sanitize(c.Target), said)
	return nil
}
