package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/admin"
)

// listeners are where one run listens. Those that it doesn't have are nil.
type listeners struct {
	public, plain, admin, socket net.Listener
}

// openListeners opens all or none.
func (s *server) openListeners(ctx context.Context) (_ *listeners, err error) {
	l := &listeners{}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	s.limiter = newLimiter(s.MaxConnections, s.ConnectionsPerIP, s.TrustedProxies, func() { s.meter.Refused(refusedConnections) })
	listen := DefaultListen
	if s.TLS.Enabled() {
		listen = DefaultTLSListen
	}
	if l.public, err = listenTCP(ctx, "webhooks and agents", cmp.Or(s.Listen, listen)); err != nil {
		return nil, err
	}
	if s.HTTPListen != "" {
		if l.plain, err = listenTCP(ctx, "plain HTTP", s.HTTPListen); err != nil {
			return nil, err
		}
	}
	if at := cmp.Or(s.AdminListen, DefaultAdminListen); at != NoListener {
		if l.admin, err = listenTCP(ctx, "administrators", at); err != nil {
			return nil, err
		}
	}
	l.socket, err = admin.Listen(s.Data)
	return l, err
}

func listenTCP(ctx context.Context, what, address string) (net.Listener, error) {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the address for %s, %s, isn't to be had: %w", what, address, err)
	}
	return ln, nil
}

// all returns the listeners there are.
func (l *listeners) all() (all []net.Listener) {
	for _, ln := range []net.Listener{l.public, l.plain, l.admin, l.socket} {
		if ln != nil {
			all = append(all, ln)
		}
	}
	return all
}

func (l *listeners) close() {
	for _, ln := range l.all() {
		ln.Close()
	}
}

// addresses returns where l listens.
func (l *listeners) addresses(s *server) Addresses {
	at := Addresses{Public: l.public.Addr().String(), URL: s.publicURL(l.public)}
	if l.plain != nil {
		at.HTTP = l.plain.Addr().String()
	}
	if l.admin != nil {
		at.Admin = l.admin.Addr().String()
	}
	return at
}

// publicURL is how the outside sees a listener: as the operator says, or else by the
// first domain, or else by its address.
func (s *server) publicURL(ln net.Listener) string {
	if s.PublicURL != nil {
		return strings.TrimSuffix(s.PublicURL.String(), "/")
	}
	u := url.URL{Scheme: "http", Host: ln.Addr().String()}
	if s.TLS.Enabled() {
		u.Scheme = "https"
	}
	_, port, err := net.SplitHostPort(u.Host)
	if len(s.TLS.Domains) > 0 && err == nil {
		u.Host = s.TLS.Domains[0]
		if port != "443" {
			u.Host = net.JoinHostPort(u.Host, port)
		}
	}
	return u.String()
}

// hosts are the names that the relay answers for. A public relay may have any: the proxy
// in front of it knows them. One that is to be reached from this machine alone answers
// for this machine's names alone (see relay.Hosts).
func (s *server) hosts(ln net.Listener, at Addresses) relay.Hosts {
	if !onLoopback(ln) || len(s.TrustedProxies) > 0 {
		return nil
	}
	if u, err := url.Parse(at.URL); err == nil && u.Host != "" {
		return relay.LoopbackHosts(append(s.TLS.Domains, u.Host)...)
	}
	return relay.LoopbackHosts(s.TLS.Domains...)
}

func onLoopback(ln net.Listener) bool {
	tcp, ok := ln.Addr().(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// warn says what an operator should know before the first request comes.
func (s *server) warn(l *listeners) {
	if !s.TLS.Enabled() && !onLoopback(l.public) && len(s.TrustedProxies) == 0 {
		s.Log.Warn("PLAIN HTTP to the outside: webhooks and tokens can be read on their way. "+
			"Set a domain or a certificate; or, behind a proxy with TLS, its address as a trusted proxy",
			"listen", l.public.Addr().String())
	}
	if s.AllowAnonymous {
		s.Log.Warn("ANONYMOUS agents are allowed: whoever reaches this relay may make endpoints on it, without a token")
	}
	if l.admin != nil && !onLoopback(l.admin) {
		s.Log.Warn("the administrators' address is open to other machines, without TLS: whoever reaches it can read the metrics",
			"admin-listen", l.admin.Addr().String())
	}
}

// httpServer returns a server with the bounds that all of them have.
func (s *server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          log.New(&complaints{s.Log}, "", 0),
	}
}

// complaints takes what net/http has to say: of broken clients and handshakes, which are
// everyday, and of panics, which are not.
type complaints struct{ log *slog.Logger }

// Write implements io.Writer for a log.Logger, which calls it once a message.
func (c *complaints) Write(message []byte) (int, error) {
	level := slog.LevelDebug
	if strings.Contains(string(message), "panic") {
		level = slog.LevelError
	}
	c.log.Log(context.Background(), level, "http server", "message", strings.TrimSpace(string(message)))
	return len(message), nil
}

// start serves on ln, with TLS where config isn't nil, until srv is shut down.
func start(srv *http.Server, ln net.Listener, config *tls.Config) error {
	var err error
	if config != nil {
		srv.TLSConfig = config
		err = srv.ServeTLS(ln, "", "")
	} else {
		err = srv.Serve(ln)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("the listener %s broke: %w", ln.Addr(), err)
}

// toHTTPS sends browsers on to HTTPS. A webhook is refused rather than sent on: it has
// gone in the clear already, and its sender should be told.
func toHTTPS(public string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "solatis: this relay takes requests by HTTPS only, at "+public, http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, public+r.URL.RequestURI(), http.StatusPermanentRedirect)
	})
}
