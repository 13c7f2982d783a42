package cli

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/fixture"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/solatis/solatis-cli/internal/tui"
)

// viewConfig is what every live view has, with a session or without.
func (a *app) viewConfig(f folders.Folders, h *history.History) (tui.Config, error) {
	dir, err := os.Getwd()
	if err != nil {
		return tui.Config{}, err
	}
	editor, err := a.editor()
	if err != nil {
		editor = nil // the view says so when it needs one
	}
	return tui.Config{
		Reader:  h,
		History: f.History(),
		In:      a.streams.In,
		Out:     a.streams.Out,
		Environ: os.Environ(),
		Color:   term.UseColor(term.ColorMode(a.color), a.lookup, a.streams.OutTTY),
		Editor:  editor,
		Dir:     dir,
		CrashTo: filepath.Join(f.State, "crash.log"),
		Now:     a.now,
	}, nil
}

// viewSession shows a session of listen in the live view until the person quits, ctx
// ends, or updates does.
func (a *app) viewSession(ctx context.Context, f folders.Folders, c controlled, updates *activity.Subscription) error {
	config, err := a.viewConfig(f, c.history)
	if err != nil {
		return err
	}
	config.Updates = updates
	config.Actions = tui.Actions{
		Replay: c.Session.Replay,
		Send: func(ctx context.Context, request string, body []byte) (activity.Attempted, error) {
			return a.sendEdited(ctx, c, request, body)
		},
		Trigger: func(ctx context.Context, body []byte) (string, error) { return a.triggerHere(ctx, c, body) },
		Samples: a.samples,
		Curl:    func(d history.Details) (string, error) { return curlOf(d, c.Info().URL) },

		Diagnose: a.explainSignature(c.Session.Secret),
	}
	if c.Info().Target != "" {
		config.Actions.Pause = func(_ context.Context, paused bool) error {
			c.Pause(paused) // the update that follows says how many wait
			return nil
		}
	}
	if c.Session.Retry.Retries() { // else nothing is ever disabled
		config.Actions.Enable = c.enable
	}
	return tui.Run(ctx, config)
}

// enable enables the webhook to a target, and returns how many held deliveries follow.
func (c controlled) enable(ctx context.Context, target string) (held int, err error) {
	changes, err := c.Session.SetWebhooks(ctx, target, delivery.Enabled)
	for _, change := range changes {
		held += change.Held
	}
	return held, err
}

// sendEdited records a request like another one, but with a body that was edited and is
// signed anew, and has the session send it.
func (a *app) sendEdited(ctx context.Context, c controlled, request string, body []byte) (activity.Attempted, error) {
	original, err := c.history.Request(ctx, request)
	if err != nil {
		return activity.Attempted{}, err
	}
	r := a.withBody(original, body, c.Sign(body))
	if err := c.history.AddRequest(ctx, r.record()); err != nil {
		return activity.Attempted{}, err
	}
	return c.Session.Replay(ctx, r.id())
}

// withBody is a recorded request with another body, as a request of its own.
func (a *app) withBody(original *event.Request, body []byte, sign string) *replayed {
	edited := *original
	edited.ID, edited.Received, edited.Body = event.NewRequestID(a.now()), a.now(), body
	edited.Header = maps.Clone(original.Header)
	if edited.Header == nil {
		edited.Header = make(event.Header)
	}
	edited.Header[signature.HeaderName] = []string{sign}
	return &replayed{edited: &edited, changed: true}
}

// triggerHere posts a body to the session's own URL, as trigger does from another
// terminal, and returns what the view says of it.
func (a *app) triggerHere(ctx context.Context, c controlled, body []byte) (string, error) {
	info := c.Info()
	transport, err := ingestTransport(info)
	if err != nil {
		return "", err
	}
	defer transport.CloseIdleConnections()
	if err := post(ctx, transport, info.URL, body, c.Sign(body)); err != nil {
		return "", err
	}
	e, err := event.Parse(body)
	if err != nil {
		return "triggered a request that is no event", nil
	}
	return "triggered " + e.Type + " [" + e.ID + "]", nil
}

// curlOf is a command that sends a recorded request to where it was sent last or, if it
// never was, to url.
func curlOf(d history.Details, url string) (string, error) {
	if last := d.Summary.Last.Target; last != "" {
		url = last
	}
	if url == "" {
		return "", neverSent(d.Summary.Request)
	}
	target, err := send.ParseTarget(url)
	if err != nil {
		return "", err
	}
	r := replayed{Summary: d.Summary, target: target}
	return r.command(d.Request)
}

// explainSignature returns what the live view says of a bad signature: what is wrong, and
// how to mend it.
func (a *app) explainSignature(secret signature.Secret) func(context.Context, history.Details) (string, error) {
	others := a.otherSecrets(secret)
	return func(_ context.Context, d history.Details) (string, error) {
		r := d.Request
		found := signature.Diagnose(signature.Evidence{
			Body: r.Body, Values: r.Header[signature.HeaderName], Secret: secret, Others: others,
		})
		if found.Verdict == signature.Valid {
			return "With the secret of now it is right: it was recorded under another one.", nil
		}
		var b strings.Builder
		for i, c := range found.Causes {
			if i > 0 {
				b.WriteByte('\n')
			}
			fix := c.Fix()
			fmt.Fprintf(&b, "%s\n  Express  %s\n  Flask    %s\n  Go       %s\n", c.Explain(), fix.Express, fix.Flask, fix.Go)
		}
		return b.String(), nil
	}
}

// samples are what the live view can trigger: the project's fixtures, and each type of
// event, with data of its own at each time.
func (a *app) samples(context.Context) ([]tui.Sample, error) {
	all := a.fixtureSamples()
	for _, t := range catalog.Types() {
		all = append(all, tui.Sample{
			Name: t.Name,
			Note: "fired when " + t.Fired + " (" + string(t.Source) + ")",
			Body: func() ([]byte, error) {
				var random [8]byte
				rand.Read(random[:]) // never fails: crypto/rand ends the program instead
				seed := binary.LittleEndian.Uint64(random[:])
				return t.Generate(catalog.Options{Now: a.now(), Seed: &seed})
			},
		})
	}
	return all, nil
}

// fixtureSamples are the project's own. One that can't be used says why when it is
// selected, and a folder that can't be read has none.
func (a *app) fixtureSamples() (all []tui.Sample) {
	folder, err := fixtures()
	if err != nil {
		return nil
	}
	for _, name := range folder.Names() {
		made := 0
		all = append(all, tui.Sample{
			Name: name,
			Note: "this project's fixture " + folder.Path(name),
			Body: func() ([]byte, error) {
				text, err := folder.Load(name)
				if err != nil {
					return nil, err
				}
				made++
				return fixture.Render(text, fixture.Values{Now: a.now(), Seq: made})
			},
		})
	}
	return all
}
