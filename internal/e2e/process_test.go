package e2e

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience bounds every wait for something that should come at once.
const patience = 30 * time.Second

// process is a started program.
type process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer  // to be read once ended is closed
	ended  chan struct{} // closed when the process is gone and its output read
}

// start runs cmd until the test ends at the latest. onLine gets each line of its output,
// on a goroutine of its own, which it should not keep for long: the program would wait.
func start(t *testing.T, cmd *exec.Cmd, onLine func(line string)) *process {
	t.Helper()
	p := &process{cmd: cmd, ended: make(chan struct{})}
	cmd.Stderr = &p.stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		read(stdout, onLine)
		cmd.Wait() // its exit code stands in ProcessState
	}()
	t.Cleanup(func() {
		p.kill()
		p.checkStderr(t)
	})
	return p
}

func read(output io.Reader, onLine func(line string)) {
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return // what a killed program left of a line is none
		}
		onLine(strings.TrimRight(line, "\r\n"))
	}
}

// kill ends the process as kill -9 does, and returns when it is gone.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// interrupt presses ^C and wants the process to end soon, with code. Windows has no ^C
// for a single process; there it is killed.
func (p *process) interrupt(t *testing.T, code int) {
	t.Helper()
	if runtime.GOOS == "windows" {
		p.kill()
		return
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		t.Fatal("^C does not end it")
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("it ended with %d after ^C, want %d\n%s", got, code, p.stderr.String())
	}
}

// checkStderr fails the test for what the race detector found: a program that is killed
// or interrupted doesn't tell by its exit code.
func (p *process) checkStderr(t *testing.T) {
	if text := p.stderr.String(); strings.Contains(text, "DATA RACE") || t.Failed() && text != "" {
		t.Errorf("stderr of %s:\n%s", p.cmd.Path, text)
	}
}
