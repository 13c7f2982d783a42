package relaycli_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// process is a running solatis-relay serve.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when its log has ended

	URL   string // where it takes webhooks and agents
	Admin string // host:port

	mu   sync.Mutex // guards what follows
	log  strings.Builder
	grew chan struct{} // closed, and replaced, with each line
}

// begin runs solatis-relay serve on free ports and waits until it serves. This test
// binary is the program, as argv[0] tells it (see TestMain).
func begin(t testing.TB, env []string, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"solatis-relay", "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-format", "json"}, args...)
	p := &process{cmd: &exec.Cmd{Path: exe, Args: args, Env: env, Dir: t.TempDir()}, done: make(chan struct{}), grew: make(chan struct{})}
	out, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.wait()
	})
	serving := make(chan bool, 1)
	go p.read(bufio.NewScanner(out), serving)
	select {
	case <-serving:
	case <-p.done:
		t.Fatalf("the relay ended before it served:\n%s", p.text())
	case <-time.After(60 * time.Second):
		t.Fatalf("the relay doesn't serve:\n%s", p.text())
	}
	return p
}

func (p *process) read(lines *bufio.Scanner, serving chan<- bool) {
	defer close(p.done)
	for lines.Scan() {
		p.mu.Lock()
		p.log.WriteString(lines.Text() + "\n")
		close(p.grew)
		p.grew = make(chan struct{})
		p.mu.Unlock()
		var line struct {
			Msg, URL string
			Admin    string `json:"admin-listen"`
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			p.URL, p.Admin = line.URL, line.Admin
			serving <- true
		}
	}
}

// text is the log so far.
func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// await returns once the log has a text.
func (p *process) await(t testing.TB, text string) {
	t.Helper()
	giveUp := time.After(60 * time.Second)
	for {
		p.mu.Lock()
		log, grew := p.log.String(), p.grew
		p.mu.Unlock()
		if strings.Contains(log, text) {
			return
		}
		select {
		case <-grew:
		case <-p.done:
			t.Fatalf("the relay ended and never said %q:\n%s", text, p.text())
		case <-giveUp:
			t.Fatalf("the relay doesn't say %q:\n%s", text, p.text())
		}
	}
}

// wait returns the exit code, -1 for an end by a signal.
func (p *process) wait() int {
	<-p.done
	p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}
