package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/control"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/session"
	"github.com/solatis/solatis-cli/internal/signature"
)

// bySession sends events to a running session's URL, and hears from the session what its
// app makes of them.
type bySession struct {
	app       *app
	url       string
	secret    signature.Secret // zero where the session signs
	client    *control.Client
	transport *http.Transport
	watch     *watch

	slow sync.Once // for the word about a long silence
}

// newBySession subscribes to the session's updates: those of one event, or all if the id
// is empty.
func (o *triggerOptions) newBySession(ctx context.Context, id string) (_ *bySession, err error) {
	info, err := o.app.chooseSession(o.session)
	if err != nil {
		return nil, err
	}
	w := &bySession{app: o.app, url: info.URL, client: control.Dial(info.Socket)}
	defer func() {
		if err != nil {
			w.client.Close()
		}
	}()
	if w.transport, err = ingestTransport(info); err != nil {
		return nil, err
	}
	w.transport.DisableKeepAlives = o.count == 1
	w.transport.MaxIdleConnsPerHost = inFlight
	if w.secret, err = o.secret.given(o.app.env); err != nil {
		return nil, err
	}
	stream, err := w.client.Follow(ctx, control.Filter{Event: id})
	if err != nil {
		return nil, err
	}
	w.watch = newWatch(stream)
	if now, err := w.client.Info(ctx); err == nil && now.Paused {
		fmt.Fprintf(o.app.streams.Err, "session %s is paused: what is sent waits for solatis session resume; ^C ends the waiting, not the delivery\n", info.ID)
	}
	return w, nil
}

func (w *bySession) close() {
	w.watch.close()
	w.transport.CloseIdleConnections()
	w.client.Close()
}

// sign signs with the secret that was given, or lets the session do it.
func (w *bySession) sign(ctx context.Context, body []byte) (string, error) {
	if w.secret.IsZero() {
		return w.client.Sign(ctx, body)
	}
	return signature.Sign(w.secret, body), nil
}

// updateGrace is how much later than the URL's answer the updates may come: the session
// records before it tells. Tests make it shorter.
var updateGrace = 2 * time.Second

// slowAfter is how long a silence after the URL's answer needs no word: it is what the app
// may take.
const slowAfter = send.DefaultTimeout

// deliver returns when the app has answered, or when it is clear that it won't be asked.
func (w *bySession) deliver(ctx context.Context, s sample, tell func(activity.Attempted)) (triggered, error) {
	if err := s.turn.Wait(ctx); err != nil {
		return triggered{}, err
	}
	defer s.turn.Done()
	if faults := s.turn.Faults().Specs(); faults != nil {
		if err := w.client.PlanFaults(ctx, control.FaultRequest{Event: s.id, Faults: faults}); err != nil {
			return triggered{}, err
		}
	}
	sign, err := w.sign(ctx, s.body)
	if err != nil {
		return triggered{}, err
	}
	expected := w.watch.expect(s.id)
	defer w.watch.forget(expected)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The answer of the URL itself matters only where nothing was received: else the
	// updates say more. It may be that the app has not answered in time, and that for a
	// fault the app will be asked much later.
	answered := make(chan error, 1)
	go func() { answered <- post(ctx, w.transport, w.url, s.body, sign) }()
	var refused error
	var late, slow <-chan time.Time
	for {
		select {
		case <-expected.done:
			for _, u := range expected.result.attempts {
				tell(u)
			}
			return expected.result, nil
		case <-w.watch.ended:
			return triggered{}, w.watch.err
		case refused = <-answered:
			answered = nil
			if refused != nil {
				late = time.After(updateGrace)
			} else {
				slow = time.After(slowAfter)
			}
		case <-slow:
			if w.watch.knows(expected) {
				w.sayOnce(waitsForApp)
				continue
			}
			w.sayOnce("the relay has it, and the session is still to get it and to hear from the app; ^C ends the waiting, not the delivery")
		case <-late:
			if w.watch.knows(expected) {
				w.sayOnce(waitsForApp)
				continue
			}
			var refusal *refusedByRelay
			if errors.As(refused, &refusal) {
				return triggered{refusal: refusal}, nil
			}
			return triggered{}, refused
		case <-ctx.Done():
			return triggered{}, ctx.Err()
		}
	}
}

const waitsForApp = "the session has it, and is still to hear from the app, unless somebody paused it; ^C ends the waiting, not the delivery"

// sayOnce says something about a long silence, the first time only.
func (w *bySession) sayOnce(text string) {
	w.slow.Do(func() { fmt.Fprintln(w.app.streams.Err, text) })
}

// refusedByRelay is the answer of a URL that took nothing.
type refusedByRelay struct {
	status int
	text   string
}

func (e *refusedByRelay) Error() string {
	return fmt.Sprintf("the session's URL answered %d: %s", e.status, strings.TrimSpace(e.text))
}

// ingestTransport is how to reach the session's URL. A remote relay is reached as the
// session itself reaches it: through the same proxy, trusting the same certificates.
func ingestTransport(info session.Info) (*http.Transport, error) {
	transport := &http.Transport{DisableCompression: true}
	if info.Relay == "" {
		return transport, nil
	}
	if info.URL == "" {
		return nil, fmt.Errorf("session %s has not reached its relay %s yet: its terminal says why, and so does solatis doctor", info.ID, info.Relay)
	}
	transport.Proxy = http.ProxyFromEnvironment
	if info.RelayCA == "" {
		return transport, nil
	}
	var err error
	if transport.TLSClientConfig, err = trusting(info.RelayCA); err != nil {
		err = fmt.Errorf("the certificates that session %s trusts can't be read: %w", info.ID, err)
	}
	return transport, err
}

// post sends a body to an ingest URL. A redirect is an answer like any other.
func post(ctx context.Context, transport *http.Transport, url string, body []byte, sign string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = http.Header(headerOf(sign))
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, activity.MaxExcerpt))
	if err == nil && resp.StatusCode/100 != 2 {
		err = &refusedByRelay{resp.StatusCode, string(text)}
	}
	return err
}

// chooseSession finds the session that a command is for.
func (a *app) chooseSession(wanted string) (session.Info, error) {
	f, err := folders.Resolve(a.env)
	if err != nil {
		return session.Info{}, err
	}
	live, err := session.Live(f)
	if err != nil {
		return session.Info{}, err
	}
	cwd, err := os.Getwd()
	if err != nil {
		return session.Info{}, err
	}
	info, err := session.Choose(live, cwd, wanted)
	if errors.Is(err, session.ErrAmbiguous) || errors.Is(err, session.ErrUnknown) {
		return info, &codedError{exitUsage, err}
	}
	return info, err
}
