package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/term"
)

// said is what a command printed, and its exit code.
type said struct {
	code     int
	out, err string
}

// command runs solatis within this process, with a home of its own in an empty folder.
type command struct {
	in    string
	tty   bool // whether all streams are a terminal
	onErr func(text string)
	env   map[string]string
}

func newCommand(t *testing.T) *command {
	c := &command{env: map[string]string{"SOLATIS_HOME": t.TempDir(), "SOLATIS_WEBHOOK_SECRET": "topsecret"}}
	t.Chdir(t.TempDir())
	return c
}

// watched hands on all that was written so far.
type watched struct {
	bytes.Buffer
	on func(text string)
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if w.on != nil {
		w.on(w.String())
	}
	return n, err
}

func (c *command) run(ctx context.Context, args ...string) said {
	var out bytes.Buffer
	err := &watched{on: c.onErr}
	streams := term.Streams{
		In: strings.NewReader(c.in), Out: &out, Err: err, InTTY: c.tty, OutTTY: c.tty, ErrTTY: c.tty,
	}
	code := run(ctx, args, streams, func(name string) string { return c.env[name] })
	return said{code, out.String(), err.String()}
}

// newApp runs an app that answers with a status, and counts what it got.
func newApp(t *testing.T, status int) (url string, got *atomic.Int64) {
	got = new(atomic.Int64)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.Add(1)
		w.WriteHeader(status)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, got
}

func TestTriggerExitCodes(t *testing.T) {
	c := newCommand(t)
	good, got := newApp(t, 200)
	bad, _ := newApp(t, 500)
	for _, test := range []struct {
		code int
		args string
	}{
		{exitDone, "trigger task.created --to " + good},
		{exitDone, "trigger task.created --to " + good + " --count 3"},
		{exitNotAccepted, "trigger task.created --to " + bad},
		{exitNotAccepted, "trigger task.created --to " + bad + " --count 3"},
		{exitFailed, "trigger task.created"},
		{exitFailed, "trigger task.created --print curl"},
		{exitUsage, "trigger"},
		{exitUsage, "trigger task.craeted"},
		{exitUsage, "trigger task.created task.deleted"},
		{exitUsage, "trigger task.created curl --to " + good},
		{exitUsage, "trigger task.created a b --print"},
		{exitUsage, "trigger task.created --print=xml"},
		{exitUsage, "trigger task.created --set a=1 --to " + good},
		{exitUsage, "trigger task.created --set a --to " + good},
		{exitUsage, "trigger task.created --add [0]=1 --to " + good},
		{exitUsage, "trigger task.created --unset a --to " + good},
		{exitUsage, "trigger task.created --data { --to " + good},
		{exitUsage, "trigger task.created --data @none --to " + good},
		{exitUsage, "trigger task.created --edit --to " + good},
		{exitUsage, "trigger task.created --id x --to " + good},
		{exitUsage, "trigger task.created --created-at x --to " + good},
		{exitUsage, "trigger task.created --count 0 --to " + good},
		{exitUsage, "trigger task.created --count 2 --rate x --to " + good},
		{exitUsage, "trigger task.created --rate 5 --to " + good},
		{exitUsage, "trigger task.created --unset id"},
		{exitUsage, "trigger task.created --to x://y"},
		{exitUsage, "trigger task.created --print curl --to x://y"},
		{exitUsage, "trigger task.created --to " + good + " --session x"},
		{exitUsage, "fixture show none"},
		{exitUsage, "fixture delete none --yes"},
		{exitUsage, "fixture edit none"},
		{exitUsage, "fixture save Bad task.created"},
		{exitUsage, "fixture save new none"},
		{exitUsage, "fixture save new task.created --set a=1"},
		{exitDone, "fixture save new task.created"},
		{exitUsage, "fixture save new task.created"},
		{exitUsage, "fixture delete new"},
		{exitDone, "fixture delete new --yes"},
	} {
		s := c.run(t.Context(), strings.Fields(test.args)...)
		if s.code != test.code {
			t.Errorf("%s: exit code %d, want %d\n%s%s", test.args, s.code, test.code, s.out, s.err)
		}
		failed := test.code == exitUsage || test.code == exitFailed
		if failed != strings.HasPrefix(s.err, "solatis: ") || failed && s.out != "" {
			t.Errorf("%s: on standard output %q, on standard error %q", test.args, s.out, s.err)
		}
	}
	if got.Load() != 4 {
		t.Errorf("%d events were sent to the app, want 4: one and three", got.Load())
	}
}

func TestInterruptedRunSaysHowFarItCame(t *testing.T) {
	c := newCommand(t)
	url, _ := newApp(t, 200)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.tty = true
	c.onErr = func(text string) {
		if strings.Contains(text, "1 of 1000, 0 failed") {
			cancel() // the next one would come in an hour
		}
	}
	s := c.run(ctx, "trigger", "task.created", "--to", url, "--count", "1000", "--rate", "1/h")
	if s.code != exitInterrupted || !strings.HasPrefix(s.out, "interrupted after 1 of 1000 in ") || !strings.Contains(s.out, ": 1 accepted, 0 failed\nlatency: p50 ") {
		t.Errorf("exit code %d\n%s%q", s.code, s.out, s.err)
	}
}

// TestWhatIsDelayedIsOvertaken by all that comes later, and not only by as much as is on its
// way at once.
func TestWhatIsDelayedIsOvertaken(t *testing.T) {
	const count = 100
	delay, err := fault.Parse("delay:by=10m,p=50%")
	if err != nil {
		t.Fatal(err)
	}
	var want, got atomic.Int32
	for n := range uint64(count) {
		if fault.NewPlan(7, delay).Of(n+1, "task.created").None() {
			want.Add(1)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if got.Add(1) == want.Load() {
			cancel()
		}
	}))
	defer app.Close()
	result := newCommand(t).run(ctx, "trigger", "task.created", "--to", app.URL, "--count", fmt.Sprint(count), "--fault", delay.String(), "--seed", "7")
	if got.Load() != want.Load() || result.code != exitInterrupted {
		t.Errorf("%d of %d came; %+v", got.Load(), want.Load(), result)
	}
}

func TestInterruptedSingle(t *testing.T) {
	c := newCommand(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // until then the server doesn't notice that the client is gone
		cancel()
		<-r.Context().Done()
	}))
	defer srv.Close()
	if s := c.run(ctx, "trigger", "task.created", "--to", srv.URL, "--timeout", "1h"); s.code != exitInterrupted {
		t.Errorf("exit code %d\n%s%s", s.code, s.out, s.err)
	}
}

func TestBar(t *testing.T) {
	c := newCommand(t)
	c.tty = true
	url, _ := newApp(t, 200)
	for _, color := range []string{"never", "always"} {
		s := c.run(t.Context(), "trigger", "task.created", "--to", url, "--count", "40", "--color", color)
		if s.code != exitDone || strings.ContainsAny(s.out, "\r\x1b") {
			t.Errorf("exit code %d, on standard output %q", s.code, s.out)
		}
		if !strings.Contains(s.err, "40 of 40, 0 failed\x1b[K") || !strings.HasSuffix(s.err, "\r\x1b[K") || strings.Contains(s.err, "\n") {
			t.Errorf("the bar is %q", s.err)
		}
		if coloured := regexp.MustCompile(`\x1b\[[0-9;]*m`).MatchString(s.err); coloured != (color == "always") {
			t.Errorf("--color %s: %q", color, s.err)
		}
	}
}

func TestDeletingAsks(t *testing.T) {
	c := newCommand(t)
	if s := c.run(t.Context(), "fixture", "save", "mine", "task.created"); s.code != exitDone {
		t.Fatal(s)
	}
	c.tty = true
	for _, answer := range []string{"", "\n", "n\n", "no\n", "yess\n"} {
		c.in = answer
		if s := c.run(t.Context(), "fixture", "delete", "mine"); s.code != exitFailed || !strings.Contains(s.err, "mine.json? (y/N)") {
			t.Errorf("%q: %+v", answer, s)
		}
	}
	c.in = "Y\n"
	if s := c.run(t.Context(), "fixture", "delete", "mine"); s.code != exitDone {
		t.Errorf("%+v", s)
	}
	if s := c.run(t.Context(), "fixture", "show", "mine"); s.code != exitUsage {
		t.Errorf("it is still there: %+v", s)
	}
}

func TestCompletion(t *testing.T) {
	c := newCommand(t)
	c.run(t.Context(), "fixture", "save", "mine", "task.created")
	for _, test := range []struct{ args, want string }{
		{"trigger ", "mine"},
		{"trigger ", "task.created"},
		{"trigger --print=", "curl"},
		{"fixture show ", "mine"},
		{"fixture save new ", "task.created"},
	} {
		s := c.run(t.Context(), append([]string{"__complete"}, strings.Split(test.args, " ")...)...)
		if !strings.Contains(s.out, test.want) {
			t.Errorf("%s: %q", test.args, s.out)
		}
	}
}

func TestSummary(t *testing.T) {
	var out, err bytes.Buffer
	now := time.Unix(0, 0)
	a := &app{streams: term.Streams{Out: &out, Err: &err}, env: func(string) string { return "" }, now: func() time.Time { return now }}
	s := a.follow(100)
	for i := range 100 {
		u := activity.Attempted{Event: fmt.Sprint("evt_", i), EventType: "x", Outcome: delivery.Answered, Status: 200, Duration: time.Duration(i+1) * time.Millisecond}
		switch {
		case i%10 == 5:
			u.Status, u.Response = 500, "evil\x1b[31m\nanswer"
		case i == 77:
			u.Outcome, u.Status, u.Error = delivery.Timeout, 0, "no answer"
		}
		s.add(sentBy(u))
	}
	now = now.Add(1234567 * time.Microsecond)
	result := s.finish(false)
	const want = `100 sent in 1.23s: 89 accepted, 11 failed (10 × 500, 1 × timeout)
latency: p50 50ms, p95 95ms, max 100ms
first failed: x [evt_5] 500
evil\x1b[31m
answer
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if coded, ok := result.(*codedError); !ok || coded.code != exitNotAccepted {
		t.Errorf("result %v", result)
	}
	if got := strings.Count(err.String(), "\n"); got != 9 || !strings.HasPrefix(err.String(), "10 of 100 sent, 1 failed\n") {
		t.Errorf("on the way: %s", err.String())
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]float64{"5": 5, "10/s": 10, "0.5/s": 0.5, "120/m": 2, "7200/h": 2} {
		if got, err := parseRate(text); err != nil || float64(got) != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"0", "-1", "x", "/s", "5/", "5/x", "NaN", "Inf", "1e99", "5/s/s", " 5"} {
		if got, err := parseRate(bad); err == nil {
			t.Errorf("%s: %v", bad, got)
		}
	}
}

func TestSplitWords(t *testing.T) {
	for text, want := range map[string]string{
		"vi":                         "vi",
		" code  --wait\t-n ":         "code|--wait|-n",
		`"C:\Program Files\e.exe" x`: `C:\Program Files\e.exe|x`,
		`e -c 'set ft="json"'`:       `e|-c|set ft="json"`,
		`e ""`:                       "e|",
		`a"b c"d`:                    "ab cd",
		"  ":                         "",
	} {
		if got, err := splitWords(text); err != nil || strings.Join(got, "|") != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}
