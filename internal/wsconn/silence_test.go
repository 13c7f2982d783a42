package wsconn

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// one is a net.Listener with one connection.
type one struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *one) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *one) Close() error   { close(l.done); return nil }
func (l *one) Addr() net.Addr { return &net.TCPAddr{} }

// piped returns the two ends of a websocket over a pipe, so that time can be faked. The
// wire between them can be cut: then neither end notices anything.
func piped(t *testing.T) (client, server *Conn, cut func()) {
	clientEnd, farEnd := net.Pipe()
	nearEnd, serverEnd := net.Pipe()
	severed := make(chan struct{})
	relay := func(to, from net.Conn) {
		buf := make([]byte, 4096)
		for {
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			select {
			case <-severed: // swallowed
			default:
				if _, err := to.Write(buf[:n]); err != nil {
					return
				}
			}
		}
	}
	go relay(farEnd, nearEnd)
	go relay(nearEnd, farEnd)
	ln := &one{make(chan net.Conn, 1), make(chan struct{})}
	ln.conns <- serverEnd
	accepted := make(chan *Conn, 1)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := Accept(w, r); err == nil {
			accepted <- c
		}
	})}
	go srv.Serve(ln)
	dialer := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) { return clientEnd, nil }}
	ws, _, err := dialer.Dial("ws://relay/", nil)
	if err != nil {
		t.Fatal(err)
	}
	client, server = newConn(ws), <-accepted
	t.Cleanup(func() {
		client.Abort()
		server.Abort()
		srv.Close()
		for _, c := range []io.Closer{clientEnd, farEnd, nearEnd, serverEnd} {
			c.Close()
		}
	})
	return client, server, func() { close(severed) }
}

// reading reads until the connection ends, and then says when that was.
func reading(c *Conn) (ended chan time.Time) {
	ended = make(chan time.Time, 1)
	go func() {
		for {
			if _, err := c.Read(); err != nil {
				ended <- time.Now()
				return
			}
		}
	}()
	return ended
}

func TestAnIdleConnectionLivesByItsPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server, _ := piped(t)
		ends := []chan time.Time{reading(client), reading(server)}
		time.Sleep(time.Hour)
		for _, ended := range ends {
			select {
			case <-ended:
				t.Error("an end gave up")
			default:
			}
		}
	})
}

func TestADeadConnectionIsNoticedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server, cut := piped(t)
		ends := []chan time.Time{reading(client), reading(server)}
		time.Sleep(time.Minute)
		began := time.Now()
		cut()
		for i, ended := range ends {
			after := (<-ended).Sub(began)
			if after > DeadAfter || after < DeadAfter-2*PingEvery {
				t.Errorf("end %d noticed after %v", i, after)
			}
		}
	})
}
