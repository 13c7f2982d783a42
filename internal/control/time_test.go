package control

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
)

// pipes is a listener whose connections are in memory, so that a test's time can be
// synctest's.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }
func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// connect serves s in a bubble and returns a client's end of one connection.
func connect(t *testing.T, s Session) (client net.Conn, stop func(), served <-chan error) {
	ln := pipes{make(chan net.Conn), make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, ln, s) }()
	client, server := net.Pipe()
	t.Cleanup(func() { client.Close() })
	ln.conns <- server
	return client, cancel, done
}

// A follower that takes nothing at all is let go of after a while.
func TestFollowerThatHangsIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watched{newFake(), make(chan *activity.Subscription, 1)}
		client, stop, served := connect(t, w)
		write(t, client, "GET /v1/follow HTTP/1.1\r\nHost: solatis\r\n\r\n")
		began := time.Now()
		for range (<-w.subs).Updates() {
			t.Error("something was published")
		}
		if took := time.Since(began); took != writeTimeout {
			t.Errorf("dropped after %v, want %v", took, writeTimeout)
		}
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

func TestSilentConnectionDoesNotHoldUpTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, stop, served := connect(t, newFake())
		synctest.Wait()
		began := time.Now()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > endGrace {
			t.Errorf("the end took %v", took)
		}
	})
}

// Serve stays as long as any of its goroutines, even one that a session keeps too long.
func TestServeWaitsForEveryRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, started, release := newFake(), make(chan struct{}), make(chan struct{})
		f.replay = func(context.Context, string) (activity.Attempted, error) {
			close(started)
			<-release
			return activity.Attempted{}, nil
		}
		client, stop, served := connect(t, f)
		write(t, client, "POST /v1/replay HTTP/1.1\r\nHost: solatis\r\nContent-Length: 2\r\n\r\n{}")
		<-started
		stop()
		select {
		case err := <-served:
			t.Errorf("Serve returned %v with a request under way", err)
		case <-time.After(time.Minute):
		}
		close(release)
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

func write(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

// watched tells of each subscription.
type watched struct {
	*fake
	subs chan *activity.Subscription
}

func (w watched) Subscribe(buffer int, keep func(activity.Update) bool) *activity.Subscription {
	s := w.fake.Subscribe(buffer, keep)
	w.subs <- s
	return s
}
