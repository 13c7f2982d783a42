package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// figures are what a run found out. The exported fields are those of --json.
type figures struct {
	System             string          `json:"system"`
	Rounds             int             `json:"rounds"`
	Time               string          `json:"time_per_measurement"`
	CommitMicroseconds float64         `json:"durable_commit_us"` // an fsync'd append of 4 KiB, median
	ArrivalGoal        float64         `json:"arrival_goal_us"`   // one such commit and 0.5 ms
	Variants           []variantFigure `json:"variants"`          // each for each number of connections
	Commands           []commandFigure `json:"commands"`          // whole processes
	BinaryBytes        int64           `json:"binary_bytes"`      // stripped

	commits []time.Duration
	cells   map[cellKey][]sample
}

type cellKey struct {
	variant     string
	connections int
}

// variantFigure is one line of the table: the medians of all rounds.
type variantFigure struct {
	Variant         string  `json:"variant"`
	Connections     int     `json:"connections"`
	EventsPerSecond float64 `json:"events_per_second"`
	CPU             float64 `json:"cpu_us_per_event"` // of what is in the middle; 0 for direct
	RoundTripMedian float64 `json:"round_trip_p50_us"`
	RoundTripP99    float64 `json:"round_trip_p99_us"`
	ArrivalMedian   float64 `json:"arrival_p50_us"` // from POST to the app
	ArrivalP99      float64 `json:"arrival_p99_us"`

	EventsRatio float64 `json:"events_ratio"` // to one ReverseProxy hop
	CPURatio    float64 `json:"cpu_ratio"`    // to one ReverseProxy hop
}

type commandFigure struct {
	Command      string  `json:"command"`
	Milliseconds float64 `json:"median_ms"`
}

// arrivalAllowance is what may come on top of one durable commit until an event is at
// the app.
const arrivalAllowance = 500 * time.Microsecond

func (f *figures) summarize() {
	commit := median(f.commits)
	f.CommitMicroseconds = microseconds(commit)
	f.ArrivalGoal = microseconds(commit + arrivalAllowance)
	for _, n := range connections {
		hop := summary(cellKey{oneHop, n}, f.cells)
		for _, name := range []string{direct, oneHop, twoHops, session} {
			v := summary(cellKey{name, n}, f.cells)
			v.EventsRatio = v.EventsPerSecond / hop.EventsPerSecond
			if hop.CPU > 0 { // a smoke run may be shorter than a tick
				v.CPURatio = v.CPU / hop.CPU
			}
			f.Variants = append(f.Variants, v)
		}
	}
}

func summary(key cellKey, cells map[cellKey][]sample) variantFigure {
	of := func(figure func(sample) float64) float64 {
		var values []float64
		for _, s := range cells[key] {
			values = append(values, figure(s))
		}
		return median(values)
	}
	return variantFigure{
		Variant:         key.variant,
		Connections:     key.connections,
		EventsPerSecond: of(func(s sample) float64 { return float64(s.loaded.Events) / s.loaded.Took.Seconds() }),
		CPU:             of(func(s sample) float64 { return microseconds(s.cpu) / float64(s.loaded.Events) }),
		RoundTripMedian: of(func(s sample) float64 { return microseconds(s.loaded.Median) }),
		RoundTripP99:    of(func(s sample) float64 { return microseconds(s.loaded.P99) }),
		ArrivalMedian:   of(func(s sample) float64 { return microseconds(s.arrived.Median) }),
		ArrivalP99:      of(func(s sample) float64 { return microseconds(s.arrived.P99) }),
	}
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// print writes the figures as a table.
func (f *figures) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "%s; medians of %d rounds of %s; times in µs; × is the ratio to one hop\n\n", f.System, f.Rounds, f.Time)
	fmt.Fprintln(w, "conns\tvariant\tevents/s\t×\tCPU/event\t×\tround trip p50\tp99\tto the app p50\tp99\t")
	for _, v := range f.Variants {
		cpu, ratio := "-", "-"
		if v.Variant != direct {
			cpu, ratio = fmt.Sprintf("%.0f", v.CPU), fmt.Sprintf("%.2f", v.CPURatio)
		}
		fmt.Fprintf(w, "%d\t%s\t%.0f\t%.2f\t%s\t%s\t%.0f\t%.0f\t%.0f\t%.0f\t\n", v.Connections, v.Variant,
			v.EventsPerSecond, v.EventsRatio, cpu, ratio, v.RoundTripMedian, v.RoundTripP99, v.ArrivalMedian, v.ArrivalP99)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\none durable commit (4 KiB append and fsync): %.0f µs; goal from POST to the app at 1 connection: %.0f µs\n",
		f.CommitMicroseconds, f.ArrivalGoal)
	for _, c := range f.Commands {
		_, failed := fmt.Fprintf(out, "solatis %s, whole process: %.1f ms (median of %d)\n", c.Command, c.Milliseconds, commandRuns)
		err = errors.Join(err, failed)
	}
	_, failed := fmt.Fprintf(out, "stripped binary: %.1f MB\n", float64(f.BinaryBytes)/1e6)
	return errors.Join(err, failed)
}
