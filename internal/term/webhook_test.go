package term_test

import (
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
)

func TestPlainRetries(t *testing.T) {
	failed := func(change func(*activity.Attempted)) activity.Update {
		return attempted(func(u *activity.Attempted) { u.Status, u.State = 503, delivery.Pending; change(u) })
	}
	const tail = "2026-01-02 15:04:05  <--  [503] POST http://localhost:3000/hooks [evt_1] (23ms)"
	for name, c := range map[string]struct {
		update activity.Update
		want   string
	}{
		"first": {failed(func(u *activity.Attempted) {
			u.Retry, u.Of, u.Wait, u.Production = 1, 5, time.Second, time.Minute
		}), tail + "  retry 1/5 in 1s, in production 1m"},
		"second": {failed(func(u *activity.Attempted) {
			u.Attempt, u.Retry, u.Of, u.Wait, u.Production = 2, 2, 5, 5*time.Second, 5*time.Minute
		}), tail + "  attempt 2; retry 2/5 in 5s, in production 5m"},
		"at once": {failed(func(u *activity.Attempted) { u.Retry, u.Of, u.Production = 5, 5, 24*time.Hour }),
			tail + "  retry 5/5 now, in production 24h"},
		"last":     {failed(func(u *activity.Attempted) { u.Attempt, u.State = 6, delivery.Exhausted }), tail + "  attempt 6; exhausted after 6 attempts"},
		"disabled": {failed(func(u *activity.Attempted) { u.State = delivery.Held }), tail + "  held: the webhook is disabled"},
		"on purpose": {failed(func(u *activity.Attempted) { u.State, u.Fault = delivery.Failed, "bad-signature" }),
			tail + "  fault on purpose: bad-signature"},
		"held": {activity.Held{Request: "req_1", Event: "evt_1", Target: "http://localhost:3000", Held: 3, At: at},
			"2026-01-02 15:04:05  <--  [held] http://localhost:3000 [evt_1]  the webhook is disabled, 3 deliveries are held"},
		"drift": {received(func(u *activity.Received) { u.Drift = []string{"a is missing", "b", "c", "d", "e"} }),
			"2026-01-02 15:04:05   --> document.analyzed [evt_1]  a is missing; b; c; and 2 more fields are not as expected"},
	} {
		stdout, stderr := plain(false, c.update)
		if stdout != c.want+"\n" || stderr != "" {
			t.Errorf("%s:\ngot  %q, %q\nwant %q", name, stdout, stderr, c.want)
		}
	}
}

func TestPlainWebhooks(t *testing.T) {
	ready := activity.Ready{URL: "u", Target: "t", Retry: "1m,5m", Speed: "60", DisableAfter: 3}
	const before, after = "> Listening on u\n> Forwarding to t\n> ", "\n> Ready! (^C to quit)\n"
	at60, real, max, none := ready, ready, ready, ready
	real.Speed, max.Speed, none.Retry, none.DisableAfter = "1", "max", "", 1
	for want, u := range map[string]activity.Update{
		before + "Failures are retried after 1m, 5m, 60 times as fast; 3 failures of one event disable the webhook" + after:  at60,
		before + "Failures are retried after 1m, 5m, in real time; 3 failures of one event disable the webhook" + after:      real,
		before + "Failures are retried after 1m, 5m, without waiting; 3 failures of one event disable the webhook" + after:   max,
		before + "Failures are not retried, and the first disables the webhook" + after:                                      none,
		"! the webhook to t is disabled: the last retry of dlv_1 failed; 2 deliveries are held, and what comes is held too.": activity.Disabled{Target: "t", Delivery: "dlv_1", Held: 2, Since: at, At: at},
		"! the webhook to t is disabled: it was disabled by hand; 0 deliveries are held":                                     activity.Disabled{Target: "t", At: at},
		"! the webhook to t is disabled since 2026-01-02 15:04:05: the last":                                                 activity.Disabled{Target: "t", Delivery: "d", Held: 1, Since: at, At: at.Add(time.Hour)},
		"! forwarding is paused: what comes is recorded, and forwarded after solatis session resume\n":                       activity.Forwarding{Paused: true, Changed: true},
		"> forwarding again: 2 deliveries waited\n":                                                                          activity.Forwarding{Changed: true, Waiting: 2},
		"> the webhook to t is enabled\n":                                       activity.Enabled{Target: "t"},
		"> the webhook to t is enabled: delivering what was held, 1 delivery\n": activity.Enabled{Target: "t", Released: 1},
		"> the webhook to t was disabled by an earlier run with --retry, and is enabled again: delivering what was held, 2 deliveries\n":   activity.Enabled{Target: "t", Released: 2, NoRetries: true},
		"> sending 3 deliveries left over from an earlier run, 2 of them when the time of their retry has come (--skip-backlog cancels)\n": activity.Resumed{Pending: 3, Retries: 2},
	} {
		stdout, stderr := plain(false, u)
		if stdout != "" || !strings.HasPrefix(stderr, want) {
			t.Errorf("got  %q, %q\nwant %q", stdout, stderr, want)
		}
	}
}
