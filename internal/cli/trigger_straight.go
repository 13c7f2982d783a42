package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/drift"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
	"golang.org/x/sync/semaphore"
)

// straight sends events to the URL of --to, and records them where there is a history.
type straight struct {
	app     *app
	target  send.Target
	secret  signature.Secret
	by      *listen.Straight
	release func() error // lets go of the lock of retries; nil without one
}

func (o *triggerOptions) newStraight(ctx context.Context, slots *semaphore.Weighted) (*straight, error) {
	target, err := send.ParseTarget(o.to)
	if err != nil {
		return nil, usageErrorf("--to: %w", err)
	}
	secret, _, err := o.secret.resolve(o.app)
	if err != nil {
		return nil, err
	}
	h, err := o.openHistory(ctx)
	if err != nil {
		fmt.Fprintln(o.app.streams.Err, "solatis: not recorded:", err)
	}
	w := &straight{app: o.app, target: target, secret: secret, by: &listen.Straight{
		History: h, Sender: send.New(send.Options{Timeout: o.timeout}), Origin: delivery.Trigger,
		Retry: o.policy, Slots: slots, Now: o.app.now,
	}}
	if h != nil && o.policy.Retries() {
		if w.release, err = o.app.retrying(ctx, h); err != nil {
			w.close()
			return nil, err
		}
	}
	return w, nil
}

func (o *triggerOptions) openHistory(ctx context.Context) (*history.History, error) {
	f, err := folders.Resolve(o.app.env)
	if err != nil {
		return nil, err
	}
	return history.Open(ctx, f.History())
}

func (w *straight) close() {
	if w.release != nil {
		w.release()
	}
	w.by.Sender.Close()
	if w.by.History != nil {
		w.by.History.Close()
	}
}

func (w *straight) deliver(ctx context.Context, s sample, tell func(activity.Attempted)) (triggered, error) {
	if err := s.turn.Wait(ctx); err != nil {
		return triggered{}, err
	}
	r := requestOf(s, signature.Sign(w.secret, s.body), w.app.now())
	if w.by.History != nil {
		err := w.by.History.AddRequest(ctx, history.Record{
			Request: r, EventID: s.id, EventType: s.typ, Verdict: signature.Valid, Disposition: string(activity.Forward),
			Drift: strings.Join(drift.Lines(s.typ, s.body), "\n"),
		})
		if err != nil {
			return triggered{}, err
		}
	}
	done, err := w.by.Deliver(ctx, w.target, r, s.turn, tell)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%s [%s]: %w", s.typ, s.id, err)
	}
	return triggered{attempts: deciding(done, w.by.Retry)}, err
}

// requestOf is the sample as Solatis would send it.
func requestOf(s sample, sign string, now time.Time) *event.Request {
	return &event.Request{
		ID: event.NewRequestID(now), Method: http.MethodPost, Host: "localhost", Proto: "http", Remote: "127.0.0.1",
		Header: headerOf(sign), Body: s.body, Received: now,
	}
}

// headerOf are the headers that Solatis would send with a body of this signature.
func headerOf(sign string) event.Header {
	return event.Header{
		"Content-Type":       {"application/json"},
		"User-Agent":         {userAgent},
		signature.HeaderName: {sign},
	}
}

const userAgent = "Solatis-Webhooks/2.0"
