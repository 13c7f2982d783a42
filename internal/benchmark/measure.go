package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

const (
	// commitsPerRound are enough for a median, and on a slow disk over in seconds.
	commitsPerRound = 100
	// commandRuns is how often a command's time is taken.
	commandRuns = 20
)

func measure(ctx context.Context, o options) (f *figures, err error) {
	f = &figures{
		System: system(), Load: loadAverage(), Rounds: o.rounds, Time: o.seconds.String(),
		connections: o.connections, cells: make(map[cellKey][]sample),
	}
	if err := compare(ctx, o, f); err != nil {
		return nil, err
	}
	if f.Binaries, err = binaries(o.solatis, o.relay); err != nil {
		return nil, err
	}
	if o.agents > 0 {
		if f.Idle, err = idle(ctx, o, o.agents); err != nil {
			return nil, err
		}
	}
	f.summarize()
	return f, nil
}

// compare measures the variants in rounds, and the commands beside a session.
func compare(ctx context.Context, o options, f *figures) (err error) {
	s := new(stage)
	defer closing(&err, s.close)
	if err := s.open(ctx, o); err != nil {
		return err
	}
	f.LeftOut = s.leftOut
	for _, v := range s.variants {
		f.names = append(f.names, v.name)
	}
	for round := range o.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, o.rounds)
		if err := s.round(ctx, o, round, f); err != nil {
			return err
		}
	}
	return s.commands(ctx, f)
}

// round measures every variant once with each number of connections. What belongs to one
// load stands together in time, so that a ratio is of neighbours.
func (s *stage) round(ctx context.Context, o options, number int, f *figures) error {
	took, err := commits(o.dir, commitsPerRound)
	if err != nil {
		return err
	}
	f.commits = append(f.commits, took...)
	for _, n := range o.connections {
		for _, v := range inOrder(s.variants, number) {
			got, err := s.sample(ctx, v, load{URL: v.url, Connections: n, For: o.seconds})
			if err != nil {
				return fmt.Errorf("%s, %d connections: %w", v.name, n, err)
			}
			key := cellKey{v.name, n}
			f.cells[key] = append(f.cells[key], got)
		}
	}
	return nil
}

// inOrder is the order of a round: every other one goes backwards, so that what changes on
// the machine in the course of a round favours none.
func inOrder[V any](variants []V, round int) []V {
	order := slices.Clone(variants)
	if round%2 == 1 {
		slices.Reverse(order)
	}
	return order
}

// sample is one measurement of one variant.
type sample struct {
	loaded  loaded
	arrived arrivals
	cpu     time.Duration
}

func (s sample) eventsPerSecond() float64 { return float64(s.loaded.Events) / s.loaded.Took.Seconds() }
func (s sample) cpuPerEvent() float64     { return microseconds(s.cpu) / float64(s.loaded.Events) }

// settle is how long a variant's CPU time counts after the last answer: a session still
// writes its history then, and that work belongs to the events.
const settle = 300 * time.Millisecond

func (s *stage) sample(ctx context.Context, v variant, l load) (got sample, err error) {
	if _, err := ask(ctx, s.app); err != nil {
		return got, err
	}
	before, err := cpuTime(v.pids())
	if err != nil {
		return got, err
	}
	if got.loaded, err = l.generate(ctx); err != nil {
		return got, err
	}
	wait(ctx, settle)
	after, err := cpuTime(v.pids())
	if err != nil {
		return got, err
	}
	got.cpu = after - before
	if got.arrived, err = ask(ctx, s.app); err != nil {
		return got, err
	}
	if got.arrived.Events != got.loaded.Events {
		return got, fmt.Errorf("%d events were answered and %d arrived at the app", got.loaded.Events, got.arrived.Events)
	}
	return got, nil
}

// commands takes the times of whole processes, beside the session that still listens.
func (s *stage) commands(ctx context.Context, f *figures) error {
	for _, args := range [][]string{{"version"}, {"trigger", "document.analyzed"}} {
		took, err := s.home.times(ctx, commandRuns, args...)
		if err != nil {
			return err
		}
		f.Commands = append(f.Commands, commandFigure{Command: args[0], Milliseconds: milliseconds(took)})
	}
	return nil
}

// binaries are the sizes of programs.
func binaries(paths ...string) ([]binaryFigure, error) {
	var all []binaryFigure
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		all = append(all, binaryFigure{Name: info.Name(), Bytes: info.Size()})
	}
	return all, nil
}

// closing closes what was opened, and lets an error come out that nothing else hides.
func closing(err *error, close func() error) { *err = errors.Join(*err, close()) }
