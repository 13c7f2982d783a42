package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// The screen on which views are measured: one of those on which a delivery opens beside
// the list.
const (
	screenWidth  = 120
	screenHeight = 40
)

// terminal is a terminal with a program in it, whose screen can be read.
type terminal struct {
	*child
	tty     *os.File
	mu      sync.Mutex    // guards emu, but for its input
	emu     *vt.Emulator  // nil where nobody reads the screen
	changed chan struct{} // has room for one
	closed  sync.WaitGroup
}

// inTerminal starts cmd in a terminal of its own. One whose screen nobody reads takes the
// output and does nothing with it.
func inTerminal(cmd *exec.Cmd, read bool) (*terminal, error) {
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = endWithin
	cmd.Env = append(cmd.Env, "TERM=xterm-256color")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: screenHeight, Cols: screenWidth})
	if err != nil {
		return nil, fmt.Errorf("start %s in a terminal: %w", cmd.Path, err)
	}
	t := &terminal{child: &child{cmd: cmd, stdin: tty}, tty: tty, changed: make(chan struct{}, 1)}
	if !read {
		t.closed.Go(func() { _, _ = io.Copy(io.Discard, tty) })
		return t, nil
	}
	t.emu = vt.NewEmulator(screenWidth, screenHeight)
	t.closed.Go(func() { _, _ = io.Copy(t, tty) })
	// What the program asks the terminal, the emulator answers.
	t.closed.Go(func() { _, _ = io.Copy(tty, t.emu) })
	return t, nil
}

// Write implements io.Writer, as the terminal's output.
func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case t.changed <- struct{}{}:
	default:
	}
	return t.emu.Write(p)
}

// press writes keys, as a person would press them.
func (t *terminal) press(keys string) error {
	_, err := io.WriteString(t.tty, keys)
	return err
}

// shownWithin bounds the waiting for a screen.
const shownWithin = 10 * time.Second

// until waits until the screen shows a text, or shows it no more.
func (t *terminal) until(ctx context.Context, text string, shown bool) error {
	late := time.After(shownWithin)
	for {
		t.mu.Lock()
		screen := t.emu.String()
		t.mu.Unlock()
		if strings.Contains(screen, text) == shown {
			return nil
		}
		select {
		case <-t.changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-late:
			return fmt.Errorf("waited %v for %q to be on the screen (%v), which is\n%s", shownWithin, text, shown, screen)
		}
	}
}

// answer is how long it takes until the screen shows a text, or shows it no more, after
// keys were pressed.
func (t *terminal) answer(ctx context.Context, keys, text string, shown bool) (time.Duration, error) {
	began := time.Now()
	if err := t.press(keys); err != nil {
		return 0, err
	}
	err := t.until(ctx, text, shown)
	return time.Since(began), err
}

// stop ends the program, and then the terminal.
func (t *terminal) stop() error {
	err := t.end()
	if t.emu != nil {
		err = errors.Join(err, t.emu.InputPipe().(io.Closer).Close())
	}
	err = errors.Join(err, t.tty.Close())
	t.closed.Wait()
	return err
}
