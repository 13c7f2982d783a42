package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/solatis/solatis-cli/internal/cli"
	"github.com/solatis/solatis-cli/internal/term"
)

// TestMain makes this test binary also be solatis, so that the scripts run the real main
// in processes of their own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"solatis": func() { os.Exit(cli.Main(os.Args[1:], term.System(), os.Getenv)) },
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			home, err := os.MkdirTemp("", "solatis-test-")
			if err != nil {
				return err
			}
			e.Defer(func() { os.RemoveAll(home) })
			e.Setenv("SOLATIS_HOME", home)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"app":     startApp,
			"listen":  startListen,
			"stop":    stopListen,
			"eventid": eventID,
			"post":    post,
		},
	})
}

// startApp runs an app that answers with a status, or with 200: app NAME [STATUS]. It sets
// $NAME to its URL and appends each body to the file NAME.
func startApp(ts *testscript.TestScript, neg bool, args []string) {
	status := http.StatusOK
	if len(args) > 1 {
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		status = n
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(f, "%s %s\n%s\n", r.Method, r.RequestURI, body)
		w.WriteHeader(status)
		fmt.Fprintf(w, "status %d", status)
	}))
	ts.Defer(func() { srv.Close(); f.Close() })
	ts.Setenv(args[0], srv.URL)
}

// session is a running solatis listen.
type session struct {
	cmd  *exec.Cmd
	out  bytes.Buffer
	done chan struct{} // its output has ended
}

// sessions are the running ones, by script and name. Scripts run side by side.
var sessions sync.Map

func sessionKey(ts *testscript.TestScript, name string) string { return ts.Getenv("WORK") + " " + name }

// startListen runs solatis listen: listen NAME ARGS…. It waits for the ready line and sets
// $NAME to the URL and $NAME_SESSION to the session's id.
func startListen(ts *testscript.TestScript, neg bool, args []string) {
	exe, err := exec.LookPath("solatis")
	if path := ts.Getenv("PATH"); err != nil {
		exe = filepath.Join(filepath.SplitList(path)[0], "solatis")
	}
	s := &session{cmd: exec.Command(exe, append([]string{"listen", "--output", "json"}, args[1:]...)...), done: make(chan struct{})}
	s.cmd.Dir = ts.MkAbs(".")
	s.cmd.Env = append(os.Environ(), "SOLATIS_HOME="+ts.Getenv("SOLATIS_HOME"), "SOLATIS_WEBHOOK_SECRET="+ts.Getenv("SOLATIS_WEBHOOK_SECRET"))
	s.cmd.Stderr = os.Stderr
	stdout, err := s.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(s.cmd.Start())
	lines := bufio.NewReader(stdout)
	first, err := lines.ReadBytes('\n')
	ts.Check(err)
	var ready struct{ Type, URL, Session string }
	ts.Check(json.Unmarshal(first, &ready))
	if ready.Type != "ready" {
		ts.Fatalf("the first line is %s", first)
	}
	s.out.Write(first)
	go func() {
		defer close(s.done)
		io.Copy(&s.out, lines)
	}()
	ts.Setenv(args[0], ready.URL)
	ts.Setenv(args[0]+"_SESSION", ready.Session)
	key := sessionKey(ts, args[0])
	sessions.Store(key, s)
	ts.Defer(func() {
		if _, running := sessions.LoadAndDelete(key); running {
			s.cmd.Process.Kill()
			<-s.done
			s.cmd.Wait()
		}
	})
}

// stopListen interrupts a session, wants exit code 130, and keeps its output: stop NAME.
func stopListen(ts *testscript.TestScript, neg bool, args []string) {
	found, running := sessions.LoadAndDelete(sessionKey(ts, args[0]))
	if !running {
		ts.Fatalf("no session %s is running", args[0])
	}
	s := found.(*session)
	ts.Check(s.cmd.Process.Signal(os.Interrupt))
	<-s.done
	s.cmd.Wait()
	if code := s.cmd.ProcessState.ExitCode(); code != 130 {
		ts.Fatalf("listen ended with %d", code)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".out"), s.out.Bytes(), 0o600))
}

// eventID sets $ID to the id of the event in a file: eventid FILE.
func eventID(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0])
	for i := 0; i+4 < len(text); i++ {
		if text[i:i+4] == "evt_" {
			end := i + 4
			for end < len(text) && (text[end] >= 'a' && text[end] <= 'z' || text[end] >= '0' && text[end] <= '9') {
				end++
			}
			ts.Setenv("ID", text[i:end])
			ts.Setenv("ID_PREFIX", text[i:end-2])
			return
		}
	}
	ts.Fatalf("no event id in %s", args[0])
}

// post posts a body to a URL and wants a status: post URL BODY STATUS.
func post(ts *testscript.TestScript, neg bool, args []string) {
	resp, err := http.Post(args[0], "application/json", bytes.NewReader([]byte(args[1])))
	ts.Check(err)
	defer resp.Body.Close()
	if got := strconv.Itoa(resp.StatusCode); got != args[2] {
		ts.Fatalf("got %s, want %s", got, args[2])
	}
}
