package tui

import "os"

// interrupt ends an editor: Windows has no way to ask it to.
func interrupt(p *os.Process) error { return p.Kill() }
