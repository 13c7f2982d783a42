package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// TLS says where the certificate comes from: from Domains by ACME, from CertFile and
// KeyFile, or, where all are empty, from nowhere: the server speaks plain HTTP then.
type TLS struct {
	Domains       []string // the names to get certificates for
	ACMEDirectory string   // URL of the authority's directory; Let's Encrypt's if empty
	ACMECA        string   // PEM file of the roots that the authority's own certificate is checked by; the system's if empty
	ACMEEmail     string   // where the authority may write to; may be empty

	CertFile, KeyFile string // PEM
}

// Enabled reports whether there is to be TLS at all.
func (t TLS) Enabled() bool { return len(t.Domains) > 0 || t.CertFile != "" || t.KeyFile != "" }

// Check reports settings that contradict each other.
func (t TLS) Check() error {
	switch {
	case len(t.Domains) > 0 && (t.CertFile != "" || t.KeyFile != ""):
		return errors.New("automatic certificates and certificate files: choose one of both")
	case (t.CertFile == "") != (t.KeyFile == ""):
		return errors.New("a certificate file and its key file go together, and one of them is missing")
	case len(t.Domains) == 0 && (t.ACMEDirectory != "" || t.ACMECA != "" || t.ACMEEmail != ""):
		return errors.New("there are settings for ACME, but no domain to get a certificate for")
	}
	for _, name := range t.Domains {
		// The authority would refuse it too, but only at the first handshake.
		if !strings.Contains(strings.Trim(name, "."), ".") || strings.ContainsAny(name, ":/*@ ") {
			return fmt.Errorf("%q is no domain to get a certificate for: it takes a full name such as relay.example.com", name)
		}
	}
	return nil
}

// certificates is the source of the server's certificates.
type certificates struct {
	config *tls.Config // nil for plain HTTP
	acme   *autocert.Manager
	served func() []*x509.Certificate // those in service, as far as they are known; nil for plain HTTP
}

// openCertificates prepares what TLS asks for. dir keeps what ACME gave.
func openCertificates(c Config, dir string) (certificates, error) {
	if err := c.TLS.Check(); err != nil {
		return certificates{}, err
	}
	switch {
	case c.TLS.CertFile != "":
		pair, err := loadKeyPair(c.TLS.CertFile, c.TLS.KeyFile, c.Log, c.Now)
		if err != nil {
			return certificates{}, err
		}
		return certificates{
			config: &tls.Config{
				GetCertificate: pair.get,
				NextProtos:     []string{"h2", "http/1.1"},
				MinVersion:     tls.VersionTLS12,
			},
			served: pair.served,
		}, nil
	case len(c.TLS.Domains) > 0:
		m, err := newACME(c.TLS, dir)
		if err != nil {
			return certificates{}, err
		}
		config := m.TLSConfig()
		config.MinVersion = tls.VersionTLS12
		w := &watch{get: config.GetCertificate, tls: c.TLS, log: c.Log, last: make(map[string]*x509.Certificate)}
		config.GetCertificate = w.certificate
		return certificates{config: config, acme: m, served: w.served}, nil
	}
	return certificates{}, nil
}

// plain returns what plain HTTP gets: the authority's challenges their answers, all else
// the way to HTTPS.
func (c certificates) plain(public string) http.Handler {
	if c.acme == nil {
		return toHTTPS(public)
	}
	return c.acme.HTTPHandler(toHTTPS(public))
}

// newACME returns a manager that answers TLS-ALPN-01 by itself, and HTTP-01 where its
// HTTPHandler is served.
func newACME(t TLS, dir string) (*autocert.Manager, error) {
	client := &acme.Client{DirectoryURL: t.ACMEDirectory, UserAgent: "solatis-relay"}
	if t.ACMECA != "" {
		pem, err := os.ReadFile(t.ACMECA)
		if err != nil {
			return nil, fmt.Errorf("the roots of the certificate authority can't be read: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", t.ACMECA)
		}
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		client.HTTPClient = &http.Client{Transport: transport, Timeout: time.Minute}
	}
	return &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(dir),
		HostPolicy: t.allow,
		Email:      t.ACMEEmail,
		Client:     client,
	}, nil
}

// allow is the policy of which names to get certificates for. The Host header that
// HTTP-01 hands over has a port where the authority's is not 80.
func (t TLS) allow(ctx context.Context, host string) error {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return autocert.HostWhitelist(t.Domains...)(ctx, host)
}

// watch looks on as automatic certificates are served.
type watch struct {
	get func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	tls TLS
	log *slog.Logger

	mu   sync.Mutex                   // guards last
	last map[string]*x509.Certificate // by domain
}

// certificate is a tls.Config's GetCertificate. It says why there is no certificate for
// one of the domains: the sender sees no more than a failed handshake. Names that are not
// ours come from scanners, all day.
func (w *watch) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	cert, err := w.get(hello)
	switch {
	case w.tls.allow(hello.Context(), hello.ServerName) != nil:
	case err != nil:
		w.log.Error("no certificate", "domain", hello.ServerName, "error", err)
	case !slices.Contains(hello.SupportedProtos, acme.ALPNProto): // that one is for the authority
		w.mu.Lock()
		defer w.mu.Unlock()
		w.last[hello.ServerName] = cert.Leaf
	}
	return cert, err
}

func (w *watch) served() []*x509.Certificate {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Values(w.last))
}
