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
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/settings"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// listenOptions are the flags of listen.
type listenOptions struct {
	app *app

	targets     targetFlags
	retry       retryFlags
	faults      faultFlags
	seed        uint64
	events      []string
	respond     string
	verify      string
	secret      secretFlags
	printSecret bool
	writeEnv    string
	timeout     time.Duration
	concurrency int
	methods     []string
	port        int
	bind        []string
	allowHost   []string
	publicURL   string
	skipBacklog bool
	output      string
	noTUI       bool

	relay     relayFlags
	endpoint  string
	agent     string
	ephemeral bool
	since     string
	giveUp    time.Duration
	readyFile string
	yesRemote bool
}

func (a *app) newListen() *cobra.Command {
	o := &listenOptions{app: a}
	cmd := &cobra.Command{
		Use:   "listen [TARGET]",
		Short: "Take webhooks on a local or public URL, verify, record and forward them",
		Long: `listen takes webhooks on a URL of this machine, verifies their signatures, records
them in the history, and forwards each to your app. Without --forward it records
and shows them only.

Several --forward each get every event. A --route gives some event types a target of
their own: the first route that matches takes the event, and --forward gets what no
route takes. With --respond app the sender gets the first target's answer.

With --retry a failed delivery is made again as Solatis would, sixty times as fast.
After the last failure the webhook is disabled, and what comes is held until
solatis session enable. solatis retries shows what is planned.

With --relay the URL is a public one, at a solatis-relay that somebody hosts. It is
the same in every run: it belongs to the endpoint, which is called like the
project's folder unless --endpoint says otherwise. What comes while you are away
waits there.

A target is 3000, :3000/path, localhost:3000, a full URL, or a Unix socket: write
unix:/run/app.sock, or unix:/run/app.sock:/path.`,
		Example: `  solatis listen --forward localhost:3000/webhooks/solatis
  solatis listen 3000 --relay work
  solatis listen 3000 --events 'document.*' --verify strict
  solatis listen 3000 --retry --retry-speed 3600
  solatis listen 3000 --route 'document.*=localhost:4000/docs' --route 'task.*=:5000'
  solatis listen https://app.test:8443 --ca dev-ca.pem -H 'X-Tenant: blue'
  solatis listen 3000 --write-env .env:SOLATIS_WEBHOOK_SECRET
  solatis listen --forward 3000 --output json | jq .type`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if err := o.setArgument(cmd.Flags(), args[0]); err != nil {
					return err
				}
			}
			return o.run(cmd.Context(), cmd.Flags())
		},
	}
	o.declare(cmd.Flags())
	o.declareRelay(cmd.Flags())
	o.faults.declare(cmd)
	o.faults.declareSeed(cmd.Flags(), &o.seed)
	complete(cmd, "relay", a.completeRelays)
	return withSettings(cmd)
}

func (o *listenOptions) declare(f *pflag.FlagSet) {
	o.targets.declare(f)
	o.retry.declare(f, "", "disable the webhook")
	f.StringSliceVarP(&o.events, "events", "e", nil, "event types to forward, such as 'document.*'; others are recorded only")
	f.StringVar(&o.respond, "respond", "", "whose answer the sender gets: app, or relay for 200 as soon as the request is durable (default: relay at a remote relay, with --retry, and with --fault reorder or burst; else app)")
	f.StringVar(&o.verify, "verify", "warn", "what a bad signature means: warn, strict (not forwarded, the sender gets 401) or off")
	o.secret.declare(f)
	f.BoolVar(&o.printSecret, "print-secret", false, "show the secret in full even if you gave it yourself")
	f.StringVar(&o.writeEnv, "write-env", "", "write the signing secret to a variable in a file that your app reads, such as .env:SOLATIS_WEBHOOK_SECRET; all else in it stays")
	f.DurationVar(&o.timeout, "timeout", send.DefaultTimeout, "how long the app may take to answer")
	f.IntVar(&o.concurrency, "concurrency", 16, "requests forwarded at once to each target; 1 keeps their order strictly")
	f.StringSliceVar(&o.methods, "methods", []string{http.MethodPost}, "HTTP methods to take")
	f.IntVar(&o.port, "port", 0, "port to listen on (default: the one of the last time in this folder, or the first free of 4650, 4660 …)")
	f.StringSliceVar(&o.bind, "bind", nil, "further addresses to listen on, such as 0.0.0.0 in a container (default: loopback only)")
	f.StringSliceVar(&o.allowHost, "allow-host", nil, "further Host headers to answer, such as host.docker.internal")
	f.StringVar(&o.publicURL, "public-url", "", "base URL under which another tunnel or proxy leads here; shown instead of the local one")
	f.BoolVar(&o.skipBacklog, "skip-backlog", false, "cancel the deliveries that an earlier session left pending")
	f.StringVar(&o.output, "output", "plain", "plain, or json for one object a line")
	f.BoolVar(&o.noTUI, "no-tui", false, "print lines on a terminal too, instead of opening the live view")
	f.StringVar(&o.readyFile, "ready-file", "", "write the ready line as JSON to this file once webhooks are taken, and remove it in the end")
	f.BoolVar(&o.yesRemote, "yes-remote", false, "forward to another machine although it was a project's solatis.toml that said so")
}

// declareRelay declares what is about a remote relay only.
func (o *listenOptions) declareRelay(f *pflag.FlagSet) {
	o.relay.declare(f)
	f.StringVar(&o.endpoint, "endpoint", "", "the endpoint's name at the relay, which has its own URL (default: the name of the project's folder)")
	f.StringVar(&o.agent, "agent", "", "this session's name at the relay, which keeps its place by it (default: one of this machine's own)")
	f.BoolVar(&o.ephemeral, "ephemeral", false, "take part for this run only, as in CI: the relay keeps nothing for this session when it is gone")
	f.StringVar(&o.since, "since", "", "take what the relay still has since then: 2h, a time, or beginning")
	f.DurationVar(&o.giveUp, "exit-on-disconnect", 0, "end with an error after so long without the relay (default: try for ever)")
}

// checked is what the flags say once they are known to make sense.
type checked struct {
	targets targets
	retry   delivery.Policy
	faults  fault.Plan
	events  []string // the types to forward; none for all
	public  *url.URL
	env     envFlag
}

// check refuses what no session can work with.
func (o *listenOptions) check(flags *pflag.FlagSet) (c checked, err error) {
	err = errors.Join(
		o.checkRespond(),
		checkKey("endpoint", o.endpoint),
		checkKey("agent", o.agent),
		oneOf("--verify", o.verify, "warn", "strict", "off"),
		oneOf("--output", o.output, "plain", "json"),
		o.checkNumbers(),
		o.checkMethods(),
	)
	if err != nil {
		return c, &codedError{exitUsage, err}
	}
	for _, glob := range o.events {
		types, err := catalog.Match(glob)
		if err != nil {
			return c, usageErrorf("--events: %w", err)
		}
		c.events = append(c.events, types...)
	}
	if c.targets, err = o.targets.parse(o.app, flags, c.events); err != nil {
		return c, err
	}
	if c.faults, err = o.checkFaults(flags, c.targets); err != nil {
		return c, err
	}
	if c.retry, err = o.checkRetry(flags, c.targets); err != nil {
		return c, err
	}
	if err = checkDrop(c.faults, c.retry); err != nil {
		return c, err
	}
	if c.env, err = parseEnvFlag(o.writeEnv); err != nil {
		return c, err
	}
	c.public, err = o.parsePublicURL()
	return c, err
}

// checkKey refuses the value of a flag as the settings refuse that of the key.
func checkKey(name, value string) error {
	key, err := settings.Lookup(name)
	if err != nil || value == "" {
		return err
	}
	if err := key.Check(value); err != nil {
		return fmt.Errorf("--%w", err)
	}
	return nil
}

func (o *listenOptions) checkRespond() error {
	if o.respond == "" {
		return nil
	}
	return oneOf("--respond", o.respond, "app", "relay")
}

func (o *listenOptions) checkNumbers() error {
	switch {
	case o.timeout <= 0:
		return fmt.Errorf("--timeout %v: it has to be longer than 0, such as 5s", o.timeout)
	case o.concurrency < 1 || o.concurrency > 1000:
		return fmt.Errorf("--concurrency %d: it takes 1 to 1000", o.concurrency)
	case o.port < 0 || o.port > 65535:
		return fmt.Errorf("--port %d: a port is 1 to 65535", o.port)
	case o.giveUp < 0:
		return fmt.Errorf("--exit-on-disconnect %v: it has to be longer than 0, such as 30s", o.giveUp)
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

func (o *listenOptions) run(ctx context.Context, flags *pflag.FlagSet) error {
	c, err := o.check(flags)
	if err != nil {
		return err
	}
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	remote, err := o.findRemote(ctx, flags, cwd)
	if err != nil {
		return err
	}
	if err := o.checkProject(); err != nil {
		return err
	}
	if o.readyFile != "" {
		if err := prepareReadyFile(o.readyFile); err != nil {
			return err
		}
	}
	secret, generated, err := o.secret.resolve(o.app)
	if err != nil {
		return err
	}
	if err := c.env.write(o.app, secret); err != nil {
		return err
	}
	bus, announced := new(activity.Bus), make(chan struct{})
	show, shown := o.show(bus, announced)
	config := o.config(c, secret)
	config.Bus, config.Ready = bus, o.ready(c, secret, generated)
	err = runSession(ctx, sessionConfig{
		app: o.app, dir: cwd, bus: bus, remote: remote,
		port: o.port, bind: o.bind, allowHost: o.allowHost, public: c.public,
		readyFile: o.readyFile, announced: announced,
		view: show, send: c.targets.options, listen: config,
	})
	bus.Close()
	<-shown
	if err == nil && ctx.Err() != nil {
		return &codedError{exitInterrupted, nil}
	}
	return err
}

func (o *listenOptions) config(c checked, secret signature.Secret) listen.Config {
	return listen.Config{
		Routes:      c.targets.routes,
		Forward:     c.targets.forward,
		Notices:     append(c.targets.notices, faultNotices(c.faults)...),
		Faults:      fault.NewGate(c.faults, 0),
		Retry:       c.retry,
		Concurrency: o.concurrency,
		Events:      c.events,
		Methods:     o.methods,
		Respond:     wire.Mode(o.respond),
		Verify:      listen.Verify(o.verify),
		Secret:      secret,
		Diagnose:    o.app.diagnose(secret),
		Timeout:     o.timeout,
		SkipBacklog: o.skipBacklog,
		GiveUpAfter: o.giveUp,
	}
}

// ready is what the session says of itself, but for its id and URL. The secret stands
// there in full only where nobody but the developer loses by it: if it was made here and
// a person is looking, or if asked for.
func (o *listenOptions) ready(c checked, secret signature.Secret, generated bool) activity.Ready {
	shown := secret.Masked()
	if o.printSecret || generated && o.app.streams.ErrTTY && o.output == "plain" {
		shown = secret.Reveal()
	}
	r := activity.Ready{Respond: o.respond, Verify: o.verify, Secret: shown, Generated: generated}
	c.targets.describe(&r)
	describeRetries(&r, c.retry)
	return r
}
