package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// variant is something between load and app, and how to start it: the processes that are
// accounted, and the URL that the load goes to.
type variant struct {
	name  string
	start func(b *bench, app string) (middle []*child, url string, err error)
}

var variants = []variant{
	{"direct", func(_ *bench, app string) ([]*child, string, error) { return nil, app, nil }},
	{"one ReverseProxy hop", func(b *bench, app string) ([]*child, string, error) {
		p, err := b.child("", b.self, "proxy", app)
		return []*child{p}, p.line, err
	}},
	{"two ReverseProxy hops", func(b *bench, app string) ([]*child, string, error) {
		first, err := b.child("", b.self, "proxy", app)
		if err != nil {
			return nil, "", err
		}
		second, err := b.child("", b.self, "proxy", first.line)
		return []*child{first, second}, second.line, err
	}},
	{"solatis listen", func(b *bench, app string) ([]*child, string, error) {
		l, err := b.child(b.home, b.solatis, "listen", "--forward", app, "--output", "json")
		if err != nil {
			return nil, "", err
		}
		var ready struct{ URL string }
		err = json.Unmarshal([]byte(l.line), &ready)
		return []*child{l}, ready.URL, err
	}},
}

// bench is one run.
type bench struct {
	self, solatis, home string
	rounds, seconds     int
	samples             map[string][]sample // by variant and connections
}

// sample is one measured round.
type sample struct {
	PerSecond float64       `json:"events_per_second"`
	CPU       time.Duration `json:"cpu_per_event_ns"` // of what is between load and app
	P50       time.Duration `json:"p50_ns"`
	P99       time.Duration `json:"p99_ns"`
	Failed    int           `json:"failed"`
}

func run(args []string) error {
	b := &bench{samples: make(map[string][]sample)}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&b.solatis, "solatis", "", "the binary")
	flags.IntVar(&b.rounds, "rounds", 3, "rounds of each variant")
	flags.IntVar(&b.seconds, "seconds", 4, "seconds of each round")
	file := flags.String("json", "", "file for the figures")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.home, err = os.MkdirTemp("", "solatis-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.home)
	for range b.rounds {
		for _, connections := range []int{1, 64} {
			for _, v := range variants {
				if err := b.round(v, connections); err != nil {
					return fmt.Errorf("%s: %w", v.name, err)
				}
			}
		}
	}
	if err := b.report(*file); err != nil {
		return err
	}
	return b.wholeProcesses()
}

func key(name string, connections int) string { return fmt.Sprintf("%s, %d", name, connections) }

// round measures one variant once.
func (b *bench) round(v variant, connections int) error {
	app, err := b.child("", b.self, "app")
	if err != nil {
		return err
	}
	defer app.end()
	middle, url, err := v.start(b, app.line)
	for _, c := range middle {
		defer c.end()
	}
	if err != nil {
		return err
	}
	load := exec.Command(b.self, "load", url, strconv.Itoa(connections), strconv.Itoa(b.seconds))
	load.Stderr = os.Stderr
	out, err := load.Output()
	if err != nil {
		return fmt.Errorf("load of %s: %w", url, err)
	}
	var r loadResult
	if err := json.Unmarshal(out, &r); err != nil {
		return err
	}
	var cpu time.Duration
	for _, c := range middle {
		cpu += c.end()
	}
	k := key(v.name, connections)
	b.samples[k] = append(b.samples[k], sample{
		PerSecond: float64(r.Events) / r.Seconds, CPU: cpu / time.Duration(r.Events), P50: r.P50, P99: r.P99, Failed: r.Failed,
	})
	return nil
}

// child is a process that runs until end.
type child struct {
	cmd   *exec.Cmd
	stdin interface{ Close() error }
	line  string // the first that it printed
	drain chan struct{}
	cpu   time.Duration
	ended bool
}

func (b *bench) child(home, program string, args ...string) (*child, error) {
	c := &child{cmd: exec.Command(program, args...), drain: make(chan struct{})}
	if home != "" {
		c.cmd.Dir = home
		c.cmd.Env = append(os.Environ(), "SOLATIS_HOME="+filepath.Join(home, "state"))
	}
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		return c, err
	}
	c.stdin = stdin
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return c, err
	}
	if err := c.cmd.Start(); err != nil {
		return c, err
	}
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	if err != nil {
		return c, fmt.Errorf("%s ended at once: %w", program, err)
	}
	c.line = line[:len(line)-1]
	go func() {
		defer close(c.drain)
		lines.WriteTo(discard{})
	}()
	return c, nil
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// end ends the process and returns the CPU time that it took.
func (c *child) end() time.Duration {
	if c.ended || c.cmd.Process == nil {
		return c.cpu
	}
	c.ended = true
	c.stdin.Close()
	c.cmd.Process.Signal(os.Interrupt)
	<-c.drain
	c.cmd.Wait()
	c.cpu = c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime()
	return c.cpu
}

func median[T int | float64 | time.Duration](samples []sample, of func(sample) T) T {
	var values []T
	for _, s := range samples {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
