// Package listen is one session of solatis listen: it takes requests from a tunnel,
// verifies and records them, forwards them to its targets, and tells it all to an
// activity.Bus.
//
// A request that has arrived goes two ways at once. The recorder writes it to the
// history, many to a transaction, and then acknowledges it to the relay. The queue of
// each target that it is for starts its delivery as soon as its turn comes, without
// waiting for that commit, so the app's latency holds one durable write and not two. What
// the attempt brought is recorded after the request is.
//
// A request that may have come before, because it already waited when the connection
// was made, is recorded first and delivered only if it was not known: see
// Session.Request.
//
// Straight is the other half: it sends what no session has, from within the command that
// wants it sent, and shares with a session how attempts are described and recorded.
package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/tunnel"
	"github.com/solatis/solatis-cli/internal/wire"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// Verify says what a bad signature means to a session.
type Verify string

// The ways to verify.
const (
	VerifyWarn   Verify = "warn"   // it is shown, and the request forwarded
	VerifyStrict Verify = "strict" // the request is not forwarded; its sender gets a 401
	VerifyOff    Verify = "off"    // signatures are not looked at
)

// Config says what a session does. Relay, History and Bus are required.
type Config struct {
	Relay   Relay
	History *history.History // outlives the session
	Bus     *activity.Bus    // outlives the session
	Ready   activity.Ready   // published once the session takes requests, with At set, and URL where it is empty
	Notices []string         // warnings to publish behind it
	// OnReady is told what was published, with the URL. It may not wait; nil for nobody.
	OnReady func(activity.Ready)

	Routes      []Route         // the first that matches takes an event
	Forward     []send.Target   // each gets what no route takes; none of both means to record and show only
	Sender      *send.Sender    // required with a target; outlives the session
	Concurrency int             // attempts under way at once at each target; 1 keeps the order strictly
	Events      []string        // the event types to forward; empty means all, and also what is no event
	Methods     []string        // the HTTP methods to take; empty means POST
	Retry       delivery.Policy // of failed deliveries; the zero one has no retries, and any other needs wire.ModeRelay
	Faults      *fault.Gate     // what goes wrong on purpose with what comes in; nil for nothing
	Respond     wire.Mode
	Verify      Verify
	Secret      signature.Secret
	// Diagnose says in a line what is wrong with a request's signature, "" where that is
	// not known. It is asked for bad ones only, from one goroutine and not for each of many
	// in a row; nil for no diagnosis.
	Diagnose    func(*event.Request) string
	Timeout     time.Duration // of an attempt; for the relay, which waits for it
	SkipBacklog bool          // cancel what an earlier session left pending
	MaxBody     uint64        // of a request, in bytes
	GiveUpAfter time.Duration // ends the session after so long without the relay; 0 never does

	Now func() time.Time // time.Now if nil
}

// Relay is the relay that a session connects to.
type Relay struct {
	URL      string      // its agent path, ws:// or wss://
	TLS      *tls.Config // of a wss:// URL; nil means the system's certificates
	Token    string
	Endpoint string // its name there
	Agent    string // this session's identity there; nobody else may use it meanwhile
	Position string // the key of this agent's position in the history; Agent if empty
	Software string // such as "solatis/1.2.0"

	Ephemeral bool      // the relay forgets the agent when it disconnects
	Since     time.Time // begin with what was received then, whatever the position is; zero for the position
}

func (r Relay) position() string {
	if r.Position != "" {
		return r.Position
	}
	return r.Agent
}

// Session is one run of listen.
type Session struct {
	Config

	tunnel *tunnel.Tunnel
	lanes  lanes

	items  chan item           // from the tunnel to the recorder
	memory *semaphore.Weighted // bytes of bodies on their way to the history

	diagnoses diagnoses

	// cautious is the seq up to which requests may have come before, and asked the position
	// that the relay was asked to go on from. The tunnel's goroutine alone uses them.
	cautious  uint64
	countFrom uint64  // the seq after which the session's requests are counted; as cautious
	planned   planned // faults of single events
	asked     event.Position
	resumed   []*job            // what an earlier session left; submitted when the session is ready
	left      activity.Resumed  // how much that is
	findings  []activity.Update // what there is to say of webhooks once the session is ready
	taken     chan struct{}     // closed when what an earlier session left is taken up
	ready     sync.Once
	pausing   pausing

	hinted sync.Map // hints that were said: every answer repeats what led to one

	// attempts is cancelled to interrupt what is under way.
	attempts context.Context
}

// Bounds on what waits to be recorded. The relay's window keeps an honest relay below.
const (
	maxUnrecorded      = 4096
	maxUnrecordedBytes = 128 << 20
)

// New returns a session that runs with Run.
func New(c Config) *Session {
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Session{
		Config: c,
		items:  make(chan item, maxUnrecorded),
		memory: semaphore.NewWeighted(maxUnrecordedBytes),

		diagnoses: newDiagnoses(),
		taken:     make(chan struct{}),
	}
	s.lanes = newLanes(c.Routes, c.Forward, func() *queue { return newQueue(max(c.Concurrency, 1), s.deliver) })
	for _, l := range s.lanes.all {
		l.retries = newRetries(s, l)
	}
	s.tunnel = tunnel.New(tunnel.Config{
		URL:       c.Relay.URL,
		Token:     c.Relay.Token,
		Software:  c.Relay.Software,
		Agent:     c.Relay.Agent,
		Endpoint:  c.Relay.Endpoint,
		Mode:      c.Respond,
		Methods:   c.Methods,
		AnswerIn:  c.Timeout,
		MaxBody:   c.MaxBody,
		TLS:       c.Relay.TLS,
		Ephemeral: c.Relay.Ephemeral,
		Since:     c.Relay.Since,
		GiveUp:    c.GiveUpAfter,
		Position:  s.position,
		Handler:   s,
	})
	return s
}

// position returns the agent's durable position, once all that an earlier connection
// brought is recorded: the next one then begins with what is really missing, and the
// queue knows what comes before it.
func (s *Session) position(ctx context.Context) (at event.Position, err error) {
	recorded := make(chan event.Position, 1)
	s.items <- item{recorded: recorded}
	select {
	case at = <-recorded:
	case <-ctx.Done():
		return at, ctx.Err()
	}
	// The history's never goes back, but a session that began with Since has to go on
	// where it was itself.
	if at == (event.Position{}) {
		at, err = s.History.Position(ctx, s.Relay.position())
	}
	s.asked = at
	return at, err
}

// Run listens until ctx ends, and returns nil then. Attempts under way are interrupted
// and recorded as such; they are resumed by the next session with their target. It
// returns an error when the relay refuses the session or the history can't be read.
// When it returns, all its goroutines have ended.
func (s *Session) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	s.attempts = ctx
	if err := s.resume(ctx); err != nil {
		return err
	}
	close(s.taken)
	for _, l := range s.lanes.all {
		go l.retries.run()
	}
	group.Go(func() error {
		defer close(s.items)
		return s.tunnel.Run(ctx)
	})
	group.Go(func() error {
		s.record(ctx)
		return nil
	})
	err := group.Wait()
	for _, l := range s.lanes.all {
		l.queue.close()
		l.retries.close()
	}
	return errors.Join(err, s.endReplays(ctx))
}

// Connecting implements tunnel.Handler. Of the relay in this process there is nothing to
// see as long as all is well.
func (s *Session) Connecting() {
	if s.Ready.Relay != "" {
		s.Bus.Publish(activity.Connecting{Relay: s.Ready.Relay, At: s.Now()})
	}
}

// Connected implements tunnel.Handler.
func (s *Session) Connected(w tunnel.Welcome) {
	s.cautious = w.At.Seq + w.Backlog
	s.ready.Do(func() {
		s.countFrom = w.At.Seq
		s.begin(w)
	})
	for _, l := range s.lanes.all {
		l.queue.connected(w.At.Seq, s.comesAgain(w))
	}
	s.items <- item{connected: true, at: w.At}
	s.Bus.Publish(activity.Connected{Backlog: int(w.Backlog), At: s.Now()})
}

// Request implements tunnel.Handler.
func (s *Session) Request(at event.Position, r *event.Request) {
	size := min(int64(r.Size()), maxUnrecordedBytes)
	if err := s.memory.Acquire(s.attempts, size); err != nil {
		return // the session ends; the relay still has the request
	}
	it := item{at: at, from: at.Seq, in: s.judge(r), memory: size}
	s.dispatch(&it)
	s.items <- it
}

// Gap implements tunnel.Handler.
func (s *Session) Gap(from uint64, to event.Position, reason string) {
	for _, l := range s.lanes.all {
		l.queue.skip(l.queue.current(), from, to.Seq)
	}
	s.items <- item{at: to, from: from}
	s.Bus.Publish(activity.Gap{From: from, To: to.Seq, Reason: reason, At: s.Now()})
}

// Disconnected implements tunnel.Handler.
func (s *Session) Disconnected(why error, retryIn time.Duration, final bool) {
	s.Bus.Publish(activity.Disconnected{Reason: why.Error(), RetryIn: retryIn, Final: final, At: s.Now()})
}

// Subscribe returns a view of what happens in the session.
func (s *Session) Subscribe(buffer int, keep func(activity.Update) bool) *activity.Subscription {
	return s.Bus.Subscribe(buffer, keep)
}

// Sign returns the signature of body with the session's secret.
func (s *Session) Sign(body []byte) string { return signature.Sign(s.Secret, body) }

// Replay sends a recorded request once more: to the first of the targets that it would go
// to if it came in now. It returns the first attempt; retries of it belong to the session.
func (s *Session) Replay(ctx context.Context, request string) (activity.Attempted, error) {
	return s.ReplayWith(ctx, request, fault.Faults{})
}

// ReplayWith is Replay with faults on purpose. They don't keep the request back: whoever
// asks for it does.
func (s *Session) ReplayWith(ctx context.Context, request string, f fault.Faults) (activity.Attempted, error) {
	r, err := s.History.Request(ctx, request)
	if err != nil {
		return activity.Attempted{}, err
	}
	lane, err := s.forReplay(r)
	if err != nil {
		return activity.Attempted{}, err
	}
	if s.Retry.Retries() {
		return s.replay(ctx, lane, r, fault.NewTurn(f))
	}
	by := Straight{History: s.History, Sender: s.Sender, Origin: delivery.Replay, Now: s.Now}
	done, err := by.Deliver(ctx, lane.target, r, fault.NewTurn(f), func(activity.Attempted) {})
	all := done.All() // told at the end, since one that was dropped may be cancelled since
	for i := range all {
		s.advise(&all[i], lane.target, r)
		s.Bus.Publish(all[i])
	}
	if err != nil {
		return activity.Attempted{}, err
	}
	return all[len(done.Attempts)-1], nil
}
