package relaycli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/solatis/solatis-cli/internal/relay/admin"
	"github.com/spf13/cobra"
)

func (a *app) newEndpoint() *cobra.Command {
	return group("endpoint", "See and delete the endpoints that developers have made",
		a.newEndpointList(), a.newEndpointShow(), a.newEndpointDelete())
}

func (a *app) newEndpointList() *cobra.Command {
	o := &lister{app: a}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List endpoints, and what waits in them",
		Long: `List endpoints, and what waits in them. The URL of an endpoint is as good as a password:
who knows it can send webhooks to it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.endpoints(cmd.Context()) },
	}
	o.declare(cmd)
	return cmd
}

func (o *lister) endpoints(ctx context.Context) error {
	head := []string{"OWNER", "NAME", "ID", "WAITING", "BYTES", "CREATED"}
	return list(ctx, o, admin.Operations.Endpoints, head, func(e admin.Endpoint) []string {
		return []string{e.Owner, e.Name, e.ID, strconv.FormatUint(e.Backlog, 10), inUnits(e.Bytes), date(e.Created)}
	})
}

func (a *app) newEndpointShow() *cobra.Command {
	o := &lister{app: a}
	cmd := &cobra.Command{
		Use:   "show ENDPOINT",
		Short: "Show one endpoint and its agents",
		Long:  "Show one endpoint, by its id or its name, and how far each of its agents is.",
		Args:  exactly(1, "the id or the name of an endpoint"),
		RunE:  func(cmd *cobra.Command, args []string) error { return o.show(cmd.Context(), args[0]) },
	}
	o.declare(cmd)
	return cmd
}

func (o *lister) show(ctx context.Context, idOrName string) (err error) {
	if err := o.output.check(); err != nil {
		return err
	}
	m, err := o.app.manage(ctx, o.data)
	if err != nil {
		return err
	}
	defer closing(&err, m.close)
	e, err := m.Endpoint(ctx, idOrName, o.owner)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return printJSON(o.app.streams.Out, e)
	}
	return o.printEndpoint(e)
}

func (o *lister) printEndpoint(e admin.Endpoint) error {
	out := o.app.streams.Out
	err := table(out, []string{"endpoint", e.ID}, [][]string{
		{"owner", e.Owner}, {"name", e.Name}, {"url", e.URL}, {"created", date(e.Created)},
		{"requests", strconv.FormatUint(e.Head, 10)},
		{"waiting", fmt.Sprintf("%d (%s)", e.Backlog, inUnits(e.Bytes))},
	})
	if err != nil || len(e.Agents) == 0 {
		return err
	}
	var rows [][]string
	for _, agent := range e.Agents {
		state := "connected"
		if !agent.Connected {
			state = "last seen " + date(agent.Seen)
		}
		rows = append(rows, []string{agent.Name, strconv.FormatUint(agent.Seq, 10), strconv.FormatUint(agent.Backlog, 10), state})
	}
	fmt.Fprintln(out)
	return table(out, []string{"AGENT", "POSITION", "WAITING", "STATE"}, rows)
}

// inUnits is a number of bytes for people.
func inUnits(bytes uint64) string {
	for _, u := range units {
		if bytes >= u.bytes && u.bytes > 1 {
			return fmt.Sprintf("%.1f %s", float64(bytes)/float64(u.bytes), u.name)
		}
	}
	return strconv.FormatUint(bytes, 10) + " B"
}

func (a *app) newEndpointDelete() *cobra.Command {
	o := &lister{app: a}
	cmd := &cobra.Command{
		Use:   "delete ENDPOINT",
		Short: "Delete an endpoint with all that waits in it",
		Long: `Delete an endpoint, by its id or its name, with all that waits in it. Its agents are
disconnected, its URL answers 404 from then on and is never given again.`,
		Args: exactly(1, "the id or the name of an endpoint"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.delete(cmd.Context(), args[0]) },
	}
	declareConfig(cmd.Flags())
	declareData(cmd.Flags(), &o.data)
	cmd.Flags().StringVar(&o.owner, "owner", "", "whose it is, where several owners have one of that name")
	return cmd
}

func (o *lister) delete(ctx context.Context, idOrName string) (err error) {
	m, err := o.app.manage(ctx, o.data)
	if err != nil {
		return err
	}
	defer closing(&err, m.close)
	e, err := m.DeleteEndpoint(ctx, idOrName, o.owner)
	if err != nil {
		return err
	}
	o.app.note("Endpoint %s of %s is deleted.", e.Name, e.Owner)
	return nil
}
