package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// viewRate is the steady load, in events a second, and viewConnections what brings it.
	viewRate        = 1000
	viewConnections = 16
	// viewFor is how long it lasts, unless the run is a short one.
	viewFor, shortViewFor = time.Minute, 2 * time.Second
	// keyEvery is how often a key is pressed meanwhile.
	keyEvery = 250 * time.Millisecond
)

// viewFigures are what the live view costs, beside lines in the same kind of terminal.
type viewFigures struct {
	System  string           `json:"system"`
	Load    float64          `json:"load_average"`    // when the run began
	Fastest float64          `json:"fastest_ratio"`   // events/s at 64 connections, of those with --no-tui; the median of rounds
	View    steadyFigures    `json:"view"`            // at viewRate
	Lines   steadyFigures    `json:"lines"`           // the same with --no-tui
	Keys    quantiles        `json:"keys"`            // from a key to the screen that answers it, at viewRate
	History []historyFigures `json:"history"`         // of solatis history, a figure for each start
	Events  int              `json:"history_events"`  // that are in it
	Goals   []goalFigure     `json:"goals,omitempty"` // none in a short run
}

// steadyFigures are of a session under the steady load.
type steadyFigures struct {
	EventsPerSecond float64 `json:"events_per_second"`
	RoundTrip       float64 `json:"round_trip_p50_us"`
	RoundTripP99    float64 `json:"round_trip_p99_us"`
	CPU             float64 `json:"cpu_us_per_event"`
	Early           float64 `json:"resident_mib_after_a_quarter"`
	Late            float64 `json:"resident_mib_at_the_end"`
}

// quantiles are of times in milliseconds.
type quantiles struct {
	Number int     `json:"number"`
	P50    float64 `json:"p50_ms"`
	P95    float64 `json:"p95_ms"`
	Max    float64 `json:"max_ms"`
}

func quantilesOf(took []time.Duration) quantiles {
	slices.Sort(took)
	return quantiles{len(took), milliseconds(quantile(took, 0.5)), milliseconds(quantile(took, 0.95)), milliseconds(quantile(took, 1))}
}

// viewed is a session in a terminal.
type viewed struct {
	*terminal
	variant
	live bool // it is the live view, and answers keys
}

// viewIn starts a session of its own in a terminal, with the live view or with lines.
func viewIn(ctx context.Context, o options, name, app string, live bool) (v viewed, err error) {
	h, err := newHome(o.solatis, filepath.Join(o.dir, name))
	if err != nil {
		return v, err
	}
	file := filepath.Join(h.dir, "ready")
	t, err := inTerminal(h.command(ctx, "listen", "--forward", app, "--respond", "app", "--ready-file", file, fmt.Sprintf("--no-tui=%v", !live)), live)
	if err != nil {
		return v, err
	}
	var url string
	if url, err = readyURL(ctx, file); err != nil {
		return v, errors.Join(err, t.stop())
	}
	return viewed{terminal: t, variant: variant{name, url, []*child{t.child}}, live: live}, nil
}

// measureView measures the live view.
func measureView(ctx context.Context, o options) (f *viewFigures, err error) {
	f = &viewFigures{System: system(), Load: loadAverage(), Events: historyEvents}
	if o.short {
		f.Events = shortHistoryEvents
	}
	if err := besideLines(ctx, o, f); err != nil {
		return nil, err
	}
	if f.History, err = viewHistory(ctx, o, f.Events); err != nil {
		return nil, err
	}
	if !o.short {
		f.Goals = f.goals()
	}
	return f, nil
}

// besideLines compares a session with the live view to one that prints lines.
func besideLines(ctx context.Context, o options, f *viewFigures) (err error) {
	s := new(stage)
	defer closing(&err, s.close)
	app, url, err := startRole(ctx, "app")
	if err != nil {
		return err
	}
	s.children, s.app = append(s.children, app), url
	view, err := viewIn(ctx, o, "view", url, true)
	if err != nil {
		return err
	}
	defer closing(&err, view.stop)
	lines, err := viewIn(ctx, o, "lines", url, false)
	if err != nil {
		return err
	}
	defer closing(&err, lines.stop)
	s.variants = []variant{view.variant, lines.variant}
	if err := s.warmUp(ctx); err != nil {
		return err
	}
	if f.Fastest, err = s.fastest(ctx, o); err != nil {
		return err
	}
	if f.Lines, _, err = s.steady(ctx, o, lines); err != nil {
		return err
	}
	var keys []time.Duration
	f.View, keys, err = s.steady(ctx, o, view)
	f.Keys = quantilesOf(keys)
	return err
}

// fastest is the median of the ratios of the view's events/s to those of the lines.
func (s *stage) fastest(ctx context.Context, o options) (float64, error) {
	rates := make(map[string][]float64)
	for round := range o.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, o.rounds)
		for _, v := range inOrder(s.variants, round) {
			got, err := s.sample(ctx, v, load{URL: v.url, Connections: busy, For: o.seconds})
			if err != nil {
				return 0, fmt.Errorf("%s: %w", v.name, err)
			}
			rates[v.name] = append(rates[v.name], got.eventsPerSecond())
		}
	}
	return ratio(rates[s.variants[0].name], rates[s.variants[1].name]), nil
}

// steady puts the steady load on a session, looks at its memory, and presses keys.
func (s *stage) steady(ctx context.Context, o options, v viewed) (f steadyFigures, keys []time.Duration, err error) {
	lasts := viewFor
	if o.short {
		lasts = shortViewFor
	}
	fmt.Fprintf(os.Stderr, "%d events a second for %v, %s\n", viewRate, lasts, v.name)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type beside struct {
		early int64
		keys  []time.Duration
		err   error
	}
	watched := make(chan beside, 1)
	go func() {
		var b beside
		b.keys, b.err = v.pressFor(ctx, lasts/4)
		var err error
		b.early, err = resident(v.cmd.Process.Pid)
		b.err = errors.Join(b.err, err)
		if b.err == nil {
			var more []time.Duration
			more, b.err = v.pressFor(ctx, lasts*3/5)
			b.keys = append(b.keys, more...)
		}
		watched <- b
	}()
	got, err := s.sample(ctx, v.variant, load{URL: v.url, Connections: viewConnections, For: lasts, Rate: viewRate})
	if err != nil {
		return f, nil, err
	}
	b := <-watched
	late, err := resident(v.cmd.Process.Pid)
	const mib = 1 << 20
	return steadyFigures{
		EventsPerSecond: got.eventsPerSecond(), RoundTrip: microseconds(got.loaded.Median), RoundTripP99: microseconds(got.loaded.P99),
		CPU: got.cpuPerEvent(), Early: float64(b.early) / mib, Late: float64(late) / mib,
	}, b.keys, errors.Join(err, b.err)
}

// helped is a text of the help, which a key opens and another closes.
const helped = "a page down"

// pressFor opens and closes the help, again and again, and returns how long each took.
// Without a view it only waits.
func (v viewed) pressFor(ctx context.Context, d time.Duration) (took []time.Duration, err error) {
	ticks := time.NewTicker(keyEvery)
	defer ticks.Stop()
	for end := time.After(d); ; {
		select {
		case <-end:
			return took, nil
		case <-ctx.Done():
			return took, ctx.Err()
		case <-ticks.C:
		}
		if !v.live {
			continue
		}
		for _, shown := range []bool{true, false} {
			t, err := v.answer(ctx, "?", helped, shown)
			if err != nil {
				return took, err
			}
			took = append(took, t)
		}
	}
}

// The goals of the view.
const (
	viewRatioGoal  = 0.9
	viewGrowthGoal = 10  // MiB in three quarters of a minute
	keyGoal        = 100 // ms
	frameGoal      = 150 // ms
	filterGoal     = 300 // ms
	historyGoal    = 120 // MB
)

func (f *viewFigures) goals() []goalFigure {
	first, filter, memory := medians(f.History)
	return []goalFigure{
		atLeast("events/s with the view, 64 connections", f.Fastest, viewRatioGoal, "of those with lines"),
		atLeast(fmt.Sprintf("events/s with the view, %s/s asked for", whole(viewRate)), f.View.EventsPerSecond/f.Lines.EventsPerSecond, viewRatioGoal, "of those with lines"),
		atMost("growth of the view's memory in 45 s of that", f.View.Late-f.View.Early, viewGrowthGoal, "MiB"),
		atMost("the slowest answer to a key meanwhile", f.Keys.Max, keyGoal, "ms"),
		atMost(fmt.Sprintf("solatis history, %s events: first frame", whole(float64(f.Events))), first, frameGoal, "ms"),
		atMost("the first page of a filter", filter, filterGoal, "ms"),
		atMost("resident at the end", memory, historyGoal, "MB"),
	}
}

func (f *viewFigures) print() {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; load average %.1f at the start\n\n", f.System, f.Load)
	t := table{align: "lrrrrrr", rows: [][]string{{"1,000 events/s", "events/s", "CPU per event", "round trip p50", "p99", "resident early", "late"}}}
	for _, row := range []struct {
		name string
		steadyFigures
	}{{"live view", f.View}, {"--no-tui", f.Lines}} {
		t.rows = append(t.rows, []string{
			row.name, whole(row.EventsPerSecond), whole(row.CPU) + " µs", whole(row.RoundTrip) + " µs", whole(row.RoundTripP99) + " µs",
			brief(row.Early) + " MiB", brief(row.Late) + " MiB",
		})
	}
	t.write(&b)
	fmt.Fprintf(&b, "\nKeys, %d meanwhile: p50 %s ms, p95 %s ms, slowest %s ms.\n\n", f.Keys.Number, brief(f.Keys.P50), brief(f.Keys.P95), brief(f.Keys.Max))
	first, filter, memory := medians(f.History)
	fmt.Fprintf(&b, "solatis history over %s events, medians of %d starts: first frame %s ms, first page of a filter %s ms, resident %s MB.\n\n",
		whole(float64(f.Events)), len(f.History), brief(first), brief(filter), brief(memory))
	if f.Goals != nil {
		goalTable(f.Goals).write(&b)
	}
	fmt.Print(b.String())
}

func printView(ctx context.Context, o options) error {
	f, err := measureView(ctx, o)
	if err != nil {
		return err
	}
	f.print()
	if o.json == "" {
		return nil
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.json, append(b, '\n'), 0o644)
}
