package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/control"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

func (a *app) newDemo() *cobra.Command {
	var pace time.Duration
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See the main job in ten seconds, without any set-up",
		Long: `demo starts a sample app that verifies signatures, listens for it, sends it all 13
event types, a forged one, and one that it fails and then gets again. All of it
happens on this machine, in a temporary folder that is removed in the end.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), pace) },
	}
	cmd.Flags().DurationVar(&pace, "pace", 500*time.Millisecond, "pause between two steps")
	return cmd
}

// demo is a show of the real thing: the commands' own session, relay and control socket
// with a home folder of its own.
type demo struct {
	*app
	pace    time.Duration
	secret  signature.Secret
	handler *demoHandler
	updates *activity.Subscription
	printer term.Printer
	url     string
}

func (a *app) demo(ctx context.Context, pace time.Duration) (err error) {
	home, err := os.MkdirTemp("", "solatis-demo-")
	if err != nil {
		return fmt.Errorf("the demo needs a temporary folder: %w", err)
	}
	defer closing(&err, func() error { return os.RemoveAll(home) })
	stage := *a
	stage.env = func(name string) string {
		if name == "SOLATIS_HOME" {
			return home
		}
		return a.env(name)
	}
	d := &demo{app: &stage, pace: pace, secret: signature.GenerateSecret()}
	d.handler = &demoHandler{secret: d.secret, seen: make(map[string]bool)}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("the demo's app can't listen: %w", err)
	}
	server := &http.Server{Handler: d.handler, ReadHeaderTimeout: send.DefaultTimeout}
	go server.Serve(ln)
	defer server.Close()
	return d.run(ctx, home, ln.Addr().String())
}

// run plays the demo beside the session, and ends the session with it.
func (d *demo) run(ctx context.Context, home, address string) error {
	target, err := send.ParseTarget("http://" + address + "/webhooks/solatis")
	if err != nil {
		return err
	}
	bus := new(activity.Bus)
	d.updates, d.printer = bus.Subscribe(printBuffer, nil), d.app.printer("plain")
	group, ctx := errgroup.WithContext(ctx)
	session, end := context.WithCancel(ctx)
	group.Go(func() error {
		return runSession(session, sessionConfig{
			app: d.app, dir: home, bus: bus, anyPort: true,
			listen: listen.Config{
				Bus: bus, Forward: []send.Target{target}, Concurrency: 1, Respond: wire.ModeApp, Verify: listen.VerifyWarn,
				Secret: d.secret, Timeout: send.DefaultTimeout,
				Ready: activity.Ready{Target: target.String(), Targets: []string{target.String()}, Respond: "app", Verify: "warn", Secret: d.secret.Reveal(), Generated: true},
			},
		})
	})
	group.Go(func() error {
		defer end()
		return d.play(ctx)
	})
	err = group.Wait()
	if err == nil {
		d.say("That was it. Now with your own app:\n\n" +
			"  solatis listen --forward localhost:3000     take webhooks and forward them\n" +
			"  solatis trigger document.analyzed           in a second terminal: a signed sample\n" +
			"  solatis events list                         what was recorded\n" +
			"  solatis replay evt_…                        one of them once more\n\n" +
			"Handlers that verify right, for Express, Flask and Go, are in docs/handlers.")
	}
	return err
}

func (d *demo) say(text string) {
	fmt.Fprintf(d.streams.Err, "\n%s\n", text)
}

func (d *demo) play(ctx context.Context) error {
	d.say("A sample app is running that verifies signatures. solatis listens for it:")
	ready, err := awaitUpdate(ctx, d, func(activity.Ready) bool { return true })
	if err != nil {
		return err
	}
	d.url = ready.URL
	for _, act := range []func(context.Context) error{d.allTypes, d.forged, d.failedThenReplayed} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) allTypes(ctx context.Context) error {
	d.say("All 13 event types, each signed as Solatis signs:")
	for _, t := range catalog.Types() {
		if _, err := d.send(ctx, t, nil, http.StatusOK); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) forged(ctx context.Context) error {
	d.say("Somebody changes one byte on the way. The signature no longer fits, and the app answers 401:")
	t, err := catalog.Lookup("document.analyzed")
	if err != nil {
		return err
	}
	_, err = d.send(ctx, t, func(body []byte) {
		body[bytes.LastIndexByte(body, '9')] = '8' // a digit of the confidence
	}, http.StatusUnauthorized)
	return err
}

func (d *demo) failedThenReplayed(ctx context.Context) error {
	d.say("The app fails once. The event is in the history:")
	t, err := catalog.Lookup("transcription.completed")
	if err != nil {
		return err
	}
	d.handler.failNext()
	id, err := d.send(ctx, t, nil, http.StatusInternalServerError)
	if err != nil {
		return err
	}
	d.say("The app is mended, so here it is again: solatis replay " + id)
	info, err := d.chooseSession("")
	if err != nil {
		return err
	}
	client := control.Dial(info.Socket)
	defer client.Close()
	if _, err := client.Replay(ctx, control.ReplayRequest{ID: id}); err != nil {
		return err
	}
	again, err := awaitUpdate(ctx, d, func(u activity.Attempted) bool { return u.Origin == delivery.Replay })
	if err == nil && again.Status != http.StatusOK {
		err = fmt.Errorf("the demo's app answered the replay with %d", again.Status)
	}
	return err
}

// send sends a sample and waits until the app has answered as it should. tamper changes
// the body after it was signed.
func (d *demo) send(ctx context.Context, t catalog.Type, tamper func([]byte), want int) (id string, err error) {
	select {
	case <-time.After(d.pace):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	id = event.NewEventID(d.now())
	body, err := t.Generate(catalog.Options{ID: id, Now: d.now()})
	if err != nil {
		return "", err
	}
	sign := signature.Sign(d.secret, body)
	if tamper != nil {
		tamper(body)
	}
	var refused *refusedByRelay // the app's own answer, in response mode "app"
	if err := post(ctx, &http.Transport{DisableKeepAlives: true}, d.url, body, sign); err != nil && !errors.As(err, &refused) {
		return "", err
	}
	got, err := awaitUpdate(ctx, d, func(u activity.Attempted) bool { return u.Event == id })
	if err == nil && got.Status != want {
		err = fmt.Errorf("the demo's app answered %s with %d, where %d was due: %s", t.Name, got.Status, want, got.Error)
	}
	return id, err
}

// awaitUpdate shows what happens until an update of a type comes that fits, and returns
// that. So what the demo says stands where it belongs between the session's lines.
func awaitUpdate[U activity.Update](ctx context.Context, d *demo, fits func(U) bool) (found U, err error) {
	for {
		select {
		case u, ok := <-d.updates.Updates():
			if !ok {
				return found, errors.New("the session has ended")
			}
			d.printer.Print(u)
			if u, ok := u.(U); ok && fits(u) {
				return u, nil
			}
		case <-ctx.Done():
			return found, ctx.Err()
		}
	}
}
