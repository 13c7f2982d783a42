package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
)

// The ways from the load to the app.
const (
	direct  = "direct"
	oneHop  = "1 ReverseProxy hop"
	twoHops = "2 ReverseProxy hops"
	session = "solatis listen"
)

// variant is one way from the load to the app, and what runs in between.
type variant struct {
	name   string
	url    string
	middle []*child
}

func (v variant) pids() []int {
	var pids []int
	for _, c := range v.middle {
		pids = append(pids, c.cmd.Process.Pid)
	}
	return pids
}

// connections are the numbers of connections that each variant is measured with.
var connections = []int{1, 64}

const (
	// commitsPerRound are enough for a median, and on a slow disk over in seconds.
	commitsPerRound = 100
	// commandRuns is how often a command's time is taken.
	commandRuns = 20
	// warmUp is a load before the first round, which fills pools and opens connections.
	warmUp = 300 * time.Millisecond
)

// stage is all that runs during a comparison.
type stage struct {
	home     home
	app      string // its URL
	variants []variant
	children []*child // in the order of their start
}

func measure(ctx context.Context, o options) (f *figures, err error) {
	s := new(stage)
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.open(ctx, o); err != nil {
		return nil, err
	}
	f = &figures{System: system(), Rounds: o.rounds, Time: o.seconds.String(), cells: make(map[cellKey][]sample)}
	for round := range o.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, o.rounds)
		if err := s.round(ctx, o, round, f); err != nil {
			return nil, err
		}
	}
	if err := s.commands(ctx, f); err != nil {
		return nil, err
	}
	info, err := os.Stat(o.solatis)
	if err != nil {
		return nil, err
	}
	f.BinaryBytes = info.Size()
	f.summarize()
	return f, nil
}

func system() string {
	return fmt.Sprintf("%s/%s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
}

// open starts everything. What it started is closed by close, also where it fails.
func (s *stage) open(ctx context.Context, o options) (err error) {
	if s.home, err = newHome(o.solatis, o.dir); err != nil {
		return err
	}
	app, err := s.start(ctx, "app")
	if err != nil {
		return err
	}
	s.app = app.url
	one, err := s.start(ctx, "proxy", s.app)
	if err != nil {
		return err
	}
	first, err := s.start(ctx, "proxy", s.app)
	if err != nil {
		return err
	}
	second, err := s.start(ctx, "proxy", first.url)
	if err != nil {
		return err
	}
	listening, url, err := s.home.listen(ctx, s.app)
	if err != nil {
		return err
	}
	s.children = append(s.children, listening)
	s.variants = []variant{
		{name: direct, url: s.app},
		{name: oneHop, url: one.url, middle: one.middle},
		{name: twoHops, url: second.url, middle: append(first.middle, second.middle...)},
		{name: session, url: url, middle: []*child{listening}},
	}
	return s.warmUp(ctx)
}

// start starts a server role, as a variant of which it is all.
func (s *stage) start(ctx context.Context, role string, args ...string) (variant, error) {
	c, url, err := startRole(ctx, role, args...)
	if err != nil {
		return variant{}, err
	}
	s.children = append(s.children, c)
	return variant{url: url, middle: []*child{c}}, nil
}

func (s *stage) warmUp(ctx context.Context) error {
	for _, v := range s.variants {
		l := load{URL: v.url, Connections: slices.Max(connections), For: warmUp}
		if _, err := l.generate(ctx); err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	return nil
}

// close ends all children, those that others forward to last.
func (s *stage) close() error {
	var err error
	for _, c := range slices.Backward(s.children) {
		err = errors.Join(err, c.stop())
	}
	return err
}

// round measures every variant once. Every other round goes backwards, so that what
// changes on the machine in the course of a round favours none.
func (s *stage) round(ctx context.Context, o options, number int, f *figures) error {
	took, err := commits(o.dir, commitsPerRound)
	if err != nil {
		return err
	}
	f.commits = append(f.commits, took...)
	order := slices.Clone(s.variants)
	if number%2 == 1 {
		slices.Reverse(order)
	}
	for _, n := range connections {
		for _, v := range order {
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

// sample is one measurement of one variant.
type sample struct {
	loaded  loaded
	arrived arrivals
	cpu     time.Duration
}

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
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return got, ctx.Err()
	}
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
