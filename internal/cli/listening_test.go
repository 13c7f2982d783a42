package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a script waits for what has to come. It decides only how long a
// broken test takes.
const patience = 30 * time.Second

// transcript is what a process has said so far.
type transcript struct {
	mu    sync.Mutex // guards what follows
	text  bytes.Buffer
	grown chan struct{} // closed when it grows
}

func newTranscript() *transcript { return &transcript{grown: make(chan struct{})} }

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.grown)
	t.grown = make(chan struct{})
	return t.text.Write(b)
}

func (t *transcript) read() (text string, grown <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String(), t.grown
}

// await waits until the transcript matches, and reports false if the process ended first
// or it took too long.
func (t *transcript) await(pattern *regexp.Regexp, ended <-chan struct{}) bool {
	late := time.After(patience)
	for {
		text, grown := t.read()
		if pattern.MatchString(text) {
			return true
		}
		select {
		case <-grown:
		case <-ended:
			text, _ := t.read()
			return pattern.MatchString(text)
		case <-late:
			return false
		}
	}
}

// session is a running solatis listen.
type session struct {
	cmd   *exec.Cmd
	out   *transcript   // of standard output
	all   *transcript   // of both streams
	ended chan struct{} // closed with the process
}

// both writes to a stream's transcript and to that of both.
type both struct{ one, all *transcript }

func (b both) Write(p []byte) (int, error) {
	b.one.Write(p)
	return b.all.Write(p)
}

// sessions are the running ones, by script and name. Scripts run side by side.
var sessions sync.Map

func sessionKey(ts *testscript.TestScript, name string) string { return ts.Getenv("WORK") + " " + name }

func sessionOf(ts *testscript.TestScript, name string) *session {
	found, running := sessions.Load(sessionKey(ts, name))
	if !running {
		ts.Fatalf("no session %s is running", name)
	}
	return found.(*session)
}

// startSession runs solatis listen: start NAME ARGS…, with JSON lines as its output.
func startSession(ts *testscript.TestScript, neg bool, args []string) {
	startCommand(ts, neg, append([]string{args[0], "listen", "--output", "json"}, args[1:]...))
}

// startCommand runs solatis as a session runs, for await, interrupt and ended: begin NAME ARGS….
func startCommand(ts *testscript.TestScript, neg bool, args []string) {
	exe := filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], "solatis")
	out, all := newTranscript(), newTranscript()
	s := &session{
		cmd: exec.Command(exe, args[1:]...),
		out: out, all: all, ended: make(chan struct{}),
	}
	s.cmd.Dir = ts.MkAbs(".")
	s.cmd.Env = os.Environ()
	for _, name := range []string{
		"SOLATIS_HOME", "SOLATIS_KEYRING", "SOLATIS_WEBHOOK_SECRET", "SOLATIS_RELAY", "SOLATIS_RELAY_TOKEN", "SOLATIS_RELAY_CA",
		"SOLATIS_PROFILE", "SOLATIS_VERIFY", "SOLATIS_FORWARD", "HTTPS_PROXY", transcriptVariable,
	} {
		s.cmd.Env = append(s.cmd.Env, name+"="+ts.Getenv(name))
	}
	s.cmd.Stdout, s.cmd.Stderr = both{out, all}, both{newTranscript(), all}
	ts.Check(s.cmd.Start())
	go func() {
		defer close(s.ended)
		s.cmd.Wait()
	}()
	key := sessionKey(ts, args[0])
	sessions.Store(key, s)
	ts.Defer(func() {
		if found, running := sessions.Load(key); running && found == any(s) {
			sessions.Delete(key)
			s.cmd.Process.Kill()
			<-s.ended
		}
	})
}

// startListen starts a session and waits until it is ready: listen NAME ARGS…. It sets
// $NAME to the URL and $NAME_SESSION to the session's id.
func startListen(ts *testscript.TestScript, neg bool, args []string) {
	startSession(ts, neg, args)
	s := sessionOf(ts, args[0])
	if !s.out.await(regexp.MustCompile("\n"), s.ended) {
		text, _ := s.all.read()
		ts.Fatalf("the session is not ready: %s", text)
	}
	text, _ := s.out.read()
	first, _, _ := strings.Cut(text, "\n")
	var ready struct{ Type, URL, Session string }
	ts.Check(json.Unmarshal([]byte(first), &ready))
	if ready.Type != "ready" {
		ts.Fatalf("the first line is %s", first)
	}
	ts.Setenv(args[0], ready.URL)
	ts.Setenv(args[0]+"_SESSION", ready.Session)
}

// awaitLine waits until a session has said something: await NAME PATTERN.
func awaitLine(ts *testscript.TestScript, neg bool, args []string) {
	s := sessionOf(ts, args[0])
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	if !s.all.await(pattern, s.ended) {
		text, _ := s.all.read()
		ts.Fatalf("it never said %s, but:\n%s", pattern, text)
	}
}

// interrupt interrupts a session, wants exit code 130, and keeps its output as NAME.out:
// interrupt NAME [TIMES]. (The name stop would be testscript's own, which ends a script.)
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	times := 1
	if len(args) > 1 {
		var err error
		times, err = strconv.Atoi(args[1])
		ts.Check(err)
	}
	process := sessionOf(ts, args[0]).cmd.Process
	ts.Check(process.Signal(os.Interrupt))
	for range times - 1 {
		process.Signal(os.Interrupt) // unless it has ended already
	}
	awaitEnd(ts, neg, []string{args[0], "130"})
}

// crash kills a session, as kill -9 does: crash NAME.
func crash(ts *testscript.TestScript, neg bool, args []string) {
	s := sessionOf(ts, args[0])
	ts.Check(s.cmd.Process.Kill())
	<-s.ended
	sessions.Delete(sessionKey(ts, args[0]))
}

// awaitEnd waits until a session has ended, wants an exit code, and keeps what it said as
// NAME.out (standard output) and NAME.all: ended NAME CODE.
func awaitEnd(ts *testscript.TestScript, neg bool, args []string) {
	s := sessionOf(ts, args[0])
	select {
	case <-s.ended:
	case <-time.After(patience):
		ts.Fatalf("the session goes on")
	}
	sessions.Delete(sessionKey(ts, args[0]))
	out, _ := s.out.read()
	all, _ := s.all.read()
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".out"), []byte(out), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".all"), []byte(all), 0o600))
	if code := strconv.Itoa(s.cmd.ProcessState.ExitCode()); code != args[1] {
		ts.Fatalf("listen ended with %s, and said:\n%s", code, all)
	}
}

// countLines wants a number of lines with a text in a file: count FILE TEXT N.
func countLines(ts *testscript.TestScript, neg bool, args []string) {
	if got := fmt.Sprint(strings.Count(ts.ReadFile(args[0]), args[1])); got != args[2] {
		ts.Fatalf("%q is in %s %s times, not %s", args[1], args[0], got, args[2])
	}
}
