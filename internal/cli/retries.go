package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/session"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/cobra"
)

func (a *app) newRetries() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "retries [ID]",
		Short: "Show the retries of a delivery, made and planned",
		Long: `retries draws how the deliveries of an event went: each attempt with what came of it,
those that are planned, and when Solatis itself would make them. ID is that of an
event, a request or a delivery, the beginning of one, or last.

Without ID it lists what waits for a retry, and what a disabled webhook holds.`,
		Example: `  solatis retries
  solatis retries last
  solatis retries dlv_01jz --output json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--output", output, "plain", "json"); err != nil {
				return err
			}
			return a.withHistory(cmd.Context(), func(h *history.History) error {
				if err := a.cancelAbandoned(cmd.Context(), h); err != nil {
					return err
				}
				v := retriesView{app: a, history: h, json: output == "json"}
				if len(args) == 0 {
					return v.list(cmd.Context())
				}
				return v.show(cmd.Context(), args[0])
			})
		},
	}
	cmd.Flags().StringVar(&output, "output", "plain", "plain, or json for one object a line")
	return withSettings(cmd)
}

// retriesView is one run of retries.
type retriesView struct {
	app     *app
	history *history.History
	json    bool
}

// list shows what waits.
func (v retriesView) list(ctx context.Context) error {
	waiting, err := v.history.Waiting(ctx)
	if err != nil {
		return err
	}
	if len(waiting) == 0 && !v.json {
		fmt.Fprintln(v.app.streams.Err, "nothing waits for a retry: those are made by solatis listen --retry, and by trigger and replay with --to and --retry")
	}
	now := v.app.now()
	for _, r := range waiting {
		if v.json {
			err = v.app.printJSON(retriedJSON(r, now))
		} else {
			_, err = fmt.Fprintln(v.app.streams.Out, v.line(r, now))
		}
		if err != nil {
			return err
		}
	}
	if len(waiting) == 0 || v.json {
		return nil
	}
	return v.unattended(waiting)
}

// line says of which event a delivery is, where to, and how it stands.
func (v retriesView) line(r history.Retried, now time.Time) string {
	p := v.app.palette(v.app.streams.OutTTY)
	name := r.EventType
	if name == "" {
		name = "request"
	}
	known := r.EventID
	if known == "" {
		known = r.Request
	}
	stands := string(r.Standing.State)
	if next, ok := r.Policy.Upcoming(r.Standing, now); ok {
		stands = next.String()
	}
	if r.Origin != delivery.Received {
		stands += ", " + string(r.Origin)
	}
	return fmt.Sprintf("%s  %s [%s] to %s: %s", r.ID, p.Strong(term.Sanitize(name)), term.Sanitize(known), term.Sanitize(r.Target), p.Warn(stands))
}

// unattended says which targets no session makes retries for.
func (v retriesView) unattended(waiting []history.Retried) error {
	f, err := folders.Resolve(v.app.env)
	if err != nil {
		return err
	}
	live, err := session.Live(f)
	if err != nil {
		return err
	}
	var said []string
	alone := false
	for _, r := range waiting {
		if r.Agent == "" {
			alone = true
			continue
		}
		if slices.Contains(said, r.Target) || slices.ContainsFunc(live, func(i session.Info) bool { return forwards(i, r.Target) }) {
			continue
		}
		said = append(said, r.Target)
		fmt.Fprintf(v.app.streams.Err, "no session forwards to %s now: solatis listen --retry --forward %s goes on with it\n",
			term.Sanitize(r.Target), term.Sanitize(r.Target))
	}
	if alone {
		fmt.Fprintln(v.app.streams.Err, "retries of trigger and replay are made only while the command runs")
	}
	return nil
}

// forwards reports whether a session has a target.
func forwards(i session.Info, target string) bool {
	return i.Target == target || slices.Contains(i.Targets, target) ||
		slices.ContainsFunc(i.Routes, func(route string) bool { return strings.HasSuffix(route, "="+target) })
}

// show draws the timelines of what an id leads to.
func (v retriesView) show(ctx context.Context, id string) error {
	request, err := findRequest(ctx, v.history, id)
	if err != nil {
		return err
	}
	details, err := v.history.Show(ctx, request)
	if err != nil {
		return err
	}
	all, err := v.history.Retries(ctx, request)
	if err != nil {
		return err
	}
	if strings.HasPrefix(id, event.DeliveryPrefix) {
		all = slices.DeleteFunc(all, func(r history.Retried) bool { return !strings.HasPrefix(r.ID, id) })
	}
	if len(all) == 0 && !v.json {
		fmt.Fprintln(v.app.streams.Err, request+" was never sent anywhere")
	}
	for i, r := range all {
		if i > 0 && !v.json {
			fmt.Fprintln(v.app.streams.Out)
		}
		if err := v.showOne(r, attemptsOf(details, r.ID), v.app.now()); err != nil {
			return err
		}
	}
	return nil
}

func (v retriesView) showOne(r history.Retried, attempts []delivery.Attempt, now time.Time) error {
	t := planOf(r).Timeline(attempts, r.Standing, now)
	if v.json {
		j := retriedJSON(r, now)
		j.Left, j.Steps = t.Left, stepsJSON(t)
		return v.app.printJSON(j)
	}
	fmt.Fprintln(v.app.streams.Out, v.line(r, now))
	v.draw(t)
	return nil
}

// planOf is the policy by which a delivery is retried, if it is: what failed for good in a
// session without retries has no plan that could be left.
func planOf(r history.Retried) delivery.Policy {
	if r.Standing.State == delivery.Failed {
		return delivery.Policy{}
	}
	return r.Policy
}

func attemptsOf(d history.Details, id string) []delivery.Attempt {
	for _, del := range d.Deliveries {
		if del.ID == id {
			return del.Attempts
		}
	}
	return nil
}
