package relaycli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/collector"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/server"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// defaultData is where a relay keeps everything, unless told otherwise.
const defaultData = "/var/lib/solatis-relay"

// serve is the command that runs the relay. Its flags are also what the settings file
// may have.
type serve struct {
	app *app

	data                                       folder
	listen, httpListen, adminListen, publicURL string

	tls            server.TLS
	trustedProxies prefixes

	maxBody, backlogBytes, keptBytes                                  size
	backlog                                                           uint64
	grace, agentRetention                                             span
	rateIP, rateEndpoint, rateToken                                   pace
	maxConnections, perIP, maxAgents, agentsByOwner, endpointsByOwner int
	allowAnonymous                                                    bool

	logFormat, logLevel string
}

func (a *app) newServe() *cobra.Command {
	o := &serve{app: a}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the relay",
		Long: `Run the relay until SIGTERM or SIGINT. It then finishes the requests under way, refuses
later ones, tells the agents when to come back, and ends within ten seconds; a second
signal ends it at once, which loses nothing that was answered with 200 either.

Each flag can also be set by a variable, such as SOLATIS_RELAY_LISTEN for --listen, and
in the settings file, as listen = "…". The flag counts first, the file last.`,
		Example: `  solatis-relay serve --domain relay.example.com --acme-email ops@example.com
  solatis-relay serve --listen :8443 --tls-cert relay.pem --tls-key relay.key
  solatis-relay serve --listen 127.0.0.1:8080 --trusted-proxies 127.0.0.1 --public-url https://relay.example.com`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	declareConfig(cmd.Flags())
	o.declare(cmd.Flags())
	return cmd
}

// declareData declares what says where the relay is, for it and for who manages it.
func declareData(flags *pflag.FlagSet, data *folder) {
	*data = defaultData
	flags.Var(data, "data", "folder for requests, tokens and certificates")
}

func declareAdminListen(flags *pflag.FlagSet, address *string) {
	flags.StringVar(address, "admin-listen", server.DefaultAdminListen, "address of health checks, metrics and administration; off for none")
}

// declare declares all settings.
func (o *serve) declare(flags *pflag.FlagSet) {
	declareData(flags, &o.data)
	flags.StringVar(&o.listen, "listen", "", "address for webhooks and agents (default "+server.DefaultTLSListen+" with TLS, "+server.DefaultListen+" without)")
	declareAdminListen(flags, &o.adminListen)
	flags.StringVar(&o.httpListen, "http-listen", "", "address for plain HTTP beside TLS, such as :80: redirects, and answers the certificate authority")
	flags.StringVar(&o.publicURL, "public-url", "", "how the outside sees this relay, such as https://relay.example.com (default: from the first domain, or --listen)")
	o.declareTLS(flags)
	o.declareLimits(flags)
	flags.StringVar(&o.logFormat, "log-format", "text", "text or json")
	flags.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error; debug has a line for each request")
}

func (o *serve) declareTLS(flags *pflag.FlagSet) {
	flags.StringSliceVar(&o.tls.Domains, "domain", nil, "name to get a certificate for by ACME, which accepts the authority's terms; more than one by commas")
	flags.StringVar(&o.tls.ACMEEmail, "acme-email", "", "where the certificate authority may write to")
	flags.StringVar(&o.tls.ACMEDirectory, "acme-directory", "", "URL of another certificate authority's directory (default: Let's Encrypt's)")
	flags.StringVar(&o.tls.ACMECA, "acme-ca", "", "PEM file of the roots by which that authority's own server is known (default: the system's)")
	flags.StringVar(&o.tls.CertFile, "tls-cert", "", "PEM file of an own certificate and its chain; taken up again when it changes")
	flags.StringVar(&o.tls.KeyFile, "tls-key", "", "PEM file of its key")
	flags.Var(&o.trustedProxies, "trusted-proxies", "addresses of proxies in front of this relay, such as 127.0.0.1,10.0.0.0/8: their X-Forwarded-For is believed")
}

func (o *serve) declareLimits(flags *pflag.FlagSet) {
	l, r := relay.DefaultLimits, relay.DefaultRates
	o.maxBody, o.backlogBytes, o.keptBytes = relay.DefaultMaxBody, size(l.BacklogBytes), size(l.KeptBytes)
	o.grace, o.agentRetention = span(l.Grace), span(l.AgentRetention)
	o.rateIP, o.rateEndpoint, o.rateToken = pace(r.IP), pace(r.Endpoint), pace(r.Token)
	flags.Var(&o.maxBody, "max-body", "largest body of a request; larger ones get 413")
	flags.Uint64Var(&o.backlog, "backlog", l.Backlog, "requests of an endpoint that wait for their agents; over it, senders get 503; 0 for no limit")
	flags.Var(&o.backlogBytes, "backlog-bytes", "their bytes; 0 for no limit")
	flags.Var(&o.grace, "grace", "how long requests are kept after their agents have them")
	flags.Var(&o.keptBytes, "kept-bytes", "how many bytes of an endpoint are kept for that long at most; 0 for no limit")
	flags.Var(&o.agentRetention, "agent-retention", "how long requests wait for an agent that doesn't come; 0 for ever")
	flags.Var(&o.rateIP, "rate-ip", "requests from one address; over it, senders get 429; off for no limit")
	flags.Var(&o.rateEndpoint, "rate-endpoint", "requests to one endpoint; over it, senders get 429; off for no limit")
	flags.Var(&o.rateToken, "rate-token", "connections of agents with one token; off for no limit")
	flags.IntVar(&o.maxConnections, "max-connections", 20_000, "open connections, of senders and agents; 0 for no limit")
	flags.IntVar(&o.perIP, "max-connections-per-ip", 1_000, "open connections from one address, but for trusted proxies; 0 for no limit")
	flags.IntVar(&o.maxAgents, "max-agents", 10_000, "agents connected at once; 0 for no limit")
	flags.IntVar(&o.agentsByOwner, "max-agents-per-owner", 1000, "of those, agents of one owner; 0 for no limit")
	flags.IntVar(&o.endpointsByOwner, "max-endpoints", 100, "endpoints of one owner")
	flags.BoolVar(&o.allowAnonymous, "allow-anonymous", false, "let agents in without a token: ANYBODY who reaches this relay can then use it")
}

func (o *serve) run(ctx context.Context) error {
	config, err := o.config()
	if err != nil {
		return err
	}
	collector.Tune()
	return server.Run(ctx, config)
}

// config makes the server's configuration from the flags, and explains what can't be.
func (o *serve) config() (server.Config, error) {
	if err := o.check(); err != nil {
		return server.Config{}, &usageError{err}
	}
	public, err := parsePublicURL(o.publicURL)
	if err != nil {
		return server.Config{}, err
	}
	log, err := newLogger(o.app.streams.Err, o.logFormat, o.logLevel)
	if err != nil {
		return server.Config{}, err
	}
	return server.Config{
		Data: string(o.data), Listen: o.listen, HTTPListen: o.httpListen, AdminListen: o.adminListen, PublicURL: public,
		TLS: o.tls, TrustedProxies: o.trustedProxies,
		MaxConnections: o.maxConnections, ConnectionsPerIP: o.perIP, MaxAgents: o.maxAgents, AgentsPerOwner: o.agentsByOwner,
		MaxBody: int64(o.maxBody), MaxEndpoints: o.endpointsByOwner, AllowAnonymous: o.allowAnonymous,
		Limits: relay.Limits{
			Backlog: o.backlog, BacklogBytes: uint64(o.backlogBytes), Grace: time.Duration(o.grace),
			KeptBytes: uint64(o.keptBytes), AgentRetention: time.Duration(o.agentRetention),
		},
		Rates: relay.Rates{IP: relay.Rate(o.rateIP), Endpoint: relay.Rate(o.rateEndpoint), Token: relay.Rate(o.rateToken)},
		Log:   log, Now: o.app.now,
	}, nil
}

// check finds what each flag's own type can't see. It looks at no file: config check runs
// it on a machine where the relay may not be.
func (o *serve) check() error {
	for _, e := range []struct{ flag, address string }{
		{"listen", o.listen}, {"http-listen", o.httpListen}, {"admin-listen", o.adminListen},
	} {
		if err := checkAddress(e.address); err != nil {
			return fmt.Errorf("%s %q: %w", e.flag, e.address, err)
		}
	}
	for _, e := range []struct {
		flag string
		n    int
	}{
		{"max-connections", o.maxConnections}, {"max-connections-per-ip", o.perIP},
		{"max-agents", o.maxAgents}, {"max-agents-per-owner", o.agentsByOwner}, {"max-endpoints", o.endpointsByOwner - 1},
	} {
		if e.n < 0 {
			return fmt.Errorf("%s is too small", e.flag)
		}
	}
	switch {
	case o.maxBody == 0:
		return errors.New("max-body is 0: no request could be taken")
	case o.maxBody > relay.DefaultMaxBody:
		// An agent that gets more breaks off, gets it again, and so on for ever.
		return fmt.Errorf("max-body is over %d MiB: no solatis takes more", relay.DefaultMaxBody>>20)
	case o.httpListen != "" && !o.tls.Enabled():
		return errors.New("http-listen is for a relay with TLS: without, listen alone is plain HTTP")
	}
	return o.tls.Check()
}

func checkAddress(address string) error {
	if address == "" || address == server.NoListener {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("it takes an address and a port, such as 127.0.0.1:8080, or :443 for all addresses")
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("%s is no port", port)
	}
	return nil
}

// parsePublicURL reads the relay's URL as the outside sees it: a scheme and a host, since
// the paths are the protocol's.
func parsePublicURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, usageErrorf("public-url %q: it takes a scheme and a host, such as https://relay.example.com", text)
	}
	return u, nil
}

// newLogger returns a logger to w, in a format and from a level on.
func newLogger(w io.Writer, format, level string) (*slog.Logger, error) {
	if err := oneOf("log-format", format, "text", "json"); err != nil {
		return nil, err
	}
	if err := oneOf("log-level", level, "debug", "info", "warn", "error"); err != nil {
		return nil, err
	}
	var from slog.Level
	if err := from.UnmarshalText([]byte(level)); err != nil {
		return nil, err
	}
	options := &slog.HandlerOptions{Level: from}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(visibleWriter{w}, options)), nil
	}
	return slog.New(slog.NewTextHandler(w, options)), nil
}
