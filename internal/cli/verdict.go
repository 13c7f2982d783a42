package cli

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/term"
)

// verdicts prints what the app makes of an event that trigger or replay sends.
type verdicts struct {
	app      *app
	straight bool   // whether no session has a part in it
	of       string // the delivery whose attempt was printed last
	hint     string // that was printed last
}

// print prints one attempt. It says of which delivery it is, where that isn't clear.
func (v *verdicts) print(u activity.Attempted) {
	a := v.app
	out := a.streams.Out
	p := a.palette(a.streams.OutTTY)
	if v.of != u.Delivery {
		v.of = u.Delivery
		fmt.Fprintf(out, "%s → %s\n", term.Sanitize(nameOf(u)), term.Sanitize(u.Target))
	}
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
		fmt.Fprintf(out, "fault on purpose: %s\n", term.Sanitize(u.Fault))
	}
	if next, ok := u.Upcoming(); ok {
		fmt.Fprintln(out, next)
	} else if droppedOnly(u) {
		fmt.Fprintln(out, "another attempt follows")
	} else if u.State == delivery.Exhausted {
		text := ""
		if v.straight {
			text = ": Solatis would disable the webhook now"
		}
		fmt.Fprintf(out, "%s after %s%s\n", p.Bad(string(u.State)), times(u.Attempt, "attempt"), text)
	}
	if u.Hint != "" && u.Hint != v.hint {
		v.hint = u.Hint
		fmt.Fprintln(a.streams.Err, term.Sanitize(u.Hint))
	}
}

// nameOf names the event of an attempt.
func nameOf(u activity.Attempted) string {
	return fmt.Sprintf("%s [%s]", cmp.Or(u.EventType, u.Method), cmp.Or(u.Event, u.Request))
}

// droppedOnly reports whether a fault dropped an attempt, and the app, which wasn't asked
// yet, will be.
func droppedOnly(u activity.Attempted) bool {
	return u.State == delivery.Pending && fault.Drops(u.Fault)
}

// settled reports whether the app has had its say, and wasn't interrupted.
func settled(last activity.Attempted) bool {
	return last.State.Final() && last.State != delivery.Cancelled
}

// verdict returns the exit code, as an error, of the attempts that count.
func verdict(all ...activity.Attempted) error {
	code := exitDone
	for _, u := range all {
		switch {
		case u.Outcome == delivery.Interrupted:
			return &codedError{exitInterrupted, nil}
		case u.State != delivery.Succeeded && !droppedOnly(u):
			code = exitNotAccepted
		}
	}
	if code == exitDone {
		return nil
	}
	return &codedError{code, nil}
}

// deciding are the attempts of what was sent straight by which it counts as taken or not:
// the last of the delivery and, where nothing is retried, those of its duplicates. With
// retries one that a flaky app refused says nothing, as it has one attempt only.
func deciding(done listen.Resent, p delivery.Policy) []activity.Attempted {
	if len(done.Attempts) == 0 {
		return nil
	}
	last := []activity.Attempted{done.Last()}
	if p.Retries() {
		return last
	}
	return append(last, done.Copies...)
}

// sayCancelled says what becomes of a delivery that was waiting for another attempt when
// somebody pressed ^C.
func (a *app) sayCancelled(u activity.Attempted) {
	if u.State == delivery.Cancelled && u.Outcome != delivery.Interrupted {
		fmt.Fprintln(a.streams.Err, "cancelled: no further attempt is made")
	}
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
