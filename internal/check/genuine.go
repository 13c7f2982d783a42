package check

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
)

const acceptsPrefix = "accepts-"

// accepting returns a probe for each type of event.
func accepting() []Probe {
	var probes []Probe
	for _, typ := range catalog.Names() {
		probes = append(probes, Probe{
			ID:    acceptsPrefix + strings.NewReplacer(".", "-", "_", "-").Replace(typ),
			Title: "accepts " + typ, Sends: "an event of this type", Load: Load{Genuine: 1},
			run: func(ctx context.Context, r *runner) finding {
				return judge(r.sendPlain(ctx, typ), takenWrong)
			},
		})
	}
	return probes
}

// handling are the probes of what a handler makes of events that are genuine and
// unexpected.
var handling = []Probe{
	{
		ID: "same-event-twice", Title: "accepts an event that it has had already",
		Sends: "an event, and the same one again, as after an answer that was lost", Load: Load{Genuine: 2},
		run: sameTwice, ground: required, causes: duplicateCauses,
	},
	{
		ID: "unknown-event-type", Title: "accepts an event of a type that it doesn't know",
		Sends: "an event of the type " + unknownType, Load: Load{Genuine: 1},
		run: func(ctx context.Context, r *runner) finding {
			e := r.newEvent(groundType).with("event", text(unknownType)).with("data", []byte(`{"check_id":"chk_1"}`))
			return judge(r.sendGenuine(ctx, e.body()), takenWrong)
		},
		ground: required, causes: unknownTypeCauses,
	},
	{
		ID: "unknown-fields", Title: "accepts an event with fields that it doesn't know",
		Sends: "an event with further fields, beside data and in it", Load: Load{Genuine: 1},
		run: func(ctx context.Context, r *runner) finding {
			e := r.newEvent(r.ground(ctx)).withData("check_score", []byte(`[0.5,null]`))
			return judge(r.sendGenuine(ctx, e.with("check_context", []byte(`{"attempt":1}`)).body()), takenWrong)
		},
		ground: required, causes: unknownFieldsCauses,
	},
	{
		ID: "out-of-order", Title: "accepts events in another order than they happened in",
		Sends: "task.completed, then task.updated, then task.created of one task", Load: Load{Genuine: 3},
		run: outOfOrder, ground: required, causes: orderCauses,
	},
	{
		ID: "twenty-at-once", Title: "accepts 20 events at once, each in time",
		Sends: "20 events at the same moment", Load: Load{Genuine: burst},
		run: atOnce, ground: required, causes: burstCauses,
	},
}

// unknownType is no type that Solatis has.
const unknownType = "check.unknown"

func sameTwice(ctx context.Context, r *runner) finding {
	body := r.newEvent(r.ground(ctx)).body()
	if f := judge(r.sendGenuine(ctx, body), takenWrong); f.status != Pass {
		f.seen = "the first time: " + f.seen
		return f
	}
	f := judge(r.sendGenuine(ctx, body), takenWrong)
	if f.status == Pass {
		f.seen += " (whether it worked on it twice doesn't show from outside)"
		return f
	}
	f.seen = "the second time: " + f.seen
	return f
}

func outOfOrder(ctx context.Context, r *runner) finding {
	order := []string{"task.completed", "task.updated", "task.created"}
	for _, a := range r.plain {
		for _, typ := range order {
			if a.typ == typ && !a.outcome.Success() {
				return finding{status: Skip, seen: typ + " isn't accepted by itself: mend that first"}
			}
		}
	}
	now := r.Now()
	task := text("task_" + strings.TrimPrefix(event.NewEventID(now), event.EventPrefix))
	var f finding
	for i, typ := range order {
		at := now.Add(-time.Duration(i) * time.Minute)
		f = judge(r.sendGenuine(ctx, r.newEventAt(typ, at).withData("task_id", task).body()), takenWrong)
		if f.status != Pass {
			f.seen = typ + ": " + f.seen
			return f
		}
	}
	return f
}

// burst is how many events come at once.
const burst = 20

func atOnce(ctx context.Context, r *runner) finding {
	now, typ := r.Now(), r.ground(ctx) // one time for all: none of them is older than another
	var requests []*event.Request
	for range burst {
		body := r.newEventAt(typ, now).body()
		requests = append(requests, r.request(http.MethodPost, body, r.sign(ctx, body)))
	}
	if r.err != nil {
		return finding{}
	}
	outcomes := make([]delivery.Outcome, burst)
	var all sync.WaitGroup
	for i, req := range requests {
		all.Go(func() { outcomes[i] = r.sender.Send(ctx, r.Target, req) })
	}
	all.Wait()
	for _, o := range outcomes {
		r.note(o)
	}
	return r.judgeBurst(outcomes)
}

// judgeBurst shows the first of the answers that are wrong, a late one only where all are
// right otherwise.
func (r *runner) judgeBurst(outcomes []delivery.Outcome) finding {
	var bad, tardy int
	var first finding
	var slowest time.Duration
	for _, o := range outcomes {
		f := judge(o, takenWrong)
		if f.status == Fail {
			if bad++; bad == 1 {
				first = f
			}
			continue
		}
		if slowest = max(slowest, o.Duration); o.Duration > r.Limit {
			tardy++
		}
	}
	switch {
	case bad > 0:
		first.seen = fmt.Sprintf("%d of %d: %s", bad, len(outcomes), first.seen)
		return first
	case tardy > 0:
		return finding{Fail, late, fmt.Sprintf("%d of %d answers came after more than %s, the last in %s", tardy, len(outcomes), r.Limit, rounded(slowest))}
	}
	return finding{status: Pass, seen: fmt.Sprintf("all accepted, the slowest in %s", rounded(slowest))}
}
