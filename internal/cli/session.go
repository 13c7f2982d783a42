package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/buildinfo"
	"github.com/solatis/solatis-cli/internal/collector"
	"github.com/solatis/solatis-cli/internal/control"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/relay"
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
	remote    *remote  // nil for the embedded relay
	bus       *activity.Bus
	readyFile string        // written once the session is ready; "" for none
	announced chan struct{} // closed when others can find the ready session; nil for nobody
	view      view          // shows the session until it returns, which ends it; nil for none
	send      send.Options  // but for the timeout
	listen    listen.Config // but for what the session's own parts are
}

// view shows a session to a person, until that person has seen enough or ctx ends.
type view func(ctx context.Context, f folders.Folders, c controlled) error

// runSession runs a session until ctx ends.
func runSession(ctx context.Context, c sessionConfig) (err error) {
	collector.Tune()
	f, err := folders.Resolve(c.app.env)
	if err != nil {
		return err
	}
	h, err := history.Open(ctx, f.History())
	if err != nil {
		return err
	}
	defer closing(&err, h.Close)
	up, err := c.openUplink(ctx, f)
	if err != nil {
		return err
	}
	defer closing(&err, up.close)
	c.listen.Notices = append(c.listen.Notices, up.notices...)
	ready := c.listen.Ready
	reg, err := session.Register(f, session.Info{
		Cwd: c.dir, URL: up.url, Relay: up.origin, RelayCA: up.authority,
		Target: ready.Target, Targets: ready.Targets, Routes: ready.Routes,
		Started: c.app.now(), Version: buildinfo.Version(),
	})
	if err != nil {
		return err
	}
	defer closing(&err, reg.Close)
	if c.readyFile != "" {
		defer os.Remove(c.readyFile) // where it can't be removed, the next session does
	}
	return c.serve(ctx, f, h, up, reg)
}

// closing closes what was opened, and lets an error come out that nothing else hides.
func closing(err *error, close func() error) { *err = errors.Join(*err, close()) }

// serve runs the session, its control socket and its view side by side.
func (c sessionConfig) serve(ctx context.Context, f folders.Folders, h *history.History, up *uplink, reg *session.Registration) error {
	c.send.Timeout = c.listen.Timeout
	sender := send.New(c.send)
	defer sender.Close()
	config := c.listen
	config.Relay = up.relay
	config.Relay.Software = "solatis/" + buildinfo.Version()
	config.History, config.Sender, config.MaxBody = h, sender, relay.DefaultMaxBody
	config.Ready.Session, config.Ready.URL = reg.Info().ID, up.shown
	config.Ready.Relay, config.Ready.Endpoint = up.origin, up.endpoint
	ctx, end := context.WithCancel(ctx)
	defer end()
	var unannounced error // written by the session's goroutines, read when they have ended
	config.OnReady = func(ready activity.Ready) {
		if unannounced = c.announce(ready, up, reg); unannounced != nil {
			end()
		}
	}
	s := controlled{listen.New(config), h, reg}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Run(ctx) })
	group.Go(func() error { return control.Serve(ctx, reg.Listener(), s) })
	if c.view != nil {
		group.Go(func() error {
			defer end()
			return c.view(ctx, f, s)
		})
	}
	return errors.Join(up.explain(group.Wait()), unannounced)
}

// announce tells others that the session is ready, and where.
func (c sessionConfig) announce(ready activity.Ready, up *uplink, reg *session.Registration) error {
	if c.announced != nil {
		defer close(c.announced)
	}
	if up.url == "" {
		if err := reg.SetURL(ready.URL); err != nil {
			return err
		}
	}
	notice, err := up.learn(ready.URL)
	if err != nil {
		notice = fmt.Sprintf("%v: a change of the URL will go unnoticed next time", err)
	}
	if notice != "" {
		c.bus.Publish(activity.Warning{Message: notice, At: c.app.now()})
	}
	if c.readyFile == "" {
		return nil
	}
	return writeReadyFile(c.readyFile, ready)
}

// controlled is a session as its control socket shows it.
type controlled struct {
	*listen.Session
	history      *history.History
	registration *session.Registration
}

// Info describes the session.
func (c controlled) Info() session.Info {
	info := c.registration.Info()
	info.Paused = c.Paused()
	return info
}

// Replay resolves an id as a user typed it and sends that request to the target that it
// would go to now.
func (c controlled) Replay(ctx context.Context, r control.ReplayRequest) (activity.Attempted, error) {
	request, err := c.history.Find(ctx, r.ID)
	if err != nil {
		return activity.Attempted{}, err
	}
	f, err := chosenFaults(r.Faults)
	if err != nil {
		return activity.Attempted{}, err
	}
	return c.Session.ReplayWith(ctx, request, f)
}

// PlanFaults reads what is to go wrong with an event that is to come.
func (c controlled) PlanFaults(r control.FaultRequest) error {
	f, err := chosenFaults(r.Faults)
	if err != nil {
		return err
	}
	return c.Session.PlanFaults(r.Event, f)
}

// SetWebhooks enables or disables the webhook to a target, or to each.
func (c controlled) SetWebhooks(ctx context.Context, r control.WebhookRequest) ([]control.WebhookChange, error) {
	done, err := c.Session.SetWebhooks(ctx, r.Target, r.State)
	var unknown *listen.UnknownTargetError
	if errors.As(err, &unknown) {
		return nil, &control.Error{Message: err.Error(), Code: control.CodeNotFound}
	}
	changes := make([]control.WebhookChange, len(done))
	for i, d := range done {
		changes[i] = control.WebhookChange(d)
	}
	return changes, err
}
