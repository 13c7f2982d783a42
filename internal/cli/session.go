package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/buildinfo"
	"github.com/solatis/solatis-cli/internal/control"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/loopback"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/session"
	"golang.org/x/sync/errgroup"
)

// sessionConfig is all that one run of listen is made from.
type sessionConfig struct {
	app       *app
	dir       string // the project's folder, by which the endpoint is found again
	port      int    // exactly this one, or 0 to choose
	anyPort   bool   // choose a free one outside the series that sessions prefer
	bind      []string
	allowHost []string
	public    *url.URL // nil for none
	bus       *activity.Bus
	listen    listen.Config // but for what the session's own parts are
}

// defaultProfile is the only profile as long as there is but the embedded relay.
const defaultProfile = "default"

// closeGrace is how long senders may take to get their answers when a session ends.
const closeGrace = 300 * time.Millisecond

// runSession runs a session with an embedded relay until ctx ends.
func runSession(ctx context.Context, c sessionConfig) (err error) {
	f, err := folders.Resolve(c.app.env)
	if err != nil {
		return err
	}
	h, err := history.Open(ctx, f.History())
	if err != nil {
		return err
	}
	defer closing(&err, h.Close)
	place, err := f.Claim(defaultProfile, c.dir)
	if err != nil {
		return err
	}
	defer closing(&err, place.Close)
	store, err := sqlitestore.Open(ctx, filepath.Join(place.Dir(), "relay.db"))
	if err != nil {
		return err
	}
	defer closing(&err, store.Close)
	embedded, notices, err := c.startRelay(ctx, place, store)
	if err != nil {
		return err
	}
	defer closing(&err, func() error { return embedded.Close(closeGrace) })
	c.listen.Notices = notices
	reg, err := session.Register(f, session.Info{
		Cwd: c.dir, URL: embedded.URL(), Target: c.listen.Ready.Target,
		Started: c.app.now(), Version: buildinfo.Version(),
	})
	if err != nil {
		return err
	}
	defer closing(&err, reg.Close)
	return c.serve(ctx, h, embedded, place, reg)
}

// closing closes what was opened, and lets an error come out that nothing else hides.
func closing(err *error, close func() error) { *err = errors.Join(*err, close()) }

// startRelay starts the embedded relay. The notices are what the developer should know of
// its URL.
func (c sessionConfig) startRelay(ctx context.Context, place *folders.Place, store relay.Store) (e *listen.Embedded, notices []string, err error) {
	listeners, port, moved, err := loopback.Listen(ctx, loopback.Options{
		Port: c.port, Preferred: place.Port(), Any: c.anyPort, Bind: c.bindAddresses(),
	})
	if err != nil {
		return nil, nil, err
	}
	if moved {
		notices = append(notices, fmt.Sprintf("port %d, which this folder had before, is taken: the URL has another port now", place.Port()))
	}
	if place.Slot() > 1 {
		notices = append(notices, "another session runs in this folder: this one has a URL of its own")
	}
	if err := place.SetPort(port); err != nil {
		notices = append(notices, fmt.Sprintf("%v: the next session may have another port", err))
	}
	hosts := append([]string(nil), c.allowHost...)
	if c.public != nil {
		hosts = append(hosts, c.public.Host)
	}
	return listen.StartEmbedded(listen.EmbeddedConfig{
		Store: store, Listeners: listeners, Endpoint: place.EndpointID(), Hosts: hosts, MaxBody: relay.DefaultMaxBody,
	}), notices, nil
}

// bindAddresses adds to --bind the loopback, which the session itself needs, unless an
// address that stands for all covers it.
func (c sessionConfig) bindAddresses() []string {
	if len(c.bind) == 0 {
		return nil
	}
	for _, addr := range c.bind {
		if addr == "0.0.0.0" || addr == "127.0.0.1" {
			return c.bind
		}
	}
	return append([]string{"127.0.0.1"}, c.bind...)
}

// serve runs the session and its control socket side by side.
func (c sessionConfig) serve(ctx context.Context, h *history.History, e *listen.Embedded, place *folders.Place, reg *session.Registration) error {
	sender := send.New(send.Options{Timeout: c.listen.Timeout})
	defer sender.Close()
	config := c.listen
	config.Relay = e.Relay(place.Agent(), "solatis/"+buildinfo.Version())
	// The agent's name alone would be the same in every folder, and positions are one
	// table for all of them.
	config.Relay.Agent += "@" + place.EndpointID()
	config.History, config.Sender, config.MaxBody = h, sender, relay.DefaultMaxBody
	config.Ready.Session, config.Ready.URL = reg.Info().ID, e.URL()
	if c.public != nil {
		config.Ready.URL = strings.TrimRight(c.public.String(), "/") + e.Path()
	}
	s := listen.New(config)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Run(ctx) })
	group.Go(func() error { return control.Serve(ctx, reg.Listener(), controlled{s, h, reg.Info()}) })
	return group.Wait()
}

// controlled is a session as its control socket shows it.
type controlled struct {
	*listen.Session
	history *history.History
	info    session.Info
}

// Info describes the session.
func (c controlled) Info() session.Info { return c.info }

// Replay resolves an id as a user typed it and sends that request to the session's
// target.
func (c controlled) Replay(ctx context.Context, r control.ReplayRequest) (activity.Attempted, error) {
	request, err := c.history.Find(ctx, r.ID)
	if err != nil {
		return activity.Attempted{}, err
	}
	return c.Session.Replay(ctx, request)
}
