package main

import (
	"time"
)

// figures are what a run found out. The exported fields are those of --json.
type figures struct {
	System             string          `json:"system"`
	Load               float64         `json:"load_average"` // when the run began
	Rounds             int             `json:"rounds"`
	Time               string          `json:"time_per_measurement"`
	CommitMicroseconds float64         `json:"durable_commit_us"`  // an fsync'd append of 4 KiB, median
	Variants           []variantFigure `json:"variants"`           // each for each number of connections
	LeftOut            []string        `json:"left_out,omitempty"` // variants, and why
	Commands           []commandFigure `json:"commands"`           // whole processes
	Binaries           []binaryFigure  `json:"binaries"`           // stripped
	Idle               []idleFigure    `json:"idle_agents"`
	Goals              []goalFigure    `json:"goals"`

	names       []string // of the variants that were measured, in the order of the table
	connections []int
	commits     []time.Duration
	cells       map[cellKey][]sample // a sample for each round
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

	// To one ReverseProxy hop in the same round, the median of the rounds' ratios: what
	// slows a whole round down slows both.
	EventsRatio float64 `json:"events_ratio"`
	CPURatio    float64 `json:"cpu_ratio"` // 0 where the hop's time is less than a tick
}

type commandFigure struct {
	Command      string  `json:"command"`
	Milliseconds float64 `json:"median_ms"`
}

type binaryFigure struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

func (b binaryFigure) megabytes() float64 { return float64(b.Bytes) / 1e6 }

func (f *figures) summarize() {
	f.CommitMicroseconds = microseconds(median(f.commits))
	for _, n := range f.connections {
		hop := f.cells[cellKey{oneHop, n}]
		for _, name := range f.names {
			f.Variants = append(f.Variants, summary(cellKey{name, n}, f.cells[cellKey{name, n}], hop))
		}
	}
	f.Goals = f.goals()
}

func summary(key cellKey, samples, hop []sample) variantFigure {
	of := func(figure func(sample) float64) float64 { return median(each(samples, figure)) }
	return variantFigure{
		Variant:         key.variant,
		Connections:     key.connections,
		EventsPerSecond: of(sample.eventsPerSecond),
		CPU:             of(sample.cpuPerEvent),
		RoundTripMedian: of(func(s sample) float64 { return microseconds(s.loaded.Median) }),
		RoundTripP99:    of(func(s sample) float64 { return microseconds(s.loaded.P99) }),
		ArrivalMedian:   of(func(s sample) float64 { return microseconds(s.arrived.Median) }),
		ArrivalP99:      of(func(s sample) float64 { return microseconds(s.arrived.P99) }),
		EventsRatio:     ratio(each(samples, sample.eventsPerSecond), each(hop, sample.eventsPerSecond)),
		CPURatio:        ratio(each(samples, sample.cpuPerEvent), each(hop, sample.cpuPerEvent)),
	}
}

func each(samples []sample, figure func(sample) float64) []float64 {
	var values []float64
	for _, s := range samples {
		values = append(values, figure(s))
	}
	return values
}

// ratio is the median of a[i]/b[i], leaving out where there is nothing to divide by.
func ratio(a, b []float64) float64 {
	var ratios []float64
	for i := range a {
		if b[i] > 0 {
			ratios = append(ratios, a[i]/b[i])
		}
	}
	return median(ratios)
}

// variant finds a line of the table.
func (f *figures) variant(name string, connections int) (variantFigure, bool) {
	for _, v := range f.Variants {
		if v.Variant == name && v.Connections == connections {
			return v, true
		}
	}
	return variantFigure{}, false
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
