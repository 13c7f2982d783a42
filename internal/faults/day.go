package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// dayGate runs TestADay, which fakes the clock and therefore can't have the programs as
// processes, on the source that the programs were built from.
func dayGate(ctx context.Context, t *trial) error {
	overlay, err := filepath.Abs(t.overlay)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-count", "1", "-timeout", "5m", "-overlay", overlay, "-run", "^TestADay$", "-v", "./internal/relay/relaytest")
	cmd.Dir = t.root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s\n%w", told(string(out)), err)
	}
	if !strings.Contains(string(out), "--- PASS: TestADay") {
		return errors.New("go test ran no TestADay")
	}
	t.figure("day", "24 h of a fake clock, with 3 agents, 12 connections broken, 12 frozen, and an outage")
	return nil
}

// told returns the first line in which a test says what is wrong, or all that it printed.
func told(out string) string {
	for line := range strings.Lines(out) {
		if _, what, ok := strings.Cut(line, "_test.go:"); ok {
			return strings.TrimSpace(what)
		}
	}
	return out
}
