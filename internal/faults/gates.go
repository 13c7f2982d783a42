package main

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// gate is one guarantee, and what could break it.
type gate struct {
	name     string
	proves   string
	run      func(context.Context, *trial) error
	controls []control
}

// control is a build in which the gate's guarantee doesn't hold.
type control struct {
	name   string
	breaks breakage
	// finds is what the gate's complaint has to contain: a gate that fails because the
	// broken program doesn't run has found nothing.
	finds string
	quick bool // whether --quick runs it
}

// Those that are quick take about a minute together.
const (
	quick   = true
	lengthy = false
)

// gates are in the order of what their failure would cost.
var gates = []gate{
	{"kill", "kill -9 of relay and agents under load loses nothing, and keeps the order", killGate, []control{
		{"relay-answers-early", answerBeforeCommit, "was lost", lengthy},
		{"agent-moves-early", positionBeforeRecord, "was lost", lengthy},
		{"order-reversed", reversedQueue, "out of order", quick},
	}},
	{"power", "what a power cut leaves on the disk has all that was answered", powerGate, []control{
		{"synchronous-off", synchronousOff, "was lost", quick},
		{"synchronous-normal", synchronousNormal, "was lost", lengthy},
		{"agent-moves-early", positionBeforeRecord, "was lost", lengthy},
	}},
	{"fsync", "each 2xx follows an fsync that began after the request was read", fsyncGate, []control{
		{"relay-answers-early", answerBeforeCommit, "before it was durable", lengthy},
		{"synchronous-normal", synchronousNormal, "before it was durable", quick},
	}},
	{"disk", "a full disk refuses, corrupts nothing, and is got over without a restart", diskGate, []control{
		{"relay-ignores-full-disk", answerOnFullDisk, "was lost", lengthy},
		{"agent-ignores-full-disk", recordOnFullDisk, "was lost", quick},
	}},
	{"http", "broken HTTP is never taken, and holds up nobody", httpGate, []control{
		{"relay-takes-broken-bodies", takeBrokenBodies, "answered 2", quick},
		{"relay-waits-for-ever", endlessHeaders, "still open", lengthy},
		{"relay-reads-one-body-at-a-time", oneBodyAtATime, "a right request is answered 0", lengthy},
	}},
	{"slow", "slowhttptest holds connections and gets in nobody's way", slowGate, []control{
		{"relay-takes-broken-bodies", takeBrokenBodies, "was never sent", lengthy},
		{"relay-makes-senders-queue", crowded("300*time.Millisecond"), "too much in 3 tries", lengthy},
	}},
	{"big", "many large bodies at once arrive whole, in little memory", bigGate, []control{
		{"relay-keeps-bodies-in-memory", noSpool, "MiB of memory", quick},
		{"relay-mixes-parts-up", mixedParts, "was never sent", lengthy},
	}},
	{"hung", "an app that hangs costs the others nothing, and its queue drains in order", hungGate, []control{
		{"agent-keeps-bodies-in-memory", noUnload, "MiB of memory", lengthy},
		{"order-reversed", reversedQueue, "out of order", lengthy},
		{"relay-makes-senders-queue", crowded("10*time.Millisecond"), "99th percentile", lengthy},
		{"agent-takes-its-time", slowStart, "isn't drained", lengthy},
	}},
	{"cuts", "connections that break, stall or are half open lose nothing", cutsGate, []control{
		{"relay-resumes-from-sent", resumeFromSent, "was lost", lengthy},
	}},
	{"day", "in 24 hours of a fake clock nothing leaks, stalls or is kept for ever", dayGate, []control{
		{"silence-is-not-noticed", neverDead, "agent stays has", lengthy},
		{"tokens-never-expire", eternalTokens, "it still runs", lengthy},
		{"absent-agents-hold-for-ever", eternalHold, "still keeps", quick},
		{"connections-leave-a-goroutine", endlessWatch, "goroutines", quick},
	}},
}

// choose returns the gates with names, all if there are none.
func choose(names string) (chosen []gate, err error) {
	if names == "" {
		return gates, nil
	}
	for _, name := range strings.Split(names, ",") {
		found := false
		for _, g := range gates {
			if g.name == name {
				chosen, found = append(chosen, g), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no gate %q; --list has them", name)
		}
	}
	return chosen, nil
}

func list(out io.Writer, chosen []gate) error {
	for _, g := range chosen {
		if _, err := fmt.Fprintf(out, "%-6s %s\n", g.name, g.proves); err != nil {
			return err
		}
		for _, c := range g.controls {
			if _, err := fmt.Fprintf(out, "         control %s\n", c.name); err != nil {
				return err
			}
		}
	}
	return nil
}
