package check

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/solatis/solatis-cli/internal/signature"
)

// maxContinue bounds the wait for "100 Continue", which says that the body is about to
// be read. Servers that don't know it stay silent, and get the body all the same.
const maxContinue = 300 * time.Millisecond

// breakOff sends the head of an event and half its body, then resets the connection. Its
// error is of connecting alone: whatever becomes of the connection then is what it is
// for.
func (r *runner) breakOff(ctx context.Context, body []byte, sign string) error {
	p := placeOf(r.Target)
	conn, err := r.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(maxContinue)) // one that can't be set bounds nothing else
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nContent-Type: application/json\r\n%s: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		p.uri, p.authority, userAgent, signature.HeaderName, sign, len(body))
	// Without the wait the reset would often overtake the request, and the app would
	// never see that there was one.
	_, _ = bufio.NewReader(conn).ReadString('\n')
	_ = conn.SetDeadline(time.Now().Add(maxContinue))
	_, _ = conn.Write(body[:len(body)/2])
	if tcp := tcpOf(conn); tcp != nil {
		_ = tcp.SetLinger(0) // makes Close a reset
		_ = tcp.Close()
	}
	return nil
}

// tcpOf returns the connection below TLS, or nil if it isn't one of TCP.
func tcpOf(conn net.Conn) *net.TCPConn {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	tcp, _ := conn.(*net.TCPConn)
	return tcp
}

// dial connects to the target as package send does: by TLS where that is meant, and to
// either address of localhost.
func (r *runner) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Limit)
	defer cancel()
	p := placeOf(r.Target)
	conn, err := p.dial(ctx)
	if err != nil || !p.tls {
		return conn, err
	}
	config := &tls.Config{}
	if r.TLS != nil {
		config = r.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = p.host
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}
