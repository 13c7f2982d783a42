package send

import (
	"context"
	"net"
	"strings"
)

// dial connects to address. The name localhost, and any below it, means this machine
// whatever a resolver says; apps listen on one of its two addresses or on both, so the
// one that refuses is followed by the other, in the order that browsers have.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if socket, ok := socketOf(host); ok {
		return dialUnix(ctx, socket)
	}
	addresses := []string{address}
	if isLocalhost(host) {
		addresses = []string{net.JoinHostPort("::1", port), net.JoinHostPort("127.0.0.1", port)}
	}
	var dialer net.Dialer
	for _, address := range addresses {
		var c net.Conn
		if c, err = dialer.DialContext(ctx, network, address); err == nil {
			return &conn{Conn: c}, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

func isLocalhost(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
