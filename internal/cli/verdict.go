package cli

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/term"
)

// verdict prints what the app made of an event that trigger or replay sent, and returns
// the exit code as an error.
func (a *app) verdict(u activity.Attempted) error {
	name := u.EventType
	if name == "" {
		name = u.Method
	}
	id := u.Event
	if id == "" {
		id = u.Request
	}
	out := a.streams.Out
	p := a.palette(a.streams.OutTTY)
	fmt.Fprintf(out, "%s [%s] → %s\n", term.Sanitize(name), term.Sanitize(id), term.Sanitize(u.Target))
	took := fmt.Sprintf("in %v", u.Duration.Round(time.Millisecond))
	switch {
	case u.State == delivery.Succeeded:
		fmt.Fprintf(out, "%s %s\n", p.Good(statusText(u.Status)), took)
	case u.Outcome == delivery.Answered:
		fmt.Fprintf(out, "%s %s\n", p.Bad(statusText(u.Status)), took)
		if body := strings.TrimSpace(u.Response); body != "" {
			fmt.Fprintln(out, term.SanitizeLines(body))
		}
	default:
		fmt.Fprintf(out, "%s: %s\n", p.Bad(string(u.Outcome)), term.Sanitize(u.Error))
	}
	if u.Fault != "" {
		fmt.Fprintf(out, "fault on purpose: %s\n", u.Fault)
	}
	dropped := u.State == delivery.Pending && fault.Drops(u.Fault)
	if next, ok := u.Upcoming(); ok {
		fmt.Fprintln(out, next)
	} else if dropped {
		fmt.Fprintln(out, "another attempt follows")
	}
	if u.Hint != "" {
		fmt.Fprintln(a.streams.Err, term.Sanitize(u.Hint))
	}
	switch {
	case u.State == delivery.Succeeded:
		return nil
	case u.Outcome == delivery.Interrupted:
		return &codedError{exitInterrupted, nil}
	}
	if dropped {
		return nil // the app wasn't asked yet, and will be
	}
	return &codedError{exitNotAccepted, nil}
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

func (a *app) palette(tty bool) term.Palette {
	return term.NewPalette(term.UseColor(term.ColorMode(a.color), a.lookup, tty))
}

// lookup is os.LookupEnv over the command's environment, in which an empty variable
// counts as unset.
func (a *app) lookup(name string) (string, bool) {
	value := a.env(name)
	return value, value != ""
}
