package relaycli_test

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptT lets what is written for tests fail and clean up within a script.
type scriptT struct {
	testing.TB
	ts *testscript.TestScript
}

func (s scriptT) Helper()                           {}
func (s scriptT) Fatal(args ...any)                 { s.ts.Fatalf("%v", args) }
func (s scriptT) Fatalf(format string, args ...any) { s.ts.Fatalf(format, args...) }
func (s scriptT) Cleanup(f func())                  { s.ts.Defer(f) }
func (s scriptT) TempDir() string                   { return s.ts.MkAbs(".") }

// started are the processes and agents of all scripts, which run side by side, by script
// and name.
var started sync.Map

func key(ts *testscript.TestScript, name string) string { return ts.Getenv("WORK") + " " + name }

// startRelay runs a relay: relay NAME [ARG…]. It sets $NAME to its URL, and $NAME_LISTEN
// and $NAME_ADMIN to its addresses.
func startRelay(ts *testscript.TestScript, _ bool, args []string) {
	env := os.Environ()
	for _, name := range []string{"SOLATIS_RELAY_DATA", "SOLATIS_RELAY_LOG_LEVEL"} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	p := begin(scriptT{ts: ts}, env, args[1:]...)
	started.Store(key(ts, args[0]), p)
	ts.Setenv(args[0], p.URL)
	ts.Setenv(args[0]+"_LISTEN", strings.TrimPrefix(p.URL, "http://"))
	ts.Setenv(args[0]+"_ADMIN", p.Admin)
}

// endRelay ends a relay in good order, wants the exit code 0, and writes its log into a
// file: end NAME. (The name stop is the script language's own.)
func endRelay(ts *testscript.TestScript, _ bool, args []string) {
	found, ok := started.Load(key(ts, args[0]))
	if !ok {
		ts.Fatalf("no relay %s is running", args[0])
	}
	p := found.(*process)
	ts.Check(p.cmd.Process.Signal(syscall.SIGTERM))
	if code := p.wait(); code != 0 {
		ts.Fatalf("the relay ended with %d:\n%s", code, p.text())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".log"), []byte(p.text()), 0o600))
}

// startAgent connects an agent with the token in a file: agent NAME URL FILE. It sets $NAME
// to the endpoint's URL. With ! the relay has to refuse it.
func startAgent(ts *testscript.TestScript, neg bool, args []string) {
	a := connect(args[1], strings.TrimSpace(ts.ReadFile(args[2])), ts.Defer)
	if neg {
		select {
		case <-a.welcome:
			ts.Fatalf("the agent is let in")
		case <-a.lost:
		}
		return
	}
	started.Store(key(ts, args[0]), a)
	ts.Setenv(args[0], a.welcomed(scriptT{ts: ts}))
}

// sentAway waits until an agent has lost its connection, for a reason: sentaway NAME TEXT.
func sentAway(ts *testscript.TestScript, _ bool, args []string) {
	found, _ := started.Load(key(ts, args[0]))
	if why := <-found.(*agent).lost; !strings.Contains(why.Error(), args[1]) {
		ts.Fatalf("the agent is sent away with: %v", why)
	}
}

// leave ends an agent: leave NAME.
func leave(ts *testscript.TestScript, _ bool, args []string) {
	found, _ := started.Load(key(ts, args[0]))
	found.(*agent).stop()
}

// postTo sends a webhook and wants a status: post URL BODY STATUS.
func postTo(ts *testscript.TestScript, _ bool, args []string) {
	status, err := post(args[0], args[1])
	ts.Check(err)
	if strconv.Itoa(status) != args[2] {
		ts.Fatalf("the webhook gets %d", status)
	}
}

// received waits for an agent's next request and wants its body: received NAME BODY.
func received(ts *testscript.TestScript, _ bool, args []string) {
	found, _ := started.Load(key(ts, args[0]))
	if r := <-found.(*agent).requests; string(r.Body) != args[1] {
		ts.Fatalf("the agent gets %q", r.Body)
	}
}

// setFrom sets a variable to a word of the first line of a file that has a text; words count
// from 0: setfrom NAME FILE TEXT WORD.
func setFrom(ts *testscript.TestScript, _ bool, args []string) {
	column, err := strconv.Atoi(args[3])
	ts.Check(err)
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		if fields := strings.Fields(line); strings.Contains(line, args[2]) && len(fields) > column {
			ts.Setenv(args[0], fields[column])
			return
		}
	}
	ts.Fatalf("no line of %s has %q", args[1], args[2])
}
