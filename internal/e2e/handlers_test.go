package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/signature"
)

// handlers are the command lines of the examples in docs/handlers, and what has to be
// there for each.
var handlers = map[string]struct {
	argv   []string
	needs  []string // a command that succeeds where it can run
	advice string
}{
	"express": {
		[]string{"node", "../../docs/handlers/express/server.js"},
		[]string{"node", "-e", "require('../../docs/handlers/express/node_modules/express')"},
		"run npm ci in docs/handlers/express",
	},
	"flask": {
		[]string{"/usr/bin/python3", "../../docs/handlers/flask/app.py"},
		[]string{"/usr/bin/python3", "-c", "import flask"},
		"install python3-flask",
	},
	"nethttp": {nil, []string{"go", "version"}, ""},
}

func TestRealHandlersBehindListen(t *testing.T) {
	for name, h := range handlers {
		t.Run(name, func(t *testing.T) {
			if err := exec.Command(h.needs[0], h.needs[1:]...).Run(); err != nil {
				if os.Getenv("CI") != "" {
					t.Fatalf("can't run under CI: %s (%v)", h.advice, err)
				}
				t.Skip(h.advice)
			}
			argv := h.argv
			if argv == nil {
				argv = []string{nethttp}
			}
			mainJob(t, argv)
		})
	}
}

var eventID = regexp.MustCompile(`evt_[0-9a-v]+`)

// mainJob takes a handler through all that the README promises of it.
func mainJob(t *testing.T, argv []string) {
	h := newHome(t)
	target, lines := startHandler(t, argv, h.secret)
	l := h.listen("--forward", target)
	var id string
	for _, name := range catalog.Names() {
		out, code := h.run("trigger", name)
		if code != 0 {
			t.Fatalf("trigger %s: exit %d\n%s", name, code, out)
		}
		if id = eventID.FindString(out); <-lines != name+" "+id {
			t.Errorf("the handler didn't print %s %s", name, id)
		}
	}
	body := `{"id":"evt_tampered","event":"task.created","data":{"n":1}}`
	secret, err := signature.NewSecret(h.secret)
	if err != nil {
		t.Fatal(err)
	}
	sign := signature.Sign(secret, []byte(body))
	if status := post(l.url, sign, strings.Replace(body, "1", "2", 1)); status != 401 {
		t.Errorf("a tampered body: %d, want 401", status)
	}
	<-lines // which says so
	if out, code := h.run("replay", id); code != 0 {
		t.Errorf("replay %s: exit %d\n%s", id, code, out)
	}
	if got := <-lines; !strings.HasSuffix(got, id+" duplicate") {
		t.Errorf("the handler printed %q for the replay", got)
	}
	if code := l.stop(); code != 130 {
		t.Errorf("listen ended with %d, want 130", code)
	}
}

// startHandler runs a handler on a free port until the test ends, and returns its URL and
// the lines that it prints.
func startHandler(t *testing.T, argv []string, secret string) (url string, lines <-chan string) {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "PORT=0", "SOLATIS_WEBHOOK_SECRET="+secret)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	printed := make(chan string, 1000)
	go func() {
		defer close(printed)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			printed <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		for range printed {
		}
		cmd.Wait()
	})
	for line := range printed {
		if url, ok := strings.CutPrefix(line, "listening on "); ok {
			return url, printed
		}
	}
	t.Fatal("the handler ended before it listened")
	return "", nil
}
