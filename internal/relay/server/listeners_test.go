package server

import (
	"net"
	"net/netip"
	"net/url"
	"testing"
)

// at is a listener with an address and nothing else.
type at struct {
	net.Listener
	address string
}

func (a at) Addr() net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(a.address)) }

func TestPublicURLAndHosts(t *testing.T) {
	public, err := url.Parse("https://hooks.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	domains := TLS{Domains: []string{"relay.example.com", "other.example.com"}}
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for name, c := range map[string]struct {
		Config
		listen  string
		url     string
		answers map[string]bool // Host headers
	}{
		"on loopback":       {Config{}, "127.0.0.1:8080", "http://127.0.0.1:8080", map[string]bool{"localhost:8080": true, "127.0.0.1": true, "evil.example.com": false}},
		"with a public URL": {Config{PublicURL: public}, "127.0.0.1:8080", "https://hooks.example.com", map[string]bool{"hooks.example.com": true, "evil.example.com": false}},
		"behind a proxy":    {Config{TrustedProxies: proxies}, "127.0.0.1:8080", "http://127.0.0.1:8080", map[string]bool{"any.example.com": true}},
		"with domains":      {Config{TLS: domains}, "0.0.0.0:443", "https://relay.example.com", map[string]bool{"any.example.com": true}},
		"on another port":   {Config{TLS: domains}, "127.0.0.1:8443", "https://relay.example.com:8443", map[string]bool{"other.example.com": true, "evil.example.com": false}},
		"with files":        {Config{TLS: TLS{CertFile: "x", KeyFile: "y"}}, "192.0.2.1:443", "https://192.0.2.1:443", map[string]bool{"any.example.com": true}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{Config: c.Config}
			ln := at{address: c.listen}
			got := s.publicURL(ln)
			if got != c.url {
				t.Errorf("the URL is %s instead of %s", got, c.url)
			}
			hosts := s.hosts(ln, Addresses{URL: got})
			for host, want := range c.answers {
				if hosts.Allow(host) != want {
					t.Errorf("a request for %s is answered: %v", host, !want)
				}
			}
		})
	}
}

func TestTLSSettings(t *testing.T) {
	one := []string{"relay.example.com"}
	for _, c := range []struct {
		tls TLS
		ok  bool
	}{
		{TLS{}, true},
		{TLS{Domains: one}, true},
		{TLS{Domains: one, ACMEDirectory: "https://ca", ACMECA: "ca.pem", ACMEEmail: "a@example.com"}, true},
		{TLS{CertFile: "c", KeyFile: "k"}, true},
		{TLS{CertFile: "c"}, false},
		{TLS{KeyFile: "k"}, false},
		{TLS{Domains: one, CertFile: "c", KeyFile: "k"}, false},
		{TLS{ACMEEmail: "a@example.com"}, false},
		{TLS{Domains: []string{"localhost"}}, false},
		{TLS{Domains: []string{"*.example.com"}}, false},
		{TLS{Domains: []string{"https://relay.example.com"}}, false},
		{TLS{Domains: []string{"relay.example.com:443"}}, false},
		{TLS{Domains: []string{""}}, false},
	} {
		if err := c.tls.Check(); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.tls, err)
		}
	}
}
