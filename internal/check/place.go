package check

import (
	"context"
	"net"
	"net/netip"
	"strings"

	"github.com/solatis/solatis-cli/internal/send"
)

// place is a target taken apart, for what has to be written to a socket by hand.
type place struct {
	tls        bool
	host, port string
	socket     string // path of a Unix socket, in place of host and port
	authority  string // the Host header
	uri        string // what stands in the request line
}

const unixPrefix = "unix:"

func placeOf(t send.Target) place {
	text := t.String()
	if strings.HasPrefix(text, unixPrefix) { // of a host that is called unix it has http before
		socket := strings.TrimPrefix(t.Address(), unixPrefix)
		uri := strings.TrimPrefix(strings.TrimPrefix(text, t.Address()), ":")
		return place{socket: socket, authority: "localhost", uri: orSlash(uri)}
	}
	scheme, rest, _ := strings.Cut(text, "://")
	p := place{tls: scheme == "https", authority: rest}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		p.authority, p.uri = rest[:i], rest[i:]
	}
	p.uri = orSlash(p.uri)
	p.host, p.port, _ = net.SplitHostPort(t.Address()) // it is one that JoinHostPort made
	return p
}

func orSlash(uri string) string {
	if uri == "" {
		return "/"
	}
	return uri
}

// Local reports whether a target is on this machine, by what it says itself: no name is
// looked up.
func Local(t send.Target) bool {
	p := placeOf(t)
	addr, err := netip.ParseAddr(p.host)
	return p.socket != "" || p.isLocalhost() || err == nil && addr.IsLoopback()
}

func (p place) isLocalhost() bool {
	return p.host == "localhost" || strings.HasSuffix(p.host, ".localhost")
}

// dial opens a connection, without TLS. An app on localhost listens on one of its two
// addresses, or on both.
func (p place) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	switch {
	case p.socket != "":
		return d.DialContext(ctx, "unix", p.socket)
	case !p.isLocalhost():
		return d.DialContext(ctx, "tcp", net.JoinHostPort(p.host, p.port))
	}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort("::1", p.port))
	if err != nil {
		conn, err = d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", p.port))
	}
	return conn, err
}
