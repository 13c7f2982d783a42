//go:build linux

package netns

import (
	"bufio"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that should come soon.
const patience = 30 * time.Second

// process is a started program.
type process struct {
	cmd    *exec.Cmd
	stderr *feed[string]
	ended  chan struct{} // closed when the process is gone and its output read
}

// start runs cmd until the test ends at the latest. onLine gets each line of its output,
// on a goroutine of its own; where it is nil there is to be none.
func start(t *testing.T, cmd *exec.Cmd, onLine func(line string)) *process {
	t.Helper()
	if onLine == nil {
		onLine = func(line string) { t.Errorf("%s prints %q", cmd, line) }
	}
	p := &process{cmd: cmd, stderr: newFeed[string](), ended: make(chan struct{})}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // nginx has workers, which end with it
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { readLines(stdout, onLine) })
	reading.Go(func() { readLines(stderr, p.stderr.add) })
	go func() {
		defer close(p.ended)
		reading.Wait()
		cmd.Wait() // its exit code stands in ProcessState
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", cmd, strings.Join(p.stderr.all(), "\n"))
		}
	})
	return p
}

func readLines(output io.Reader, onLine func(line string)) {
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return // what a killed program left of a line is none
		}
		onLine(strings.TrimRight(line, "\n"))
	}
}

// kill ends the process, and what it has started, as kill -9 does.
func (p *process) kill() {
	select {
	case <-p.ended:
	default: // its number may be another's once it has ended
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	}
	<-p.ended
}

// signal sends a signal to the process alone.
func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatalf("%v to %s: %v", s, p.cmd, err)
	}
}

// end sends a signal and wants the process to end by it with a code.
func (p *process) end(t *testing.T, s syscall.Signal, code int) {
	t.Helper()
	p.signal(t, s)
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("%v doesn't end %s", s, p.cmd)
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("%s ended with %d after %v, want %d", p.cmd, got, s, code)
	}
}

// run runs a command to its end, which has to be a good one, and returns its output.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, out, stderr.String())
	}
	return string(out)
}
