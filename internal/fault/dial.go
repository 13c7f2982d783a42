package fault

import (
	"context"
	"crypto/tls"
	"net"
	"strings"

	"github.com/solatis/solatis-cli/internal/send"
)

// link is a connection to an app of which nothing is reused. It can end in ways that
// net/http keeps from its users.
type link struct {
	net.Conn          // what HTTP is spoken over
	raw      net.Conn // the same, or what is below TLS
}

// connect opens a link. Names are as in package send: localhost and what is below it mean
// this machine whatever a resolver says, by either of its addresses.
func connect(ctx context.Context, s *send.Sender, to send.Target) (*link, error) {
	raw, err := dial(ctx, to)
	if err != nil {
		return nil, err
	}
	if !to.IsTLS() {
		return &link{raw, raw}, nil
	}
	config := s.TLS.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	config.NextProtos = nil // HTTP/1.1, whose bytes are written by hand
	if config.ServerName == "" {
		config.ServerName = serverName(to)
	}
	c := tls.Client(raw, config)
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return &link{c, raw}, nil
}

func dial(ctx context.Context, to send.Target) (c net.Conn, err error) {
	var dialer net.Dialer
	if socket, ok := strings.CutPrefix(to.Address(), "unix:"); ok {
		return dialer.DialContext(ctx, "unix", socket)
	}
	host, port, err := net.SplitHostPort(to.Address())
	if err != nil {
		return nil, err
	}
	addresses := []string{to.Address()}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		addresses = []string{net.JoinHostPort("::1", port), net.JoinHostPort("127.0.0.1", port)}
	}
	for _, address := range addresses {
		if c, err = dialer.DialContext(ctx, "tcp", address); err == nil || ctx.Err() != nil {
			break
		}
	}
	return c, err
}

// endWriting says that nothing more comes, and leaves the answer's way open.
func (l *link) endWriting() error {
	if c, ok := l.Conn.(interface{ CloseWrite() error }); ok {
		if err := c.CloseWrite(); err != nil {
			return err
		}
	}
	if l.Conn == l.raw {
		return nil
	}
	if c, ok := l.raw.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}

// reset breaks the connection: by a TCP reset, and at a Unix socket, which has none, by
// closing it without a word.
func (l *link) reset() {
	if c, ok := l.raw.(*net.TCPConn); ok {
		c.SetLinger(0) // where it fails, a plain close is left
	}
	l.raw.Close()
}
