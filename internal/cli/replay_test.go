package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/session"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/term"
)

// homeWith is an environment whose history has n requests, of which evt_3 is the newest
// for 3.
func homeWith(t *testing.T, n int) func(string) string {
	t.Helper()
	home := t.TempDir()
	env := func(name string) string {
		return map[string]string{"SOLATIS_HOME": home, "SOLATIS_KEYRING": "off"}[name]
	}
	f, err := folders.Resolve(env)
	if err != nil {
		t.Fatal(err)
	}
	h, err := history.Open(t.Context(), f.History())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for i := range n {
		at := time.Unix(1_767_323_045, 0).Add(time.Duration(i) * time.Hour)
		r := &event.Request{ID: event.NewRequestID(at), Method: "POST", Body: fmt.Appendf(nil, "%d", i+1), Received: at}
		err := h.AddRequest(t.Context(), history.Record{
			Request: r, EventID: fmt.Sprint("evt_", i+1), EventType: "task.created", Verdict: signature.Valid, Disposition: "forward",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return env
}

// ran runs solatis and returns its exit code and what it said.
func ran(ctx context.Context, env func(string) string, args ...string) (code int, out, err string) {
	var stdout, stderr bytes.Buffer
	code = run(ctx, args, term.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr}, env)
	return code, stdout.String(), stderr.String()
}

func TestAnInterruptedReplaySaysHowFarItCame(t *testing.T) {
	env := homeWith(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	var got []string
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if got = append(got, string(body)); len(got) == 2 {
			cancel()
			<-r.Context().Done()
		}
	}))
	defer app.Close()
	code, out, errOut := ran(ctx, env, "replay", "--last", "3", "--to", app.URL)
	if code != exitInterrupted || !strings.Contains(out, "interrupted after 1 of 3 in ") {
		t.Errorf("exit %d, %s%s", code, out, errOut)
	}
	if want := "[1 2]"; fmt.Sprint(got) != want {
		t.Errorf("the app got %v, want %s: oldest first", got, want)
	}
}

// TestAReplayIsInterruptedWhileItWaits has a context that ends before the second event's
// turn comes, which the limiter knows at once.
func TestAReplayIsInterruptedWhileItWaits(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer app.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code, out, errOut := ran(ctx, homeWith(t, 3), "replay", "--last", "3", "--to", app.URL, "--rate", "1/h")
	if code != exitInterrupted || !strings.Contains(out, "interrupted after 1 of 3 in ") {
		t.Errorf("exit %d, %s%s", code, out, errOut)
	}
}

func TestPace(t *testing.T) {
	for _, c := range []struct {
		pace replayPace
		want string // when events that came at 0 s, 10 s and 30 s are sent
	}{
		{replayPace{speed: "max"}, "[0s 0s 0s]"},
		{replayPace{speed: "original"}, "[0s 10s 30s]"},
		{replayPace{speed: "10x"}, "[0s 1s 3s]"},
		{replayPace{speed: "0.5x"}, "[0s 20s 1m0s]"},
		{replayPace{speed: "max", rate: "2"}, "[0s 500ms 1s]"},
		{replayPace{speed: "max", rate: "30/m"}, "[0s 2s 4s]"},
		{replayPace{speed: "max", rate: "60/h"}, "[0s 1m0s 2m0s]"},
	} {
		synctest.Test(t, func(t *testing.T) {
			if err := c.pace.parse(); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			var got []time.Duration
			for _, after := range []time.Duration{0, 10 * time.Second, 30 * time.Second} {
				if err := c.pace.wait(t.Context(), begun, after); err != nil {
					t.Fatal(err)
				}
				got = append(got, time.Since(begun))
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("%s %s: sent at %v, want %s", c.pace.speed, c.pace.rate, got, c.want)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := c.pace.wait(ctx, begun, time.Hour); err == nil {
				t.Errorf("%s %s: it goes on when it should end", c.pace.speed, c.pace.rate)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	long := strings.Repeat("x", 1000)
	many := strings.Repeat("a\n", 1000)
	for _, c := range []struct{ before, now, want string }{
		{"a", "a", "it is the same\n"},
		{"a\n", "a", "it differs in its white space only\n"},
		{`{"a":1}`, `{ "a": 1 }`, "it differs in its white space only\n"},
		{"\xff", "a", "it is another one: 1 bytes before, now 1, and not text\n"},
		{strings.Repeat("a", maxCompared+1), "a", "it is another one: 65537 bytes before, now 1, which is too much to compare here\n"},
		{`{"b":12345678901234567890,"a":1}`, `{"b":12345678901234567890,"a":2}`, "it changed:\n  @@ -1,4 +1,4 @@\n   {\n     \"b\": 12345678901234567890,\n  -  \"a\": 1\n  +  \"a\": 2\n   }\n"},
		{"", "\x1b[2J\u202e\r", "it changed:\n  @@ -1 +1 @@\n  -\n  +\\x1b[2J\\u202e\n"},
		{"a", long, "it changed:\n  @@ -1 +1 @@\n  -a\n  +" + long[:199] + "…\n"},
		{many, strings.ToUpper(many), ""},
	} {
		var out bytes.Buffer
		a := &app{streams: term.Streams{Out: &out}, env: func(string) string { return "" }, color: "auto"}
		a.showDiff("it", []byte(c.before), []byte(c.now))
		if c.want != "" && out.String() != c.want {
			t.Errorf("%.40q to %.40q:\n%s\nwant\n%s", c.before, c.now, out.String(), c.want)
		}
		if n := strings.Count(out.String(), "\n"); n > maxDiffLines+2 {
			t.Errorf("%.40q to %.40q: %d lines", c.before, c.now, n)
		}
	}
}

func TestSessionTarget(t *testing.T) {
	routed := session.Info{
		Target: "first", Targets: []string{"one", "two"},
		Routes: []string{"document.*=docs?a=b", "task.created=tasks"},
	}
	for _, c := range []struct {
		info      session.Info
		typ, want string
	}{
		{routed, "document.analyzed", "docs?a=b"},
		{routed, "task.created", "tasks"},
		{routed, "task.updated", "one"},
		{routed, "", "one"},
		{session.Info{Target: "old"}, "task.created", "old"}, // an older session says no more
		{session.Info{Routes: []string{"*=all"}, Target: "all"}, "", "all"},
		{session.Info{Routes: []string{"task.*=tasks"}, Target: "tasks"}, "document.analyzed", ""},
	} {
		if got := sessionTarget(c.info, c.typ); got != c.want {
			t.Errorf("%v for %q: %q, want %q", c.info.Routes, c.typ, got, c.want)
		}
	}
}
