package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A role is what this program does as a child of itself. A server prints its URL as its
// first line; every role returns when ctx ends.
type role func(ctx context.Context, args []string, out io.Writer) error

var roles = map[string]role{"app": appRole, "proxy": proxyRole, "load": loadRole, "agents": agentsRole}

// runRole runs a role until its end or that of the parent, which holds the other end of
// standard input.
func runRole(ctx context.Context, r role, args []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return r(ctx, args, os.Stdout)
}

// endWithin is how long a child may take to end when asked to, before it is killed. A
// relay gives itself ten seconds.
const endWithin = 15 * time.Second

// child is a process that runs until stop, or until the context of its start ends.
type child struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout *bufio.Reader // nil where the caller gave it another
}

// start starts cmd, whose context is what bounds its life.
func start(cmd *exec.Cmd) (*child, error) {
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = endWithin
	if cmd.Stderr == nil {
		cmd.Stderr = os.Stderr
	}
	c := &child{cmd: cmd}
	var err error
	if c.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if cmd.Stdout == nil {
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		c.stdout = bufio.NewReader(out)
	}
	return c, cmd.Start()
}

// startRole starts a server role and returns it with its URL.
func startRole(ctx context.Context, name string, args ...string) (c *child, url string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	c, err = start(exec.CommandContext(ctx, self, append([]string{name}, args...)...))
	if err != nil {
		return nil, "", err
	}
	line, err := c.stdout.ReadString('\n')
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("%s ended before it was ready: %w", name, err), c.stop())
	}
	return c, strings.TrimSpace(line), nil
}

// interruptedCode is how solatis ends when asked to.
const interruptedCode = 130

// stop asks the child to end and waits for it. Being interrupted is no failure.
func (c *child) stop() error {
	_ = c.stdin.Close()
	return c.end()
}

// end is stop for a child that has its standard input to the last.
func (c *child) end() error {
	_ = c.cmd.Process.Signal(os.Interrupt) // an ended process refuses it, which is as well
	kill := time.AfterFunc(endWithin, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	err := c.cmd.Wait()
	if code := c.cmd.ProcessState.ExitCode(); code == 0 || code == interruptedCode {
		return nil
	}
	return fmt.Errorf("%s: %w", c.cmd.Args[0], err)
}
