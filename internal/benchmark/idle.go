package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
	"github.com/solatis/solatis-cli/internal/tunnel"
	"github.com/solatis/solatis-cli/internal/wire"
	"golang.org/x/sync/errgroup"
)

// anybody is the Authority of a relay that only the bench can reach. Every endpoint there
// is, and its name is its id.
type anybody struct{}

func (anybody) Endpoint(context.Context, string) (bool, error)                      { return true, nil }
func (anybody) Bearer(context.Context, string) (relay.Bearer, error)                { return relay.Bearer{}, nil }
func (anybody) Open(_ context.Context, _ relay.Bearer, name string) (string, error) { return name, nil }

// relayRole is a public relay whose store is in the folder that is its argument.
func relayRole(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("relay takes one folder")
	}
	store, err := sqlitestore.Open(ctx, filepath.Join(args[0], "idle.db"))
	if err != nil {
		return err
	}
	r := relay.New(relay.Config{Store: store, Authority: anybody{}, Limits: relay.DefaultLimits})
	// The heap's slack is the collector's choice, not what an agent needs.
	go func() {
		for ctx.Err() == nil {
			select {
			case <-time.After(time.Second):
				debug.FreeOSMemory()
			case <-ctx.Done():
			}
		}
	}()
	err = serve(ctx, r, out)
	r.Shutdown("the bench ends", 0)
	return errors.Join(err, store.Close())
}

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

// settleIdle is how long the relay gets to give back what connecting took.
const settleIdle = 5 * time.Second

// idle prints what a connected agent that does nothing costs a relay.
func idle(ctx context.Context, o options) (err error) {
	server, url, err := startRole(ctx, "relay", o.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	pid := server.cmd.Process.Pid
	wait(ctx, settleIdle)
	before, err := resident(pid)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	agents, err := start(exec.CommandContext(ctx, self, "agents", url, strconv.Itoa(o.idle)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, agents.stop()) }()
	if _, err := agents.stdout.ReadString('\n'); err != nil {
		return fmt.Errorf("the agents didn't connect: %w", err)
	}
	wait(ctx, settleIdle)
	after, err := resident(pid)
	if err != nil {
		return err
	}
	fmt.Printf("%d idle agents: %.1f KiB of resident memory each (%.1f MiB before, %.1f MiB with them)\n",
		o.idle, float64(after-before)/float64(o.idle)/1024, float64(before)/(1<<20), float64(after)/(1<<20))
	return ctx.Err()
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// resident is how much memory a process has, in bytes (proc(5), VmRSS).
func resident(pid int) (int64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no VmRSS", f.Name())
}
