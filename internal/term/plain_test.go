package term_test

import (
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/term"
)

var at = time.Date(2026, 1, 2, 14, 4, 5, 0, time.UTC)

// plain prints updates, at one hour east of UTC, and returns both streams.
func plain(color bool, updates ...activity.Update) (stdout, stderr string) {
	var out, err strings.Builder
	p := term.NewPlain(term.PlainOptions{
		Out: &out, Err: &err, OutColor: color, ErrColor: color, Zone: time.FixedZone("east", 3600),
	})
	for _, u := range updates {
		p.Print(u)
	}
	return out.String(), err.String()
}

func received(change func(*activity.Received)) activity.Received {
	u := activity.Received{
		Request: "req_1", Seq: 7, Method: "POST", Event: "evt_1", EventType: "document.analyzed", Bytes: 9,
		Signature: signature.Valid, Disposition: activity.Forward, At: at,
	}
	change(&u)
	return u
}

func attempted(change func(*activity.Attempted)) activity.Attempted {
	u := activity.Attempted{
		Delivery: "dlv_1", Request: "req_1", Event: "evt_1", EventType: "document.analyzed", Origin: delivery.Received,
		Method: "POST", Target: "http://localhost:3000/hooks", Attempt: 1, Outcome: delivery.Answered, Status: 200,
		Duration: 23456 * time.Microsecond, State: delivery.Succeeded, At: at,
	}
	change(&u)
	return u
}

func TestPlainRequests(t *testing.T) {
	const head = "2026-01-02 15:04:05   --> document.analyzed [evt_1]"
	for name, c := range map[string]struct {
		change func(*activity.Received)
		want   string
	}{
		"good":      {func(u *activity.Received) {}, head},
		"unchecked": {func(u *activity.Received) { u.Signature = signature.Unchecked }, head},
		"recorded":  {func(u *activity.Received) { u.Disposition = activity.RecordOnly }, head},
		"bad signature": {func(u *activity.Received) { u.Signature = signature.Mismatch },
			head + "  signature does not match body and secret"},
		"refused": {func(u *activity.Received) {
			u.Signature, u.Disposition = signature.Missing, activity.BadSign
			u.Reason = u.Signature.Explain()
		}, head + "  no X-Solatis-Signature header; refused"},
		"no route": {func(u *activity.Received) { u.Disposition, u.Reason = activity.RecordOnly, "no route takes it" },
			head + "  recorded only: no route takes it"},
		"diagnosed": {func(u *activity.Received) { u.Signature, u.Diagnosis = signature.Mismatch, "the body was\x07 parsed" },
			head + "  signature does not match body and secret\n    the body was\\x07 parsed"},
		"duplicate": {func(u *activity.Received) { u.DuplicateOf = "req_0" }, head + "  duplicate of req_0"},
		"other body": {func(u *activity.Received) { u.DuplicateOf, u.OtherBody = "req_0", true },
			head + "  same id as req_0, other body"},
		"filtered": {func(u *activity.Received) { u.Disposition, u.Reason = activity.Filtered, "not in --events task.*" },
			head + "  filtered out: not in --events task.*"},
		"unsendable": {func(u *activity.Received) { u.Disposition, u.Reason = activity.BadRequest, `the path "/.."` },
			head + `  not forwarded: the path "/.."`},
		"no event": {func(u *activity.Received) { u.Event, u.EventType, u.Path = "", "", "/a%20b" },
			"2026-01-02 15:04:05   --> POST /a%20b [req_1]"},
		"no event, no path": {func(u *activity.Received) { u.Event, u.EventType, u.Method = "", "", "PUT" },
			"2026-01-02 15:04:05   --> PUT / [req_1]"},
	} {
		stdout, stderr := plain(false, received(c.change))
		if stdout != c.want+"\n" || stderr != "" {
			t.Errorf("%s:\ngot  %q, %q\nwant %q", name, stdout, stderr, c.want)
		}
	}
}

func TestPlainAttempts(t *testing.T) {
	const tail = "POST http://localhost:3000/hooks [evt_1] (23ms)"
	failed := func(kind delivery.Kind, text string) func(*activity.Attempted) {
		return func(u *activity.Attempted) { u.Outcome, u.Status, u.Error, u.State = kind, 0, text, delivery.Failed }
	}
	status := func(n int, body string) func(*activity.Attempted) {
		return func(u *activity.Attempted) { u.Status, u.Response = n, body }
	}
	for name, c := range map[string]struct {
		change func(*activity.Attempted)
		want   string
	}{
		"good":       {func(u *activity.Attempted) {}, "[200] " + tail},
		"no event":   {func(u *activity.Attempted) { u.Event, u.EventType = "", "" }, "[200] POST http://localhost:3000/hooks [req_1] (23ms)"},
		"replay":     {func(u *activity.Attempted) { u.Origin = delivery.Replay }, "[200] " + tail + "  replay"},
		"trigger":    {func(u *activity.Attempted) { u.Origin, u.Attempt = delivery.Trigger, 2 }, "[200] " + tail + "  trigger; attempt 2"},
		"201":        {status(201, ""), "[201] " + tail + "  counts as success; the provider's guide advises exactly 200"},
		"204":        {status(204, ""), "[204] " + tail + "  counts as success; the provider's guide advises exactly 200"},
		"redirect":   {status(307, ""), "[307] " + tail},
		"refusal":    {status(401, "\n{\"error\": \"bad\x07\"}\r\nmore"), "[401] " + tail + "\n    {\"error\": \"bad\\x07\"}"},
		"page":       {status(404, "<!DOCTYPE html>\n"), "[404] " + tail},
		"long":       {status(500, strings.Repeat("ü", 200)), "[500] " + tail + "\n    " + strings.Repeat("ü", 160) + "…"},
		"timeout":    {failed(delivery.Timeout, "no answer"), "[timeout] " + tail + "  no answer"},
		"no-connect": {failed(delivery.NoConnect, "could not connect"), "[no-connect] " + tail + "  could not connect"},
		"broken off": {failed(delivery.BrokenOff, "closed"), "[broken-off] " + tail + "  closed"},
		"stopped":    {failed(delivery.Interrupted, "stopped"), "[interrupted] " + tail + "  stopped"},
		"refused":    {failed(delivery.Refused, "bad path"), "[refused] " + tail + "  bad path"},
		"slow":       {func(u *activity.Attempted) { u.Duration = 1234567 * time.Microsecond }, "[200] POST http://localhost:3000/hooks [evt_1] (1.23s)"},
		"quick":      {func(u *activity.Attempted) { u.Duration = 456 * time.Microsecond }, "[200] POST http://localhost:3000/hooks [evt_1] (<1ms)"},
	} {
		want := "2026-01-02 15:04:05  <--  " + c.want + "\n"
		stdout, stderr := plain(false, attempted(c.change))
		if stdout != want || stderr != "" {
			t.Errorf("%s:\ngot  %q, %q\nwant %q", name, stdout, stderr, want)
		}
	}
}

func TestPlainSession(t *testing.T) {
	at := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	away := activity.Disconnected{Reason: "connection refused", RetryIn: 1500 * time.Millisecond, At: at}
	soon, later, other := away, away, away
	soon.At, later.At, other.Reason = at.Add(20*time.Second), at.Add(61*time.Second), "no route to host"
	down := activity.TargetDown{Target: "http://localhost:3000/hooks", Error: "could not connect to localhost:3000: is your app running?"}
	up := activity.TargetUp{Target: "http://localhost:3000/hooks", DownFor: 12 * time.Second}
	const (
		lost   = "! no connection to the relay: connection refused; trying again in 1.5s\n"
		banner = "! could not connect to localhost:3000: is your app running?\n"
		again  = "> localhost:3000 is up again (was down 12s)\n"
	)
	for name, c := range map[string]struct {
		updates []activity.Update
		want    string
	}{
		"ready": {[]activity.Update{activity.Ready{URL: "http://localhost:4650/e/x", Target: "http://localhost:3000", Verify: "warn", Secret: "whsec_abc"}},
			"> Listening on http://localhost:4650/e/x\n> Forwarding to http://localhost:3000\n> Ready! Your webhook signing secret is whsec_abc (^C to quit)\n"},
		"ready without target": {[]activity.Update{activity.Ready{URL: "http://localhost:4650/e/x", Verify: "off"}},
			"> Listening on http://localhost:4650/e/x\n> No --forward was given: webhooks are recorded and shown, not forwarded\n> Signatures are not checked (--verify off)\n> Ready! (^C to quit)\n"},
		"ready and strict": {[]activity.Update{activity.Ready{URL: "u", Target: "t", Verify: "strict", Secret: "s"}},
			"> Listening on u\n> Forwarding to t\n> Requests with a bad signature are refused (--verify strict)\n> Ready! Your webhook signing secret is s (^C to quit)\n"},
		"ready of a session": {[]activity.Update{activity.Ready{Session: "k3f9", URL: "u", Target: "t", Targets: []string{"t"}, Secret: "s"}},
			"> Listening on u (session k3f9)\n> Forwarding to t\n> Ready! Your webhook signing secret is s (^C to quit)\n"},
		"ready with targets": {[]activity.Update{activity.Ready{URL: "u", Target: "a", Targets: []string{"a", "b"}}},
			"> Listening on u\n> Forwarding to a and b\n> Ready! (^C to quit)\n"},
		"ready with routes": {[]activity.Update{activity.Ready{URL: "u", Target: "a", Targets: []string{"a", "b"}, Routes: []string{"document.*=c?x=1", "*.shared=d"}}},
			"> Listening on u\n> Forwarding document.* to c?x=1\n> Forwarding *.shared to d\n> Forwarding all else to a and b\n> Ready! (^C to quit)\n"},
		"ready with routes alone": {[]activity.Update{activity.Ready{URL: "u", Target: "c", Routes: []string{"task.*=c"}}},
			"> Listening on u\n> Forwarding task.* to c\n> No --forward was given: what no route takes is recorded and shown, not forwarded\n> Ready! (^C to quit)\n"},
		"first connection":       {[]activity.Update{activity.Connected{}}, ""},
		"connected with backlog": {[]activity.Update{activity.Connected{Backlog: 12}}, "> 12 requests missed while offline, delivering\n"},
		"reconnected": {[]activity.Update{away, away, activity.Connected{Backlog: 1}, activity.Connected{}},
			lost + "> connected to the relay again; 1 request missed while offline, delivering\n"},
		"away for long":  {[]activity.Update{away, soon, later, soon}, lost + "! no connection to the relay for 1m1s: connection refused; trying on\n"},
		"another reason": {[]activity.Update{away, other}, lost + "! no connection to the relay: no route to host; trying again in 1.5s\n"},
		"connecting": {[]activity.Update{activity.Connecting{Relay: "https://r.example"}, activity.Connecting{Relay: "https://r.example"}},
			"> Connecting to https://r.example …\n"},
		"gave up":         {[]activity.Update{activity.Disconnected{Reason: "wrong token", Final: true}}, "! gave up on the relay: wrong token\n"},
		"gap":             {[]activity.Update{activity.Gap{From: 3, To: 9, Reason: "deleted"}}, "! requests 3 to 9 of the relay's log are gone: deleted\n"},
		"gap of one":      {[]activity.Update{activity.Gap{From: 3, To: 3, Reason: "deleted"}}, "! request 3 of the relay's log is gone: deleted\n"},
		"resumed":         {[]activity.Update{activity.Resumed{Pending: 2}}, "> sending 2 deliveries left over from an earlier run (--skip-backlog cancels)\n"},
		"cancelled":       {[]activity.Update{activity.Resumed{Pending: 1, Cancelled: true}}, "> cancelled 1 delivery left over from an earlier run (--skip-backlog)\n"},
		"nothing resumed": {[]activity.Update{activity.Resumed{}}, ""},
		"warning":         {[]activity.Update{activity.Warning{Message: "look out"}}, "! warning: look out\n"},
		"missed": {[]activity.Update{activity.Missed{Count: 3}},
			"! this view fell behind and does not show 3 updates; all are in the history: solatis events list\n"},
		"one banner":         {[]activity.Update{down, down, up, down}, banner + again + banner},
		"banner of its own":  {[]activity.Update{activity.TargetDown{Target: "localhost:3000"}}, banner},
		"banners per target": {[]activity.Update{down, activity.TargetDown{Target: "localhost:4000"}}, banner + strings.Replace(banner, "3000", "4000", 1)},
		"banners per socket": {[]activity.Update{
			activity.TargetDown{Target: "unix:/run/a.sock:/x"}, activity.TargetDown{Target: "unix:/run/a.sock"}, activity.TargetDown{Target: "unix:/run/b.sock:/x?y=:/z"},
			activity.TargetDown{Target: "unix:C:/a.sock:/x"}},
			strings.Replace(banner, "localhost:3000", "unix:/run/a.sock", 1) + strings.Replace(banner, "localhost:3000", "unix:/run/b.sock", 1) +
				strings.Replace(banner, "localhost:3000", "unix:C:/a.sock", 1)},
	} {
		stdout, stderr := plain(false, c.updates...)
		if stdout != "" || stderr != c.want {
			t.Errorf("%s:\ngot  %q, %q\nwant %q", name, stdout, stderr, c.want)
		}
	}
}

func TestErrorIsNotRepeatedWhileTheTargetIsDown(t *testing.T) {
	failure := attempted(func(u *activity.Attempted) { u.Outcome, u.Status, u.Error = delivery.NoConnect, 0, "could not connect" })
	stdout, _ := plain(false, activity.TargetDown{Target: "http://localhost:3000"}, failure)
	if strings.Contains(stdout, "could not connect") || !strings.Contains(stdout, "[no-connect]") {
		t.Errorf("%q", stdout)
	}
}

func TestEachStreamHasItsOwnColor(t *testing.T) {
	var out, err strings.Builder
	p := term.NewPlain(term.PlainOptions{Out: &out, Err: &err, OutColor: true})
	p.Print(attempted(func(*activity.Attempted) {}))
	p.Print(activity.Ready{URL: "u", Secret: "s"})
	if !strings.Contains(out.String(), "\x1b[32m[200]\x1b[") {
		t.Errorf("standard output: %q", out.String())
	}
	if strings.Contains(err.String(), "\x1b") {
		t.Errorf("standard error: %q", err.String())
	}
}
