package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/spf13/cobra"
)

// listenOptions are the flags of listen.
type listenOptions struct {
	app *app

	forward     string
	events      []string
	respond     string
	verify      string
	secret      secretFlags
	printSecret bool
	timeout     time.Duration
	concurrency int
	methods     []string
	port        int
	bind        []string
	allowHost   []string
	publicURL   string
	skipBacklog bool
	output      string
}

func (a *app) newListen() *cobra.Command {
	o := &listenOptions{app: a}
	cmd := &cobra.Command{
		Use:   "listen [TARGET]",
		Short: "Take webhooks on a local URL, verify, record and forward them",
		Long: `listen takes webhooks on a URL of this machine, verifies their signatures, records
them in the history, and forwards each to your app. Without --forward it records
and shows them only.

The target is 3000, :3000/path, localhost:3000 or a full URL.`,
		Example: `  solatis listen --forward localhost:3000/webhooks/solatis
  solatis listen 3000 --events 'document.*' --verify strict
  solatis listen --forward 3000 --output json | jq .type`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if cmd.Flags().Changed("forward") || cmd.Flags().Changed("forward-to") {
					return usageErrorf("%q and --forward %q: there can be one target", args[0], o.forward)
				}
				o.forward = args[0]
			}
			return o.run(cmd.Context())
		},
	}
	o.declare(cmd)
	return cmd
}

func (o *listenOptions) declare(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.forward, "forward", "f", "", "where to forward to: 3000, :3000/path, localhost:3000 or a full URL")
	f.StringVar(&o.forward, "forward-to", "", "the same as --forward")
	f.StringSliceVarP(&o.events, "events", "e", nil, "event types to forward, such as 'document.*'; others are recorded only")
	f.StringVar(&o.respond, "respond", "app", "whose answer the sender gets: app, or relay for 200 as soon as the request is durable")
	f.StringVar(&o.verify, "verify", "warn", "what a bad signature means: warn, strict (not forwarded, the sender gets 401) or off")
	o.secret.declare(f)
	f.BoolVar(&o.printSecret, "print-secret", false, "show the secret in full even if you gave it yourself")
	f.DurationVar(&o.timeout, "timeout", send.DefaultTimeout, "how long the app may take to answer")
	f.IntVar(&o.concurrency, "concurrency", 16, "requests forwarded at once; 1 keeps their order strictly")
	f.StringSliceVar(&o.methods, "methods", []string{http.MethodPost}, "HTTP methods to take")
	f.IntVar(&o.port, "port", 0, "port to listen on (default: the one of the last time in this folder, or the first free of 4650, 4660 …)")
	f.StringSliceVar(&o.bind, "bind", nil, "further addresses to listen on, such as 0.0.0.0 in a container (default: loopback only)")
	f.StringSliceVar(&o.allowHost, "allow-host", nil, "further Host headers to answer, such as host.docker.internal")
	f.StringVar(&o.publicURL, "public-url", "", "base URL under which another tunnel or proxy leads here; shown instead of the local one")
	f.BoolVar(&o.skipBacklog, "skip-backlog", false, "cancel the deliveries that an earlier session left pending")
	f.StringVar(&o.output, "output", "plain", "plain, or json for one object a line")
}

// check refuses what no session can work with, and returns the target, the event types
// and the public URL.
func (o *listenOptions) check() (target *send.Target, events []string, public *url.URL, err error) {
	err = errors.Join(
		oneOf("--respond", o.respond, "app", "relay"),
		oneOf("--verify", o.verify, "warn", "strict", "off"),
		oneOf("--output", o.output, "plain", "json"),
		o.checkNumbers(),
		o.checkMethods(),
	)
	if err != nil {
		return nil, nil, nil, &codedError{exitUsage, err}
	}
	if o.forward != "" {
		t, err := send.ParseTarget(o.forward)
		if err != nil {
			return nil, nil, nil, usageErrorf("--forward: %w", err)
		}
		target = &t
	}
	for _, glob := range o.events {
		types, err := catalog.Match(glob)
		if err != nil {
			return nil, nil, nil, usageErrorf("--events: %w", err)
		}
		events = append(events, types...)
	}
	public, err = o.parsePublicURL()
	return target, events, public, err
}

func (o *listenOptions) checkNumbers() error {
	switch {
	case o.timeout <= 0:
		return fmt.Errorf("--timeout %v: it has to be longer than 0, such as 5s", o.timeout)
	case o.concurrency < 1 || o.concurrency > 1000:
		return fmt.Errorf("--concurrency %d: it takes 1 to 1000", o.concurrency)
	case o.port < 0 || o.port > 65535:
		return fmt.Errorf("--port %d: a port is 1 to 65535", o.port)
	}
	return nil
}

var knownMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

func (o *listenOptions) checkMethods() error {
	for i, m := range o.methods {
		o.methods[i] = strings.ToUpper(m)
		if err := oneOf("--methods", o.methods[i], knownMethods...); err != nil {
			return err
		}
	}
	return nil
}

func (o *listenOptions) parsePublicURL() (*url.URL, error) {
	if o.publicURL == "" {
		return nil, nil
	}
	u, err := url.Parse(o.publicURL)
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https"}, u.Scheme) || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, usageErrorf("--public-url %q: it takes a base URL such as https://abc123.ngrok.app", o.publicURL)
	}
	return u, nil
}

func (o *listenOptions) run(ctx context.Context) error {
	target, events, public, err := o.check()
	if err != nil {
		return err
	}
	secret, generated, err := o.secret.resolve(o.app)
	if err != nil {
		return err
	}
	bus := new(activity.Bus)
	printed := o.print(bus)
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	err = runSession(ctx, sessionConfig{
		app:       o.app,
		dir:       cwd,
		port:      o.port,
		bind:      o.bind,
		allowHost: o.allowHost,
		public:    public,
		bus:       bus,
		listen: listen.Config{
			Bus:         bus,
			Ready:       o.ready(target, secret, generated),
			Target:      target,
			Concurrency: o.concurrency,
			Events:      events,
			Methods:     o.methods,
			Respond:     wire.Mode(o.respond),
			Verify:      listen.Verify(o.verify),
			Secret:      secret,
			Timeout:     o.timeout,
			SkipBacklog: o.skipBacklog,
		},
	})
	bus.Close()
	<-printed
	if err == nil && ctx.Err() != nil {
		return &codedError{exitInterrupted, nil}
	}
	return err
}

// ready is what the session says of itself, but for its id and URL. The secret stands
// there in full only where nobody but the developer loses by it: if it was made here and
// a person is looking, or if asked for.
func (o *listenOptions) ready(target *send.Target, secret signature.Secret, generated bool) activity.Ready {
	shown := secret.Masked()
	if o.printSecret || generated && o.app.streams.ErrTTY && o.output == "plain" {
		shown = secret.Reveal()
	}
	r := activity.Ready{Respond: o.respond, Verify: o.verify, Secret: shown, Generated: generated}
	if target != nil {
		r.Target = target.String()
	}
	return r
}

// printBuffer is how many updates the printer may be behind. A terminal that is slower
// than that for long loses lines and is told so; the history has them.
const printBuffer = 16 << 10

// print shows what is published on bus, until it is closed.
func (o *listenOptions) print(bus *activity.Bus) (done <-chan struct{}) {
	printer := o.app.printer(o.output)
	updates := bus.Subscribe(printBuffer, nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for u := range updates.Updates() {
			printer.Print(u)
		}
	}()
	return ended
}

func (a *app) printer(output string) term.Printer {
	if output == "json" {
		return term.NewJSON(a.streams.Out, nil)
	}
	mode := term.ColorMode(a.color)
	return term.NewPlain(term.PlainOptions{
		Out:      a.streams.Out,
		Err:      a.streams.Err,
		OutColor: term.UseColor(mode, a.lookup, a.streams.OutTTY),
		ErrColor: term.UseColor(mode, a.lookup, a.streams.ErrTTY),
	})
}
