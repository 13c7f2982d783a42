package main

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestTerminal(t *testing.T) {
	term, err := inTerminal(exec.CommandContext(t.Context(), "sh", "-c", `echo ready; read word; clear; printf 'got %s' "$word"; read end`), true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = term.stop() }() // the shell ends by the interrupt, which is no failure here
	if err := term.until(t.Context(), "ready", true); err != nil {
		t.Fatal(err)
	}
	if took, err := term.answer(t.Context(), "key\r", "got key", true); err != nil || took <= 0 {
		t.Errorf("an answer in %v, %v", took, err)
	}
	if err := term.until(t.Context(), "ready", false); err != nil {
		t.Error(err)
	}
}

func TestTheRateIsKept(t *testing.T) {
	if got := (load{Connections: 16, Rate: 1000}).every(); got != 16*time.Millisecond {
		t.Errorf("each of 16 connections sends every %v, for 1,000 a second", got)
	}
	if got := (load{Connections: 16}).every(); got != 0 {
		t.Errorf("%v between events without a rate", got)
	}
}

func TestViewGoals(t *testing.T) {
	f := viewFigures{
		Events: 100_000, Fastest: 0.95, View: steadyFigures{EventsPerSecond: 990, Early: 50, Late: 65}, Lines: steadyFigures{EventsPerSecond: 1000},
		Keys: quantiles{Max: 101}, History: []historyFigures{{149, 301, 121}, {150, 300, 120}, {151, 299, 119}},
	}
	var missed []string
	for _, g := range f.goals() {
		if !g.Reached {
			missed = append(missed, g.What)
		}
	}
	if got := strings.Join(missed, "; "); got != "growth of the view's memory in 45 s of that; the slowest answer to a key meanwhile" {
		t.Errorf("missed: %s", got)
	}
}
