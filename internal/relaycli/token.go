package relaycli

import (
	"context"
	"fmt"
	"time"

	"github.com/solatis/solatis-cli/internal/relay/access"
	"github.com/solatis/solatis-cli/internal/relay/admin"
	"github.com/spf13/cobra"
)

func (a *app) newToken() *cobra.Command {
	return group("token", "Give developers tokens, and take them back", a.newTokenCreate(), a.newTokenList(), a.newTokenRevoke())
}

// tokenCreate makes a token.
type tokenCreate struct {
	app                   *app
	data                  folder
	owner, scope, comment string
	expires               span
}

func (a *app) newTokenCreate() *cobra.Command {
	o := &tokenCreate{app: a}
	cmd := &cobra.Command{
		Use:   "create --owner NAME",
		Short: "Make a token, and print it once",
		Long: `Make a token for an owner, which is a person or a team: all tokens of an owner open the
same endpoints. Standard output has the token and nothing else. It can't be shown again,
as the relay keeps only its hash.`,
		Example: `  solatis-relay token create --owner ann
  solatis-relay token create --owner ci --expires 90d --comment "build server"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	declareConfig(flags)
	declareData(flags, &o.data)
	flags.StringVar(&o.owner, "owner", "", "whose token it is")
	flags.StringVar(&o.scope, "scope", string(access.ScopeListen), "listen: for solatis listen; admin: to manage the owner's tokens and endpoints over --admin-listen")
	flags.Var(&o.expires, "expires", "how long it is valid, such as 90d; for ever if not given")
	flags.StringVar(&o.comment, "comment", "", "what it is for")
	return cmd
}

func (o *tokenCreate) run(ctx context.Context) (err error) {
	if o.owner == "" {
		return usageErrorf("--owner is missing: whose token is it to be?")
	}
	if err := oneOf("--scope", o.scope, string(access.ScopeListen), string(access.ScopeAdmin)); err != nil {
		return err
	}
	var expires time.Time
	if o.expires > 0 {
		expires = o.app.now().Add(time.Duration(o.expires))
	}
	m, err := o.app.manage(ctx, o.data)
	if err != nil {
		return err
	}
	defer closing(&err, m.close)
	token, secret, err := m.CreateToken(ctx, admin.TokenRequest{
		Owner: o.owner, Scope: access.Scope(o.scope), Comment: o.comment, Expires: expires,
	})
	if err != nil {
		return err
	}
	until := "for ever"
	if !token.Expires.IsZero() {
		until = "until " + date(token.Expires) + " UTC"
	}
	o.app.note("Token %s of %s, valid %s. This is the only time it is shown:", token.ID, token.Owner, until)
	_, err = fmt.Fprintln(o.app.streams.Out, secret.Reveal())
	return err
}

// lister prints what an owner has.
type lister struct {
	app    *app
	data   folder
	owner  string
	output outputFlag
}

func (o *lister) declare(cmd *cobra.Command) {
	declareConfig(cmd.Flags())
	declareData(cmd.Flags(), &o.data)
	cmd.Flags().StringVar(&o.owner, "owner", "", "only what is this owner's")
	o.output.declare(cmd.Flags())
}

func (a *app) newTokenList() *cobra.Command {
	o := &lister{app: a}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List tokens, without their secrets",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return o.tokens(cmd.Context()) },
	}
	o.declare(cmd)
	return cmd
}

func (o *lister) tokens(ctx context.Context) error {
	head := []string{"TOKEN", "OWNER", "SCOPE", "STATE", "CREATED", "LAST USED", "COMMENT"}
	return list(ctx, o, admin.Operations.Tokens, head, func(t access.Token) []string {
		return []string{t.ID, t.Owner, string(t.Scope), stateOf(t, o.app.now()), date(t.Created), date(t.Used), t.Comment}
	})
}

// list prints what there is of an owner, or of all: as a table, or as one JSON object a
// line.
func list[T any](ctx context.Context, o *lister, of func(admin.Operations, context.Context, string) ([]T, error), head []string, row func(T) []string) (err error) {
	if err := o.output.check(); err != nil {
		return err
	}
	m, err := o.app.manage(ctx, o.data)
	if err != nil {
		return err
	}
	defer closing(&err, m.close)
	all, err := of(m, ctx, o.owner)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, item := range all {
		if o.output == "json" {
			if err := printJSON(o.app.streams.Out, item); err != nil {
				return err
			}
		}
		rows = append(rows, row(item))
	}
	if o.output == "json" {
		return nil
	}
	return table(o.app.streams.Out, head, rows)
}

func stateOf(t access.Token, now time.Time) string {
	switch state := t.State(now); {
	case state == "revoked":
		return state + " " + date(t.Revoked)
	case state == "expired":
		return state + " " + date(t.Expires)
	case !t.Expires.IsZero():
		return state + " until " + date(t.Expires)
	default:
		return state
	}
}

func (a *app) newTokenRevoke() *cobra.Command {
	o := &lister{app: a}
	cmd := &cobra.Command{
		Use:   "revoke TOKEN",
		Short: "Make a token invalid, and disconnect who came with it",
		Long:  "Make a token invalid for good, by its id from token list or an unambiguous beginning of it.\nAgents that are connected with it are disconnected at once.",
		Args:  exactly(1, "the id of a token"),
		RunE:  func(cmd *cobra.Command, args []string) error { return o.revoke(cmd.Context(), args[0]) },
	}
	declareConfig(cmd.Flags())
	declareData(cmd.Flags(), &o.data)
	cmd.Flags().StringVar(&o.owner, "owner", "", "only if it is this owner's")
	return cmd
}

func (o *lister) revoke(ctx context.Context, id string) (err error) {
	m, err := o.app.manage(ctx, o.data)
	if err != nil {
		return err
	}
	defer closing(&err, m.close)
	token, err := m.RevokeToken(ctx, id, o.owner)
	if err != nil {
		return err
	}
	o.app.note("Token %s of %s is revoked.", token.ID, token.Owner)
	return nil
}
