package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is a relay that a test runs.
type running struct {
	Addresses
	data  string
	log   *output
	trust *tls.Config  // what knows its certificate; nil for plain HTTP
	stop  func() error // drains, and returns what Run did
}

// output is a buffer that many may write to.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// tempData is a folder with a path that is short enough for a socket.
func tempData(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "relay")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// startRelay runs a relay until stop or the test's end. What c doesn't say is as a public relay
// has it, on free ports of loopback.
func startRelay(t testing.TB, c Config) *running {
	t.Helper()
	r := &running{log: &output{}}
	if c.Data == "" {
		c.Data = tempData(t)
	}
	r.data = c.Data
	for _, address := range []*string{&c.Listen, &c.AdminListen} {
		if *address == "" {
			*address = "127.0.0.1:0"
		}
	}
	if c.Limits == (relay.Limits{}) {
		c.Limits = relay.DefaultLimits
	}
	c.Log = slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ready := make(chan Addresses, 1)
	c.Ready = func(at Addresses) { ready <- at }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, c) }()
	var once sync.Once
	r.stop = func() (err error) {
		once.Do(func() {
			cancel()
			err = <-done
		})
		return err
	}
	select {
	case r.Addresses = <-ready:
	case err := <-done:
		cancel()
		t.Fatalf("the relay doesn't start: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("the relay isn't ready")
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the relay's log:\n%s", r.log)
		}
	})
	return r
}

// clock is a time that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) get() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
