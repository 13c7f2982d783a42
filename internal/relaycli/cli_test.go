package relaycli_test

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/solatis/solatis-cli/internal/relaycli"
	"github.com/solatis/solatis-cli/internal/term"
)

// TestMain makes this test binary also be solatis-relay, so that the scripts run the real
// main in processes of their own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"solatis-relay": func() { os.Exit(relaycli.Main(os.Args[1:], term.System(), os.Getenv)) },
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			data, err := os.MkdirTemp("", "relay-test-") // short enough for a socket
			if err != nil {
				return err
			}
			e.Defer(func() { os.RemoveAll(data) })
			e.Setenv("SOLATIS_RELAY_DATA", data)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"relay":    startRelay,
			"end":      endRelay,
			"agent":    startAgent,
			"sentaway": sentAway,
			"leave":    leave,
			"post":     postTo,
			"received": received,
			"setfrom":  setFrom,
		},
	})
}
