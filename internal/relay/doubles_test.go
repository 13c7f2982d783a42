package relay_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// byHand is an agent that says what a test has it say, which no honest one might.
type byHand struct {
	*wsconn.Conn
	t    *testing.T
	came []wire.Frame // and not taken yet
}

// answerMS is how long senders wait for the app of an agent that is played by hand, in ms.
const answerMS = uint64(stuck / time.Millisecond)

// agentByHand connects to ann's endpoint "hooks" at url.
func agentByHand(t *testing.T, url string, hello wire.Hello) *byHand {
	t.Helper()
	conn, err := wsconn.Dial(t.Context(), "ws"+strings.TrimPrefix(url, "http")+wire.AgentPath,
		wsconn.DialOptions{Header: http.Header{"Authorization": {"Bearer ann-1"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Abort)
	hello.Version, hello.Endpoint = wire.Version, "hooks"
	if hello.Mode == "" {
		hello.Mode = wire.ModeRelay
	}
	a := &byHand{Conn: conn, t: t}
	a.say(&hello)
	return a
}

func (a *byHand) say(frames ...wire.Frame) {
	a.t.Helper()
	for _, f := range frames {
		var buf bytes.Buffer
		if err := wire.Encode(&buf, f); err != nil {
			a.t.Fatal(err)
		}
		_ = a.Write(buf.Bytes()) // what ended the connection is read
	}
}

// hears returns the next frame, which has to be an F.
func hears[F wire.Frame](a *byHand) F {
	a.t.Helper()
	defer time.AfterFunc(stuck, a.Abort).Stop()
	for len(a.came) == 0 {
		message, err := a.Read()
		if err != nil {
			a.t.Fatalf("%v, where %T was due", err, *new(F))
		}
		if err := wire.Decode(message, func(f wire.Frame) error { a.came = append(a.came, f); return nil }); err != nil {
			a.t.Fatal(err)
		}
	}
	f, ok := a.came[0].(F)
	if !ok {
		a.t.Fatalf("heard %+v, where %T was due", a.came[0], *new(F))
	}
	a.came = a.came[1:]
	return f
}

// leaves says that the agent goes, and returns when it counts no more.
func (h *heard) leaves(left <-chan string) {
	h.stop()
	<-left
}

// watched is a Store that tells a test what it is asked, where the test wants to know.
type watched struct {
	relay.Store
	agents func()                         // before each Agents
	resume func(agent string)             // after each Resume
	ack    func(seq uint64, store func()) // instead of each Ack, which is store
	forget func(agent string)             // after each Forget
	spool  func()                         // before each Spool
	fails  error                          // of Append and of Spool
}

func (s *watched) Agents(ctx context.Context, endpoint string) ([]relay.AgentStat, error) {
	if s.agents != nil {
		s.agents()
	}
	return s.Store.Agents(ctx, endpoint)
}

func (s *watched) Resume(ctx context.Context, endpoint, agent string, at event.Position, now time.Time) (event.Position, error) {
	at, err := s.Store.Resume(ctx, endpoint, agent, at, now)
	if s.resume != nil {
		s.resume(agent)
	}
	return at, err
}

func (s *watched) Ack(ctx context.Context, endpoint, agent string, seq uint64, now time.Time) (err error) {
	store := func() { err = s.Store.Ack(ctx, endpoint, agent, seq, now) }
	if s.ack == nil {
		store()
	} else {
		s.ack(seq, store)
	}
	return err
}

func (s *watched) Forget(ctx context.Context, endpoint, agent string) error {
	err := s.Store.Forget(ctx, endpoint, agent)
	if s.forget != nil {
		s.forget(agent)
	}
	return err
}

func (s *watched) Append(ctx context.Context, endpoint string, r *event.Request, l relay.Limits) (uint64, error) {
	if s.fails != nil {
		return 0, s.fails
	}
	return s.Store.Append(ctx, endpoint, r, l)
}

func (s *watched) Spool(ctx context.Context, endpoint string) (relay.Spool, error) {
	if s.spool != nil {
		s.spool()
	}
	if s.fails != nil {
		return nil, s.fails
	}
	return s.Store.Spool(ctx, endpoint)
}

// startWatched is startPublic with a store that is watched.
func startWatched(t *testing.T, s *watched, change func(*relay.Config)) *public {
	t.Helper()
	return startPublic(t, func(c *relay.Config) {
		s.Store, c.Store = c.Store, s
		if change != nil {
			change(c)
		}
	})
}

// known returns the names that the store has of ann's agents.
func (p *public) known() (names []string) {
	p.t.Helper()
	all, err := p.store.Agents(p.t.Context(), "ann-hooks")
	if err != nil {
		p.t.Fatal(err)
	}
	for _, a := range all {
		names = append(names, a.Name)
	}
	return names
}

// posting is post that doesn't wait for the status.
func (p *public) posting(id, body string) <-chan int {
	status := make(chan int, 1)
	go func() {
		s, _ := p.post(id, body)
		status <- s
	}()
	return status
}

// deaf is a connection whose peer takes nothing any more, once it has taken so much.
type deaf struct {
	net.Conn
	takes atomic.Int64
	full  chan struct{} // closed when it has
	ended chan struct{} // closed by Close
	once  [2]sync.Once
}

func (d *deaf) Write(b []byte) (int, error) {
	if d.takes.Add(-int64(len(b))) < 0 {
		d.once[0].Do(func() { close(d.full) })
		<-d.ended
		return 0, net.ErrClosed
	}
	return d.Conn.Write(b)
}

func (d *deaf) Close() error {
	d.once[1].Do(func() { close(d.ended) })
	return d.Conn.Close()
}

// deafListener makes a deaf connection of the one that it accepts.
type deafListener struct {
	net.Listener
	conn *deaf
}

func (l *deafListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.conn.Conn = c
	return l.conn, nil
}

// sends is a Meter that says each time that a request is sent.
type sends struct {
	relay.Meter
	sent chan bool
}

func (s *sends) Sent(again bool) { s.sent <- again }
