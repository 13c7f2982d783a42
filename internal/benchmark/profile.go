package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/collector"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/solatis/solatis-cli/internal/wire"
)

// profile runs relay and session in this process, put together as solatis listen does,
// and takes a CPU profile of them under load. Load and app are processes of their own
// and not part of it.
func profile(ctx context.Context, o options) (err error) {
	app, url, err := startRole(ctx, "app")
	if err != nil {
		return err
	}
	defer closing(&err, app.stop)
	collector.Tune()
	s, err := startSession(ctx, o.dir, url)
	if err != nil {
		return err
	}
	defer closing(&err, s.close)
	l := load{URL: s.relay.URL(), Connections: profileConnections, For: o.seconds * time.Duration(o.rounds)}
	f, err := os.Create(o.profile)
	if err != nil {
		return err
	}
	defer closing(&err, f.Close)
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	got, err := l.generate(ctx)
	pprof.StopCPUProfile()
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%d events in %v with %d connections; see go tool pprof -top %s\n",
		got.Events, got.Took.Round(time.Millisecond), l.Connections, o.profile)
	return err
}

// inProcess is a session with its relay in this process.
type inProcess struct {
	relay   *listen.Embedded
	closers []func() error // in the order of opening
}

func (s *inProcess) close() error {
	var err error
	for _, c := range slices.Backward(s.closers) {
		err = errors.Join(err, c())
	}
	return err
}

// endpoint is the id of the profiled relay's endpoint.
const endpoint = "0123456789abcdef0123456789abcdef"

// startSession starts a relay and a session on a store and a history in dir, and returns
// when the session takes events.
func startSession(ctx context.Context, dir, app string) (s *inProcess, err error) {
	s = new(inProcess)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	h, err := history.Open(ctx, filepath.Join(dir, "history.db"))
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, h.Close)
	store, err := sqlitestore.Open(ctx, filepath.Join(dir, "relay.db"))
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, store.Close)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.relay = listen.StartEmbedded(listen.EmbeddedConfig{
		Store: store, Listeners: []net.Listener{ln}, Endpoint: endpoint, MaxBody: relay.DefaultMaxBody,
	})
	s.closers = append(s.closers, func() error { return s.relay.Close(time.Second) })
	return s, s.run(ctx, h, app)
}

// run starts the session itself, and a printer that works as for --output json.
func (s *inProcess) run(ctx context.Context, h *history.History, app string) error {
	target, err := send.ParseTarget(app)
	if err != nil {
		return err
	}
	secret, err := signature.NewSecret(secretText)
	if err != nil {
		return err
	}
	bus := new(activity.Bus)
	updates := bus.Subscribe(16<<10, nil)
	ready := bus.Subscribe(1, func(u activity.Update) bool { return u.Type() == activity.Ready{}.Type() })
	sender := send.New(send.Options{})
	session := listen.New(listen.Config{
		Relay: s.relay.Relay("bench", "bench"), History: h, Bus: bus, Forward: []send.Target{target}, Sender: sender, Concurrency: 16,
		Respond: wire.ModeApp, Verify: listen.VerifyWarn, Secret: secret, Timeout: send.DefaultTimeout, MaxBody: relay.DefaultMaxBody,
	})
	ctx, cancel := context.WithCancel(ctx)
	ended, printed := make(chan error, 1), make(chan struct{})
	go func() { ended <- session.Run(ctx) }()
	go func() {
		defer close(printed)
		printer := term.NewJSON(io.Discard, nil)
		for u := range updates.Updates() {
			printer.Print(u)
		}
	}()
	s.closers = append(s.closers, func() error {
		cancel()
		err := <-ended
		sender.Close()
		bus.Close()
		<-printed
		return err
	})
	select {
	case <-ready.Updates():
		return nil
	case err := <-ended:
		ended <- err // for the closer
		return errors.Join(errors.New("the session ended before it was ready"), err)
	}
}
