package e2e

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// typed is a command of the tutorial, as somebody types it and looks at what it prints.
type typed struct {
	command string // has to stand in docs/tutorial.md, after the one before
	code    int
	prints  string // a regular expression; of a process that goes on, what it prints when it is there
}

// The parts of the tutorial. What is stopped and started in between is the test's.
var (
	tutorialListen = typed{"solatis listen --forward localhost:3000/webhooks/solatis --write-env .env:SOLATIS_WEBHOOK_SECRET", 130, "Ready!"}
	tutorialSecret = typed{command: "set -a; . ./.env; set +a"}
	tutorialApp    = typed{"go run ./docs/handlers/nethttp", 0, "listening on"}
	tutorialFirst  = []typed{
		{"solatis trigger document.analyzed", 0, "200 OK"},
		{"solatis events list", 0, "document.analyzed .*valid.*succeeded 200"},
		{"solatis events show last", 0, "attempt 1 .* 200"},
	}
	tutorialAgain = []typed{
		{"solatis replay last", 0, "200 OK"},
		{"solatis trigger task.created --print > event.json", 0, "^$"},
		{"solatis sign event.json > event.sig", 0, "^$"},
		{`solatis verify event.json --signature "$(cat event.sig)"`, 0, "valid"},
		{`sed 's/":/": /g' event.json > parsed.json`, 0, "^$"},
		{`solatis verify parsed.json --signature "$(cat event.sig)"`, 3, "(?s)written again.*Express .*express.raw"},
		{"solatis verify --event last", 0, "valid"},
		{"solatis trigger document.analyzed --id evt_tutorial", 0, "200 OK"},
		{"solatis replay evt_tutorial --set data.confidence=0.31 --set id=evt_tutorial2", 0, "(?s)signed anew.*200 OK"},
		{"solatis replay evt_tutorial --set data.confidenc=0.31", 2, `did you mean data\.confidence\?`},
		{"solatis fixture save unsure document.analyzed --set data.confidence=0.31", 0, "is written"},
		{"solatis fixture show unsure", 0, `"confidence": 0\.31`},
		{"solatis trigger unsure", 0, "200 OK"},
		{"solatis trigger unsure --count 20 --rate 10", 0, "20 accepted, 0 failed"},
	}
	tutorialSecondApp = typed{"PORT=3001 go run ./docs/handlers/nethttp", 0, "listening on"}
	tutorialRoute     = typed{"solatis listen --forward localhost:3000/webhooks/solatis --route 'task.*=localhost:3001/webhooks/solatis'", 130, "Ready!"}
	tutorialRouted    = []typed{
		{"solatis trigger task.created", 0, "localhost:3001.*\n.*200 OK"},
		{"solatis trigger document.analyzed", 0, "localhost:3000.*\n.*200 OK"},
		{"solatis replay --since 10m", 0, "accepted, 0 failed"},
		{"solatis check localhost:3000/webhooks/solatis", 0, "raw-"},
	}
)

// TestTutorial types docs/tutorial.md. Only ports are others, and the handler is built
// already.
func TestTutorial(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the tutorial is typed into a POSIX shell")
	}
	r := newReader(t)
	listen := r.begin(tutorialListen)
	r.read(tutorialSecret)
	app := r.beginWith(". ./.env; export SOLATIS_WEBHOOK_SECRET PORT="+r.port("3000")+"; ", tutorialApp)
	r.typeAll(tutorialFirst)
	app.kill()
	if got := r.shell(typed{command: "solatis trigger task.created", code: 4}); !strings.Contains(got, "no-connect") {
		t.Errorf("without the app trigger says:\n%s", got)
	}
	r.beginWith(". ./.env; export SOLATIS_WEBHOOK_SECRET PORT="+r.port("3000")+"; ", typed{prints: tutorialApp.prints, command: "again"})
	r.typeAll(tutorialAgain)
	r.beginWith(". ./.env; export SOLATIS_WEBHOOK_SECRET; ", tutorialSecondApp)
	listen.interrupt(t, tutorialListen.code)
	r.begin(tutorialRoute)
	r.typeAll(tutorialRouted)
	if len(r.left) > 0 {
		t.Errorf("the tutorial has more commands:\n%s", strings.Join(r.left, "\n"))
	}
}

// reader is somebody who types what the tutorial says.
type reader struct {
	*testing.T
	place
	left     []string // the commands that are still to be typed
	replacer *strings.Replacer
	ports    map[string]string // of the tutorial, to those of this machine
}

func newReader(t *testing.T) *reader {
	text, err := os.ReadFile(filepath.Join(root, "docs", "tutorial.md"))
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{T: t, place: newPlace(t), ports: map[string]string{"3000": freePort(t), "3001": freePort(t)}}
	for line := range strings.Lines(string(text)) {
		if code, indented := strings.CutPrefix(line, "    "); indented {
			r.left = append(r.left, strings.TrimSpace(code))
		}
	}
	r.replacer = strings.NewReplacer("3000", r.ports["3000"], "3001", r.ports["3001"],
		"go run ./docs/handlers/nethttp", "exec "+nethttpProgram)
	return r
}

func (r *reader) port(of string) string { return r.ports[of] }

func freePort(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
}

// read finds a command in the tutorial, where it has to be the next one.
func (r *reader) read(c typed) {
	r.Helper()
	if len(r.left) == 0 || r.left[0] != c.command {
		r.Fatalf("the tutorial goes on with %q, and this test with %q", r.left[:min(len(r.left), 1)], c.command)
	}
	r.left = r.left[1:]
}

func (r *reader) typeAll(all []typed) {
	r.Helper()
	for _, c := range all {
		r.read(c)
		out := r.shell(c)
		if !regexp.MustCompile(r.replacer.Replace(c.prints)).MatchString(out) {
			r.Fatalf("%s prints no %q:\n%s", c.command, c.prints, out)
		}
	}
}

// shell runs a command and returns what it prints.
func (r *reader) shell(c typed) string {
	r.Helper()
	out, err := r.sh(r.replacer.Replace(c.command)).CombinedOutput()
	code := 0
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		r.Fatal(err)
	}
	if code != c.code {
		r.Fatalf("%s ended with %d, want %d:\n%s", c.command, code, c.code, out)
	}
	return string(out)
}

// sh is a shell in the project's folder which finds the program as an installed one.
func (r *reader) sh(script string) *exec.Cmd {
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = r.project
	cmd.Env = append(environment(), "SOLATIS_HOME="+r.home,
		"PATH="+filepath.Dir(solatisProgram)+string(os.PathListSeparator)+os.Getenv("PATH"))
	return cmd
}

// begin types a command that goes on, and returns when it is there.
func (r *reader) begin(c typed) *process {
	r.Helper()
	return r.beginWith("", typed{"exec " + c.command, c.code, c.prints})
}

// beginWith is begin in a terminal in which something was typed before.
func (r *reader) beginWith(before string, c typed) *process {
	r.Helper()
	script := c.command
	switch read, exec := strings.CutPrefix(c.command, "exec "); {
	case c.command == "again":
		script = tutorialApp.command
	case exec:
		r.read(typed{command: read})
	default:
		r.read(c)
	}
	there, pattern := make(chan struct{}), regexp.MustCompile(c.prints)
	found := false
	p := start(r.T, r.sh(before+r.replacer.Replace(script)+" 2>&1"), func(line string) {
		if !found && pattern.MatchString(line) {
			found = true
			close(there)
		}
	})
	select {
	case <-there:
	case <-p.ended:
		r.Fatalf("%s ended", script)
	case <-time.After(patience):
		r.Fatalf("%s printed no %q", script, c.prints)
	}
	return p
}
