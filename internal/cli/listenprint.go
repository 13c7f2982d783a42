package cli

import (
	"context"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/term"
)

// printBuffer is how many updates the printer may be behind. A terminal that is slower
// than that for long loses lines and is told so; the history has them.
const printBuffer = 16 << 10

// show begins to show what is published on bus, until it is closed: by lines or, to a person
// at a terminal, in the live view, which begins with the session.
func (o *listenOptions) show(bus *activity.Bus, announced <-chan struct{}) (live view, done <-chan struct{}) {
	s := o.app.streams
	if o.noTUI || o.output != "plain" || !s.InTTY || !s.OutTTY || !s.ErrTTY {
		return nil, o.print(bus, announced)
	}
	updates, none := bus.Subscribe(printBuffer, nil), make(chan struct{})
	close(none)
	return func(ctx context.Context, f folders.Folders, c controlled) error {
		return o.app.viewSession(ctx, f, c, updates)
	}, none
}

// print shows what is published on bus, until it is closed. Whoever reads the ready line
// may act on it at once, so it waits until the session is announced.
func (o *listenOptions) print(bus *activity.Bus, announced <-chan struct{}) (done <-chan struct{}) {
	printer := o.app.printer(o.output)
	updates := bus.Subscribe(printBuffer, nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for u := range updates.Updates() {
			if _, ready := u.(activity.Ready); ready {
				<-announced
			}
			printer.Print(u)
		}
	}()
	return ended
}

func (a *app) printer(output string) term.Printer {
	mode := term.ColorMode(a.color)
	plain := term.NewPlain(term.PlainOptions{
		Out:      a.streams.Out,
		Err:      a.streams.Err,
		OutColor: term.UseColor(mode, a.lookup, a.streams.OutTTY),
		ErrColor: term.UseColor(mode, a.lookup, a.streams.ErrTTY),
	})
	if output == "json" {
		return term.NewJSON(a.streams.Out, plain)
	}
	return plain
}
