package relay

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// lastWords is how long an agent's connection may take to carry a Goodbye.
const lastWords = 500 * time.Millisecond

// agent is one connected agent. One goroutine reads, in run. The pusher sends what is
// due, and a third brings acknowledgements to the store, each as long as there is
// anything for it to do: a relay may have thousands of agents, and most do nothing.
type agent struct {
	relay     *Relay
	endpoint  *endpoint
	conn      *wsconn.Conn
	bearer    Bearer
	name      string
	ephemeral bool
	terms     terms

	replaced bool           // guarded by endpoint.mu; set while membership is held
	passed   uint64         // guarded by endpoint.mu; it was sent all below
	silent   chan struct{}  // closed when it tells the store nothing more, but for leave
	pusher   pusher         // of the pushing goroutine
	work     sync.WaitGroup // what runs beside the reading goroutine

	mu     sync.Mutex // guards what follows
	ended  bool       // nothing is to be started any more
	pushes bool       // whether the pushing goroutine runs
	again  bool       // whether it has to look once more
	window window
	acked  uint64
	stored uint64    // what of acked is in the store
	acking bool      // whether a goroutine brings it there
	seen   time.Time // when the store was told last
}

// run reads the agent's frames until the connection ends, and then waits for what else
// works for it.
func (a *agent) run() {
	a.mu.Lock()
	a.again = true
	a.mu.Unlock()
	a.work.Go(a.push)
	err := a.readAll()
	a.relay.Log.Info("agent gone", "endpoint", short(a.endpoint.id), "agent", a.name, "reason", err)
	a.conn.Abort()
	a.mu.Lock()
	a.ended = true
	a.mu.Unlock()
	a.work.Wait()
	close(a.silent)
}

func (a *agent) readAll() error {
	answers := &answers{
		awaited: func(id string) bool { return a.endpoint.awaits(a, id) },
		parts:   make(map[string]*partAnswer),
	}
	for {
		message, err := a.conn.Read()
		if err != nil {
			return err
		}
		if err := wire.Decode(message, func(f wire.Frame) error { return a.handle(f, answers) }); err != nil {
			a.goodbye(wire.CodeProtocol, err.Error(), 0)
			return err
		}
	}
}

func (a *agent) handle(f wire.Frame, answers *answers) error {
	switch f := f.(type) {
	case *wire.Ack:
		return a.acknowledge(f.Seq)
	case *wire.Response:
		answer, err := answers.begin(f)
		if answer != nil {
			a.endpoint.answer(a, f.ID, answer)
		}
		return err
	case *wire.ResponseBody:
		answer, err := answers.add(f)
		if answer != nil {
			a.endpoint.answer(a, f.ID, answer)
		}
		return err
	default:
		return fmt.Errorf("%T isn't for an agent to send", f)
	}
}

// signal tells the pusher to look.
func (a *agent) signal() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.signalLocked()
}

// signalLocked is signal for who holds mu.
func (a *agent) signalLocked() {
	if a.again = true; !a.pushes && !a.ended {
		a.pushes = true
		a.work.Go(a.push)
	}
}

// look reports whether the pusher has to look again; if not, it has to end.
func (a *agent) look() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pushes = a.again && !a.ended
	a.again = false
	return a.pushes
}

func (a *agent) send(f wire.Frame) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	if err := wire.Encode(buf, f); err != nil {
		return err
	}
	return a.conn.Write(buf.Bytes())
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// goodbye sends the agent away. Its reading goroutine ends by itself then.
func (a *agent) goodbye(code wire.Code, why string, retryIn time.Duration) {
	say(a.conn, code, why, retryIn)
}

// say sends a Goodbye and closes the connection.
func say(conn *wsconn.Conn, code wire.Code, why string, retryIn time.Duration) {
	cut := time.AfterFunc(lastWords, conn.Abort) // Write may wait for a peer that reads nothing
	defer cut.Stop()
	var buf bytes.Buffer
	if err := wire.Encode(&buf, &wire.Goodbye{Code: code, Reason: why, RetryMS: uint64(retryIn.Milliseconds())}); err == nil {
		_ = conn.Write(buf.Bytes())
	}
	conn.Close(lastWords)
}
