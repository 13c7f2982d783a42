package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// sampled are figures of three rounds in which a variant does scale times what another one
// does, on a machine whose speed differs from round to round.
func sampled(scales map[string]int) *figures {
	f := &figures{
		names: []string{direct, oneHop, embedded, relayed}, connections: connections{1, 64},
		cells: map[cellKey][]sample{}, commits: []time.Duration{time.Millisecond},
	}
	for _, n := range f.connections {
		for name, scale := range scales {
			for _, events := range []int{1, 100, 1e6} { // two outliers that a mean would follow
				f.cells[cellKey{name, n}] = append(f.cells[cellKey{name, n}], sample{
					loaded: loaded{Events: events * scale, Took: time.Second}, cpu: time.Duration(events) * time.Millisecond,
					arrived: arrivals{Median: 1400 * time.Microsecond},
				})
			}
		}
	}
	f.summarize()
	return f
}

func TestSummaryIsTheMedianBesideOneHop(t *testing.T) {
	f := sampled(map[string]int{direct: 4, oneHop: 2, embedded: 1, relayed: 3})
	if len(f.Variants) != 8 {
		t.Fatalf("%d lines", len(f.Variants))
	}
	if v, _ := f.variant(embedded, 1); v.EventsPerSecond != 100 || v.EventsRatio != 0.5 || v.CPU != 1000 || v.CPURatio != 2 {
		t.Errorf("%+v", v)
	}
}

// TestRatioIsOfTheSameRound has one variant slow in another round than the other.
func TestRatioIsOfTheSameRound(t *testing.T) {
	if got := ratio([]float64{10, 20, 40, 80}, []float64{5, 0, 10, 80}); got != 2 {
		t.Errorf("got %v, want the median of 2, 4 and 1", got)
	}
	if got := ratio([]float64{1}, []float64{0}); got != 0 {
		t.Errorf("got %v by nothing", got)
	}
}

func TestGoals(t *testing.T) {
	f := sampled(map[string]int{direct: 4, oneHop: 2, embedded: 1, relayed: 3})
	f.Idle = []idleFigure{{Agents: 100, KiB: 50}, {Agents: 10_000, KiB: 15, GOGC: "10"}, {Agents: 10_000, KiB: 17}}
	f.Commands = []commandFigure{{"version", 9}, {"trigger", 61}}
	f.Binaries = []binaryFigure{{"solatis", 14e6}, {"solatis-relay", 99e6}}
	var got []string
	for _, g := range f.goals() {
		if g.Reached {
			got = append(got, g.What)
		} else {
			got = append(got, "not "+g.What)
		}
	}
	want := []string{
		"not CPU per event, solatis listen, 64 connections",
		"not events/s, solatis listen, 64 connections",
		"from POST to the app, solatis listen, 1 connection, median",
		"CPU per event, solatis listen --relay, 64 connections",
		"events/s, solatis listen --relay, 64 connections",
		"from POST to the app, solatis listen --relay, 1 connection, median",
		"relay's memory per idle agent, 10,000 agents, GOGC=10",
		"not relay's memory per idle agent, 10,000 agents, as it is started",
		"solatis version, whole process",
		"not solatis trigger, whole process",
		"stripped solatis",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPrint(t *testing.T) {
	f := sampled(map[string]int{direct: 4, oneHop: 2, embedded: 1, relayed: 3})
	f.LeftOut = []string{"nginx: it is not installed"}
	f.Idle = []idleFigure{{Agents: 10_000, KiB: 20.44, Without: 14, With: 213.5}}
	f.Binaries = []binaryFigure{{"solatis", 14_413_986}}
	var out strings.Builder
	if err := f.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"|           1 | direct                 |      400 | 2.00 |             – |    – |",
		"|          64 | solatis listen --relay |      300 | 1.50 |           333 | 0.67 |",
		"|------------:|------------------------|---------:|",
		"| from POST to the app, solatis listen, 1 connection, median         |  1,400 µs | at most 1,500 µs | reached |",
		"Left out: nginx: it is not installed.\n",
		"10,000 idle agents at a relay, as it is started: 20.4 KiB of its resident memory each",
		"solatis, stripped: 14.4 MB.\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
}

func TestRoundsInterleave(t *testing.T) {
	variants := []string{"a", "b", "c"}
	var got []string
	for round := range 3 {
		got = append(got, strings.Join(inOrder(variants, round), ""))
	}
	if want := []string{"abc", "cba", "abc"}; !slices.Equal(got, want) {
		t.Errorf("the rounds are %q, want %q", got, want)
	}
}
