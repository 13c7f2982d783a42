package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/credential"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/settings"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/spf13/pflag"
)

// remote is a relay that runs elsewhere, and how this session is to have it.
type remote struct {
	name          string // what the user calls it; "" for one that was given by its URL
	url           *url.URL
	tls           *tls.Config // nil means the system's certificates
	authorityFile string      // where its further certificates come from; "" for none
	token         string      // "" where there is none
	tokenFrom     string

	endpoint  string
	agent     string // "" to take the name of this machine's own
	ephemeral bool
	since     time.Time // zero for the agent's position
}

func (r *remote) origin() string { return r.url.Scheme + "://" + r.url.Host }

// called is how to speak of the relay.
func (r *remote) called() string {
	if r.name == "" {
		return r.origin()
	}
	return "the relay " + r.name + " (" + r.origin() + ")"
}

func (r *remote) agentURL() string {
	return strings.Replace(r.url.Scheme, "http", "ws", 1) + "://" + r.url.Host + wire.AgentPath
}

// remedy is what to do where the relay doesn't want this agent.
func (r *remote) remedy() string {
	name := r.name
	if name == "" {
		name = "NAME"
	}
	had := "no token was sent"
	if r.token != "" {
		had = "the token came from " + r.tokenFrom
	}
	return fmt.Sprintf("%s; store another one by solatis relay add %s %s, or look further with solatis doctor", had, name, r.origin())
}

// relayFlags say which relay, and how to trust it.
type relayFlags struct {
	relay     string
	authority string
	insecure  bool
}

func (o *relayFlags) declare(flags *pflag.FlagSet) {
	flags.StringVar(&o.relay, "relay", "", "the relay that gives the session a public URL: a name of solatis relay list, a URL, or none for the one inside this process (the default)")
	o.declareTrust(flags)
}

func (o *relayFlags) declareTrust(flags *pflag.FlagSet) {
	flags.StringVar(&o.authority, "relay-ca", "", "file with the certificate of the authority that issued the relay's, beside those of this system")
	flags.BoolVar(&o.insecure, "insecure-relay", false, "allow a relay without TLS that is not on this machine: everybody on the way can read the token and the events")
}

// find resolves the relay that was named, without its token. It returns nil for the
// embedded one.
func (o *relayFlags) find(a *app) (*remote, error) {
	if o.relay == "" || o.relay == settings.NoRelay {
		return nil, nil
	}
	r := new(remote)
	var err error
	if r.name, r.url, err = o.locate(a.sources.user); err != nil {
		return nil, usageErrorf("--relay: %w", err)
	}
	r.tls, r.authorityFile, err = o.trust()
	return r, err
}

// locate finds a relay by the user's name for it, or by its URL.
func (o *relayFlags) locate(user *settings.User) (name string, at *url.URL, err error) {
	address := o.relay
	if user != nil {
		known, err := user.Relay(o.relay)
		switch {
		case err == nil:
			name, address = known.Name, known.URL
		case !strings.Contains(o.relay, "://"):
			return "", nil, err
		}
	}
	at, err = settings.ParseRelayURL(address, o.insecure)
	return name, at, err
}

// trust is the TLS of a relay with an authority of its own.
func (o *relayFlags) trust() (*tls.Config, string, error) {
	if o.authority == "" {
		return nil, "", nil
	}
	config, err := trusting(o.authority)
	if err != nil {
		return nil, "", usageErrorf("--relay-ca: %w", err)
	}
	path, err := filepath.Abs(o.authority)
	return config, path, err
}

// trusting returns a TLS configuration that trusts the certificates in a PEM file beside
// those of the system.
func trusting(path string) (*tls.Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a system without certificates has this one
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("there is no certificate in %s: it takes PEM, which begins with -----BEGIN CERTIFICATE-----", path)
	}
	return &tls.Config{RootCAs: roots}, nil
}

// tokenVariable holds a relay's token where none is stored, as in CI.
const tokenVariable = "SOLATIS_RELAY_TOKEN"

// findToken finds the relay's token: in the environment, or where solatis relay add put
// it. A stored one belongs to one origin and is found for no other. What the environment
// holds goes to the relay that the user named, which a project's file can't.
func (r *remote) findToken(ctx context.Context, a *app) (token, where string, err error) {
	if token := a.env(tokenVariable); token != "" {
		return token, tokenVariable, nil
	}
	if r.name == "" {
		return "", "", nil
	}
	store, err := a.credentials()
	if err != nil {
		return "", "", err
	}
	token, ok, err := store.Get(ctx, r.account())
	if err != nil || !ok {
		return "", "", err
	}
	return token, "solatis relay add", nil
}

func (r *remote) account() string { return credential.Account(r.origin(), r.name) }

func (a *app) credentials() (*credential.Store, error) {
	f, err := folders.Resolve(a.env)
	if err != nil {
		return nil, err
	}
	return credential.Open(f.State, a.env("SOLATIS_KEYRING") != "off"), nil
}

// remoteOnly and embeddedOnly are the flags of listen that mean something for one kind of
// relay.
var (
	remoteOnly   = []string{"endpoint", "agent", "ephemeral", "since", "relay-ca", "insecure-relay", "exit-on-disconnect"}
	embeddedOnly = []string{"port", "bind", "allow-host", "public-url"}
)

// findRemote is the remote relay of this session, nil for the embedded one. It also
// settles what depends on that: --respond, and which flags make sense.
func (o *listenOptions) findRemote(ctx context.Context, flags *pflag.FlagSet, cwd string) (*remote, error) {
	r, err := o.relay.find(o.app)
	if err != nil {
		return nil, err
	}
	if err := o.checkKind(flags, r); err != nil {
		return nil, err
	}
	if o.respond == "" {
		o.respond = string(wire.ModeApp)
		if r != nil {
			o.respond = string(wire.ModeRelay)
		}
	}
	if r == nil {
		o.giveUp = 0
		return nil, nil
	}
	if r.since, err = parseSince(o.since, o.app.now()); err != nil {
		return nil, &codedError{exitUsage, err}
	}
	r.endpoint, r.agent, r.ephemeral = o.endpoint, o.agent, o.ephemeral
	if r.endpoint == "" {
		if r.endpoint, err = endpointName(o.app.projectDir(cwd)); err != nil {
			return nil, err
		}
	}
	r.token, r.tokenFrom, err = r.findToken(ctx, o.app)
	return r, err
}

// checkKind refuses flags of the command line that this kind of relay has no use for.
// Those from elsewhere are for other runs.
func (o *listenOptions) checkKind(flags *pflag.FlagSet, r *remote) error {
	useless, why := remoteOnly, "that is for a remote relay, and this session has its own: add --relay"
	if r != nil {
		useless, why = embeddedOnly, "that is for the relay inside this process, and this session uses "+r.called()+": leave it out, or add --relay none"
	}
	for _, name := range useless {
		if o.app.typed(flags, name) {
			return usageErrorf("--%s: %s", name, why)
		}
	}
	if o.ephemeral && o.agent != "" {
		if o.app.typed(flags, "agent") || !o.app.typed(flags, "ephemeral") {
			return &codedError{exitUsage, errEphemeralAgent}
		}
		o.agent = "" // the command line comes first
	}
	return nil
}

// projectDir is the folder of the project's file, or else the current one.
func (a *app) projectDir(cwd string) string {
	if p := a.sources.project; p != nil {
		return filepath.Dir(p.Path)
	}
	return cwd
}

// maxEndpointName is how long a relay lets an endpoint's name be.
const maxEndpointName = 64

// endpointName makes of a folder's name one that an endpoint can have: what is neither a
// letter of ASCII nor a digit, dot, dash or underscore becomes a dash.
func endpointName(dir string) (string, error) {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-", r):
			return r
		}
		return '-'
	}, filepath.Base(dir))
	name = strings.Trim(name[:min(len(name), maxEndpointName)], "-.")
	if name == "" {
		return "", usageErrorf("no endpoint's name can be made of the folder %s: give one with --endpoint", dir)
	}
	return name, nil
}

// parseSince reads --since: how long ago, when, or "beginning" for all that the relay
// still has.
func parseSince(s string, now time.Time) (time.Time, error) {
	switch s {
	case "":
		return time.Time{}, nil
	case "beginning":
		return time.Unix(0, 1), nil
	}
	if ago, err := time.ParseDuration(s); err == nil && ago > 0 {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, s)
	switch {
	case err == nil && at.After(now):
		return time.Time{}, fmt.Errorf("--since %q: that is still to come", s)
	case err == nil:
		return at, nil
	}
	return time.Time{}, fmt.Errorf("--since %q: it takes a duration such as 2h, a time such as %s, or beginning", s, now.UTC().Format(time.RFC3339))
}

var errEphemeralAgent = errors.New("--agent and --ephemeral: an ephemeral agent is forgotten when it disconnects, so a name is of no use to it; give one of both")
