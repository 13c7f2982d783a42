package cli

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
)

// straight sends events to the URL of --to, and records them where there is a history.
type straight struct {
	app     *app
	target  send.Target
	secret  signature.Secret
	sender  *send.Sender
	history *history.History // nil where nothing can be recorded
}

func (o *triggerOptions) newStraight(ctx context.Context) (*straight, error) {
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
	return &straight{o.app, target, secret, send.New(send.Options{Timeout: o.timeout}), h}, nil
}

func (o *triggerOptions) openHistory(ctx context.Context) (*history.History, error) {
	f, err := folders.Resolve(o.app.env)
	if err != nil {
		return nil, err
	}
	return history.Open(ctx, f.History())
}

func (w *straight) close() {
	w.sender.Close()
	if w.history != nil {
		w.history.Close()
	}
}

func (w *straight) deliver(ctx context.Context, s sample) (triggered, error) {
	if err := s.turn.Wait(ctx); err != nil {
		return triggered{}, err
	}
	r := requestOf(s, signature.Sign(w.secret, s.body), w.app.now())
	done, err := w.attempt(ctx, r, s)
	if err == nil && done.Last().Outcome == delivery.Interrupted {
		err = ctx.Err()
	}
	return triggered{attempts: done.All()}, err
}

func (w *straight) attempt(ctx context.Context, r *event.Request, s sample) (listen.Resent, error) {
	if w.history == nil {
		return unrecorded(ctx, w.sender, w.target, r, s)
	}
	err := w.history.AddRequest(ctx, history.Record{
		Request: r, EventID: s.id, EventType: s.typ, Verdict: signature.Valid, Disposition: string(activity.Forward),
	})
	if err != nil {
		return listen.Resent{}, err
	}
	return listen.Resend(ctx, w.history, w.sender, w.target, r.ID, delivery.Trigger, s.turn, w.app.now)
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

// unrecorded sends a request without a history.
func unrecorded(ctx context.Context, sender *send.Sender, target send.Target, r *event.Request, s sample) (done listen.Resent, err error) {
	for number := 1; number == 1 || s.turn.Dropped(); number++ {
		if err := s.turn.Wait(ctx); err != nil {
			return done, err
		}
		a := attemptOf(s, r, target, s.turn.Send(ctx, sender, target, r))
		a.Attempt = number
		if s.turn.Dropped() {
			a.State = delivery.Pending
		}
		done.Attempts = append(done.Attempts, a)
	}
	for c := range s.turn.Copies() {
		done.Copies = append(done.Copies, attemptOf(s, r, target, c.Outcome))
	}
	return done, nil
}

// attemptOf is a first attempt as the session would tell it.
func attemptOf(s sample, r *event.Request, target send.Target, outcome delivery.Outcome) activity.Attempted {
	a := activity.Attempted{
		Event: s.id, EventType: s.typ, Method: r.Method, Target: target.String(), Attempt: 1,
		Outcome: outcome.Kind, Status: outcome.Status, Error: outcome.Error, Hint: send.Hint(target, outcome),
		Duration: outcome.Duration, Fault: outcome.Fault, State: outcome.Next(),
	}
	if !outcome.Success() {
		a.Response = string(outcome.Body[:min(len(outcome.Body), activity.MaxExcerpt)])
	}
	return a
}
