package cli

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/control"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/session"
	"github.com/solatis/solatis-cli/internal/signature"
	"golang.org/x/sync/semaphore"
)

// replayWay is how recorded requests get to the app: by a running session, so that its
// views show it; straight to one URL; or each to where it was sent before.
type replayWay struct {
	app     *app
	history *history.History
	secret  secretFlags

	client *control.Client // of the session; nil where none sends
	info   session.Info
	to     send.Target      // zero for where each was sent before
	by     *listen.Straight // nil where the session sends

	release func() error // lets go of the lock of retries; nil without one
}

func (o *replayOptions) openWay(ctx context.Context, h *history.History) (*replayWay, error) {
	w := &replayWay{app: o.app, history: h, secret: o.secret}
	if o.to == "" {
		info, err := o.app.chooseSession(o.way.session)
		switch {
		case err == nil && info.Target != "":
			if _, err := o.retry.straight(o.app, o.flags, true); err != nil {
				return nil, err
			}
			w.info, w.client = info, control.Dial(info.Socket)
			return w, nil
		case err != nil && !errors.Is(err, session.ErrNone), err != nil && o.way.session != "":
			return nil, err
		case err == nil && o.way.session != "":
			return nil, fmt.Errorf("session %s has no target: say where to send with --to", info.ID)
		}
	} else {
		var err error
		if w.to, err = send.ParseTarget(o.to); err != nil {
			return nil, usageErrorf("--to: %w", err)
		}
	}
	policy, err := o.retry.straight(o.app, o.flags, false)
	if err == nil {
		err = checkDrop(o.plan, policy)
	}
	if err != nil {
		return nil, err
	}
	w.by = &listen.Straight{
		History: h, Sender: send.New(send.Options{Timeout: o.way.timeout}), Origin: delivery.Replay,
		Retry: policy, Slots: semaphore.NewWeighted(inFlight), Now: o.app.now,
	}
	if policy.Retries() && !o.dryRun && o.print == "" {
		if w.release, err = o.app.retrying(ctx, h); err != nil {
			w.close()
			return nil, err
		}
	}
	return w, nil
}

func (w *replayWay) close() {
	if w.release != nil {
		w.release()
	}
	if w.client != nil {
		w.client.Close()
	}
	if w.by != nil {
		w.by.Sender.Close()
	}
}

// target returns where a request goes, or a zero one where nobody knows.
func (w *replayWay) target(r *replayed) (send.Target, error) {
	text := r.Last.Target
	switch {
	case w.client != nil:
		text = sessionTarget(w.info, r.eventType())
	case !w.to.IsZero():
		return w.to, nil
	}
	if text == "" {
		return send.Target{}, nil
	}
	target, err := send.ParseTarget(text)
	if err != nil {
		err = fmt.Errorf("%s: its target %q can't be read: %w; say where to with --to", r.Request, text, err)
	}
	return target, err
}

// sessionTarget returns the first target that a session has for an event of a type, or
// "" if it has none.
func sessionTarget(info session.Info, eventType string) string {
	for _, route := range info.Routes {
		pattern, target, _ := strings.Cut(route, "=")
		if ok, err := path.Match(pattern, eventType); pattern == "*" || ok && err == nil && eventType != "" {
			return target
		}
	}
	switch {
	case len(info.Targets) > 0:
		return info.Targets[0]
	case len(info.Routes) > 0:
		return ""
	}
	return info.Target // an older session says no more
}

// checkTargets makes sure that all of them go somewhere, before the first is sent.
func (w *replayWay) checkTargets(all []*replayed) error {
	var nowhere []*replayed
	for _, r := range all {
		var err error
		if r.target, err = w.target(r); err != nil {
			return err
		}
		if r.target.IsZero() {
			nowhere = append(nowhere, r)
		}
	}
	switch n := len(nowhere); {
	case n == 0:
		return nil
	case w.client != nil:
		return about(nowhere[0].Summary, fmt.Errorf("session %s has no target for it, since no route takes it and there is no --forward: say where to with --to; nothing was sent", w.info.ID))
	case len(all) == 1:
		return neverSent(nowhere[0].Request)
	default:
		return fmt.Errorf("%d of %d were never sent anywhere, such as %s: say where to with --to, or run solatis listen --forward localhost:3000 first; nothing was sent", n, len(all), nowhere[0].Request)
	}
}

// neverSent says that nobody knows where a request belongs.
func neverSent(request string) error {
	return fmt.Errorf("%s was never sent anywhere: say where to with --to, or run solatis listen --forward localhost:3000 first", request)
}

// deciding are the attempts by which a request counts as taken or not.
func (w *replayWay) deciding(done listen.Resent) []activity.Attempted {
	if w.by == nil {
		return done.Attempts
	}
	return deciding(done, w.by.Retry)
}

// sign signs with the secret that was given, or lets the session do it, or takes the
// profile's own.
func (w *replayWay) sign(ctx context.Context, body []byte) (string, error) {
	secret, err := w.secret.given(w.app.env)
	if err == nil && secret.IsZero() && w.client != nil {
		return w.client.Sign(ctx, body)
	}
	if err == nil && secret.IsZero() {
		secret, _, err = w.secret.resolve(w.app)
	}
	if err != nil {
		return "", err
	}
	return signature.Sign(secret, body), nil
}

// send records what is new of it, and sends it. It calls tell with the attempts that are
// known, one call at a time: of what a session sends, with the one that counts.
func (w *replayWay) send(ctx context.Context, r *replayed, tell func(activity.Attempted)) (listen.Resent, error) {
	if r.edited != nil {
		if err := w.history.AddRequest(ctx, r.record()); err != nil {
			return listen.Resent{}, err
		}
	}
	if w.client == nil {
		request, err := w.history.Request(ctx, r.id())
		if err != nil {
			return listen.Resent{}, err
		}
		return w.by.Deliver(ctx, r.target, request, r.turn, tell)
	}
	defer r.turn.Done()
	u, err := w.client.Replay(ctx, control.ReplayRequest{ID: r.id(), Faults: r.turn.Faults().Specs()})
	if err == nil {
		tell(u)
	}
	return listen.Resent{Attempts: []activity.Attempted{u}}, err
}
