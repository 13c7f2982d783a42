package main

import (
	"slices"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"--solatis", "s", "--solatis-relay", "r", "--connections", "64,4,4,256"})
	if err != nil || !slices.Equal(o.connections, []int{4, 64, 256}) || o.agents != idleAgents || o.rounds != 3 {
		t.Errorf("%+v, %v", o, err)
	}
	o, err = parse([]string{"--solatis", "s", "--solatis-relay", "r", "--short"})
	if err != nil || !slices.Equal(o.connections, []int{1, 64}) || o.agents != shortAgents || o.rounds != 1 || o.seconds != 300*time.Millisecond {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"--solatis", "x"},
		{"--solatis", "x", "--solatis-relay", "r", "more"},
		{"--solatis", "x", "--solatis-relay", "r", "--rounds", "0"},
		{"--solatis", "x", "--solatis-relay", "r", "--time", "1h"},
		{"--solatis", "x", "--solatis-relay", "r", "--agents", "15001"},
		{"--solatis", "x", "--solatis-relay", "r", "--idle", "-1"},
		{"--solatis", "x", "--solatis-relay", "r", "--connections", "0"},
		{"--solatis", "x", "--solatis-relay", "r", "--connections", "1,,2"},
		{"--solatis", "x", "--solatis-relay", "r", "--connections", "2000"},
	} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
