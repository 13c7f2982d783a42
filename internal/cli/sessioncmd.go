package cli

import (
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/spf13/cobra"
)

// newSession is what somebody can do to a running session.
func (a *app) newSession() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "session",
		Short: "List the running sessions, pause one, or enable and disable its webhook",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		a.newSessionList(),
		a.newSessionSet(delivery.Enabled, "enable [TARGET]", "Enable a disabled webhook, and deliver what is held",
			`enable has a session with --retry deliver what it holds, in the order in which it
arrived, and then what comes. Solatis disables a webhook after the last retry of an
event failed; here that is an endpoint and a target. Without TARGET each of the
session's is enabled.`,
			"  solatis session enable\n  solatis session enable localhost:3000/webhooks/solatis"),
		a.newSessionSet(delivery.Disabled, "disable [TARGET]", "Disable a webhook, so that what comes is held",
			`disable has a session with --retry hold what waits for a retry, and what comes from
now on, until solatis session enable. Attempts that are under way come to their end.
Without TARGET each of the session's targets is meant.`,
			"  solatis session disable\n  solatis session disable 3000 --session k3f9"),
		a.newSessionPause(true, "pause", "Stop forwarding for a while; what comes is recorded",
			`pause has a session forward nothing until solatis session resume, as p does in its
live view. What comes is recorded and waits. Attempts that are under way come to their
end, and solatis replay sends all the same. If the session ends meanwhile, the next one
delivers what waits.`),
		a.newSessionPause(false, "resume", "Go on with forwarding, and deliver what waits",
			`resume has a session forward again: what waits first, the oldest first.`),
	)
	return cmd
}
