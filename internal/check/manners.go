package check

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
)

const inTimeID = "answers-in-time"

// manners are the probes of how a handler behaves as a server. Those of status and time
// send nothing of their own where plain events were sent before; the last one is the
// last of all, since it may end the app.
var manners = []Probe{
	{
		ID: "refuses-get", Title: "refuses a GET", Sends: "a GET without a body and a signature", Load: Load{Other: 1},
		run: func(ctx context.Context, r *runner) finding {
			return judge(r.send(ctx, r.request(http.MethodGet, nil)), getWrong)
		},
		ground: toPass, causes: getCauses,
	},
	{
		ID: "status-exactly-200", Title: "answers with exactly 200", Sends: "nothing more: it goes by the answers to the events of the catalogue",
		run: exactly200, ground: required, causes: statusCauses,
	},
	{
		ID: inTimeID, Title: "answers within the time that Solatis waits", Sends: "nothing more: it goes by the answers to the events of the catalogue",
		run: inTime, ground: asked, causes: timeCauses,
	},
	{
		ID: "survives-reset", Title: "goes on after connections that break off", Sends: "three events whose connection is reset in the middle of the body, and a whole one", Load: Load{Genuine: 1, Other: resets},
		run: survivesReset, ground: required, causes: resetCauses,
	},
}

// getWrong is content with a redirect and with "not implemented" too: neither takes the
// request for an event.
func getWrong(o delivery.Outcome) fault {
	if o.Kind == delivery.Answered && (o.Status/100 == 3 || o.Status == http.StatusNotImplemented) {
		return ""
	}
	return refusedWrong(o)
}

func exactly200(_ context.Context, r *runner) finding {
	count, others := 0, 0
	var other int
	for _, a := range r.plain {
		if !a.outcome.Success() {
			continue
		}
		if count++; a.outcome.Status != http.StatusOK {
			others++
			other = a.outcome.Status
		}
	}
	if others == 0 {
		return finding{status: Pass, seen: fmt.Sprintf("%d of %d", count, count)}
	}
	return finding{Warn, unusual, fmt.Sprintf("%d of %d answers are not 200, but such as %d %s", others, count, other, http.StatusText(other))}
}

func inTime(ctx context.Context, r *runner) finding {
	r.ground(ctx)
	var slowest time.Duration
	for _, a := range r.plain {
		switch {
		case a.outcome.Kind == delivery.Timeout:
			return finding{Fail, late, fmt.Sprintf("no answer to %s within %s, where Solatis waits %s", a.typ, r.Patience, r.Limit)}
		case r.isLate(a.outcome):
			return finding{Fail, late, fmt.Sprintf("%s was answered after %s, where Solatis waits %s", a.typ, rounded(a.outcome.Duration), r.Limit)}
		case a.outcome.Kind == delivery.Answered:
			slowest = max(slowest, a.outcome.Duration)
		}
	}
	switch {
	case slowest == 0:
		return finding{status: Skip, seen: "nothing was answered"}
	case slowest > r.Limit/2:
		return finding{Warn, late, fmt.Sprintf("the slowest answer took %s, more than half of the %s that Solatis waits", rounded(slowest), r.Limit)}
	}
	return finding{status: Pass, seen: fmt.Sprintf("the slowest of %d in %s", len(r.plain), rounded(slowest))}
}

// resets is how many connections break off.
const resets = 3

func survivesReset(ctx context.Context, r *runner) finding {
	typ := r.ground(ctx)
	for range resets {
		body := r.newEvent(typ).body()
		err := r.breakOff(ctx, body, r.sign(ctx, body))
		if r.err != nil {
			return finding{}
		}
		if err != nil {
			f := finding{Fail, ended, "could not connect again: " + err.Error()}
			r.note(delivery.Outcome{Kind: delivery.NoConnect, Error: err.Error()})
			return f
		}
		r.note(delivery.Outcome{Kind: delivery.BrokenOff})
	}
	f := judge(r.sendGenuine(ctx, r.newEvent(typ).body()), takenWrong)
	f.seen = "afterwards: " + f.seen
	return f
}
