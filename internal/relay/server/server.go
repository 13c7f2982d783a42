// Package server runs a public relay: the core of package relay with its listeners,
// certificates, metrics, administration and an orderly end.
//
// It listens in up to four places. The public one takes webhooks and agents, with TLS or,
// behind a proxy, without. The optional one for plain HTTP answers the certificate
// authority and sends browsers to HTTPS. The administrators' one, on loopback unless told
// otherwise, has /healthz, /readyz, /metrics and the administration for owners' tokens. And a
// Unix socket in the data folder has the administration for whoever may open it.
//
// All that it keeps is in the data folder: relay.db, the requests; access.db, the tokens
// and endpoints; acme, the certificates. Beside them are the databases' locks, and the
// folder of the socket.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/buildinfo"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/access"
	"github.com/solatis/solatis-cli/internal/relay/admin"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
)

// Config says how to run a relay. Data is required.
type Config struct {
	Data string // the folder; made if it isn't there

	Listen      string   // address of webhooks and agents; empty: DefaultListen
	HTTPListen  string   // address for plain HTTP beside TLS; none if empty
	AdminListen string   // address of the administrators' listener; empty: DefaultAdminListen; NoListener for none
	PublicURL   *url.URL // how the outside sees Listen; nil: made from the first domain, or from Listen
	TLS         TLS

	TrustedProxies   []netip.Prefix // believed when they say whose request they pass on
	MaxConnections   int            // to Listen and HTTPListen, all in all; 0 for no limit
	ConnectionsPerIP int            // but for trusted proxies; 0 for no limit
	MaxAgents        int            // connected at once; 0 for no limit
	AgentsPerOwner   int            // of those, of one owner; 0 for no limit
	MaxBody          int64          // of one request, in bytes
	Limits           relay.Limits
	Rates            relay.Rates
	MaxEndpoints     int // per owner; 0 for the registry's default
	AllowAnonymous   bool

	Log   *slog.Logger     // never gets bodies, header values, tokens or whole endpoint ids; discarded if nil
	Now   func() time.Time // time.Now if nil
	Ready func(Addresses)  // told once the relay takes requests; may be nil
}

// The addresses where a relay listens, unless told otherwise. NoListener, for
// Config.AdminListen, stands for none.
const (
	DefaultListen      = "127.0.0.1:8080" // without TLS
	DefaultTLSListen   = ":443"
	DefaultAdminListen = "127.0.0.1:9090"
	NoListener         = "off"
)

// Addresses are where a relay listens. Those that it doesn't have are empty.
type Addresses struct {
	Public, HTTP, Admin string // host:port
	URL                 string // how the outside sees Public, without a path
}

// Bounds of the HTTP servers. Bodies have an idle limit of their own in package relay.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
)

// server is one run of a relay.
type server struct {
	Config
	store     *sqlitestore.Store
	registry  *access.Registry
	relay     *relay.Relay
	meter     *meter
	limiter   *limiter
	flights   *flights
	certs     certificates
	gauges    gauges
	readiness readiness
}

// Run runs a relay until ctx ends, and then drains it: requests under way are finished
// and later ones refused, agents are told when to come back, and all is closed within
// DrainWithin. It returns nil then; an error says what failed to start, or what broke.
func Run(ctx context.Context, c Config) (err error) {
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &server{Config: c, meter: newMeter(c.Now), flights: newFlights()}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("the data folder can't be made: %w", err)
	}
	if s.certs, err = openCertificates(c, filepath.Join(c.Data, acmeFolder)); err != nil {
		return err
	}
	if s.store, err = sqlitestore.Open(ctx, StorePath(c.Data)); err != nil {
		return err
	}
	defer closing(&err, s.store.Close)
	s.registry, err = access.Load(ctx, RegistryPath(c.Data), access.Options{
		AllowAnonymous: c.AllowAnonymous, MaxEndpoints: c.MaxEndpoints, Now: c.Now,
	})
	if err != nil {
		return err
	}
	defer closing(&err, s.registry.Close)
	if err := sweep(c.Data); err != nil {
		return err
	}
	if err := managerOf(c.Data, s.store, s.registry, c.Now).Sweep(ctx); err != nil {
		return err
	}
	return s.run(ctx)
}

// sweep removes what a run left that didn't end by itself. The caller has the databases'
// locks, so nobody is at it.
func sweep(data string) error {
	for _, pattern := range []string{probePattern, backupPattern} {
		left, err := filepath.Glob(filepath.Join(data, pattern))
		if err != nil {
			return err
		}
		for _, path := range left {
			if err := os.RemoveAll(path); err != nil {
				return fmt.Errorf("what an earlier run left can't be removed: %w", err)
			}
		}
	}
	return nil
}

// closing closes what was opened, and lets an error come out that nothing else hides.
func closing(err *error, close func() error) { *err = errors.Join(*err, close()) }

const acmeFolder = "acme"

// StorePath is where the requests are in a data folder.
func StorePath(data string) string { return filepath.Join(data, "relay.db") }

// RegistryPath is where the tokens and endpoints are in a data folder.
func RegistryPath(data string) string { return filepath.Join(data, "access.db") }

// run opens the listeners and serves.
func (s *server) run(ctx context.Context) error {
	l, err := s.openListeners(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	at := l.addresses(s)
	s.warn(l)
	s.relay = relay.New(relay.Config{
		Store: s.store, Authority: s.registry, Meter: s.meter, Log: s.Log, Now: s.Now,
		Hosts: s.hosts(l.public, at), Limits: s.Limits, MaxBody: s.MaxBody, Rates: s.Rates,
		MaxAgents: s.MaxAgents, PerOwner: s.AgentsPerOwner, TrustedProxies: s.TrustedProxies,
		Notice: s.notice(),
	})
	return s.serve(ctx, l, at)
}

// notice is what every developer is told who connects.
func (s *server) notice() string {
	if s.AllowAnonymous {
		return "this relay takes agents without a token: whoever reaches it and knows the endpoint's name gets its webhooks"
	}
	return ""
}

// serve runs the HTTP servers until ctx ends or one of them breaks.
func (s *server) serve(ctx context.Context, l *listeners, at Addresses) (err error) {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	servers := s.start(l, at)
	servers.work.Go(func() { s.relay.Maintain(running, s.endpointIDs) })
	s.Log.Info("serving", "url", at.URL, "listen", at.Public, "admin-listen", at.Admin, "data", s.Data, "version", buildinfo.Version())
	if s.Ready != nil {
		s.Ready(at)
	}
	select {
	case <-ctx.Done():
	case err = <-servers.broken:
		s.Log.Error("ending", "error", err)
	}
	s.drain(servers)
	stop()
	servers.work.Wait()
	s.Log.Info("ended")
	return err
}

// servers are the HTTP servers of one run.
type servers struct {
	outside []*http.Server // webhooks and agents, plain HTTP
	inside  []*http.Server // administrators
	broken  chan error     // has room for one of each
	work    sync.WaitGroup
}

func (s *server) start(l *listeners, at Addresses) *servers {
	all := &servers{broken: make(chan error, len(l.all()))}
	begin := func(group *[]*http.Server, h http.Handler, ln net.Listener, config *tls.Config) {
		srv := s.httpServer(h)
		*group = append(*group, srv)
		all.work.Go(func() {
			if err := start(srv, ln, config); err != nil {
				all.broken <- err
			}
		})
	}
	begin(&all.outside, s.flights.count(s.relay), s.limiter.listen(l.public), s.certs.config)
	if l.plain != nil {
		begin(&all.outside, s.certs.plain(at.URL), s.limiter.listen(l.plain), nil)
	}
	manager := s.manager(at.URL)
	if l.admin != nil {
		var hosts relay.Hosts
		if onLoopback(l.admin) {
			hosts = relay.LoopbackHosts()
		}
		begin(&all.inside, s.observe(hosts, admin.RemoteHandler(manager)), l.admin, nil)
	}
	begin(&all.inside, s.observe(nil, admin.LocalHandler(manager)), l.socket, nil)
	return all
}

// endpointIDs lists all endpoints there are.
func (s *server) endpointIDs(ctx context.Context) ([]string, error) {
	all, err := s.registry.Endpoints(ctx, "")
	ids := make([]string, 0, len(all))
	for _, e := range all {
		ids = append(ids, e.ID)
	}
	return ids, err
}
