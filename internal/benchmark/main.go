// Bench measures solatis beside plain HTTP proxies on the same machine, in the same run.
// scripts/bench builds and starts it; docs/benchmarks.md explains the figures.
//
// A load generator posts signed events of 1 KiB to an app, by way of nothing, of one
// httputil.ReverseProxy, of two, of nginx, of a real `solatis listen`, or of a real
// solatis-relay with a `solatis listen` behind it. Each of them is a process of its own:
// this program starts itself again with a role as its first argument (app, load, proxy,
// agents). What a variant costs is the CPU time of the processes in the middle alone, read
// from /proc, so the comparison needs Linux.
//
// All traffic stays on the loopback. The roles end when their standard input does, and
// the other programs when they are asked to, so that nothing is left after the bench or ^C.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are the flags of the bench.
type options struct {
	solatis     string        // the program to measure
	relay       string        // the relay to measure
	dir         string        // where the databases are written; its disk is what counts
	rounds      int           // each measures every variant once
	seconds     time.Duration // that one measurement lasts
	connections connections   // the loads
	agents      int           // that are idle at a relay; 0 for no such row
	json        string        // file for the figures
	idle        int           // agents whose memory is measured instead of the comparison
	profile     string        // file for a CPU profile, taken instead of the comparison
	view        bool          // measure the live view instead of the comparison
	short       bool          // only to see that it works
}

const (
	// idleAgents are those of the goal, shortAgents enough to see that it works.
	idleAgents, shortAgents = 10_000, 100
	// maxAgents is what a process may have open files for: one for each agent, and some.
	maxAgents = 15_000
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		if r, ok := roles[args[0]]; ok {
			return runRole(ctx, r, args[1:])
		}
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.dir, err = os.MkdirTemp(o.dir, "bench-"); err != nil {
		return err
	}
	err = o.run(ctx)
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	return errors.Join(err, os.RemoveAll(o.dir))
}

func parse(args []string) (options, error) {
	o := options{connections: connections{1, 64}}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&o.solatis, "solatis", "", "the solatis `program` to measure; scripts/bench builds it")
	f.StringVar(&o.relay, "solatis-relay", "", "the solatis-relay `program` to measure; scripts/bench builds it")
	f.StringVar(&o.dir, "dir", "", "`folder` on the disk to measure (default: the system's for temporary files)")
	f.IntVar(&o.rounds, "rounds", 3, "how often each variant is measured; the median counts")
	f.DurationVar(&o.seconds, "time", 3*time.Second, "how long one measurement lasts")
	f.Var(&o.connections, "connections", "`numbers` of connections to measure each variant with, by commas")
	f.IntVar(&o.agents, "agents", idleAgents, "idle agents whose memory at a relay is a row; 0 leaves it out")
	f.StringVar(&o.json, "json", "", "write the figures to this `file` as well")
	f.StringVar(&o.profile, "profile", "", "write a CPU profile of relay and session to this `file`, and compare nothing")
	f.IntVar(&o.idle, "idle", 0, "measure the memory of so many idle `agents` at a relay, and compare nothing")
	f.BoolVar(&o.view, "view", false, "measure the live view beside lines, and compare nothing else")
	f.BoolVar(&o.short, "short", false, "a smoke run: one round of 300 ms and 100 agents, whose figures mean little")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.short {
		o.rounds, o.seconds, o.agents = 1, 300*time.Millisecond, min(o.agents, shortAgents)
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q: there are flags only, see --help", f.Arg(0))
	}
	return o, o.check()
}

func (o options) check() error {
	switch {
	case o.rounds < 1 || o.rounds > 100 || o.seconds < 100*time.Millisecond || o.seconds > time.Minute:
		return errors.New("--rounds takes 1 to 100, --time 100ms to 1m")
	case o.idle < 0 || o.idle > maxAgents || o.agents < 0 || o.agents > maxAgents:
		return fmt.Errorf("--idle and --agents take up to %d: each agent is an open file on both sides", maxAgents)
	case o.profile == "" && (o.solatis == "" || o.relay == ""):
		return errors.New("--solatis or --solatis-relay is missing: start scripts/bench, which builds the programs and names them")
	}
	return nil
}

func (o options) run(ctx context.Context) error {
	if o.profile != "" {
		return profile(ctx, o)
	}
	if o.idle > 0 {
		return printIdle(ctx, o)
	}
	if o.view {
		return printView(ctx, o)
	}
	figures, err := measure(ctx, o)
	if err != nil {
		return err
	}
	if err := figures.print(os.Stdout); err != nil || o.json == "" {
		return err
	}
	b, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.json, append(b, '\n'), 0o644)
}

// connections are numbers of connections, as a flag: 1,64.
type connections []int

// maxConnections is the most that a proxy of the comparison keeps open.
const maxConnections = 1024

func (c connections) String() string {
	var texts []string
	for _, n := range c {
		texts = append(texts, strconv.Itoa(n))
	}
	return strings.Join(texts, ",")
}

// Set reads the flag's value.
func (c *connections) Set(s string) error {
	*c = nil
	for text := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxConnections {
			return fmt.Errorf("%q: a number of connections is from 1 to %d", text, maxConnections)
		}
		*c = append(*c, n)
	}
	slices.Sort(*c)
	*c = slices.Compact(*c)
	return nil
}
