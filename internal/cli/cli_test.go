package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
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
		"solatis": func() { os.Exit(cli.Main(os.Args[1:], recorded(term.System()), os.Getenv)) },
	})
}

// transcriptVariable names a file to which a script's commands write all that they say, so
// that the script can look for what none of them may say.
const transcriptVariable = "SOLATIS_TEST_TRANSCRIPT"

func recorded(s term.Streams) term.Streams {
	f, err := os.OpenFile(os.Getenv(transcriptVariable), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		s.Out, s.Err = io.MultiWriter(s.Out, f), io.MultiWriter(s.Err, f)
	}
	return s
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
			e.Setenv("SOLATIS_KEYRING", "off") // else the tokens of tests end up in the tester's own
			e.Setenv(transcriptVariable, filepath.Join(e.WorkDir, "transcript"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"app":       startApp,
			"listen":    startListen,
			"start":     startSession,
			"begin":     startCommand,
			"await":     awaitLine,
			"interrupt": interrupt,
			"crash":     crash,
			"ended":     awaitEnd,
			"eventid":   eventID,
			"post":      post,
			"count":     countLines,
			"relay":     startRelay,
			"down":      func(ts *testscript.TestScript, _ bool, args []string) { relayOf(ts, args[0]).gate.shut(true) },
			"up":        func(ts *testscript.TestScript, _ bool, args []string) { relayOf(ts, args[0]).gate.shut(false) },
			"revoke":    func(ts *testscript.TestScript, _ bool, args []string) { relayOf(ts, args[0]).revoke() },
			"rename":    func(ts *testscript.TestScript, _ bool, args []string) { relayOf(ts, args[0]).forget() },
			"proxy":     startProxy,
			"untold":    untold,
			"replace":   replaceText,
			"code":      exitsWith,
		},
	})
}

// exitsWith is exec for a command that ends with an exit code other than 0: code N COMMAND.
func exitsWith(ts *testscript.TestScript, _ bool, args []string) {
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); !errors.As(err, &exit) || strconv.Itoa(exit.ExitCode()) != args[0] {
		ts.Fatalf("%q: %v, want exit code %s", args[1:], err, args[0])
	}
}

// startApp runs an app that answers with a status, or with 200: app NAME [STATUS [TIMES]].
// With TIMES it answers each body so many times like that, and with 200 then. It sets $NAME
// to its URL and appends each body to the file NAME.
func startApp(ts *testscript.TestScript, neg bool, args []string) {
	numbers := []int{http.StatusOK, math.MaxInt}
	for i, arg := range args[1:] {
		n, err := strconv.Atoi(arg)
		ts.Check(err)
		numbers[i] = n
	}
	var mu sync.Mutex
	came := make(map[string]int)
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		status := numbers[0]
		if came[string(body)]++; came[string(body)] > numbers[1] {
			status = http.StatusOK
		}
		fmt.Fprintf(f, "%s %s\n%s\n", r.Method, r.RequestURI, body)
		w.WriteHeader(status)
		fmt.Fprintf(w, "status %d", status)
	}))
	ts.Defer(func() { srv.Close(); f.Close() })
	ts.Setenv(args[0], srv.URL)
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
	resp, err := anyCertificate.Post(args[0], "application/json", bytes.NewReader([]byte(args[1])))
	ts.Check(err)
	defer resp.Body.Close()
	if got := strconv.Itoa(resp.StatusCode); got != args[2] {
		ts.Fatalf("got %s, want %s", got, args[2])
	}
}

// replaceText changes a file: replace FILE OLD NEW.
func replaceText(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("there is no %q in:\n%s", args[1], text)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], args[2])), 0o600))
}
