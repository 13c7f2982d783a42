//go:build unix

package tui

import (
	"os"
	"syscall"
)

// interrupt asks an editor to end. It isn't killed at once, since it has the terminal to
// restore.
func interrupt(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
