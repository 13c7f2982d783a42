package cli

import (
	"context"
	"fmt"

	"github.com/solatis/solatis-cli/internal/control"
	"github.com/spf13/cobra"
)

// sessionPauseOptions are the flags of session pause and session resume.
type sessionPauseOptions struct {
	app     *app
	paused  bool
	session string
	output  string
}

func (a *app) newSessionPause(paused bool, use, short, long string) *cobra.Command {
	o := &sessionPauseOptions{app: a, paused: paused}
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().StringVar(&o.session, "session", "", "id of the session, where several are running")
	cmd.Flags().StringVar(&o.output, "output", "plain", "plain, or json for one object")
	return withSettings(cmd)
}

// forwardingJSON is what --output json shows.
type forwardingJSON struct {
	Type    string `json:"type"`
	Session string `json:"session"`
	Paused  bool   `json:"paused"`
	Waiting int    `json:"waiting"`
}

func (o *sessionPauseOptions) run(ctx context.Context) error {
	if err := oneOf("--output", o.output, "plain", "json"); err != nil {
		return err
	}
	info, err := o.app.chooseSession(o.session)
	if err != nil {
		return err
	}
	if info.Target == "" {
		return fmt.Errorf("session %s forwards nothing: it was started without --forward", info.ID)
	}
	client := control.Dial(info.Socket)
	defer client.Close()
	now, err := client.Pause(ctx, o.paused)
	if err != nil {
		return err
	}
	out := o.app.streams.Out
	switch {
	case o.output == "json":
		return o.app.printJSON(forwardingJSON{"forwarding", info.ID, now.Paused, now.Waiting})
	case now.Paused:
		fmt.Fprintf(out, "session %s is paused; deliveries that wait: %d; solatis session resume forwards them\n", info.ID, now.Waiting)
	default:
		fmt.Fprintf(out, "session %s forwards; deliveries that waited: %d\n", info.ID, now.Waiting)
	}
	return nil
}
