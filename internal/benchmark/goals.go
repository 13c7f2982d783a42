package main

import (
	"fmt"
	"time"
)

// goalFigure is a figure with a goal.
type goalFigure struct {
	What     string  `json:"what"`
	Measured float64 `json:"measured"`
	Goal     float64 `json:"goal"`
	Unit     string  `json:"unit"`
	AtLeast  bool    `json:"at_least"` // more is better
	Reached  bool    `json:"reached"`
}

func atMost(what string, measured, goal float64, unit string) goalFigure {
	return goalFigure{What: what, Measured: measured, Goal: goal, Unit: unit, Reached: measured <= goal}
}

func atLeast(what string, measured, goal float64, unit string) goalFigure {
	return goalFigure{What: what, Measured: measured, Goal: goal, Unit: unit, AtLeast: true, Reached: measured >= goal}
}

const (
	// busy and alone are the loads that goals are about, in connections.
	busy, alone = 64, 1
	// arrivalAllowance is what may come on top of one durable commit until an event is at
	// the app.
	arrivalAllowance = 500 * time.Microsecond

	idleGoal    = 16 // KiB
	binaryGoal  = 20 // MB
	versionGoal = 10 // ms
	triggerGoal = 60 // ms
)

// goals compares the figures with what they should be. It has no line for what this run
// didn't measure.
func (f *figures) goals() []goalFigure {
	var all []goalFigure
	for _, name := range []string{embedded, relayed} {
		all = append(all, f.sessionGoals(name)...)
	}
	for _, i := range f.Idle {
		if i.Agents >= idleAgents { // fewer pay more for what a relay needs without any
			what := fmt.Sprintf("relay's memory per idle agent, %s agents, %s", whole(float64(i.Agents)), collected(i.GOGC))
			all = append(all, atMost(what, i.KiB, idleGoal, "KiB"))
		}
	}
	limits := map[string]float64{"version": versionGoal, "trigger": triggerGoal}
	for _, c := range f.Commands {
		all = append(all, atMost("solatis "+c.Command+", whole process", c.Milliseconds, limits[c.Command], "ms"))
	}
	for _, b := range f.Binaries {
		if b.Name == "solatis" { // a relay's size troubles nobody
			all = append(all, atMost("stripped "+b.Name, b.megabytes(), binaryGoal, "MB"))
		}
	}
	return all
}

// sessionGoals are those of one way to run a session.
func (f *figures) sessionGoals(name string) []goalFigure {
	var all []goalFigure
	if v, ok := f.variant(name, busy); ok {
		if v.CPURatio > 0 { // else the run was too short for a tick
			all = append(all, atMost(fmt.Sprintf("CPU per event, %s, %d connections", name, busy), v.CPURatio, 1, "hops"))
		}
		all = append(all, atLeast(fmt.Sprintf("events/s, %s, %d connections", name, busy), v.EventsRatio, 1, "hops"))
	}
	if v, ok := f.variant(name, alone); ok {
		limit := f.CommitMicroseconds + microseconds(arrivalAllowance)
		all = append(all, atMost(fmt.Sprintf("from POST to the app, %s, %d connection, median", name, alone), v.ArrivalMedian, limit, "µs"))
	}
	return all
}
