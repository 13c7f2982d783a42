package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/control"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/fixture"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/term"
	"golang.org/x/sync/errgroup"
)

// sendOne sends one request, and shows what changed against the answer before.
func (o *replayOptions) sendOne(ctx context.Context, w *replayWay, r *replayed) error {
	before, err := w.history.Show(ctx, r.Request)
	if err != nil {
		return err
	}
	if err := o.keep(r.request(before.Request).Body); err != nil {
		return err
	}
	o.sayEdits([]*replayed{r})
	if err := r.turn.Wait(ctx); err != nil {
		return err
	}
	printed := verdicts{app: o.app, straight: w.client == nil}
	done, err := w.send(ctx, r, printed.print)
	result := done.Last()
	if err != nil {
		o.app.sayCancelled(result)
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	code := verdict(w.deciding(done)...)
	if result.Outcome == delivery.Interrupted {
		return code
	}
	if err := o.app.compare(ctx, w.history, before, result); err != nil {
		fmt.Fprintln(o.app.streams.Err, "solatis: the answer can't be compared with the one before:", err)
	}
	return code
}

// keep saves the event as a fixture, if that is wanted.
func (o *replayOptions) keep(body []byte) error {
	if o.saveAs == "" {
		return nil
	}
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	folder, err := fixture.Find(cwd)
	if err != nil {
		return err
	}
	if folder.Exists(o.saveAs) {
		return usageErrorf("--save-as %s: there is one already, in %s; choose another name, or delete it with solatis fixture delete %s", o.saveAs, folder.Path(o.saveAs), o.saveAs)
	}
	text, err := fixture.FromEvent(body)
	if err == nil {
		err = folder.Save(o.saveAs, text)
	}
	if err != nil {
		return fmt.Errorf("--save-as %s: %w; nothing was sent", o.saveAs, err)
	}
	fmt.Fprintf(o.app.streams.Err, "saved as the fixture %s, in %s\n", o.saveAs, folder.Path(o.saveAs))
	return nil
}

// sendAll sends several one after the other, but for what the faults have otherwise. What
// waits for a retry doesn't hold up the rest.
func (o *replayOptions) sendAll(ctx context.Context, w *replayWay, all []*replayed) error {
	o.sayEdits(all)
	progress := o.app.follow(len(all))
	begun := time.Now()
	turns := make([]*fault.Turn, len(all))
	for i, r := range all {
		turns[i] = r.turn
	}
	group, running := errgroup.WithContext(ctx)
	before := func(ctx context.Context, i int) error {
		if o.pace.wait(ctx, begun, all[i].Received.Sub(all[0].Received)) != nil {
			return errStopped
		}
		return nil
	}
	group.Go(func() error {
		return fault.InTurn(running, turns, before, func(_ context.Context, i int) error {
			waits := make(chan struct{})
			ended := make(chan error, 1)
			group.Go(func() error {
				err := w.sendNext(running, all[i], progress, sync.OnceFunc(func() { close(waits) }))
				ended <- err
				return err
			})
			select {
			case <-waits:
				return nil
			case err := <-ended:
				return err
			}
		})
	})
	err := group.Wait()
	if ctx.Err() != nil || errors.Is(err, errStopped) {
		return progress.finish(true)
	}
	result := progress.finish(false) // says how far it came
	if err != nil {
		return err
	}
	return result
}

// errStopped says that somebody stopped what was under way.
var errStopped = errors.New("stopped")

// sendNext sends one of several, and notes what became of it. It calls waits whenever a
// retry is to follow.
func (w *replayWay) sendNext(ctx context.Context, r *replayed, progress *sends, waits func()) error {
	done, err := w.send(ctx, r, func(u activity.Attempted) {
		if w.by != nil && w.by.Retry.Retries() && progress.told(u) {
			waits()
		}
	})
	result := done.Last()
	if settled(result) {
		progress.add(sentBy(w.deciding(done)...))
	}
	var refused *control.Error
	switch {
	case ctx.Err() != nil || err == nil && result.Outcome == delivery.Interrupted:
		return errStopped
	case errors.As(err, &refused):
		progress.add(sent{name: name(r.Summary), label: "not sent", failed: true, detail: refused.Message})
	case err != nil:
		return about(r.Summary, err)
	case result.State == delivery.Pending:
		progress.add(sentBy(result)) // the session makes another attempt
	}
	return nil
}

// answer is what an app made of a request once.
type appAnswer struct {
	delivery.Attempt
	target string
}

// lastAnswer returns the newest attempt of a request that ended by itself, or of one of
// its deliveries only.
func lastAnswer(d history.Details, only string) (appAnswer, bool) {
	for _, del := range slices.Backward(d.Deliveries) {
		if only != "" && del.ID != only {
			continue
		}
		for _, at := range slices.Backward(del.Attempts) {
			if at.Outcome.Kind != delivery.Interrupted {
				return appAnswer{at, del.Target}, true
			}
		}
	}
	return appAnswer{}, false
}

// compare shows what changed against the answer before, if there was one.
func (a *app) compare(ctx context.Context, h *history.History, original history.Details, result activity.Attempted) error {
	before, ok := lastAnswer(original, "")
	if !ok {
		return nil
	}
	details, err := h.Show(ctx, result.Request)
	if err != nil {
		return err
	}
	now, ok := lastAnswer(details, result.Delivery)
	if !ok {
		return nil // it stands in another history, as that of a session with another home
	}
	p := a.palette(a.streams.OutTTY)
	paint := p.Bad
	label := string(before.Outcome.Kind)
	if before.Outcome.Kind == delivery.Answered {
		label = statusText(before.Outcome.Status)
	}
	if before.Outcome.Success() {
		paint = p.Good
	}
	line := fmt.Sprintf("before: %s in %v, %s", paint(label), roundly(before.Outcome.Duration), before.Started.Local().Format(time.DateTime))
	if before.target != now.target {
		line += ", from " + term.Sanitize(before.target)
	}
	fmt.Fprintln(a.streams.Out, line)
	if before.Outcome.Kind == delivery.Answered && now.Outcome.Kind == delivery.Answered {
		a.showDiff("the answer's body", before.Outcome.Body, now.Outcome.Body)
	}
	return nil
}
