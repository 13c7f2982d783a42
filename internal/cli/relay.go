package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/solatis/solatis-cli/internal/credential"
	"github.com/solatis/solatis-cli/internal/doctor"
	"github.com/solatis/solatis-cli/internal/settings"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/cobra"
)

func (a *app) newRelay() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "relay",
		Short: "Manage the relays that give this machine a public URL",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.newRelayAdd(), a.newRelayList(), a.newRelayUse(), a.newRelayRemove())
	return cmd
}

// relayAddOptions are the flags of relay add.
type relayAddOptions struct {
	app *app

	trust   relayFlags
	stdin   bool
	file    string
	noToken bool
	noCheck bool
	use     bool
}

func (a *app) newRelayAdd() *cobra.Command {
	o := &relayAddOptions{app: a}
	cmd := &cobra.Command{
		Use:   "add NAME URL",
		Short: "Name a relay, and keep its token",
		Long: `add names a relay for --relay, and keeps the token that whoever runs it gave you: in
the system's keyring, or where there is none in a file that only you can read. It
asks for the token, or takes it from --token-stdin or --token-file. Before anything
is kept it is tried out, unless --no-check says otherwise.

Once more with the same URL replaces the token.`,
		Example: `  solatis relay add work https://relay.example.com
  solatis relay add work https://relay.example.com --token-stdin < token`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.stdin, "token-stdin", false, "read the token from standard input")
	f.StringVar(&o.file, "token-file", "", "read the token from this file")
	f.BoolVar(&o.noToken, "no-token", false, "the relay takes anybody, so there is no token")
	f.BoolVar(&o.noCheck, "no-check", false, "keep it without trying it out")
	f.BoolVar(&o.use, "use", false, "use it from now on, as solatis relay use does")
	o.trust.declareTrust(f)
	return cmd
}

func (o *relayAddOptions) run(ctx context.Context, name, address string) error {
	if err := o.app.loadUser(); err != nil {
		return err
	}
	at, err := settings.ParseRelayURL(address, o.trust.insecure)
	if err != nil {
		return &codedError{exitUsage, err}
	}
	r := &remote{name: name, url: at}
	if r.tls, r.authorityFile, err = o.trust.trust(); err != nil {
		return err
	}
	// Refused here, a name costs nobody a token.
	user := o.app.sources.user
	if err := user.AddRelay(settings.Relay{Name: name, URL: r.origin()}); err != nil {
		return &codedError{exitUsage, err}
	}
	if o.use {
		if err := o.useIt(r); err != nil {
			return err
		}
	}
	if r.token, err = o.token(ctx, r); err != nil {
		return err
	}
	if !o.noCheck {
		if err := o.check(ctx, r); err != nil {
			return err
		}
	}
	return o.keep(ctx, r)
}

// useIt lets the profile use the relay, and trust it as it was trusted here.
func (o *relayAddOptions) useIt(r *remote) error {
	user, profile := o.app.sources.user, o.app.profileName()
	err := user.Set(profile, "relay", r.name)
	if err == nil && r.authorityFile != "" {
		err = user.Set(profile, "relay-ca", r.authorityFile)
	}
	if err == nil && o.trust.insecure {
		err = user.Set(profile, "insecure-relay", "true")
	}
	return err
}

// token reads the relay's token from where the flags say, or asks for it.
func (o *relayAddOptions) token(ctx context.Context, r *remote) (string, error) {
	given := 0
	for _, flag := range []bool{o.stdin, o.file != "", o.noToken} {
		if flag {
			given++
		}
	}
	switch {
	case given > 1:
		return "", usageErrorf("--token-stdin, --token-file and --no-token: give one of them")
	case o.noToken:
		return "", nil
	case o.file != "":
		return tokenFrom(o.file, func() ([]byte, error) { return os.ReadFile(o.file) })
	case o.stdin:
		return tokenFrom("standard input", func() ([]byte, error) {
			return io.ReadAll(io.LimitReader(o.app.streams.In, maxToken+1))
		})
	case !o.app.streams.InTTY:
		return "", usageErrorf("there is no terminal to ask for the token: give it by --token-stdin or --token-file, or --no-token if the relay takes anybody")
	}
	return o.app.askHidden(ctx, "Token of "+r.origin()+" (empty if it takes anybody): ")
}

// maxToken is far more than any token has, in bytes.
const maxToken = 4 << 10

func tokenFrom(what string, read func() ([]byte, error)) (string, error) {
	text, err := read()
	if err != nil {
		return "", usageErrorf("the token can't be read: %w", err)
	}
	token := strings.TrimSpace(string(text))
	switch {
	case token == "":
		return "", usageErrorf("there is no token in %s; --no-token says that the relay takes anybody", what)
	case len(token) > maxToken || strings.ContainsFunc(token, notInTokens):
		return "", usageErrorf("what is in %s can't be a token: a token is one word", what)
	}
	return token, nil
}

// notInTokens reports what no Authorization header can carry as a token.
func notInTokens(r rune) bool { return r <= ' ' || r > '~' }

// check tries the relay out, as far as the token goes.
func (o *relayAddOptions) check(ctx context.Context, r *remote) error {
	results := doctor.RunWay(ctx, r.examined(func(context.Context) (string, string, error) {
		return r.token, "what you gave", nil
	}), o.app.now, func(doctor.Result) {})
	if bad, broken := doctor.Broken(results); broken {
		return fmt.Errorf("relay %s was not added: %s\n%s, or add it as it is with --no-check", r.name, bad.Found, bad.Mend)
	}
	return ctx.Err()
}

// examined is the relay as the doctor looks at it.
func (r *remote) examined(token func(context.Context) (string, string, error)) *doctor.Relay {
	return &doctor.Relay{Name: r.name, Origin: r.url, TLS: r.tls, Token: token}
}

// keep stores the token first: a relay that is named and has lost its token would be
// refused without anybody knowing why.
func (o *relayAddOptions) keep(ctx context.Context, r *remote) error {
	store, err := o.app.credentials()
	if err != nil {
		return err
	}
	where := "no token"
	if r.token == "" {
		err = store.Delete(ctx, r.account())
	} else {
		where, err = store.Set(ctx, r.account(), r.token)
	}
	if err != nil {
		return err
	}
	if err := o.app.sources.user.Save(); err != nil {
		return errors.Join(err, store.Delete(ctx, r.account()))
	}
	_, err = fmt.Fprintf(o.app.streams.Out, "relay %s is %s; token: %s\n%s\n", r.name, r.origin(), where, o.next(r))
	return err
}

// next is what to do with the relay.
func (o *relayAddOptions) next(r *remote) string {
	if o.use {
		return "it is in use from now on; try: solatis listen --forward localhost:3000"
	}
	trust := ""
	if r.authorityFile != "" {
		trust = " --relay-ca " + r.authorityFile
	}
	if o.trust.insecure {
		trust += " --insecure-relay"
	}
	return fmt.Sprintf("solatis relay use %s makes it the default; try: solatis listen --relay %s%s --forward localhost:3000", r.name, r.name, trust)
}

func (a *app) newRelayList() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the relays",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--output", output, "plain", "json"); err != nil {
				return err
			}
			return a.listRelays(cmd.Context(), output)
		},
	}
	cmd.Flags().StringVar(&output, "output", "plain", "plain, or json for one object a line")
	return withSettings(cmd)
}

// relayJSON is a relay in --output json.
type relayJSON struct {
	Type  string `json:"type"` // "relay"
	Name  string `json:"name"`
	URL   string `json:"url"`
	Token bool   `json:"token"` // whether one is stored
	Used  bool   `json:"used"`  // by the profile in use
}

func (a *app) listRelays(ctx context.Context, output string) error {
	if err := a.loadUser(); err != nil {
		return err
	}
	store, err := a.credentials()
	if err != nil {
		return err
	}
	relays := a.sources.user.Relays()
	if len(relays) == 0 && output == "plain" {
		fmt.Fprintln(a.streams.Err, "there is no relay yet: solatis relay add NAME URL names one")
	}
	used, _ := a.sources.user.Get(a.profileName(), "relay")
	for _, r := range relays {
		token, _, err := store.Get(ctx, credential.Account(r.URL, r.Name))
		if err != nil {
			return err
		}
		j := relayJSON{Type: "relay", Name: r.Name, URL: r.URL, Token: token != "", Used: r.Name == used || r.URL == used}
		if err := a.printRelay(j, output); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printRelay(r relayJSON, output string) error {
	if output == "json" {
		return a.printJSON(r)
	}
	mark, token := " ", "no token"
	if r.Used {
		mark = "*"
	}
	if r.Token {
		token = "with a token"
	}
	_, err := fmt.Fprintf(a.streams.Out, "%s %-16s %s  %s\n", mark, r.Name, term.Sanitize(r.URL), token)
	return err
}

func (a *app) newRelayUse() *cobra.Command {
	return &cobra.Command{
		Use:               "use NAME|none",
		Short:             "Let listen use a relay without being told, or none any more",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeRelays,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeUser(func(u *settings.User) error {
				if args[0] == settings.NoRelay {
					return u.Unset(a.profileName(), "relay")
				}
				return u.Set(a.profileName(), "relay", args[0])
			}, func() string { return "profile " + a.profileName() + " uses relay " + args[0] })
		},
	}
}

func (a *app) newRelayRemove() *cobra.Command {
	return &cobra.Command{
		Use:               "remove NAME",
		Short:             "Forget a relay and its token",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeRelays,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.removeRelay(cmd.Context(), args[0]) },
	}
}

func (a *app) removeRelay(ctx context.Context, name string) error {
	if err := a.loadUser(); err != nil {
		return err
	}
	user := a.sources.user
	r, err := user.Relay(name)
	if err == nil {
		err = user.RemoveRelay(name)
	}
	if err != nil {
		return &codedError{exitUsage, err}
	}
	store, err := a.credentials()
	if err != nil {
		return err
	}
	if err := user.Save(); err != nil {
		return err
	}
	if err := store.Delete(ctx, credential.Account(r.URL, r.Name)); err != nil {
		return fmt.Errorf("the relay is removed, but its token is not: %w", err)
	}
	_, err = fmt.Fprintf(a.streams.Out, "relay %s and its token are removed from this machine; whoever runs the relay can revoke the token\n", name)
	return err
}

// completeRelays completes the first argument, or the value of --relay.
func (a *app) completeRelays(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 || a.loadUser() != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := []cobra.Completion{cobra.CompletionWithDesc(settings.NoRelay, "the relay inside this process")}
	for _, r := range a.sources.user.Relays() {
		names = append(names, cobra.CompletionWithDesc(r.Name, r.URL))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
