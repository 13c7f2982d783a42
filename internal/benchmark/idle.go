package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/tunnel"
	"github.com/solatis/solatis-cli/internal/wire"
	"golang.org/x/sync/errgroup"
)

// idleAgent is a tunnel.Handler that waits for its connection.
type idleAgent struct{ connected chan error }

func (a idleAgent) Connecting()                                     {}
func (a idleAgent) Connected(tunnel.Welcome)                        { a.connected <- nil }
func (a idleAgent) Request(event.Position, *event.Request)          {}
func (a idleAgent) Gap(uint64, event.Position, string)              {}
func (a idleAgent) Disconnected(err error, _ time.Duration, _ bool) { a.connected <- err }

// dialling is how many agents connect at once.
const dialling = 64

// agentsRole connects as many agents as its second argument says to the relay at the
// first, each to an endpoint of its own, and prints a line once all are.
func agentsRole(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 2 {
		return errors.New("agents takes a URL and a number")
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	connecting, running := new(errgroup.Group), new(errgroup.Group)
	connecting.SetLimit(dialling)
	for i := range n {
		a := idleAgent{make(chan error, 16)}
		t := tunnel.New(tunnel.Config{
			URL:   strings.Replace(args[0], "http", "ws", 1) + wire.AgentPath,
			Agent: "bench", Endpoint: fmt.Sprintf("e%d", i), Mode: wire.ModeRelay, Ephemeral: true, Handler: a,
			Position: func(context.Context) (event.Position, error) { return event.Position{}, nil },
		})
		connecting.Go(func() error {
			running.Go(func() error { return t.Run(ctx) })
			return <-a.connected
		})
	}
	if err := connecting.Wait(); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, "connected"); err != nil {
		return err
	}
	<-ctx.Done()
	return running.Wait()
}

// idleFigure is what a connected agent that does nothing costs a relay.
type idleFigure struct {
	Agents  int     `json:"agents"`
	GOGC    string  `json:"gogc,omitempty"`      // that the relay was given; none where it follows its own rule
	KiB     float64 `json:"kib_per_agent"`       // of resident memory
	Without float64 `json:"mib_without_agents"`  // resident
	With    float64 `json:"mib_with_all_agents"` // resident
}

// idle measures n agents twice: at a relay as everybody starts it, and at one whose garbage
// is collected early. The difference is slack of the heap, not what an agent needs.
func idle(ctx context.Context, o options, n int) ([]idleFigure, error) {
	var all []idleFigure
	for _, gogc := range []string{"", "10"} {
		fmt.Fprintf(os.Stderr, "%d idle agents, %s\n", n, collected(gogc))
		f, err := idleAt(ctx, o, n, gogc)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// collected says by which rule a relay's garbage is collected.
func collected(gogc string) string {
	if gogc == "" {
		return "as it is started"
	}
	return "GOGC=" + gogc
}

// settleIdle is how long the relay gets to finish what connecting set off.
const settleIdle = 2 * time.Second

func idleAt(ctx context.Context, o options, n int, gogc string) (f idleFigure, err error) {
	var env []string
	if gogc != "" {
		env = append(env, "GOGC="+gogc)
	}
	relay, url, err := startRelay(ctx, o.relay, filepath.Join(o.dir, "idle-"+gogc), env...)
	if err != nil {
		return f, err
	}
	defer closing(&err, relay.stop)
	wait(ctx, settleIdle)
	before, err := resident(relay.cmd.Process.Pid)
	if err != nil {
		return f, err
	}
	self, err := os.Executable()
	if err != nil {
		return f, err
	}
	agents, err := start(exec.CommandContext(ctx, self, "agents", url, strconv.Itoa(n)))
	if err != nil {
		return f, err
	}
	defer closing(&err, agents.stop)
	if _, err := agents.stdout.ReadString('\n'); err != nil {
		return f, fmt.Errorf("the agents didn't connect: %w", err)
	}
	wait(ctx, settleIdle)
	after, err := resident(relay.cmd.Process.Pid)
	if err != nil {
		return f, err
	}
	const kib, mib = 1 << 10, 1 << 20
	return idleFigure{
		Agents: n, GOGC: gogc, KiB: float64(after-before) / float64(n) / kib, Without: float64(before) / mib, With: float64(after) / mib,
	}, ctx.Err()
}

func (f idleFigure) String() string {
	return fmt.Sprintf("%s idle agents at a relay, %s: %.1f KiB of its resident memory each (%.1f MiB without them, %.1f MiB with them)",
		whole(float64(f.Agents)), collected(f.GOGC), f.KiB, f.Without, f.With)
}

func printIdle(ctx context.Context, o options) error {
	all, err := idle(ctx, o, o.idle)
	for _, f := range all {
		fmt.Println(f)
	}
	return err
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
