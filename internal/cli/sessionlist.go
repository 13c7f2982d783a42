package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/control"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/session"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/cobra"
)

func (a *app) newSessionList() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the running sessions",
		Long: `list shows each solatis listen that runs on this machine by its id, which --session
takes: where webhooks are sent to, where it forwards them, and the folder that it was
started in.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--output", output, "plain", "json"); err != nil {
				return err
			}
			return a.listSessions(cmd.Context(), output == "json")
		},
	}
	cmd.Flags().StringVar(&output, "output", "plain", "plain, or json for one object a line")
	return withSettings(cmd)
}

// sessionJSON is a session, as --output json shows it.
type sessionJSON struct {
	Type string `json:"type"`
	session.Info
}

func (a *app) listSessions(ctx context.Context, asJSON bool) error {
	f, err := folders.Resolve(a.env)
	if err != nil {
		return err
	}
	live, err := session.Live(f)
	if err != nil {
		return err
	}
	for _, info := range live {
		info = asked(ctx, info)
		if asJSON {
			err = a.printJSON(sessionJSON{"session", info})
		} else {
			_, err = fmt.Fprint(a.streams.Out, sessionLines(info, a.now()))
		}
		if err != nil {
			return err
		}
	}
	if len(live) == 0 && !asJSON {
		fmt.Fprintln(a.streams.Err, session.ErrNone)
	}
	return nil
}

// asked is what a session says of itself now, or else what it wrote down at its start.
func asked(ctx context.Context, info session.Info) session.Info {
	client := control.Dial(info.Socket)
	defer client.Close()
	if now, err := client.Info(ctx); err == nil {
		return now
	}
	return info
}

// sessionLines describe a session.
func sessionLines(info session.Info, now time.Time) string {
	url := info.URL
	if url == "" {
		url = info.Relay + ", not reached yet"
	}
	to := strings.Join(append(info.Routes, info.Targets...), ", ")
	switch {
	case info.Target == "":
		to = "nothing, webhooks are recorded"
	case to == "":
		to = info.Target
	}
	if info.Paused {
		to += ", paused"
	}
	since := delivery.Brief(now.Sub(info.Started).Truncate(time.Second))
	return fmt.Sprintf("%s  %s, for %s\n      forwards to %s\n      in %s\n",
		info.ID, term.Sanitize(url), since, term.Sanitize(to), term.Sanitize(info.Cwd))
}
