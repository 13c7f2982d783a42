package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/session"
	sign "github.com/solatis/solatis-cli/internal/signature"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// fake is a session that answers from a Bus and a secret, and replays by a function.
type fake struct {
	paused bool
	activity.Bus
	info   session.Info
	secret sign.Secret

	planned []FaultRequest
	replay  func(ctx context.Context, id string) (activity.Attempted, error)
}

func (f *fake) Info() session.Info      { return f.info }
func (f *fake) Sign(body []byte) string { return sign.Sign(f.secret, body) }
func (f *fake) Replay(ctx context.Context, r ReplayRequest) (activity.Attempted, error) {
	return f.replay(ctx, r.ID)
}

// PlanFaults knows no explosion.
func (f *fake) PlanFaults(r FaultRequest) error {
	if slices.Contains(r.Faults, "explosion") {
		return errors.New("there is no explosion")
	}
	f.planned = append(f.planned, r)
	return nil
}

// SetWebhooks knows the targets a, which stands as it should, and b.
func (f *fake) SetWebhooks(_ context.Context, r WebhookRequest) ([]WebhookChange, error) {
	switch r.Target {
	case "":
		return []WebhookChange{{Target: "a"}, {Target: "b", Changed: true, Held: 3}}, nil
	case "b":
		return []WebhookChange{{Target: "b", Changed: r.State == delivery.Disabled}}, nil
	}
	return nil, &Error{"the session doesn't forward to " + r.Target, CodeNotFound}
}

func newFake() *fake {
	return &fake{
		info:   session.Info{ID: "k3f9", PID: 7, Cwd: "/src/shop", URL: "http://localhost:4650/e/1", Targets: []string{"a", "b"}, Started: noon, Version: "1.2.3"},
		secret: sign.GenerateSecret(),
		replay: func(_ context.Context, id string) (activity.Attempted, error) {
			switch id {
			case "evt_unknown":
				return activity.Attempted{}, fmt.Errorf("replay: %w", &Error{"no event evt_unknown; did you mean evt_1?", CodeNotFound})
			case "evt_broken":
				return activity.Attempted{}, errors.New("the history is locked: close the other program")
			}
			return activity.Attempted{Event: id, Outcome: delivery.Kind("answered"), Status: 200, Duration: time.Millisecond, At: noon}, nil
		},
	}
}

// running is a session that is served on a socket.
type running struct {
	*fake
	socket string
	stop   func() error // ends Serve and returns what it returned
}

// serve serves f until the test ends.
func serve(t testing.TB, f *fake) running {
	t.Helper()
	dir, err := os.MkdirTemp("", "c")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := running{fake: f, socket: filepath.Join(dir, "k3f9.sock")}
	ln, err := net.Listen("unix", r.socket)
	if err != nil {
		t.Fatal(err)
	}
	r.stop = start(t, ln, f)
	return r
}

// start runs Serve until the test ends or the returned function is called.
func start(t testing.TB, ln net.Listener, f *fake) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	var err error
	go func() {
		defer close(done)
		err = Serve(ctx, ln, f)
	}()
	stop = func() error {
		cancel()
		<-done
		return err
	}
	t.Cleanup(func() { stop() })
	return stop
}

func dial(t testing.TB, r running) *Client {
	c := Dial(r.socket)
	t.Cleanup(c.Close)
	return c
}

func follow(t testing.TB, c *Client, f Filter) *Stream {
	t.Helper()
	s, err := c.Follow(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func next(t testing.TB, s *Stream) activity.Update {
	t.Helper()
	u, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Pause finds three deliveries that wait.
func (f *fake) Pause(paused bool) int {
	f.paused = paused
	return 3
}
