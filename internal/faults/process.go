package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// patience bounds every wait for something that should come at once. Running into it is a
// failure; it never decides anything else.
const patience = 60 * time.Second

// process is a started program.
type process struct {
	name   string
	cmd    *exec.Cmd
	ended  chan struct{} // closed when it is gone and its output read
	stderr lastLines
}

// start runs cmd. onOut and onErr get the lines of its output and may be nil; they run on
// goroutines of their own, and what they do holds the program up.
func start(name string, cmd *exec.Cmd, onOut, onErr func(line string)) (*process, error) {
	p := &process{name: name, cmd: cmd, ended: make(chan struct{})}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	errs, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var reading sync.WaitGroup
	reading.Go(func() { readLines(out, onOut) })
	reading.Go(func() {
		readLines(errs, func(line string) {
			p.stderr.add(line)
			if onErr != nil {
				onErr(line)
			}
		})
	})
	go func() {
		reading.Wait()
		_ = cmd.Wait() // its exit code stands in ProcessState
		close(p.ended)
	}()
	return p, nil
}

func readLines(r io.Reader, on func(line string)) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return // what a killed program left of a line is none
		}
		if on != nil {
			on(strings.TrimRight(line, "\r\n"))
		}
	}
}

// kill ends the process as kill -9 does, and returns when it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // one that has ended already is as well
	<-p.ended
}

// stop asks the process to end, and wants it to do so with code.
func (p *process) stop(code int) error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		return p.failed("it ended by itself")
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.kill()
		return p.failed("it doesn't end when asked to")
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		return p.failed(fmt.Sprintf("it ended with %d, where %d is right", got, code))
	}
	return nil
}

// failed is an error with what the process had to say.
func (p *process) failed(why string) error {
	return fmt.Errorf("%s: %s; its last words:\n%s", p.name, why, p.stderr.text())
}

// await waits for done, but no longer than the process lives, or than patience.
func (p *process) await(ctx context.Context, done <-chan struct{}, what string) error {
	select {
	case <-done:
		return nil
	case <-p.ended:
		return p.failed("it ended before it " + what)
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		return p.failed("it never " + what)
	}
}

// memory is what the process had resident at its peak, in MiB.
func (p *process) memory() (float64, error) {
	path := fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, &cannotRun{"memory is read from Linux' /proc: " + err.Error()}
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			return float64(kib) / 1024, err
		}
	}
	return 0, errors.New(path + " has no VmHWM")
}

// lastLines keeps the end of a program's log.
type lastLines struct {
	mu    sync.Mutex // guards what follows
	lines []string
}

func (l *lastLines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) >= 20 {
		l.lines = slices.Delete(l.lines, 0, 1)
	}
	l.lines = append(l.lines, line)
}

func (l *lastLines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// environment is this process's own, without the settings of whoever runs it, and with
// some more.
func environment(more ...string) []string {
	own := slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SOLATIS_") })
	return append(own, more...)
}
