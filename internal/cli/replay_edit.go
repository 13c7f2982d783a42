package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/drift"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
)

// replayed is a recorded request on its way to the app once more.
type replayed struct {
	history.Summary
	target send.Target
	turn   *fault.Turn // what goes wrong on purpose; nil for nothing

	// edited is what is sent in its place: a request of its own, with another body or
	// signature. nil where it goes as it was.
	edited  *event.Request
	changed bool // the body too, not only the signature
}

// id is that of the request which is sent.
func (r *replayed) id() string {
	if r.edited != nil {
		return r.edited.ID
	}
	return r.Request
}

// prepare makes what is to be sent in a request's place, if it is to differ.
func (o *replayOptions) prepare(ctx context.Context, w *replayWay, s history.Summary) (*replayed, error) {
	r := &replayed{Summary: s}
	if !o.signsAnew() {
		return r, nil
	}
	original, err := w.history.Request(ctx, s.Request)
	if err != nil {
		return nil, err
	}
	body, changed, err := o.edit.apply(ctx, o.app, original.Body)
	if err != nil {
		return nil, about(s, err)
	}
	if !changed && !o.resign {
		return r, nil // it says what the body said already
	}
	r.changed = changed
	edited := *original
	edited.ID, edited.Received, edited.Body = event.NewRequestID(o.app.now()), o.app.now(), body
	edited.Header = maps.Clone(original.Header)
	if edited.Header == nil {
		edited.Header = make(event.Header)
	}
	r.edited = &edited
	if o.dryRun {
		return r, nil // and needs no signature
	}
	sign, err := w.sign(ctx, body)
	if err != nil {
		return nil, about(s, fmt.Errorf("it can't be signed anew: %w", err))
	}
	edited.Header[signature.HeaderName] = []string{sign}
	return r, nil
}

// record is the edited request as the history takes it.
func (r *replayed) record() history.Record {
	rec := history.Record{Request: r.edited, Verdict: signature.Valid, Disposition: string(activity.Forward)}
	if e, err := event.Parse(r.edited.Body); err == nil {
		rec.EventID, rec.EventType = e.ID, e.Type
		rec.Drift = strings.Join(drift.Lines(e.Type, r.edited.Body), "\n")
	}
	return rec
}

// eventType is that of what is sent.
func (r *replayed) eventType() string {
	if r.edited != nil {
		return r.record().EventType
	}
	return r.EventType
}

// about says which request an error is about, and keeps its exit code.
func about(s history.Summary, err error) error {
	var coded *codedError
	if errors.As(err, &coded) {
		return &codedError{coded.code, fmt.Errorf("%s: %w", name(s), coded.err)}
	}
	return fmt.Errorf("%s: %w", name(s), err)
}

// name is what a request is called in messages.
func name(s history.Summary) string {
	if s.EventID == "" {
		return s.Request
	}
	return s.EventType + " [" + s.EventID + "]"
}

// sayEdits says what differs from what was recorded.
func (o *replayOptions) sayEdits(all []*replayed) {
	changed, resigned, sameID := 0, 0, 0
	for _, r := range all {
		switch {
		case r.edited == nil:
		case !r.changed:
			resigned++
		default:
			changed++
			if r.EventID != "" && r.record().EventID == r.EventID {
				sameID++
			}
		}
	}
	out := o.app.streams.Err
	if n := len(all) - changed - resigned; o.edit.any() && n > 0 {
		fmt.Fprintf(out, "unchanged: %s, since that is what the body said already\n", times(n, "request"))
	}
	if resigned > 0 {
		fmt.Fprintf(out, "signed anew: %s\n", times(resigned, "request"))
	}
	switch {
	case changed == 1:
		fmt.Fprintln(out, "changed and signed anew: 1 request, recorded on its own")
	case changed > 1:
		fmt.Fprintf(out, "changed and signed anew: %d requests, each recorded on its own\n", changed)
	}
	if sameID > 0 {
		fmt.Fprintln(out, "the event's id is still the same, and an app that drops duplicates may not look at it; --set id=evt_… changes it")
	}
}

func times(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
